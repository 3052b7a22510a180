"""What a recording holds, and which analyses it can support."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.recording.checks import MIN_ORIENTATIONS, why_no_tuning
from ketacortex.recording.electrode_view import sampling_numbers
from ketacortex.recording.recording import STIMULUS_COLUMNS, Channel, Recording

MIN_REPEATS = 2
"""A variance needs two."""
MAX_VALUES_LISTED = 40
"""More are shortened in the text; the JSON has all."""


def describe(recording: Recording) -> dict[str, Any]:
    """The contents of a recording as plain numbers and words, fit for JSON.

    Returns
    -------
    dict
        Keys `subject`, `source`, `units`, `electrodes` (`sampling_numbers` of a simulation that
        was seen through some), `duration_s`, `n_spikes`, `mean_rate_hz`, `epochs`, `n_trials`,
        `n_blank_trials`, `orientations_deg`, `directions_deg`, `contrasts`,
        `other_stimuli` (values of each further stimulus column that varies),
        `repeats_per_condition`, `channels`, `events` (number of each kind and of the units that
        had them), `doses` and `analyses`: for every analysis its `name`, whether it is
        `possible`, and the `reason` in words. What is unknown is None.
        A condition is a stimulus in an epoch.
    """
    trials, subject = recording.trials, recording.subject
    by_class = recording.units["cell_class"].value_counts()
    return {
        "subject": {
            "identifier": subject.identifier,
            "species": subject.species,
            "sex": subject.sex,
            "description": subject.description,
        },
        "source": recording.source,
        "units": {
            "n": recording.n_units,
            "by_class": {str(name): int(count) for name, count in by_class.items()},
        },
        "electrodes": sampling_numbers(recording),
        "duration_s": recording.observed_duration_s,
        "gaps_s": recording.gaps_s.tolist(),
        "n_spikes": len(recording.spike_samples),
        "mean_rate_hz": _mean_rate_range(recording),
        "epochs": _epochs(recording),
        "n_trials": len(trials),
        "n_blank_trials": int(_is_blank(trials).sum()),
        "orientations_deg": _distinct(trials, "orientation_deg"),
        "directions_deg": _distinct(trials, "direction_deg"),
        "contrasts": _distinct(trials, "contrast"),
        "other_stimuli": _other_stimuli(trials),
        "repeats_per_condition": _range_of(_repeats(trials).tolist()),
        "channels": [_channel(channel) for channel in recording.channels],
        "events": _events(recording.events),
        "doses": [
            {str(name): _known(value) for name, value in dose.items()}
            for dose in recording.doses.to_dict("records")
        ],
        "analyses": _analyses(recording),
    }


def describe_as_text(description: dict[str, Any]) -> str:
    """The contents of a recording as a small table for people.

    Parameters
    ----------
    description : dict
        From `describe`.
    """
    parts = [_lines(_summary(description))]
    if description["epochs"]:
        parts += ["", "epochs", _lines(_epoch_rows(description), indent=2)]
    for title, rows in (
        ("channels", [_channel_row(channel) for channel in description["channels"]]),
        ("events", [_event_row(kind) for kind in description["events"]]),
        ("doses", [_dose_row(dose) for dose in description["doses"]]),
        ("analyses", [_analysis_row(analysis) for analysis in description["analyses"]]),
    ):
        if rows:
            parts += ["", title, _lines(rows, indent=2)]
    return "\n".join(parts)


def _analyses(recording: Recording) -> list[dict[str, Any]]:
    trials = recording.trials
    n_orientations = trials["orientation_deg"].nunique()
    repeats = _repeats(trials)
    n_repeated = int((repeats >= MIN_REPEATS).sum())
    n_blank = int(_is_blank(trials).sum())
    repeated = f"{n_repeated} of {len(repeats)} conditions have at least {MIN_REPEATS} repeats."
    return [
        _verdict("tuning", why_no_tuning(recording), f"{n_orientations} orientations."),
        _verdict(
            "preferred-orientation shift",
            _why_no_shift(recording),
            f"Epochs to compare: {', '.join(_tuned_epochs(trials))}.",
        ),
        _verdict("Fano factor", _why_no_variance(repeats), repeated),
        _verdict(
            "noise correlation",
            _why_no_noise_correlation(recording, repeats),
            f"{recording.n_units} units recorded together. {repeated}",
        ),
        _verdict("spontaneous rate", _why_no_spontaneous_rate(trials), f"{n_blank} blank trials."),
    ]


def _verdict(name: str, obstacle: str | None, basis: str) -> dict[str, Any]:
    return {"name": name, "possible": obstacle is None, "reason": obstacle or basis}


def _why_no_shift(recording: Recording) -> str | None:
    obstacle = why_no_tuning(recording)
    if obstacle is not None:
        return obstacle
    tuned = _tuned_epochs(recording.trials)
    if len(tuned) >= 2:
        return None
    return (
        f"epochs with at least {MIN_ORIENTATIONS} orientations: {', '.join(tuned) or 'none'}; a "
        "shift compares 2. Name the conditions in a trials column called epoch."
    )


def _why_no_variance(repeats: pd.Series) -> str | None:
    if (repeats >= MIN_REPEATS).any():
        return None
    return (
        f"no stimulus was shown {MIN_REPEATS} times within an epoch; a variance over trials needs "
        "repeats. Record more of them."
    )


def _why_no_noise_correlation(recording: Recording, repeats: pd.Series) -> str | None:
    if recording.n_units < 2:
        return (
            "the recording has 1 unit; a correlation needs at least 2 recorded together. "
            "Give units of one session in one file."
        )
    return _why_no_variance(repeats)


def _why_no_spontaneous_rate(trials: pd.DataFrame) -> str | None:
    if _is_blank(trials).any():
        return None
    return (
        f"none of the {len(trials)} trials is blank; the spontaneous rate is measured without a "
        "stimulus. Record blank trials (no orientation, or contrast 0)."
    )


def _tuned_epochs(trials: pd.DataFrame) -> list[str]:
    shown = trials.groupby("epoch", sort=False)["orientation_deg"].nunique()
    return [str(name) for name in shown.index[shown >= MIN_ORIENTATIONS]]


def _is_blank(trials: pd.DataFrame) -> NDArray[np.bool_]:
    """Trials without a stimulus, (n_trial,).

    Where no trial has an orientation, only a contrast of 0 tells a blank from another stimulus.
    """
    without = trials["orientation_deg"].isna()
    if without.all():
        without = trials["contrast"].eq(0) if "contrast" in trials else ~without
    return without.to_numpy()


def _repeats(trials: pd.DataFrame) -> pd.Series:
    """Number of trials of every stimulus in every epoch, without blanks."""
    shown = trials[trials["orientation_deg"].notna()]
    columns = ("orientation_deg", "direction_deg", *STIMULUS_COLUMNS)
    stimulus = [name for name in columns if name in shown]
    return shown.groupby(["epoch", *stimulus], dropna=False).size()


def _epochs(recording: Recording) -> list[dict[str, Any]]:
    trials = recording.trials
    middle_s = (trials["onset_s"] + trials["offset_s"]) / 2
    is_repeated = recording.epochs["name"].duplicated(keep=False)
    rows = recording.epochs[["name", "start_s", "stop_s"]].itertuples(index=False, name=None)
    return [
        {
            "name": str(name),
            "start_s": float(start_s),
            "stop_s": float(stop_s),
            # A condition that came twice is counted in each of its times.
            "n_trials": int(
                ((trials["epoch"] == name) & (middle_s.between(start_s, stop_s) | once)).sum()
            ),
        }
        for (name, start_s, stop_s), once in zip(rows, ~is_repeated, strict=True)
    ]


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "quantity": channel.quantity,
        "unit": channel.unit,
        "rate_hz": channel.rate_hz,
        "duration_s": len(channel.values) / channel.rate_hz,
        "depth_um": _known(channel.depth_um),
    }


def _events(events: pd.DataFrame) -> list[dict[str, Any]]:
    """Each kind of event, in order of name, with how often and in how many units it was seen."""
    return [
        {
            "name": str(name),
            "n": len(seen),
            "n_units": int(seen["unit"].nunique()),
            "median_duration_s": _known(seen["duration_s"].astype(float).median()),
        }
        for name, seen in events.groupby("name")
    ]


def _mean_rate_range(recording: Recording) -> dict[str, float] | None:
    duration_s = recording.observed_duration_s
    if duration_s <= 0:
        return None
    return _range_of((np.diff(recording.spike_index) / duration_s).tolist())


def _range_of(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {"min": min(values), "median": float(np.median(values)), "max": max(values)}


def _distinct(trials: pd.DataFrame, column: str) -> list[Any]:
    """The different values of a column in order, numbers as floats, without gaps."""
    if column not in trials:
        return []
    if pd.api.types.is_numeric_dtype(trials[column]):
        return [float(value) for value in np.unique(trials[column].dropna())]
    return sorted({str(value) for value in trials[column].dropna()} - {""})


def _other_stimuli(trials: pd.DataFrame) -> dict[str, list[Any]]:
    """The values of each stimulus column that varies, beside angles and contrast."""
    names = [name for name in STIMULUS_COLUMNS if name != "contrast"]
    values = {name: _distinct(trials, name) for name in names}
    return {name: found for name, found in values.items() if len(found) > 1}


def _known(value: Any) -> Any:
    """The value as a plain Python one; None where it is missing."""
    plain = value.item() if isinstance(value, np.generic) else value
    return None if pd.isna(plain) else plain


def _summary(description: dict[str, Any]) -> list[list[str]]:
    subject, units = description["subject"], description["units"]
    classes = ", ".join(f"{count} {name}" for name, count in units["by_class"].items())
    rate, repeats = description["mean_rate_hz"], description["repeats_per_condition"]
    rows = [
        ["subject", f"{subject['identifier']} ({subject['species']}, sex {subject['sex']})"],
        ["source", description["source"] or "not described"],
        ["units", f"{units['n']} ({classes})"],
        *_electrode_row(description["electrodes"]),
        ["duration", _duration(description)],
        ["spikes", str(description["n_spikes"])],
    ]
    if rate is not None:
        rows.append(["mean rate", f"{_span(rate)} Hz (median {rate['median']:.3g})"])
    rows.append(["trials", f"{description['n_trials']}, {description['n_blank_trials']} blank"])
    for title, name, unit in (
        ("orientations", "orientations_deg", " deg"),
        ("directions", "directions_deg", " deg"),
        ("contrasts", "contrasts", ""),
    ):
        if description[name]:
            rows.append([title, _listed(description[name]) + unit])
    rows += [[name, _listed(values)] for name, values in description["other_stimuli"].items()]
    if repeats is not None:
        rows.append(["repeats", f"{_span(repeats)} of each stimulus in each epoch"])
    return rows


def _electrode_row(numbers: dict[str, Any] | None) -> list[list[str]]:
    """What electrodes missed of a simulation, where it was seen through them."""
    if numbers is None:
        return []
    shares = [
        f"{numbers[key]:.1%} {what}".replace("%", " %")
        for key, what in (
            ("missed_share", "of the spikes of their cells missed"),
            ("noise_share", "of their events noise"),
        )
        if numbers[key] is not None
    ]
    return [["electrodes", ", ".join([f"{numbers['n_merged']} units merged", *shares])]]


def _duration(description: dict[str, Any]) -> str:
    gaps = [f"{start_s:.6g} to {stop_s:.6g} s" for start_s, stop_s in description["gaps_s"]]
    not_recorded = f", not recorded: {', '.join(gaps)}" if gaps else ""
    return f"{description['duration_s']:.6g} s{not_recorded}"


def _epoch_rows(description: dict[str, Any]) -> list[list[str]]:
    return [
        [
            epoch["name"],
            f"{epoch['start_s']:.6g} to {epoch['stop_s']:.6g} s",
            f"{epoch['n_trials']} trials",
        ]
        for epoch in description["epochs"]
    ]


def _channel_row(channel: dict[str, Any]) -> list[str]:
    depth = channel["depth_um"]
    return [
        channel["name"],
        f"{channel['quantity']} ({channel['unit']})",
        f"{channel['rate_hz']:g} Hz",
        f"{channel['duration_s']:.6g} s",
        "depth unknown" if depth is None else f"{depth:g} µm deep",
    ]


def _event_row(kind: dict[str, Any]) -> list[str]:
    median_s = kind["median_duration_s"]
    lasting = "of unknown duration" if median_s is None else f"median {1000 * median_s:.3g} ms"
    return [kind["name"], str(kind["n"]), f"in {kind['n_units']} units", lasting]


def _dose_row(dose: dict[str, Any]) -> list[str]:
    return [
        str(dose["name"]),
        f"{dose['blocker']}, {dose['route']}",
        f"{dose['amount']} {dose['unit']}",
        f"{dose['start_s']} to {dose['stop_s']} s",
    ]


def _analysis_row(analysis: dict[str, Any]) -> list[str]:
    return [analysis["name"], "yes" if analysis["possible"] else "no", analysis["reason"]]


def _listed(values: list[Any]) -> str:
    shown = [value if isinstance(value, str) else f"{value:g}" for value in values]
    if len(shown) > MAX_VALUES_LISTED:
        shown = [*shown[: MAX_VALUES_LISTED - 1], "...", shown[-1]]
    return f"{len(values)}: {', '.join(shown)}"


def _span(values: dict[str, float]) -> str:
    if values["min"] == values["max"]:
        return f"{values['min']:.3g}"
    return f"{values['min']:.3g} to {values['max']:.3g}"


def _lines(rows: list[list[str]], indent: int = 0) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        " " * indent
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
