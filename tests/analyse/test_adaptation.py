"""Adaptation in a whole recording: planted shifts come back, and noise alone shows nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from analyse.adapted import adapted_session, at_places, value_of
from ketacortex.analyse.adaptation import (
    ADAPTED_PAIR_COLUMNS,
    CELL_COLUMNS,
    measure_adaptation,
    with_adaptation,
)
from ketacortex.analyse.adaptation_values import (
    ADAPTATION_CHANGES,
    ADAPTED_MEASURES,
    DIVIDED_BY,
    NEAR_OSI,
    NOTHING_AFTER,
    REASONS,
    RECOVERY_MEASURES,
)
from ketacortex.analyse.flanks_by_class import FLANK_MEASURES
from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.session import measure_session
from ketacortex.recording.selection import only_units
from ketacortex.units import orientation_difference_deg

ADAPTER_DEG = 90.0
ADAPTED_S = 720.0
RECOVERY_S = 900.0


def side_of(preferred_deg, adapter_deg=ADAPTER_DEG):
    return np.sign(orientation_difference_deg(adapter_deg, preferred_deg))


def before(preferred_deg, n_before=2):
    return [(f"before {k}", preferred_deg) for k in range(n_before)]


@cache
def planted(n_before=2, seed=0, n_units=150):
    """60 % of cells attracted by 12 degrees, 40 % repelled; 0.6 of it is left later; both again."""
    rng = np.random.default_rng(seed)
    preferred_deg = rng.uniform(0.0, 180.0, n_units)
    moved_deg = side_of(preferred_deg) * np.where(np.arange(n_units) % 5 < 3, 12.0, -12.0)
    left_deg = preferred_deg + 0.6 * moved_deg
    plan = [
        *before(preferred_deg, n_before),
        ADAPTED_S,
        ("after", preferred_deg + moved_deg),
        ("later", left_deg, {"wait_s": RECOVERY_S}),
        ADAPTED_S,
        ("again", left_deg + 1.5 * np.abs(moved_deg) * side_of(preferred_deg)),
    ]
    return measure_adaptation(adapted_session(plan, rng, adapter_deg=ADAPTER_DEG))


@pytest.mark.parametrize("n_before", [1, 2])
def test_planted_attraction_and_repulsion_are_found(n_before):
    found = planted(n_before)
    assert value_of(found, "attractive_share", "after") == pytest.approx(0.6, abs=0.1)
    assert value_of(found, "repulsive_share", "after") == pytest.approx(0.4, abs=0.1)
    assert value_of(found, "attraction_balance", "after") == pytest.approx(0.2, abs=0.15)
    assert value_of(found, "shift_towards_deg", "after") == pytest.approx(2.4, abs=1.8)


def test_what_recovery_took_is_told_from_the_first_measurement():
    found = planted()
    slope = value_of(found, "recovery_slope", "later")
    assert slope == pytest.approx(-0.4, abs=0.07)
    assert value_of(found, "recovery_10_to_15_deg", "later") == pytest.approx(-4.8, abs=1.0)
    towards_deg = [value_of(found, "shift_towards_deg", epoch) for epoch in ("after", "later")]
    since = value_of(found, "shift_towards_since_first_deg", "later")
    assert since == pytest.approx(towards_deg[1] - towards_deg[0], abs=0.3)


def test_a_second_bout_that_attracts_all_by_half_as_much_more_is_so_much_larger():
    found = planted()
    assert value_of(found, "attraction_balance", "again") == pytest.approx(1.0, abs=0.05)
    assert value_of(found, "second_minus_first_balance", "again") == pytest.approx(0.8, abs=0.15)
    assert value_of(found, "second_minus_first_towards_deg", "again") == pytest.approx(
        15.6, abs=2.0
    )
    size_deg2 = value_of(found, "second_minus_first_size_deg2", "again")
    assert size_deg2 == pytest.approx(18.0**2 - 12.0**2, abs=45.0)
    assert "second_minus_first_balance" not in set(
        found.pairs.loc[found.pairs["epoch"] == "later", "measure"]
    )


def test_another_adapter_without_recovery_is_no_second_adaptation():
    rng = np.random.default_rng(4)
    preferred_deg = rng.uniform(0.0, 180.0, 60)
    plan = [
        *before(preferred_deg),
        720.0,
        ("after", preferred_deg),
        720.0,
        ("again", preferred_deg),
    ]
    one = adapted_session(plan, rng)
    deg = one.epochs["adapter_deg"].to_numpy(float).copy()
    deg[-2] = 0.0  # of the second adapter; the first was at 90
    found = measure_adaptation(replace(one, epochs=one.epochs.assign(adapter_deg=deg)))
    assert not [m for m in found.pairs["measure"] if m.startswith("second_minus_first")]
    assert {r["measure"] for r in found.not_computed} >= {"second_minus_first_balance"}


def test_cells_that_short_adaptation_repels_and_long_attracts_are_counted():
    rng = np.random.default_rng(3)
    preferred_deg = rng.uniform(0.0, 180.0, 120)
    towards_deg = side_of(preferred_deg) * np.where(np.arange(120) % 2, 12.0, 0.0)
    plan = [*before(preferred_deg), 120.0, ("short", preferred_deg - towards_deg),
            600.0, ("long", preferred_deg + towards_deg)]  # fmt: skip
    found = measure_adaptation(adapted_session(plan, rng))
    assert value_of(found, "turned_share", "long") == pytest.approx(0.5, abs=0.12)
    assert value_of(found, "attraction_balance_since_first", "long") == pytest.approx(1, abs=0.25)
    assert value_of(found, "shift_towards_since_first_deg", "long") == pytest.approx(12, abs=3)
    shown = set(found.pairs["measure"]) | {entry["measure"] for entry in found.not_computed}
    assert "recovery_slope" not in shown


def angles_changed(recording, change):
    """The recording with all angles turned or mirrored; the spikes stay."""
    trials, epochs = recording.trials, recording.epochs
    return type(recording)(
        **{
            **{name: getattr(recording, name) for name in recording.__dataclass_fields__},
            "trials": trials.assign(orientation_deg=change(trials["orientation_deg"]) % 180.0),
            "epochs": epochs.assign(adapter_deg=change(epochs["adapter_deg"]) % 180.0),
        }
    )


@pytest.mark.parametrize("change", [lambda deg: -deg, lambda deg: deg + 45.0])
def test_turning_or_mirroring_all_angles_changes_nothing(change):
    rng = np.random.default_rng(5)
    preferred_deg = rng.uniform(0.0, 180.0, 60)
    moved_deg = side_of(preferred_deg) * rng.normal(3.0, 12.0, 60)
    plan = [*before(preferred_deg), ADAPTED_S,
            ("one", preferred_deg + moved_deg), ("two", preferred_deg + moved_deg)]  # fmt: skip
    one = at_places(adapted_session(plan, rng), *rng.uniform(0.0, 600.0, (2, 60)))
    plain, changed = (measure_adaptation(r) for r in (one, angles_changed(one, change)))
    # Of whole epochs; what parts of the trials show depends a little on how these are drawn.
    of_parts = {"synchrony_by_convergence", "remote_shift_excess_deg", *RECOVERY_MEASURES}
    exact = set(plain.pairs["measure"]) - of_parts - set(FLANK_MEASURES)
    assert len(exact) >= 11
    for measure in exact:
        assert value_of(changed, measure, "two") == pytest.approx(
            value_of(plain, measure, "two"), abs=1e-4
        )


def test_a_control_has_the_same_rows():
    rng = np.random.default_rng(6)
    preferred_deg = rng.uniform(0.0, 180.0, 60)
    found = []
    for adapter in (ADAPTED_S, (0.0, ADAPTED_S)):
        plan = [*before(preferred_deg), adapter, ("after", preferred_deg),
                ("later", preferred_deg, {"wait_s": RECOVERY_S}), adapter,
                ("again", preferred_deg)]  # fmt: skip
        found.append(measure_adaptation(adapted_session(plan, np.random.default_rng(7))))
    adapted, control = found
    assert adapted.pairs.equals(control.pairs)
    assert adapted.not_computed == control.not_computed
    assert list(control.pairs) == ADAPTED_PAIR_COLUMNS
    assert "second_minus_first_balance" in set(control.pairs["measure"])


def test_selectivity_near_the_adapter_has_a_before():
    rng = np.random.default_rng(8)
    preferred_deg = rng.uniform(0.0, 180.0, 90)
    for n_before in (1, 2):
        plan = [*before(preferred_deg, n_before), ADAPTED_S, ("after", preferred_deg, {"osi": 0.6})]
        pairs = measure_adaptation(adapted_session(plan, rng)).pairs
        (row,) = pairs[pairs["measure"] == NEAR_OSI].itertuples()
        assert row.before == pytest.approx(0.9, abs=0.03)
        assert row.after == pytest.approx(0.6, abs=0.04)


def test_every_measure_of_a_measurement_has_a_value_or_a_reason():
    found = planted()
    expected = {
        "after": len(ADAPTED_MEASURES) + 1,
        "later": len(ADAPTED_MEASURES) + 3 + 6 + 1,
        "again": len(ADAPTED_MEASURES) + 3 + 1,
    }
    for epoch, n_measures in expected.items():
        values = found.pairs.loc[found.pairs["epoch"] == epoch, "measure"].tolist()
        reasons = [entry["measure"] for entry in found.not_computed if entry["epoch"] == epoch]
        assert len(set(values)) == len(values)
        assert len(set(reasons)) == len(reasons)
        assert len(set(values) | set(reasons)) == n_measures
        # Both have only ratios that count over animals and tell nothing of this one.
        assert set(values) & set(reasons) <= set(DIVIDED_BY)
    assert set(REASONS) == {*ADAPTATION_CHANGES, NEAR_OSI}
    assert all(entry["reason"].endswith(".") for entry in found.not_computed)
    without_places = [e["reason"] for e in found.not_computed if "neighbour" in e["measure"]]
    assert "give x_um and y_um" in without_places[0]


def test_cells_have_a_row_each_with_their_class():
    cells = planted().cells
    assert list(cells) == CELL_COLUMNS
    assert len(cells) == 3 * 150
    after = cells[(cells["epoch"] == "after") & (cells["group"] == "near")]
    sure = after[after["shift_towards_deg"].abs() > 5.0]
    assert (sure["class"].isin(["attractive", "repulsive"])).all()
    assert after["distance_deg"].between(22.5, 67.5).all()
    truth_deg = np.where(after["unit"] % 5 < 3, 12.0, -12.0)
    z = (after["shift_towards_deg"] - truth_deg) / after["error_deg"]
    assert 0.7 < np.nanstd(z) < 1.4


def test_it_stands_among_the_findings_of_a_session_and_over_animals():
    rng = np.random.default_rng(9)
    sessions = []
    for number in range(3):
        preferred_deg = rng.uniform(0.0, 180.0, 60)
        moved_deg = side_of(preferred_deg) * 12.0
        plan = [*before(preferred_deg), ADAPTED_S, ("after", preferred_deg + moved_deg)]
        one = adapted_session(plan, rng, n_repeats=6, animal=f"animal {number}")
        sessions.append(("adapted", measure_adaptation(one)))
    effects = compare_animals(sessions).effects.set_index("measure")
    row = effects.loc["shift_towards_deg"]
    assert row["ci_low"] < 12.0 < row["ci_high"]
    assert row["change"] == row["after"]
    assert np.isnan(row["before"])
    joined = with_adaptation(measure_session(one), sessions[-1][1])
    assert {"shift_towards_deg", "osi"} <= set(joined.pairs["measure"])


def test_without_an_adapter_there_are_no_findings_and_an_adapter_alone_has_a_reason():
    rng = np.random.default_rng(10)
    preferred_deg = rng.uniform(0.0, 180.0, 30)
    none = measure_adaptation(adapted_session(before(preferred_deg), rng, n_repeats=3))
    assert none.pairs.empty
    assert none.cells.empty
    assert none.not_computed == []
    alone = measure_adaptation(adapted_session([*before(preferred_deg), ADAPTED_S], rng))
    assert alone.pairs.empty
    assert {entry["reason"] for entry in alone.not_computed} == {NOTHING_AFTER}


def test_epochs_without_gratings_and_animals_without_units_never_raise():
    rng = np.random.default_rng(12)
    preferred_deg = rng.uniform(0.0, 180.0, 20)
    plan = [*before(preferred_deg, 1), ADAPTED_S, ("after", preferred_deg), ("dark", preferred_deg)]
    one = adapted_session(plan, rng, n_repeats=3)
    is_dark = one.trials["epoch"] == "dark"
    shown = one.trials.assign(orientation_deg=one.trials["orientation_deg"].where(~is_dark))
    found = measure_adaptation(replace(one, trials=shown))
    assert set(found.cells["epoch"]) == {"after"}
    nobody = measure_adaptation(only_units(one, np.zeros(20, bool)))
    assert nobody.pairs.empty
    assert nobody.cells.empty


def test_too_few_trials_and_cells_never_raise():
    rng = np.random.default_rng(11)
    plan = [*before(np.array([45.0, 60.0]), 1), ADAPTED_S, ("after", np.array([45.0, 60.0]))]
    found = measure_adaptation(adapted_session(plan, rng, n_repeats=1))
    assert found.pairs.empty
    assert {entry["measure"] for entry in found.not_computed} == {*ADAPTED_MEASURES, NEAR_OSI}
