"""The errors a user can meet, each with the exit code the command line gives it.

Every message says what was found, why it cannot work and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class KetacortexError(Exception):
    """Anything that the user can put right."""

    exit_code = 1


class ConfigurationError(KetacortexError, ValueError):
    """A command, an experiment file or an output folder is wrong."""

    exit_code = 2


class DataError(KetacortexError, ValueError):
    """A recording cannot support what was asked of it."""

    exit_code = 3


class SimulationError(KetacortexError, ArithmeticError):
    """A simulation diverged or gave activity that no cortex shows."""

    exit_code = 4


class InterruptedRunError(KetacortexError, RuntimeError):
    """Work was stopped from outside; what was finished is kept."""

    exit_code = 130


MOST_LISTED = 40
"""Names beside a guess."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Advice on an unknown name: the nearest spelling, then what is known where that is short.

    >>> nearest("baseline-v", ["baseline-v1"])
    'Did you mean "baseline-v1"? Known: baseline-v1.'
    >>> nearest("zebra", ["b", "a"])
    'Known: a, b.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close and len(names) > MOST_LISTED:
        return f'Did you mean "{close[0]}"?'
    guess = f'Did you mean "{close[0]}"? ' if close else ""
    return f"{guess}Known: {', '.join(names)}."


def nearest_of_many(word: str, known: Iterable[str]) -> str:
    """The same where there are too many to list: the nearest few, and how the names begin.

    >>> nearest_of_many("tissue.wash", ["tissue.washout", "ki.x"])
    'Did you mean tissue.washout? Names begin with: ki, tissue.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    guess = f"Did you mean {' or '.join(close)}? " if close else ""
    first = sorted({name.partition(".")[0] for name in names})
    return f"{guess}Names begin with: {', '.join(first)}."
