"""Animals in which nothing moved: noise alone shows no attraction, no recovery and no growth."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from analyse.adapted import adapted_session
from ketacortex.analyse.adaptation import measure_adaptation
from ketacortex.analyse.joined_ratio import LEAST_ERRORS, joined_ratio
from ketacortex.analyse.statistics import NotComputed

pytestmark = pytest.mark.slow

ADAPTED_S = 720.0
RECOVERY_S = 900.0
N_ANIMALS = 6
MEASURES = [
    ("attraction_balance", "after"),
    ("shift_towards_deg", "after"),
    ("attraction_balance_since_first", "later"),
    ("recovery_small_deg", "later"),
    ("recovery_5_to_10_deg", "later"),
    ("recovery_10_to_15_deg", "later"),
    ("small_shift_growth_deg2", "later"),
    ("remote_shift_excess_deg", "after"),
]


@cache
def without_shift(n_before, *, is_broader):
    """Values of animals with few spikes in which nothing moved, {(measure, epoch): values}."""
    found = {}
    for seed in range(N_ANIMALS):
        rng = np.random.default_rng(100 + seed)
        preferred_deg = rng.uniform(0.0, 180.0, 110)
        after = {"osi": 0.65, "kappa": 1.3} if is_broader else {}
        plan = [
            *((f"before {k}", preferred_deg) for k in range(n_before)),
            (0.0, ADAPTED_S),
            ("after", preferred_deg, after),
            ("later", preferred_deg, {"wait_s": RECOVERY_S, **after}),
        ]
        one = adapted_session(plan, rng, mean_hz=3.0, n_repeats=6, excess_fano=0.3)
        for row in measure_adaptation(one).pairs.itertuples():
            found.setdefault((row.measure, row.epoch), []).append(row.after)
            slope = (row.after, row.denominator, row.denominator_error)
            found.setdefault((row.measure, row.epoch, "ratio"), []).append(slope)
    return found


def slopes_without_shift(n_before, *, is_broader):
    """Slope, mean square of the shift and its error, of each animal."""
    return without_shift(n_before, is_broader=is_broader)["recovery_slope", "later", "ratio"]


def is_around_0(values):
    """Within the 99.9 % interval of its mean."""
    reach = stats.t.ppf(0.9995, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return abs(values.mean()) < reach


@pytest.mark.parametrize(("n_before", "is_broader"), [(1, False), (1, True), (2, True)])
@pytest.mark.parametrize(("measure", "epoch"), MEASURES)
def test_noise_alone_neither_attracts_nor_recovers_nor_grows(measure, epoch, n_before, is_broader):
    """Also where tuning is broader after the adapter, so that every error is larger."""
    values = np.array(without_shift(n_before, is_broader=is_broader)[measure, epoch])
    assert len(values) >= 4
    assert is_around_0(values)


@pytest.mark.parametrize(("n_before", "is_broader"), [(1, False), (1, True), (2, True)])
@pytest.mark.parametrize("kind", ["attractive", "repulsive"])
def test_by_noise_alone_no_class_has_flanks_that_differ(kind, n_before, is_broader):
    """Both fall alike where tuning is broader; with the middle of the class's own trials they
    differ by 0.1."""
    found = without_shift(n_before, is_broader=is_broader)
    adapted, opposite = (
        np.array(found[f"{kind}_{flank}_flank_change", "after"])
        for flank in ("adapted", "opposite")
    )
    assert is_around_0(adapted - opposite)
    assert adapted.mean() == pytest.approx(opposite.mean(), abs=0.05)
    assert np.mean(adapted) == pytest.approx(-0.17 if is_broader else 0.0, abs=0.05)


def test_noise_does_move_single_cells_in_these_animals():
    """Or the tests above would find nothing in data that show nothing."""
    shares = without_shift(1, is_broader=True)
    assert np.mean(shares["attractive_share", "after"]) > 0.15
    assert np.mean(shares["repulsive_share", "after"]) > 0.15


def test_where_nothing_moved_there_is_no_slope_of_what_recovered():
    """It would be a ratio of two errors: in each animal, and in all of them together."""
    for n_before, is_broader in ((1, False), (1, True), (2, True)):
        rows = slopes_without_shift(n_before, is_broader=is_broader)
        assert len(rows) >= 4
        slope, below_deg2, error_deg2 = np.transpose(rows)
        assert sum(below_deg2 > LEAST_ERRORS * error_deg2) <= 1
        together = joined_ratio(slope * below_deg2, below_deg2, error_deg2, "the shift")
        assert isinstance(together, NotComputed)
