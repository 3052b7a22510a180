"""Which epoch each trial belongs to, whether the trials name it or a table of epochs does."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ketacortex.errors import DataError
from ketacortex.recording.columns import columns_called, label, numbers_of
from ketacortex.recording.recording import EPOCH_COLUMNS

EPOCH_NAMES = ("epoch", "epoch_name")
# These often number the repeats or the stimuli, or hold the phase of a grating; they are epochs
# only in words.
EPOCH_NAMES_IN_WORDS = ("block", "block_name", "condition", "phase", "treatment", "drug")
TREATMENT_NAMES = ("drug", "condition", "treatment")
"""Columns that may tell conditions apart, but not what the conditions are called."""
MAX_VALUES_SHOWN = 4

SINGLE_EPOCH = "all"
NAME_YOUR_EPOCHS = "name the epoch of each trial in a trials column called epoch."


def epoch_column(table: pd.DataFrame) -> tuple[str | None, list[str | None] | None]:
    """The column that names the epoch of each trial, and the names, None where it names none.

    Parameters
    ----------
    table : one row a trial, columns under the source's names
    """
    for names_in_order, only_words in ((EPOCH_NAMES, False), (EPOCH_NAMES_IN_WORDS, True)):
        for column in columns_called(table, names_in_order):
            if only_words and pd.api.types.is_bool_dtype(table[column]):
                continue
            names = [label(value) for value in table[column].tolist()]
            said = [name for name in names if name is not None]
            if said and (not only_words or all(any(map(str.isalpha, name)) for name in said)):
                return column, names
    return None, None


def with_epochs(
    trials: pd.DataFrame, epochs: pd.DataFrame, start_s: float, stop_s: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials that name their epoch, and an epochs table that has every name.

    Trials that do not name their epoch belong to the epoch that they overlap most; those that
    overlap none are left out, with a warning. Without any epoch there is one, `all`, from
    `start_s` to `stop_s`.

    Parameters
    ----------
    trials : one row a trial
        From `standard_trials`.
    epochs : one row an epoch
        `name`, `start_s`, `stop_s`; may be empty.
    start_s, stop_s : s
        Time support of the recording.
    """
    check_epochs(epochs)
    if "epoch" not in trials:
        if epochs["name"].nunique() < 2:
            _warn_of_ignored_treatment(trials)
        if epochs.empty:
            one = pd.DataFrame({"name": [SINGLE_EPOCH], "start_s": [start_s], "stop_s": [stop_s]})
            return trials.assign(epoch=pd.Series([SINGLE_EPOCH] * len(trials), dtype="str")), one
        trials = trials.assign(epoch=_epoch_by_overlap(trials, epochs))
    trials = _in_an_epoch(trials, epochs)
    unlisted = trials[~trials["epoch"].isin(epochs["name"])]
    if unlisted.empty:
        return trials, epochs
    listed = unlisted.groupby("epoch", as_index=False).agg(
        start_s=("onset_s", "min"), stop_s=("offset_s", "max")
    )
    listed = listed.rename(columns={"epoch": "name"})
    if not epochs.empty:
        listed = pd.concat([epochs, listed])
    return trials, listed.sort_values("start_s", kind="stable", ignore_index=True)


def check_epochs(epochs: pd.DataFrame) -> None:
    """Raise `DataError` unless every epoch has a start and does not stop before it.

    Parameters
    ----------
    epochs : one row an epoch
        `name`, `start_s`, `stop_s`.
    """
    rows = epochs[list(EPOCH_COLUMNS)].itertuples(index=False, name=None)
    for row, (name, start_s, stop_s) in enumerate(rows):
        if not start_s <= stop_s:
            raise DataError(
                f"epoch {row} ({name!r}) runs from {start_s:.10g} s to {stop_s:.10g} s, so no "
                "trial can be placed in it. Correct the two times, or remove the epoch."
            )


def no_epochs() -> pd.DataFrame:
    """An epochs table without rows."""
    return pd.DataFrame({name: [] for name in EPOCH_COLUMNS})


def names_from_tags(tags: Sequence[Sequence[str]]) -> list[str]:
    """The name of each epoch: its tags without those that all epochs share.

    Where an epoch has no other tags these are its name; without tags it is its number.

    >>> names_from_tags([["mouse1", "control"], ["mouse1", "drug"], []])
    ['control', 'drug', 'epoch 3']
    """
    tagged = [set(of_one) for of_one in tags if of_one]
    shared = set.intersection(*tagged) if tagged else set()
    return [
        " ".join([tag for tag in of_one if tag not in shared] or of_one) or f"epoch {row + 1}"
        for row, of_one in enumerate(tags)
    ]


def _epoch_by_overlap(trials: pd.DataFrame, epochs: pd.DataFrame) -> pd.Series:
    onset_s, offset_s = trials["onset_s"].to_numpy(), trials["offset_s"].to_numpy()
    most_s = np.zeros(len(trials))
    names = np.full(len(trials), None, dtype=object)
    for name, start_s, stop_s in zip(
        epochs["name"], epochs["start_s"], epochs["stop_s"], strict=True
    ):
        overlap_s = np.minimum(offset_s, stop_s) - np.maximum(onset_s, start_s)
        names[overlap_s > most_s] = name
        most_s = np.maximum(most_s, overlap_s)
    return pd.Series(names.tolist(), index=trials.index, dtype="str")


def _in_an_epoch(trials: pd.DataFrame, epochs: pd.DataFrame) -> pd.DataFrame:
    without = trials["epoch"].isna()
    if not without.any():
        return trials
    if without.all():
        raise DataError(
            f"none of the {len(trials)} trials ({trials['onset_s'].min():.6g} to "
            f"{trials['offset_s'].max():.6g} s) lies in an epoch ({epochs['start_s'].min():.6g} "
            f"to {epochs['stop_s'].max():.6g} s), so none has a condition. Correct the times of "
            f"the epochs, or {NAME_YOUR_EPOCHS}"
        )
    warnings.warn(
        f"{without.sum()} of {len(trials)} trials lie in no epoch and are left out. To keep them, "
        f"{NAME_YOUR_EPOCHS}",
        stacklevel=2,
    )
    kept = trials[~without].reset_index(drop=True)
    return kept.assign(epoch=kept["epoch"].astype("str"))


def _warn_of_ignored_treatment(trials: pd.DataFrame) -> None:
    for column in columns_called(trials, TREATMENT_NAMES):
        values = trials[column].dropna().unique()
        is_number = pd.api.types.is_bool_dtype(trials[column]) or (
            numbers_of(trials[column]) is not None
        )
        if is_number and len(values) > 1:
            more = " ..." if len(values) > MAX_VALUES_SHOWN else ""
            shown = ", ".join(str(value) for value in values[:MAX_VALUES_SHOWN]) + more
            warnings.warn(
                f"the trials column {column!r} varies ({shown}) but is ignored: its values do not "
                "say what they stand for. To compare by it, add a trials column called epoch "
                "with a word for each.",
                stacklevel=2,
            )
