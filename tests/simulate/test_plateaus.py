"""Stretches above a threshold are the planted ones, however the samples are cut into blocks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ketacortex.simulate.plateaus import cut_stretches, ended_stretches, joined, none_open


def found(is_above, cuts=(), at_least=1):
    parts, since, at = [], none_open(is_above.shape[1]), 0
    for stop in [*cuts, len(is_above)]:
        ended, since = ended_stretches(is_above[at:stop], since, at)
        parts.append(ended)
        at = stop
    return joined([*parts, cut_stretches(since, at)], at_least)


def rows(stretches):
    columns = stretches.first, stretches.n_samples, stretches.branch
    return [tuple(map(int, row)) for row in zip(*columns, strict=True)]


def one_by_one(is_above):
    """The same, sample by sample."""
    made = []
    for branch, course in enumerate(is_above.T):
        first = None
        for sample, above in enumerate([*course, False]):
            if above and first is None:
                first = sample
            elif not above and first is not None:
                made.append((first, sample - first, branch))
                first = None
    return sorted(made, key=lambda row: (row[0], row[2]))


COURSES = st.integers(1, 5).flatmap(
    lambda n: st.lists(
        st.lists(st.booleans(), min_size=n, max_size=n), min_size=2, max_size=40
    ).map(np.array)
)


@settings(deadline=None)
@given(COURSES, st.data())
def test_stretches_do_not_depend_on_the_blocks(is_above, data):
    edges = st.integers(1, len(is_above) - 1)
    cuts = sorted(data.draw(st.sets(edges, max_size=6)))
    assert rows(found(is_above, cuts)) == rows(found(is_above)) == one_by_one(is_above)


@given(COURSES, st.integers(1, 10))
def test_short_stretches_are_no_plateaus(is_above, at_least):
    kept = [row for row in one_by_one(is_above) if row[1] >= at_least]
    assert rows(found(is_above, at_least=at_least)) == kept


def test_a_planted_plateau_is_found_across_a_border():
    is_above = np.zeros((100, 3), bool)
    is_above[40:65, 1] = True  # over the border at 50
    is_above[95:, 2] = True  # cut by the end
    is_above[10:25, 0] = is_above[26:40, 0] = True  # torn apart
    assert rows(found(is_above, [50])) == [(10, 15, 0), (26, 14, 0), (40, 25, 1), (95, 5, 2)]
    assert rows(found(is_above, [50], at_least=20)) == [(40, 25, 1)]
