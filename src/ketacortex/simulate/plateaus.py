"""Stretches in which a branch stays depolarised, found block by block of samples.

A stretch may begin in one block and end in a later one: what is still open is handed on, so that
the stretches are the same however the samples were cut into blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLOSED = -1


@dataclass(frozen=True)
class Stretches:
    """Stretches of samples, in no order.

    Parameters
    ----------
    first : (n_stretch,) number of its first sample
    n_samples : (n_stretch,)
    branch : (n_stretch,)
    """

    first: NDArray[np.int64]
    n_samples: NDArray[np.int64]
    branch: NDArray[np.int64]


def none_open(n_branches: int) -> NDArray[np.int64]:
    """What `ended_stretches` takes over where nothing came before, (n_branch,)."""
    return np.full(n_branches, CLOSED)


def ended_stretches(
    is_above: NDArray[np.bool_], open_since: NDArray[np.int64], sample: int
) -> tuple[Stretches, NDArray[np.int64]]:
    """Stretches that end within a block of samples, and those still open after it.

    Parameters
    ----------
    is_above : (n_sample, n_branch), at least one sample
    open_since : (n_branch,) number of the first sample of the stretch each branch is in, or CLOSED
    sample : number of the first sample of the block

    Returns
    -------
    ended, open_since : the latter to be handed to the next block

    Examples
    --------
    >>> above = np.array([[False], [True], [True], [False], [True]])
    >>> ended, since = ended_stretches(above, none_open(1), 10)
    >>> ended.first.tolist(), ended.n_samples.tolist(), since.tolist()
    ([11], [2], [14])
    """
    n_branches = is_above.shape[1]
    was_above = np.concatenate([open_since[None] != CLOSED, is_above[:-1]])
    rose = np.flatnonzero(is_above & ~was_above)
    fell = np.flatnonzero(was_above & ~is_above)
    handed_on = np.flatnonzero(open_since != CLOSED)
    branch = np.concatenate([handed_on, rose % n_branches])
    first = np.concatenate([open_since[handed_on], sample + rose // n_branches])
    order = np.lexsort((first, branch))
    branch, first = branch[order], first[order]
    is_last = np.ones(len(branch), bool)
    is_last[:-1] = branch[1:] != branch[:-1]
    is_open = is_last & is_above[-1, branch]
    # Branch by branch in order of time, the stretches that end and their ends go in pairs.
    stop = (sample + fell // n_branches)[np.lexsort((fell, fell % n_branches))]
    still_open = none_open(n_branches)
    still_open[branch[is_open]] = first[is_open]
    ended = Stretches(first[~is_open], stop - first[~is_open], branch[~is_open])
    return ended, still_open


def cut_stretches(open_since: NDArray[np.int64], stop: int) -> Stretches:
    """Stretches still open when the recording ends before sample `stop`, cut there."""
    branch = np.flatnonzero(open_since != CLOSED)
    return Stretches(open_since[branch], stop - open_since[branch], branch)


def joined(parts: list[Stretches], at_least: int) -> Stretches:
    """All stretches of `at_least` so many samples, in order of time, then of branch."""
    first, n_samples, branch = (
        np.concatenate([np.zeros(0, np.int64), *(getattr(part, name) for part in parts)])
        for name in ("first", "n_samples", "branch")
    )
    order = np.lexsort((branch, first))
    order = order[n_samples[order] >= at_least]
    return Stretches(first[order], n_samples[order], branch[order])
