"""What the unit of replication is, and what an interval over it may be used to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ketacortex.analyse.statistics import NotComputed

Level = Literal["animals", "units", "trials"]


@dataclass(frozen=True, kw_only=True)
class Replication:
    """The level that inference is over.

    Parameters
    ----------
    level : what is replicated
    n : how often
    label : for an axis or a table: what the interval is over
    allows : what may be concluded, as one sentence
    """

    level: Level
    n: int
    label: str
    allows: str


def replication(n_animals: int, n_units: int, n_trials: int) -> Replication | NotComputed:
    """The highest level with at least two members, and what follows from it.

    Parameters
    ----------
    n_animals : number of animals
    n_units : units of all animals together
    n_trials : trials of the animal (and condition, where conditions are compared) that has fewest

    Returns
    -------
    Replication or NotComputed
        Not computed where nothing is replicated.

    Examples
    --------
    >>> replication(6, 300, 144).allows
    'Speaks about animals of this kind.'
    >>> replication(1, 80, 144).label
    'over 80 units of one animal'
    >>> replication(1, 1, 1).reason
    'nothing is replicated: one animal, one unit, one trial.'
    """
    if min(n_animals, n_units, n_trials) < 1:
        empty = [
            name
            for name, n in (("animal", n_animals), ("unit", n_units), ("trial", n_trials))
            if n < 1
        ]
        return NotComputed(f"there is no {' and no '.join(empty)}.")
    if n_animals > 1:
        return Replication(
            level="animals",
            n=n_animals,
            label=f"over {n_animals} animals",
            allows="Speaks about animals of this kind.",
        )
    if n_units > 1:
        return Replication(
            level="units",
            n=n_units,
            label=f"over {n_units} units of one animal",
            allows="Speaks about the units of this animal: no inference beyond it.",
        )
    if n_trials > 1:
        return Replication(
            level="trials",
            n=n_trials,
            label=f"over {n_trials} trials of one unit",
            allows="Speaks about this one unit: no inference beyond it.",
        )
    return NotComputed("nothing is replicated: one animal, one unit, one trial.")
