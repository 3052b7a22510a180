"""Sides against each other: what is paired, over what the interval is, what is found."""

import numpy as np
import pytest
from benchmarks.planted.recordings import EPOCHS, Planted, animal, compared
from scipy import stats

from ketacortex.analyse.compare import compare_sides
from ketacortex.analyse.session import measure_session
from ketacortex.recording.selection import only_epoch


def sides(recordings):
    return [
        {one.subject.identifier: only_epoch(one, epoch) for one in recordings} for epoch in EPOCHS
    ]


def animals(n, planted=Planted(n_units=10, n_repeats=(4, 4)), seed=0):  # noqa: B008
    rng = np.random.default_rng(seed)
    return [animal(rng, planted, f"animal {i}") for i in range(n)]


def test_a_planted_change_is_found_and_the_rest_is_left_alone():
    rows = compared([animal(np.random.default_rng(11), Planted(rate_factor=1.6, n_units=40))])
    assert (
        rows.loc["evoked_rate_hz", "ratio_ci_low"]
        <= 1.6
        <= rows.loc["evoked_rate_hz", "ratio_ci_high"]
    )
    assert rows.loc["evoked_rate_hz", "q_value"] < 0.01
    assert rows.loc["gosi_rate_matched", "p_value"] > 0.05


def test_a_planted_shift_is_found_in_excess_of_what_error_alone_shows():
    planted = Planted(shift_deg=20.0, n_units=60, n_repeats=(12, 12))
    row = compared([animal(np.random.default_rng(2), planted)]).loc[
        "preferred_orientation_shift_excess_deg"
    ]
    assert row["p_value"] < 0.001
    assert row["after"] - row["before"] == pytest.approx(row["change"])
    assert 0 < row["before"] < row["after"]


def test_the_distance_itself_is_no_effect():
    """It is above 0 whether or not anything moved."""
    assert "preferred_orientation_shift_abs_deg" not in compared(animals(1)).index


def test_several_animals_are_each_compared_with_themselves():
    recordings = animals(4)
    rows = compared(recordings)
    change = [
        measure_session(one).pairs.set_index("measure").loc["evoked_rate_hz", ["before", "after"]]
        for one in recordings
    ]
    difference = [row["after"] - row["before"] for row in change]
    assert rows.loc["evoked_rate_hz", "p_value"] == pytest.approx(
        stats.ttest_1samp(difference, 0).pvalue
    )
    assert rows.loc["evoked_rate_hz", "n_animals"] == 4


def test_animals_on_one_side_only_are_left_out_where_others_are_on_both():
    first, second = sides(animals(4))
    second.pop("animal 3")
    found = compare_sides(first, second, EPOCHS)
    assert found.animals == ["animal 0", "animal 1", "animal 2"]


def test_groups_of_other_animals_are_compared_as_groups():
    first, second = sides(animals(7))
    first = {name: first[name] for name in list(first)[:3]}
    second = {name: second[name] for name in list(second)[3:]}
    rows = compare_sides(first, second, EPOCHS).effects.set_index("measure")
    values = [
        [measure_session(one).values.set_index("measure").loc["evoked_rate_hz", "value"]
         for one in side.values()]
        for side in (first, second)
    ]  # fmt: skip
    assert rows.loc["evoked_rate_hz", "p_value"] == pytest.approx(
        stats.ttest_ind(*values, equal_var=False).pvalue
    )
    assert set(rows["inference"]) == {"animals of two groups"}


def test_one_animal_against_another_speaks_of_these_two_alone():
    first, second = sides(animals(2))
    found = compare_sides({"animal 0": first["animal 0"]}, {"animal 1": second["animal 1"]}, EPOCHS)
    assert set(found.effects["inference"]) == {
        "trials of two animals: no inference beyond these two"
    }


def test_one_animal_against_a_group_cannot_be_compared_and_says_why():
    first, second = sides(animals(4))
    second.pop("animal 0")
    found = compare_sides({"animal 0": first["animal 0"]}, second, EPOCHS)
    assert found.effects.empty
    assert (
        "two groups of animals need 2 animals each; one of them has 1"
        in (found.not_computed[0]["reason"])
    )


def test_the_same_spikes_on_both_sides_differ_in_nothing():
    recordings = animals(1)
    first, _ = sides(recordings)
    found = compare_sides(first, dict(first), ("a", "b"))
    rows = found.effects
    assert "preferred_orientation_shift_excess_deg" not in set(rows["measure"])
    assert any("the same trials twice" in entry["reason"] for entry in found.not_computed)
    assert (rows["change"] == 0).all()
    assert (rows["p_value"] == 1).all()


def test_swapped_sides_swap_the_sign():
    first, second = sides(animals(3))
    there, back = (
        compare_sides(*order, EPOCHS).effects.set_index("measure")
        for order in ((first, second), (second, first))
    )
    for measure in ("evoked_rate_hz", "gosi", "fano_factor", "noise_correlation"):
        assert there.loc[measure, "change"] == pytest.approx(-back.loc[measure, "change"])
        assert there.loc[measure, "p_value"] == pytest.approx(back.loc[measure, "p_value"])


def test_q_values_are_those_of_benjamini_and_hochberg():
    rows = compared(animals(1))
    np.testing.assert_allclose(rows["q_value"], stats.false_discovery_control(rows["p_value"]))
