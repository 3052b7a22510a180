import numpy as np
import pytest

from ketacortex.analyse.signed_recovery import beyond_retest, signed_recovery, size_recovery
from ketacortex.analyse.statistics import NotComputed


def epochs(rng, kept, *, n=150, n_parts=2, worse=1.0, spread_deg=0.0, n_split=6):
    """Three epochs; of a shift of some 12 degrees `kept` is left in the third."""
    error = rng.uniform(2, 7, n)
    preferred, shift = rng.uniform(0, 180, n), rng.normal(0, 12, n)
    third = shift * kept + spread_deg * rng.choice([-1.0, 1.0], n)
    found = []
    for moved, noise in ((0.0, 1.0), (shift, 1.0), (third, worse)):
        trial = rng.normal(0, 1, (n, 12)) * (noise * error * np.sqrt(12))[:, None]
        order = np.argsort(rng.random((n_split, 12)), axis=1).reshape(n_split, n_parts, -1)
        part = trial[:, order].mean(axis=3).transpose(0, 2, 1)
        found.append(((preferred + moved)[:, None, None] + part) % 180.0)
    return found


def test_retest_looks_like_recovery_only_to_the_naive_slope():
    rng = np.random.default_rng(0)
    found = [signed_recovery(*epochs(rng, 1.0, worse=1.2)) for _ in range(300)]
    assert np.mean([f.naive_slope.p_value < 0.05 for f in found]) > 0.5
    # Binomial standard error 0.013.
    assert np.mean([f.slope.p_value < 0.05 for f in found]) < 0.09
    changes = [row.change for f in found for row in f.classes]
    assert 0.03 < np.mean([change.p_value < 0.05 for change in changes]) < 0.07


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.3])
def test_the_planted_share_is_recovered(kept):
    found = signed_recovery(*epochs(np.random.default_rng(1), kept, n=4000))
    assert found.slope.value == pytest.approx(kept - 1.0, abs=0.03)
    for row in found.classes[1:]:
        assert row.change.value == pytest.approx((kept - 1.0) * row.initial.value, abs=0.6)


def test_a_class_is_larger_by_its_own_halves_than_it_is():
    found = signed_recovery(*epochs(np.random.default_rng(2), 1.0, n=4000))
    small, large = found.classes[0], found.classes[-1]
    assert large.initial.value < 20.0
    assert small.n_units + sum(row.n_units for row in found.classes[1:]) == pytest.approx(4000)


def test_growth_in_any_direction_is_seen_in_squares_only():
    data = epochs(np.random.default_rng(3), 1.0, n=6000, n_parts=3, spread_deg=5.0, worse=1.5)
    signed = signed_recovery(*(x[:, :2] for x in data))
    assert abs(signed.slope.value) < 0.03
    for row in size_recovery(*data)[:3]:
        assert row.change.value == pytest.approx(25.0, abs=8.0)


def test_squares_do_not_grow_where_only_the_error_does():
    rng = np.random.default_rng(4)
    p = [
        row.change.p_value
        for _ in range(150)
        for row in size_recovery(*epochs(rng, 1.0, n_parts=3, worse=1.5, n_split=4))
    ]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.075


def test_against_a_retest_arm_only_the_difference_is_left():
    rng = np.random.default_rng(5)
    retest = signed_recovery(*epochs(rng, 0.9, n=2000))
    arm = signed_recovery(*epochs(rng, 0.6, n=2000))
    beyond = beyond_retest(arm, retest)
    assert beyond.slope.value == pytest.approx(-0.3, abs=0.06)
    assert beyond.slope.low < -0.3 < beyond.slope.high
    assert beyond.classes[3].change.value == pytest.approx(
        arm.classes[3].change.value - retest.classes[3].change.value
    )


def test_turning_or_mirroring_all_angles_changes_nothing():
    data = epochs(np.random.default_rng(6), 0.5)
    plain = signed_recovery(*data)
    for turned in ([(x + 77.0) % 180.0 for x in data], [(-x) % 180.0 for x in data]):
        found = signed_recovery(*turned)
        assert found.slope.value == pytest.approx(plain.slope.value, abs=1e-9)
        assert found.classes[2].n_units == pytest.approx(plain.classes[2].n_units)


def test_missing_units_and_too_few_are_said():
    first, second, third = epochs(np.random.default_rng(7), 0.5, n=60)
    first[:20], third[20:25, 0, :3] = np.nan, np.nan
    found = signed_recovery(first, second, third)
    assert sum(row.n_units for row in found.classes) == pytest.approx(40 - 5 * 0.5)
    few = signed_recovery(first[20:30], second[20:30], third[20:30])
    assert "at least 15 units" in few.slope.reason
    nothing = signed_recovery(*np.full((3, 30, 2, 4), np.nan))
    assert isinstance(nothing.slope, NotComputed)
    assert all(isinstance(row.change, NotComputed) for row in nothing.classes)


def test_over_animals_there_is_one_value_an_animal():
    rng = np.random.default_rng(8)
    data = epochs(rng, 0.5, n=120)
    animal = np.repeat(list("abcd"), 30)
    found = signed_recovery(*data, animal=animal)
    assert found.slope.label == "over 4 animals"
    assert found.slope.freedom == 3
    whole = signed_recovery(*data)
    assert found.slope.value == pytest.approx(whole.slope.value)
