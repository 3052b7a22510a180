"""Do 95 % intervals cover the truth in 95 of 100 data sets, and do tests at 5 % fire in 5?

    python benchmarks/calibration.py --json
    python benchmarks/calibration.py --json --quick

* `estimators`: for each, the share of intervals that contain the planted truth, over 1,000
  synthetic data sets inside the domain that is stated beside it (200 with `--quick`, but where a
  data set has one interval only);
* `tests`: for each, the share of p values below 0.05 over as many data sets without any effect.

Both stand beside their standard error over data sets. `--only NAME` runs the entries whose names
begin so; `--save` keeps the numbers in `benchmarks/calibration.json`, beside those of others.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402

from benchmarks.planted import (  # noqa: E402
    direction,
    ensemble,
    recordings,
    recovery,
    tuning,
    variability,
)
from benchmarks.planted import statistics as statistics_  # noqa: E402
from benchmarks.planted.entry import Estimator, NullTest  # noqa: E402
from ketacortex.seeds import generator  # noqa: E402

FAMILIES = (tuning, direction, variability, ensemble, statistics_, recordings, recovery)
ENTRIES: tuple[Estimator | NullTest, ...] = tuple(
    entry for family in FAMILIES for entry in (*family.ESTIMATORS, *family.TESTS)
)
ALPHA = 0.05
N_DATASETS, N_QUICK = 1000, 200
DATASETS_A_TASK = 20
KEPT = Path(__file__).with_suffix(".json")


def datasets_of(entry: Estimator | NullTest, asked: int) -> int:
    """Data sets of an entry: at least as many as asked, more where each has only one answer."""
    return max(asked, N_DATASETS) if entry.has_one_answer else asked


def shares(number: int, first: int, n_datasets: int) -> list[float]:
    """Share of intervals that cover, or of p values below 0.05, in each data set; NaN for none."""
    entry = ENTRIES[number]
    found = []
    for dataset in range(first, first + n_datasets):
        rng = generator("calibration", entry.name, dataset)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            if isinstance(entry, Estimator):
                hits = np.asarray(entry.covers(rng), float)
            else:
                hits = np.asarray(entry.p_values(rng)) <= ALPHA
        found.append(float(np.mean(hits)) if len(hits) else float("nan"))
    return found


def described(entry: Estimator | NullTest, found: list[float]) -> dict[str, object]:
    share = np.array(found)
    share = share[np.isfinite(share)]
    rate = {
        "n_datasets": len(found),
        "n_not_computed": len(found) - len(share),
        "standard_error": round(float(share.std(ddof=1) / np.sqrt(len(share))), 5),
    }
    mean = round(float(share.mean()), 5)
    if isinstance(entry, Estimator):
        return {"coverage": mean, "domain": entry.domain, **rate}
    return {"false_positive_rate": mean, "null": entry.null, **rate}


def calibrate(numbers: list[int], n_datasets: int, workers: int) -> dict[str, dict[str, object]]:
    """Every entry on as many data sets, in any order and with the same result."""
    answer: dict[str, dict[str, object]] = {"estimators": {}, "tests": {}}
    with ProcessPoolExecutor(workers) as pool:
        tasks = {
            number: [
                pool.submit(shares, number, first, DATASETS_A_TASK)
                for first in range(0, datasets_of(ENTRIES[number], n_datasets), DATASETS_A_TASK)
            ]
            for number in numbers
        }
        for number, parts in tasks.items():
            entry, began = ENTRIES[number], time.monotonic()
            found = described(entry, [share for part in parts for share in part.result()])
            kind = "estimators" if isinstance(entry, Estimator) else "tests"
            answer[kind][entry.name] = found
            value = found.get("coverage", found.get("false_positive_rate"))
            print(f"{entry.name}: {value} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--quick", action="store_true", help=f"{N_QUICK} data sets an entry")
    parser.add_argument("--only", default="", help="entries whose names begin so")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--save", action="store_true", help=f"keep the numbers in {KEPT.name}")
    asked = parser.parse_args()
    numbers = [i for i, entry in enumerate(ENTRIES) if entry.name.startswith(asked.only)]
    n_datasets = N_QUICK if asked.quick else N_DATASETS
    found = calibrate(numbers, n_datasets, asked.workers)
    if asked.save:
        kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
        names = {entry.name for entry in ENTRIES}
        both = {
            kind: {k: v for k, v in {**kept.get(kind, {}), **rows}.items() if k in names}
            for kind, rows in found.items()
        }
        KEPT.write_text(json.dumps(both, indent=1) + "\n", encoding="utf-8")
    if asked.json:
        print(json.dumps(found, allow_nan=False))
        return
    for kind, rows in found.items():
        print(kind)
        for name, row in rows.items():
            value = row.get("coverage", row.get("false_positive_rate"))
            print(f"  {name:<44}{value:>8}  {row.get('domain', row.get('null'))}")


if __name__ == "__main__":
    main()
