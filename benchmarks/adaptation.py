"""Adaptation, training and their combinations with drugs: what the shipped days give.

    python benchmarks/adaptation.py RUNS --save

reads the finished runs in the folder RUNS (`ketacortex run PRESET --out RUNS/PRESET` for each of
the five presets, and `adaptation` with `--set circuit.map=mouse` as RUNS/adaptation-mouse) and
prints every row that shows a phenomenon, over animals; `--save` keeps them, the values of the first
animal, and how long each took in `benchmarks/adaptation.json`, which the tests hold the README and
a new simulation of that animal to. Runs that are not in RUNS stay as they were kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[1])  # or `statistics` here hides that of Python

import pandas as pd  # noqa: E402

KEPT = Path(__file__).with_name("adaptation.json")
KEYS = ("measure", "arm", "epoch", "population")


def rows_of(folder: Path) -> dict[str, Any]:
    """Rows that show a phenomenon, the same of the first animal, and the time the run took."""
    experiment = tomllib.loads((folder / "experiment.toml").read_text(encoding="utf-8"))
    summary = json.loads((folder / "findings" / "summary.json").read_text(encoding="utf-8"))
    effects = [row for row in summary["effects"] if row["phenomenon"] is not None]
    pairs = pd.read_csv(folder / "findings" / "pairs.csv")
    first = pairs[pairs["animal"] == pairs["animal"].iloc[0]]
    named = pd.DataFrame(effects)[["measure", "epoch", "population"]].drop_duplicates()
    values = first.merge(named, on=["measure", "epoch", "population"])
    return {
        "preset": experiment["name"],
        "map": experiment["circuit"]["map"],
        "animals": experiment["animals"],
        "seed": experiment["seed"],
        "wall_s": summary["wall_s"],
        "effects": [
            {key: round(v, 6) if isinstance(v, float) else v for key, v in row.items()}
            for row in effects
        ],
        "first_animal": [
            {**{key: row[key] for key in KEYS}, "after": round(float(row["after"]), 6)}
            for row in values.to_dict("records")
        ],
    }


def told(row: dict[str, Any]) -> str:
    """One row as a line."""
    interval = f"{row['change']:+.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return (
        f"{row['phenomenon']:3} {row['measure']:40} {row['arm']:22} {row['epoch']:18} "
        f"{interval:28} n {row['n_animals']}"
    )


def main() -> None:
    """Print the rows of every run that is there; keep them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, help="folder of the finished runs")
    parser.add_argument("--save", action="store_true", help=f"keep them in {KEPT.name}")
    asked = parser.parse_args()
    found = {
        folder.name: rows_of(folder)
        for folder in sorted(asked.runs.iterdir())
        if (folder / "findings" / "summary.json").is_file()
    }
    for name, run in found.items():
        print(f"\n{name}: {run['animals']} animals, {run['wall_s']:.0f} s")
        for row in sorted(run["effects"], key=lambda row: row["phenomenon"]):
            print(told(row))
    if asked.save:
        kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
        KEPT.write_text(json.dumps({**kept, **found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
