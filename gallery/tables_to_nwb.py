"""Plain tables of spikes and trials to NWB.

    python gallery/tables_to_nwb.py                      # a synthetic example
    python gallery/tables_to_nwb.py --macaque FILE.mat --session 6
    python gallery/tables_to_nwb.py --mouse-lp FILE.mat

The two public data sets are shown because they come in the two usual shapes: counts in bins by
condition and trial, and spike times beside stimulus times. Neither is part of this project:

- Macaque V1 (CC BY-NC-ND 3.0): bethgelab.org/datasets/v1gratings. Cite Ecker et al. (2010)
  Science 327:584 and Berens et al. (2012) J Neurosci 32:10618.
- Mouse LP (GPL-3.0): github.com/JorritMontijn/zetatest, example/ExampleDataZetaTest.mat. Cite
  Montijn et al. (2021) eLife 10:e71969.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import loadmat

from ketacortex.recording.contents import describe, describe_as_text
from ketacortex.recording.nwb import write_nwb
from ketacortex.recording.recording import Recording, Subject
from ketacortex.recording.tables import from_tables
from ketacortex.seeds import generator
from ketacortex.units import MS_PER_S

MACAQUE_GRATING_S = 0.5
MACAQUE_TRIAL_S = 1.0
"""Each trial holds 0.9 s of bins; the rest is the gap between trials."""
MACAQUE_BEFORE_S = 0.2
"""The first bin begins this long before the grating."""


def synthetic_session() -> Recording:
    """Eight tuned units, 8 directions and a blank, 10 repeats, before and after a drug."""
    draw = generator("gallery", "tables_to_nwb")
    direction_deg = np.array([0.0, 45, 90, 135, 180, 225, 270, 315, np.nan])
    shown_deg = np.concatenate([draw.permutation(direction_deg) for _ in range(20)])
    onset_s = 1.0 + 2.0 * np.arange(len(shown_deg))
    trials = pd.DataFrame(
        {
            "onset_s": onset_s,
            "offset_s": onset_s + 1.0,
            "direction_deg": shown_deg,
            "epoch": np.repeat(["control", "drug"], len(shown_deg) // 2),
        }
    )
    preferred_deg = np.arange(8) * 22.5
    tuning = np.exp(2 * (np.cos(2 * np.deg2rad(shown_deg[:, None] - preferred_deg)) - 1))
    rate_hz = 2.0 + 15.0 * np.nan_to_num(tuning)
    spikes = {}
    for unit in range(len(preferred_deg)):
        counts = draw.poisson(rate_hz[:, unit])
        times_s = np.repeat(onset_s, counts) + draw.random(counts.sum())
        spikes[f"unit {unit}"] = np.sort(times_s)
    return from_tables(
        spikes=spikes,
        trials=trials,
        subject=Subject(identifier="synthetic-1"),
        source="Poisson spikes with known orientation tuning, made by gallery/tables_to_nwb.py.",
    )


def macaque_session(path: str | Path, session_index: int) -> Recording:
    """One session of the macaque data, moving or static gratings.

    The source gives counts in bins of 10 ms by condition and trial. A bin with k spikes becomes
    k spikes at its centre, so times repeat; trials follow one another, every condition once
    before any is shown again, since their true order is not given.
    """
    session = loadmat(path)["data"][session_index, 0][0, 0]
    counts = session["spikes"]  # (unit, condition, bin, trial)
    conditions = _conditions(session["conditions"])
    n_units, n_conditions, _, n_repeats = counts.shape
    onset_s = MACAQUE_BEFORE_S + MACAQUE_TRIAL_S * np.arange(n_repeats * n_conditions)
    trials = pd.concat([conditions] * n_repeats, ignore_index=True)
    trials.insert(0, "onset_s", onset_s)
    trials.insert(1, "offset_s", onset_s + MACAQUE_GRATING_S)
    in_order = counts.transpose(0, 3, 1, 2).reshape(n_units, len(trials), -1)
    centre_s = session["times"].ravel().astype(float) / MS_PER_S
    units = pd.DataFrame(
        {"contamination": session["contamination"].ravel(), "tetrode": session["tetrode"].ravel()}
    )
    date = str(session["date"][0])
    return from_tables(
        spikes=_spikes_at_bin_centres(in_order, onset_s, centre_s),
        trials=trials,
        units=units,
        subject=Subject(identifier=str(session["subject"][0]), species="Macaca mulatta"),
        sample_rate_hz=MS_PER_S,
        source=(
            f"Awake macaque V1, tetrodes, gratings, session {date} (Ecker et al. 2010, Science "
            "327:584). Spikes were binned at 10 ms: each is placed at the centre of its bin, so "
            "times repeat. The order of trials and the time between them are artificial."
        ),
    )


def mouse_lp(path: str | Path) -> Recording:
    """Two units of mouse visual thalamus (LP) under drifting gratings of 24 directions."""
    content = loadmat(path, squeeze_me=True, struct_as_record=False)
    neurons, stimuli = content["sNeuron"], content["sStim"]
    trials = pd.DataFrame(
        {
            "onset_s": stimuli.StimOnTime,
            "offset_s": stimuli.StimOffTime,
            "direction_deg": stimuli.Orientation.astype(float),
        }
    )
    units = pd.DataFrame(
        {
            "probe_depth_um": [float(neuron.Depth) for neuron in neurons],
            "area": [str(neuron.Area) for neuron in neurons],
        }
    )
    return from_tables(
        spikes={row: neuron.SpikeTimes for row, neuron in enumerate(neurons)},
        trials=trials,
        units=units,
        subject=Subject(identifier=str(neurons[0].Mouse), species="Mus musculus"),
        source=(
            "Mouse LP, Neuropixels, drifting gratings (Montijn et al. 2021, eLife 10:e71969), "
            f"{neurons[0].Rec}."
        ),
    )


def _conditions(listed: NDArray[np.void]) -> pd.DataFrame:
    """One row a condition; moving gratings give `direction`, static ones `orientation`."""
    return pd.DataFrame(
        {
            f"{name}_deg" if name != "contrast" else name: [
                float(value.item()) for value in listed[name].ravel()
            ]
            for name in listed.dtype.names or ()
        }
    )


def _spikes_at_bin_centres(
    counts: NDArray[np.uint8], onset_s: NDArray[np.float64], centre_s: NDArray[np.float64]
) -> pd.DataFrame:
    unit, trial, time_bin = np.nonzero(counts)
    spikes = pd.DataFrame({"unit": unit, "time_s": onset_s[trial] + centre_s[time_bin]})
    return spikes.loc[spikes.index.repeat(counts[unit, trial, time_bin])]


def main(arguments: list[str] | None = None) -> Path:
    """Convert what the arguments name, say what the file holds, and return its name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--macaque", metavar="MAT", help="a file of the macaque data set")
    chosen.add_argument("--mouse-lp", metavar="MAT", help="the file of the mouse LP data set")
    parser.add_argument("--session", type=int, default=0, help="session of the macaque file")
    parser.add_argument("--out", type=Path, default=Path("recording.nwb"), help="file to write")
    options = parser.parse_args(arguments)
    if options.macaque:
        recording = macaque_session(options.macaque, options.session)
    elif options.mouse_lp:
        recording = mouse_lp(options.mouse_lp)
    else:
        recording = synthetic_session()
    print(describe_as_text(describe(recording)))
    return write_nwb(recording, options.out)


if __name__ == "__main__":
    main()
