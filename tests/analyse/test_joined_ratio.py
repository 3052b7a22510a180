"""Slopes over animals: those of all together, whichever animals moved."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.adaptation import ADAPTED_PAIR_COLUMNS
from ketacortex.analyse.joined_ratio import joined_ratio
from ketacortex.analyse.population import changes_by_animal, compare_animals
from ketacortex.analyse.ratio_of_sums import ratio_of_sums
from ketacortex.analyse.statistics import NotComputed, mean_interval

CLAIM = {"drug_minus_sham": ("drug", "sham")}
KEY = ["recovery_slope", "later", "before", "pyr", np.nan]


@dataclass
class Slope:
    """Findings of one animal that hold its slope alone."""

    animal: str
    pairs: pd.DataFrame
    not_computed: list[dict[str, Any]] = field(default_factory=list)


def arm_of(name, slopes, denominators, errors=None):
    errors = np.full(len(slopes), 1.0) if errors is None else errors
    found = []
    for number, given in enumerate(zip(slopes, denominators, errors, strict=True)):
        slope, below, error = given
        row = [*KEY, slope, 40, below, error]
        pairs = pd.DataFrame([row], columns=ADAPTED_PAIR_COLUMNS)
        found.append((name, Slope(f"animal {number}", pairs)))
    return found


def rows_of(*arms, claims=CLAIM):
    result = compare_animals([session for arm in arms for session in arm], claims)
    return result.effects.set_index("arm"), result.not_computed


def test_it_is_the_sum_above_by_the_sum_below():
    rng = np.random.default_rng(0)
    below = rng.uniform(20.0, 60.0, 6)
    above = -0.3 * below + rng.normal(0.0, 3.0, 6)
    rows, _ = rows_of(arm_of("drug", above / below, below))
    assert rows.loc["drug", "change"] == pytest.approx(above.sum() / below.sum())
    independent = ratio_of_sums(above, below, np.ones(6), animal=np.arange(6))
    assert rows.loc["drug", "change"] == pytest.approx(independent.value)
    # Fieller's interval is the same where denominators are known well, as they nearly are here.
    assert rows.loc["drug", "ci_low"] == pytest.approx(independent.low, rel=0.1)
    assert rows.loc["drug", "ci_high"] == pytest.approx(independent.high, rel=0.1)


def test_with_equal_denominators_it_is_the_plain_mean_with_its_interval():
    slopes = np.array([-0.5, -0.2, 0.1, -0.3])
    rows, _ = rows_of(arm_of("drug", slopes, np.full(4, 30.0)))
    plain = mean_interval(slopes)
    told = rows.loc["drug", ["change", "ci_low", "ci_high", "p_value"]].tolist()
    assert told == pytest.approx([plain.mean, plain.low, plain.high, plain.p_value])


def test_the_unit_of_the_denominator_is_of_no_matter():
    slopes, below, errors = [-0.5, -0.2, 0.1], np.array([10.0, 30.0, 20.0]), np.full(3, 2.0)
    one, _ = rows_of(arm_of("drug", slopes, below, errors))
    other, _ = rows_of(arm_of("drug", slopes, 1e4 * below, 1e4 * errors))
    pd.testing.assert_frame_equal(one, other)


def test_an_animal_in_which_nothing_moved_hardly_counts():
    """Its slope is a ratio of two errors, here of the wrong sign."""
    moved = ([-0.5, -0.4, -0.6], [40.0, 60.0, 50.0])
    without, _ = rows_of(arm_of("drug", *moved))
    rows, _ = rows_of(arm_of("drug", [*moved[0], 30.0], [*moved[1], -0.1]))
    assert rows.loc["drug", "n_animals"] == 4
    assert rows.loc["drug", "change"] == pytest.approx(without.loc["drug", "change"], abs=0.03)


def test_a_claim_is_the_difference_of_both_slopes_whatever_they_divide_by():
    drug = arm_of("drug", [-0.5, -0.2, -0.6], [10.0, 30.0, 20.0])
    sham = arm_of("sham", [-0.1, 0.2, -0.2], [14.0, 25.0, 22.0])
    rows, _ = rows_of(drug, sham)
    claim = rows.loc["drug_minus_sham"]
    difference = rows.loc["drug", "change"] - rows.loc["sham", "change"]
    assert claim["change"] == pytest.approx(difference)
    assert claim["after"] - claim["before"] == pytest.approx(difference)
    assert claim["ci_low"] < claim["change"] < claim["ci_high"]
    turned, _ = rows_of(drug, sham, claims={"one": ("sham", "drug")})
    assert turned.loc["one", "change"] == pytest.approx(-difference)
    assert turned.loc["one", "ci_low"] == pytest.approx(-claim["ci_high"])


def test_with_the_same_denominators_a_claim_pairs_the_slopes():
    """Animals differ far more than arms do; the pairing takes that away."""
    sham = np.array([-0.9, -0.1, 0.5, -0.4])
    more = np.array([-0.21, -0.19, -0.22, -0.18])
    rows, _ = rows_of(
        arm_of("drug", sham + more, np.full(4, 30.0)), arm_of("sham", sham, np.full(4, 30.0))
    )
    plain = mean_interval(more)
    told = rows.loc["drug_minus_sham", ["change", "ci_low", "ci_high"]].tolist()
    assert told == pytest.approx([plain.mean, plain.low, plain.high])
    assert rows.loc["sham", "ci_high"] - rows.loc["sham", "ci_low"] > 1.0


def test_where_nothing_moved_in_any_animal_it_is_not_told_and_says_why():
    nothing = arm_of("sham", [-3.0, 2.0, 0.5], [0.3, -0.2, 0.4], np.full(3, 0.5))
    rows, missing = rows_of(arm_of("drug", [-0.5, -0.2, -0.6], [10.0, 30.0, 20.0]), nothing)
    assert rows.index.tolist() == ["drug"]
    for arm, begins in (("sham", "the mean"), ("drug_minus_sham", "in the control the mean")):
        (reason,) = (entry["reason"] for entry in missing if entry["arm"] == arm)
        assert reason.startswith(f"{begins} square of the shift, 0.167 with a standard error of")
        assert reason.endswith("is not told from 0; record more cells, or more trials.")


def test_an_animal_whose_denominator_is_unknown_is_left_out():
    known = ([-0.5, -0.2, -0.6], [10.0, 30.0, 20.0])
    without, _ = rows_of(arm_of("drug", *known))
    rows, _ = rows_of(arm_of("drug", [*known[0], 0.7], [*known[1], np.nan]))
    pd.testing.assert_frame_equal(rows.drop(columns="n_units"), without.drop(columns="n_units"))


def test_an_animal_in_one_arm_only_is_not_in_the_claim():
    drug = arm_of("drug", [-0.5, -0.2, -0.6, 0.9], [10.0, 30.0, 20.0, 25.0])
    rows, _ = rows_of(drug, arm_of("sham", [-0.1, 0.2, -0.2], [14.0, 25.0, 22.0]))
    assert rows["n_animals"].to_dict() == {"drug": 4, "sham": 3, "drug_minus_sham": 3}
    three, _ = rows_of(drug[:3], arm_of("sham", [-0.1, 0.2, -0.2], [14.0, 25.0, 22.0]))
    told = rows.loc["drug_minus_sham", "change"]
    assert told == pytest.approx(three.loc["drug_minus_sham", "change"])


def test_shares_that_cancel_between_arms_are_no_division_by_0():
    drug = arm_of("drug", [-0.5, -0.2, -0.6, 2.0], [30.0, 25.0, 20.0, 5.0])
    sham = arm_of("sham", [-0.1, 0.2, -0.2, -2.0], [30.0, 30.0, 25.0, -5.0])
    rows, _ = rows_of(drug, sham)
    difference = rows.loc["drug", "change"] - rows.loc["sham", "change"]
    assert rows.loc["drug_minus_sham", "change"] == pytest.approx(difference)
    assert np.isfinite(rows.loc["drug_minus_sham", ["ci_low", "ci_high"]].astype(float)).all()


def test_where_one_animal_is_nearly_all_it_says_so():
    rows, missing = rows_of(arm_of("drug", [-0.5, -0.2, 0.6], [90.0, 8.0, 2.0]))
    assert rows.empty
    (reason,) = (entry["reason"] for entry in missing)
    assert reason.startswith("one animal has 90% of the mean square of the shift")


def test_of_two_sessions_of_an_animal_the_one_in_which_more_moved_counts_more():
    twice = [("drug", one) for _, one in arm_of("drug", [-0.6, 0.3], [30.0, 10.0], [3.0, 4.0])]
    for _, one in twice:
        one.animal = "cat"
    (row,) = changes_by_animal(twice).to_dict("records")
    assert row["after"] == pytest.approx((-0.6 * 30.0 + 0.3 * 10.0) / 40.0)
    assert row["numerator"] == pytest.approx((-0.6 * 30.0 + 0.3 * 10.0) / 2.0)
    assert row["denominator"] == pytest.approx(20.0)
    assert row["denominator_error"] == pytest.approx(2.5)


def test_what_moved_by_chance_does_not_draw_the_slope_of_all_to_0():
    """As it does where only animals are taken in which shifts can be told.

    The error of a denominator is not in the numerator, so one that is large by chance comes with a
    slope near 0.
    """
    rng = np.random.default_rng(1)
    true_deg2, error_deg2, slope = 4.0, 3.0, -0.5
    all_together, only_told = [], []
    for _ in range(1500):
        below = true_deg2 + rng.normal(0.0, error_deg2, 8)
        above = slope * true_deg2 + rng.normal(0.0, 1.0, 8)
        found = joined_ratio(above, below, np.full(8, error_deg2), "the shift")
        if not isinstance(found, NotComputed):
            all_together.append(found)
        told = below > 1.96 * error_deg2
        only_told += [(above / below)[told].mean()] if told.any() else []
    assert np.median(all_together) == pytest.approx(slope, abs=0.03)
    assert np.median(only_told) > slope + 0.15
