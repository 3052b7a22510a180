"""Cortical cultures before MK-801, under it and after it was washed out: links, bursts, modules.

    python gallery/cultures_under_mk801.py [--folder FOLDER] [--cultures N]

Eleven cultures on arrays of 60 electrodes, ten minutes a phase (ScreenNeuroPharm/MK-801 on GitHub,
MIT licence; not part of this project). The culture is the unit: each phase is held against the
first, culture by culture. An electrode is no cell, and the cultures fire in bursts that all
electrodes share and that rise within milliseconds. Jitter windows of 25 ms take that rise for
timing between pairs: with 10 ms next to no link is left. Equal spikes are no remedy where a phase
has fewer bursts rather than fewer spikes in each: spikes dropped at random from the other phases
make their bursts sparser, and coupling seems to have grown.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ketacortex.analyse.links import is_sure
from ketacortex.analyse.network import NetworkFindings, measure_network
from ketacortex.analyse.network_values import MATCHED
from ketacortex.analyse.pair_tests import PairTests, ask_pairs
from ketacortex.analyse.spike_stream import SpikeStream, spike_stream
from ketacortex.recording.recording import Recording, Subject
from ketacortex.seeds import generator

FOLDER = Path(__file__).resolve().parents[2] / "shared/data/mk801_cortical_mea_before_drug_washout"
MEASURES = {
    "link_share": "share of pairs linked",
    "zero_lag_synchrony": "zero-lag synchrony",
    "modularity_above_chance": "modularity above chance",
}
SHORT_WINDOW_S = 0.01
PICTURE = Path("cultures_under_mk801.png")


def culture(spikes: dict[str, NDArray], number: int) -> Recording:
    """One culture, its phases one after the other, with the electrodes that all of them have."""
    recorded = pd.DataFrame(spikes["recorded"], columns=["culture", "phase", "electrode"])
    of_one = recorded[recorded["culture"] == number]
    n_phases = of_one.groupby("electrode")["phase"].nunique()
    electrode = n_phases.index[n_phases == len(spikes["phase_name"])].to_numpy()
    lasts = pd.DataFrame(spikes["duration_samples"], columns=["culture", "phase", "samples"])
    lasts = lasts[lasts["culture"] == number].sort_values("phase")
    edge = np.append(0, np.cumsum(lasts["samples"].to_numpy(np.int64)))
    here = (spikes["culture"] == number) & np.isin(spikes["electrode"], electrode)
    sample = spikes["sample"][here] + edge[spikes["phase"][here]]
    unit = np.searchsorted(electrode, spikes["electrode"][here])
    order = np.lexsort((sample, unit))
    rate_hz = float(spikes["fs_hz"])
    return Recording(
        subject=Subject(identifier=f"culture {number}"),
        spike_samples=sample[order],
        spike_index=np.searchsorted(unit[order], np.arange(len(electrode) + 1)),
        sample_rate_hz=rate_hz,
        units=pd.DataFrame({"cell_class": "unknown"}, index=spikes["electrode_name"][electrode]),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=pd.DataFrame(
            {
                "name": spikes["phase_name"],
                "start_s": edge[:-1] / rate_hz,
                "stop_s": edge[1:] / rate_hz,
            }
        ),
        start_s=0.0,
        stop_s=float(edge[-1] / rate_hz),
    )


def cultures(folder: Path) -> list[Recording]:
    """Every culture of the data set."""
    with np.load(folder / "mk801_spikes.npz") as kept:
        spikes = {name: kept[name] for name in kept}
    return [culture(spikes, number) for number in np.unique(spikes["culture"]).tolist()]


def rates_hz(recording: Recording) -> NDArray[np.float64]:
    """Mean over electrodes in each phase, (n_phase,) Hz."""
    start_s, stop_s = recording.epochs[["start_s", "stop_s"]].to_numpy(float).T
    return recording.spike_counts(start_s, stop_s).mean(axis=0) / (stop_s - start_s)


def rates_told_hz(folder: Path) -> dict[str, list[float]]:
    """The rates that the notes on the data give, by culture."""
    notes = (folder / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"\bc(\d+) (\d*\.\d+)/(\d*\.\d+)/(\d*\.\d+)", notes)
    return {f"culture {number}": list(map(float, rates)) for number, *rates in told}


def jittered(stream: SpikeStream, rng: np.random.Generator) -> SpikeStream:
    """What the null says: every spike anywhere in its window."""
    window = stream.window_samples
    sample = stream.sample // window * window + rng.integers(0, window, len(stream.sample))
    order = np.argsort(sample, kind="stable")
    return SpikeStream(**{**vars(stream), "sample": sample[order], "unit": stream.unit[order]})


def n_links(tests: PairTests) -> int:
    return int(is_sure(tests).sum())


def bursts(recording: Recording, found: NetworkFindings) -> list[dict[str, object]]:
    """Of each phase whether the null holds: in spikes thrown anew, and in shorter windows."""
    rows = []
    for start_s, stop_s, phase in recording.epochs[["start_s", "stop_s", "name"]].to_numpy():
        of_phase = found.networks[phase]
        rng = generator("spikes thrown anew", found.animal, phase)
        thrown = ask_pairs(jittered(of_phase.stream, rng))
        short = spike_stream(
            recording, np.array([start_s]), np.array([stop_s]), window_s=SHORT_WINDOW_S
        )
        tests, short_tests = of_phase.tests, ask_pairs(short)
        above = (tests.observed > tests.expected)[tests.is_asked, 1]
        rows.append(
            {
                "phase": phase,
                "links": n_links(tests),
                "links_in_short_windows": n_links(short_tests),
                "n_asked": int(tests.is_asked.sum()),
                "n_above": int(above.sum()),
                "n_thrown": int(thrown.is_asked.sum()),
                "n_thrown_below": int((thrown.p_value <= 0.05).sum()),
                "links_thrown": n_links(thrown),
            }
        )
    return rows


def table_of(found: list[NetworkFindings], measure: str) -> pd.DataFrame:
    """Cultures by phases, NaN where there is too little."""
    phases = list(found[0].networks)
    rows = {}
    for one in found:
        values = one.values[one.values["measure"] == measure]  # noqa: PD011
        rows[one.animal] = values.set_index("epoch")["value"].reindex(phases)
    return pd.DataFrame(rows).T


def change_in_words(table: pd.DataFrame, phase: str) -> str:
    """Mean change from the first phase over cultures, with its 95 % t interval."""
    change = (table[phase] - table.iloc[:, 0]).dropna().to_numpy(float)
    if len(change) < 2:
        return f"{phase}: {len(change)} cultures, too few"
    half = stats.t.ppf(0.975, len(change) - 1) * stats.sem(change)
    mean = change.mean()
    return f"{phase} {mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}] (n = {len(change)})"


def draw(tables: dict[str, pd.DataFrame], held: pd.DataFrame) -> None:
    """Each culture a line, the mean of those that have all phases in black."""
    figure, panels = plt.subplots(2, 4, figsize=(13, 6), layout="constrained", sharex="col")
    for column, (measure, label) in enumerate(MEASURES.items()):
        for axes, suffix in zip(panels[:, column], ("", MATCHED), strict=True):
            table = tables[measure + suffix]
            axes.plot(table.columns, table.T, "o-", ms=3, lw=0.8, color="grey", alpha=0.7)
            in_all = table.dropna()
            axes.plot(table.columns, in_all.mean(), "o-", lw=2, color="black")
            axes.axhline(0.0, lw=0.5, color="black")
        panels[0, column].set_title(label)
    for axes, label in zip(panels[:, 0], ("as recorded", "equal spikes and time"), strict=True):
        axes.set_ylabel(label)
    draw_windows(panels[:, 3], held)
    figure.savefig(PICTURE, dpi=120)


def draw_windows(panels: NDArray, held: pd.DataFrame) -> None:
    for axes, name, title in (
        (panels[0], "links", "links, windows of 25 ms"),
        (panels[1], "links_in_short_windows", "links, windows of 10 ms"),
    ):
        by_phase = held.pivot_table(index="phase", columns="culture", values=name, sort=False)
        axes.plot(by_phase.index, by_phase, "o-", ms=3, lw=0.8, color="grey", alpha=0.7)
        axes.set(title=title, ylim=(-30, max(100, 1.05 * held["links"].max())))


def main(arguments: list[str] | None = None) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Measure, print and draw; gives the tables of measures and whether the null holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the data lie")
    parser.add_argument("--cultures", type=int, default=None, help="how many; default: all")
    asked = parser.parse_args(arguments)
    if not (asked.folder / "mk801_spikes.npz").is_file():
        raise SystemExit(
            f'there are no data in "{asked.folder}": this script needs mk801_spikes.npz, spike '
            "trains of github.com/ScreenNeuroPharm/MK-801. Name their place with --folder."
        )
    recordings = cultures(asked.folder)[: asked.cultures]
    told_hz = rates_told_hz(asked.folder)
    apart_hz = [np.abs(rates_hz(r) - told_hz[r.subject.identifier]).max() for r in recordings]
    print(f"{len(recordings)} cultures; rates within {max(apart_hz):.4f} Hz of those of the notes")
    found = [measure_network(recording) for recording in recordings]
    tables = {
        measure + suffix: table_of(found, measure + suffix)
        for measure in MEASURES
        for suffix in ("", MATCHED)
    }
    rates = pd.DataFrame([rates_hz(r) for r in recordings], columns=list(found[0].networks))
    for name, table in {"rate_hz": rates, **tables}.items():
        changes = "; ".join(change_in_words(table, phase) for phase in table.columns[1:])
        print(f"{name}: {table.iloc[:, 0].mean():.3f} in {table.columns[0]}; {changes}")
    held = pd.DataFrame(
        {"culture": one.animal, **row}
        for recording, one in zip(recordings, found, strict=True)
        for row in bursts(recording, one)
    )
    total = held.sum(numeric_only=True)
    print(
        f"Spikes thrown anew in their windows: p <= 0.05 in "
        f"{total['n_thrown_below'] / total['n_thrown']:.1%} of pairs, {total['links_thrown']} "
        f"links. Recorded: more coincidences than expected in "
        f"{total['n_above'] / total['n_asked']:.0%} of pairs, {total['links']} links with windows "
        f"of 25 ms, {total['links_in_short_windows']} with 10 ms."
    )
    draw(tables, held)
    return tables, held


if __name__ == "__main__":
    main()
