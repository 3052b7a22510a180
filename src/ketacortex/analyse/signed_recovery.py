"""Three epochs: do shifts of preferred orientation recover or grow, and which of them.

A shift measured large is in part error, and the next measurement will be nearer whatever happens;
a shift measured small will be larger. Here the halves of the trials that put a unit into a class
are never those that measure its change, so both effects have expectation 0 when nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.ratio_of_sums import Estimate, difference_of, ratio_of_sums
from ketacortex.analyse.statistics import NotComputed
from ketacortex.units import orientation_difference_deg, orientation_distance_deg

CLASS_EDGES_DEG = (0.0, 5.0, 10.0, 15.0, 90.0)
"""Of the size of the first shift; a class holds its lower edge, the last also its upper."""


@dataclass(frozen=True, kw_only=True)
class ShiftClass:
    """Units whose first shift, by the classing halves, has a certain size.

    Parameters
    ----------
    low_deg, high_deg : edges of the class
    n_units : units, in part where only some of their halvings are in the class
    initial : first shift by the other halves: what the class is without error (deg, or deg^2)
    change : what was added to it in the third epoch; below 0 is recovery
    """

    low_deg: float
    high_deg: float
    n_units: float
    initial: Estimate | NotComputed
    change: Estimate | NotComputed


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Later change of shifts against the shifts themselves.

    Parameters
    ----------
    slope : of later change on true first shift: -1 is full recovery, 0 none
    naive_slope : of later change in size on measured size, as it is usually plotted
    classes : by size of the first shift
    """

    slope: Estimate | NotComputed
    naive_slope: Estimate | NotComputed
    classes: tuple[ShiftClass, ...]


def signed_recovery(
    first_deg: NDArray[np.float64],
    second_deg: NDArray[np.float64],
    third_deg: NDArray[np.float64],
    *,
    animal: NDArray | None = None,
    edges_deg: Sequence[float] = CLASS_EDGES_DEG,
) -> Recovery:
    """Later change along the direction of the first shift, by slope and by class of its size.

    Parameters
    ----------
    first_deg, second_deg, third_deg : (n_unit, 2, n_split) deg
        Preferred orientation in the halves of each epoch, for many halvings, NaN where a half is
        not tuned; a unit counts in a halving where all six are, by one rule for all.
    animal : (n_unit,), optional
        With several, intervals are over animals (at least 3), otherwise over units (at least 15).
    edges_deg : (n_class + 1,) rising, from 0 to 90 deg

    Returns
    -------
    Recovery
        What has too few replicates is `NotComputed`, each by itself.

    Notes
    -----
    With F, S, T the epochs and a, b halves, both ways and averaged over halvings, and differences
    taken the short way round::

        slope  = sum (T - S_b) (S_a - F_a) / sum (S_b - F_b) (S_a - F_a)
        change = mean of (T - S_b) sign(S_a - F_a) within a class of |S_a - F_a|

    T here is each half of the third epoch in turn. Without a change from S to T its error is
    distributed as that of S_b and is independent of S_a and F_a, so the mean change is 0 in every
    class whatever the errors, also if they differ between units. If only the error of T is larger
    it is still 0 as long as errors are symmetric. Change across the direction of the
    first shift averages out: see `size_recovery` for that.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> first = rng.uniform(0, 180, (300, 1, 1)) + rng.normal(0, 4, (3, 300, 2, 4))
    >>> shift = rng.normal(0, 12, (300, 1, 1))
    >>> found = signed_recovery(first[0], first[1] + shift, first[2] + 0.6 * shift)
    >>> abs(found.slope.value + 0.4) < 0.05
    True
    """
    known, f, s, t = _known(first_deg, second_deg, third_deg)
    shift, other, change = _shift_and_change(f, s, t)
    members = known[:, None] & np.ones_like(shift, bool)
    return Recovery(
        slope=ratio_of_sums(*slope_terms(first_deg, second_deg, third_deg), animal),
        naive_slope=_naive_slope(f, s, t, known, animal),
        classes=_classes(
            np.abs(shift), other * np.sign(shift), change * np.sign(shift), members, animal,
            edges_deg,
        ),
    )  # fmt: skip


def slope_terms(
    first_deg: NDArray[np.float64],
    second_deg: NDArray[np.float64],
    third_deg: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What each unit adds to the numerator and the denominator of the slope of `signed_recovery`.

    Parameters
    ----------
    first_deg, second_deg, third_deg : (n_unit, 2, n_split) deg, as there

    Returns
    -------
    later_deg2 : (n_unit,) later change times the first shift, by other halves
    shift_deg2 : (n_unit,) first shift times itself by the other half: its square, free of error
    weight : (n_unit,) share of the halvings in which it was measured

    Examples
    --------
    >>> first, second, third = (np.full((1, 2, 1), deg) for deg in (0.0, 10.0, 6.0))
    >>> slope_terms(first, second, third)
    (array([-40.]), array([100.]), array([1.]))
    """
    known, *epochs = _known(first_deg, second_deg, third_deg)
    shift, other, change = _shift_and_change(*epochs)
    members = known[:, None] & np.ones_like(shift, bool)
    return _total(change * shift, members), _total(other * shift, members), known.mean(axis=1)


def class_terms(
    first_deg: NDArray[np.float64],
    second_deg: NDArray[np.float64],
    third_deg: NDArray[np.float64],
    *,
    edges_deg: Sequence[float] = CLASS_EDGES_DEG,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """What each unit adds to the change of each class of `signed_recovery`, and to its number.

    Parameters
    ----------
    first_deg, second_deg, third_deg, edges_deg : as there

    Returns
    -------
    list of (change_deg, share)
        Of each class, (n_unit,): the sum of the first by that of the second is its mean change.

    Examples
    --------
    >>> first, second, third = (np.full((1, 2, 1), deg) for deg in (0.0, 10.0, 6.0))
    >>> class_terms(first, second, third, edges_deg=(0.0, 20.0, 90.0))
    [(array([-4.]), array([1.])), (array([0.]), array([0.]))]
    """
    known, *epochs = _known(first_deg, second_deg, third_deg)
    shift, _, change = _shift_and_change(*epochs)
    members = known[:, None] & np.ones_like(shift, bool)
    return [
        (_total(change * np.sign(shift), inside), inside.mean(axis=(1, 2)))
        for inside in _in_classes(np.abs(shift), members, edges_deg)
    ]


def size_recovery(
    first_deg: NDArray[np.float64],
    second_deg: NDArray[np.float64],
    third_deg: NDArray[np.float64],
    *,
    animal: NDArray | None = None,
    edges_deg: Sequence[float] = CLASS_EDGES_DEG,
) -> tuple[ShiftClass, ...]:
    """Change of the squared size of shifts, free of error, by class of an independent part.

    Squared, because a mean distance cannot be freed of error without knowing its distribution,
    and a product of two independent measurements of one shift is its square on average.

    Parameters
    ----------
    first_deg, second_deg, third_deg : (n_unit, 3, n_split) deg
        Preferred orientation in three parts of the trials of each epoch, otherwise as in
        `signed_recovery`: one part for the class, two for the product.
    animal, edges_deg : as in `signed_recovery`

    Returns
    -------
    tuple of ShiftClass
        `initial` and `change` in deg^2.

    Notes
    -----
    With parts a, b, c in all three roles::

        initial = mean of (S_b - F_b)(S_c - F_c)
        change  = mean of (T_b - F_b)(T_c - F_c) - (S_b - F_b)(S_c - F_c)

    within a class of |S_a - F_a|. It is 0 without a change also if errors differ between epochs,
    unlike a difference of distances, and sees growth in any direction.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> first = 90.0 + rng.normal(0, 4, (3, 500, 3, 4))
    >>> shift = rng.normal(0, 6, (500, 1, 1))
    >>> classes = size_recovery(first[0], first[1] + shift, first[2] + 2.0 * shift)
    >>> [c.change.low < 3.0 * c.initial.value < c.change.high for c in classes[:2]]
    [True, True]
    """
    known, f, s, t = _known(first_deg, second_deg, third_deg)
    shift, third_shift = orientation_difference_deg(s, f), orientation_difference_deg(t, f)
    square, third_square = (
        np.roll(x, 1, axis=1) * np.roll(x, 2, axis=1) for x in (shift, third_shift)
    )
    members = known[:, None] & np.ones_like(shift, bool)
    return _classes(np.abs(shift), square, third_square - square, members, animal, edges_deg)


def beyond_retest(found: Recovery, retest: Recovery) -> Recovery:
    """`found` less what a re-test arm shows, for the slope and class by class.

    Both arms are treated as independent: with the same animals in both, intervals are too wide.

    >>> rng = np.random.default_rng(0)
    >>> first = 90.0 + rng.normal(0, 4, (3, 300, 2, 4))
    >>> shift = rng.normal(0, 12, (300, 1, 1))
    >>> kept = signed_recovery(first[0], first[1] + shift, first[2] + shift)
    >>> halved = signed_recovery(first[0], first[1] + shift, first[2] + shift / 2.0)
    >>> beyond_retest(halved, kept).slope.high < -0.4
    True
    """
    return Recovery(
        slope=_less(found.slope, retest.slope),
        naive_slope=_less(found.naive_slope, retest.naive_slope),
        classes=tuple(
            ShiftClass(
                low_deg=mine.low_deg,
                high_deg=mine.high_deg,
                n_units=mine.n_units,
                initial=_less(mine.initial, other.initial),
                change=_less(mine.change, other.change),
            )
            for mine, other in zip(found.classes, retest.classes, strict=True)
        ),
    )


def _known(*epochs_deg: NDArray[np.float64]) -> tuple[NDArray[Any], ...]:
    """Where all parts of all epochs are known, (n_unit, n_split), and each epoch, else 0."""
    known = np.all([np.isfinite(x).all(axis=1) for x in epochs_deg], axis=0)
    return known, *(np.where(known[:, None], x, 0.0) for x in epochs_deg)


def _shift_and_change(
    f: NDArray[np.float64], s: NDArray[np.float64], t: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """First shift by each half, by the other half, and the later change by that other half."""
    shift = orientation_difference_deg(s, f)
    # [:, k]: the halves that did not class; the change is measured with each half of the third.
    change = orientation_difference_deg(t[:, None], s[:, ::-1, None]).mean(axis=2)
    return shift, shift[:, ::-1], change


def _less(found: Estimate | NotComputed, retest: Estimate | NotComputed) -> Estimate | NotComputed:
    if isinstance(found, NotComputed):
        return found
    return retest if isinstance(retest, NotComputed) else difference_of(retest, found)


def _total(values: NDArray[np.float64], members: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over parts and halvings of what belongs, (n_unit,)."""
    return np.where(members, values, 0.0).mean(axis=(1, 2))


def _classes(
    size_deg: NDArray[np.float64],
    initial: NDArray[np.float64],
    change: NDArray[np.float64],
    members: NDArray[np.bool_],
    animal: NDArray | None,
    edges_deg: Sequence[float],
) -> tuple[ShiftClass, ...]:
    found = []
    for number, inside in enumerate(_in_classes(size_deg, members, edges_deg)):
        share = inside.mean(axis=(1, 2))
        found.append(
            ShiftClass(
                low_deg=float(edges_deg[number]),
                high_deg=float(edges_deg[number + 1]),
                n_units=float(share.sum()),
                initial=ratio_of_sums(_total(initial, inside), share, share, animal),
                change=ratio_of_sums(_total(change, inside), share, share, animal),
            )
        )
    return tuple(found)


def _in_classes(
    size_deg: NDArray[np.float64], members: NDArray[np.bool_], edges_deg: Sequence[float]
) -> list[NDArray[np.bool_]]:
    """Of each class, what of the members is in it."""
    n_classes = len(edges_deg) - 1
    place = np.searchsorted(edges_deg, size_deg, side="right") - 1
    place = np.where(size_deg == edges_deg[-1], n_classes - 1, place)
    return [members & (place == number) for number in range(n_classes)]


def _naive_slope(
    f: NDArray[np.float64],
    s: NDArray[np.float64],
    t: NDArray[np.float64],
    known: NDArray[np.bool_],
    animal: NDArray | None,
) -> Estimate | NotComputed:
    """Slope of the later change in size on the size, from the middles of the halves."""
    f, s, t = (x[:, 0] + orientation_difference_deg(x[:, 1], x[:, 0]) / 2.0 for x in (f, s, t))
    size = orientation_distance_deg(s, f)
    change = orientation_distance_deg(t, f) - size
    n = np.maximum(known.sum(axis=0), 1)
    size, change = (np.where(known, x - (x * known).sum(axis=0) / n, 0.0) for x in (size, change))
    weight = known.mean(axis=1)
    return ratio_of_sums((change * size).mean(axis=1), (size**2).mean(axis=1), weight, animal)
