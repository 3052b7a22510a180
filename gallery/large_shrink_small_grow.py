"""Noise alone makes large values shrink and small ones grow; what is left once it had its share.

Two epochs of five animals in which nothing changed, and two in which selectivity sank by 40 %. The
slope that one would plot is negative in both; the slope with the initial value from one half of the
trials and the change from the other is that of the change alone.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ketacortex import Subject, from_tables, measure_session
from ketacortex.analyse.initial_rows import initial_rows

N_UNITS, N_REPEATS = 50, 8
EPOCHS = ["before", "since"]
SHOWN_DEG = np.arange(12) * 15.0


def animal(rng, number, kept):
    """Selectivity of the second epoch is `kept` times that of the first, rates are the same."""
    shown = rng.permuted(np.tile(SHOWN_DEG, (2, N_REPEATS)), axis=1).ravel()
    onset_s = np.arange(len(shown)) * 1.5
    epoch = np.repeat(EPOCHS, len(shown) // 2)
    spikes = {}
    for unit in range(N_UNITS):
        depth = rng.uniform(0.1, 0.9) * np.where(epoch == "before", 1.0, kept)
        turn = np.cos(2 * np.deg2rad(shown - rng.uniform(0, 180)))
        count = rng.poisson(rng.gamma(3.0, 1.5) * (1 + depth * turn))
        spikes[unit] = np.sort(np.repeat(onset_s, count) + rng.uniform(0.01, 0.99, count.sum()))
    trials = pd.DataFrame(
        {"onset_s": onset_s, "offset_s": onset_s + 1, "orientation_deg": shown, "epoch": epoch}
    )
    subject = Subject(identifier=f"animal {number}")
    return measure_session(from_tables(spikes=spikes, trials=trials, subject=subject))


def draw(axes, sessions, row, what):
    units = pd.concat([session.units for _, session in sessions])
    first, second = (units.loc[units["epoch"] == name, "gosi"].to_numpy() for name in EPOCHS)
    axes.plot(first, second - first, "o", ms=3, alpha=0.4, mec="none")
    ends = np.quantile(first, [0.01, 0.99])
    for slope, style, label in (
        (row["slope"], "-", "found"),
        (row["slope_from_noise"], "--", "from noise alone"),
    ):
        change = np.mean(second - first) + slope * (ends - first.mean())
        axes.plot(ends, change, style, color="black", label=label)
    axes.set(title=what, xlabel="gOSI before", ylabel="change of gOSI")
    axes.legend(frameon=False)


def main():
    rng = np.random.default_rng(0)
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
    cases = (("nothing changed", 1.0), ("selectivity sank by 40 %", 0.6))
    for axes, (what, kept) in zip(panels, cases, strict=True):
        sessions = [("recording", animal(rng, number, kept)) for number in range(5)]
        row = initial_rows(sessions)[0].set_index("measure").loc["gosi"]
        draw(axes, sessions, row, what)
        print(
            f"{what}: slope {row['slope']:+.2f}, noise gives {row['slope_from_noise']:+.2f}; "
            f"independent {row['independent_slope']:+.2f} "
            f"[{row['independent_ci_low']:+.2f}, {row['independent_ci_high']:+.2f}]"
        )
    figure.savefig("large_shrink_small_grow.png", dpi=120)


if __name__ == "__main__":
    main()
