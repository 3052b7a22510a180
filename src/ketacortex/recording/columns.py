"""Columns of other people's tables: found by their name, and read as numbers or as words."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BLANK_WORDS = ("", "nan", "null", "none", "blank", "<na>", "n/a")
NAMELESS = ("", "nan", "<na>", "n/a")
"""Words that are no label either; `none` may well name a condition."""

# What people write behind a number of degrees or of contrast.
UNIT_BEHIND_NUMBER = r"\s*(?:degrees?|degs?\.?|°|%)$"


def spelled(name: object) -> str:
    """A column name without regard to case, spaces and signs.

    >>> spelled("Temporal Frequency (Hz)")
    'temporalfrequencyhz'
    """
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def columns_called(table: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    """The columns of a table that have one of the names, in the order of the names."""
    by_spelling: dict[str, str] = {}
    for column in table:
        by_spelling.setdefault(spelled(column), str(column))
    return [by_spelling[spelled(name)] for name in names if spelled(name) in by_spelling]


def numbers_of(column: pd.Series) -> NDArray[np.float64] | None:
    """The column as numbers, NaN where it says blank; None if it holds other words or no number.

    >>> numbers_of(pd.Series(["45.0 deg", "null"]))
    array([45., nan])
    >>> numbers_of(pd.Series(["left", "right"])) is None
    True
    """
    if pd.api.types.is_bool_dtype(column):
        return None
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(float, na_value=np.nan)
    else:
        words, numbers = _words_and_numbers(column)
        if np.any(np.isnan(numbers) & ~words.isin(BLANK_WORDS).to_numpy()):
            return None
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    return None if np.isnan(numbers).all() else numbers


def example_word(column: pd.Series) -> str | None:
    """The first entry that is neither a number nor blank; None where there is none.

    >>> example_word(pd.Series(["45", "", "up"]))
    'up'
    """
    if pd.api.types.is_numeric_dtype(column):
        return None
    words, numbers = _words_and_numbers(column)
    strange = column[np.isnan(numbers) & ~words.isin(BLANK_WORDS).to_numpy()]
    return None if strange.empty else str(strange.iloc[0])


def numbers_or_words(column: pd.Series) -> NDArray[np.generic] | list[str]:
    """Numbers where the column holds numbers, otherwise its words, empty where it says nothing.

    >>> numbers_or_words(pd.Series(["100%", "0%"]))
    array([100.,   0.])
    >>> numbers_or_words(pd.Series(["high", None]))
    ['high', '']
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return column.to_numpy()
    numbers = numbers_of(column)
    if numbers is not None:
        return numbers
    words = [label(value) or "" for value in column.tolist()]
    return words if any(words) else np.full(len(words), np.nan)


def label(value: object) -> str | None:
    """A value as the name of a condition; None where it names nothing.

    >>> label(2.0), label("drug"), label("")
    ('2', 'drug', None)
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    word = str(value)
    return None if value is None or word.strip().lower() in NAMELESS else word


def _words_and_numbers(column: pd.Series) -> tuple[pd.Series, NDArray[np.float64]]:
    words = column.astype("object").fillna("").astype(str).str.strip().str.lower()
    bare = words.str.replace(UNIT_BEHIND_NUMBER, "", regex=True)
    return words, pd.to_numeric(bare, errors="coerce").to_numpy(float)
