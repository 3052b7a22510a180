"""Training in a whole recording: planted thresholds and slopes come back, time alone is null."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from analyse.planted import ORIENTATION_DEG, von_mises_rates
from analyse.trained import TRIAL_S, pair_of, trained_session
from ketacortex.analyse.discrimination import (
    FEW_TRIALS,
    GROUP_UNITS,
    NO_INFORMATION,
    group_information,
)
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.network_streams import network_streams
from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.session import PAIR_COLUMNS, measure_session
from ketacortex.analyse.training import (
    CURVE_COLUMNS,
    FEW_TUNED,
    NOTHING_AFTER,
    OTHER_ORIENTATIONS,
    REFERENCE_RATE,
    SLOPE,
    SLOPE_ELSEWHERE,
    THRESHOLD,
    THRESHOLD_ELSEWHERE,
    TRAINING_MEASURES,
    measure_training,
    with_training,
)
from ketacortex.recording.selection import only_units

REFERENCE_DEG = 90.0
TRAINED = (3600.0, 3600.0)
WAITED = (0.0, 3600.0)
KAPPA = 1.5


def tuned_rates(rng, n_units=36, mean_hz=8.0):
    """Cells with broad curves of one shape and all preferences."""
    preferred_deg = np.arange(n_units) * 180.0 / n_units + rng.uniform(0.0, 180.0)
    return von_mises_rates(preferred_deg, KAPPA, 0.8, mean_hz)


def steeper_at_reference(rate_hz, factor=1.5, width_deg=18.0):
    """The same curves, stretched along orientation about the reference and only near it."""
    axis_deg = np.arange(-90.0, 90.0, 15.0)
    away_deg = axis_deg + (factor - 1.0) * axis_deg * np.exp(-0.5 * (axis_deg / width_deg) ** 2)
    at_deg = (REFERENCE_DEG + away_deg) % 180.0
    around_deg = np.append(ORIENTATION_DEG, 180.0)
    around_hz = np.hstack([rate_hz, rate_hz[:, :1]])
    warped = np.array([np.interp(at_deg, around_deg, unit) for unit in around_hz])
    return warped[:, np.argsort((REFERENCE_DEG + axis_deg) % 180.0)]


def analytic_threshold_deg(rate_hz, chosen):
    """Of independent Poisson cells: sum over cells of (change of mean)^2 / mean, by pair."""
    mean = TRIAL_S * rate_hz
    following = np.roll(mean, -1, axis=1)
    information = (following - mean) ** 2 / ((following + mean) / 2.0) / 15.0**2
    return 1.0 / np.sqrt(GROUP_UNITS * information.mean(axis=0)[chosen].mean())


AT_REFERENCE = np.isin(ORIENTATION_DEG, [75.0, 90.0])
"""Pairs of neighbours, by the first of them, that hold the reference."""


@cache
def found_in(number, after="same", plan_of=TRAINED, n_repeats=10):
    rng = np.random.default_rng(number)
    rate_hz = tuned_rates(rng)
    changed = steeper_at_reference(rate_hz) if after == "steeper" else rate_hz
    plan = [("before", rate_hz), plan_of, ("after", changed)]
    one = trained_session(plan, rng, n_repeats=n_repeats, animal=f"animal {number}")
    return measure_training(one)


def test_the_threshold_is_that_of_independent_poisson_cells():
    rate_hz = tuned_rates(np.random.default_rng(0))
    truth = [analytic_threshold_deg(rate_hz, c) for c in (AT_REFERENCE, ~AT_REFERENCE)]
    found = found_in(0, n_repeats=80)
    assert pair_of(found, THRESHOLD) == pytest.approx((truth[0], truth[0]), rel=0.06)
    assert pair_of(found, THRESHOLD_ELSEWHERE) == pytest.approx((truth[1], truth[1]), rel=0.03)
    # The limit of small steps: the sum of f'^2 / f.
    curve = np.fft.rfft(rate_hz * TRIAL_S, axis=1)
    order = np.arange(curve.shape[1])
    slope = np.fft.irfft(curve * 2j * order * np.pi / 180.0, n=12, axis=1)
    information = GROUP_UNITS * (slope**2 / (rate_hz * TRIAL_S)).mean(axis=0).mean()
    assert pair_of(found, THRESHOLD_ELSEWHERE)[0] == pytest.approx(information**-0.5, rel=0.1)


def test_ten_repeats_give_the_same_information_on_average_as_many():
    rng = np.random.default_rng(1)
    rate_hz = tuned_rates(rng)
    truth = analytic_threshold_deg(rate_hz, AT_REFERENCE) ** -2
    everyone, information = np.ones(len(rate_hz), bool), []
    for _ in range(25):
        one = trained_session([("before", rate_hz)], rng)
        measured = EpochMeasures(one, *collect_responses(one))
        of = group_information([measured], everyone, rng)["before"]
        information.append(of.information[of.is_at(REFERENCE_DEG)].mean())
    error = np.std(information) / 5.0
    assert error < 0.06 * truth
    assert np.mean(information) == pytest.approx(truth, abs=3.0 * error)


def test_noise_that_cells_share_raises_the_threshold():
    rng = np.random.default_rng(2)
    rate_hz = von_mises_rates(np.full(24, 60.0), KAPPA, 0.8, 10.0)
    everyone, found = np.ones(24, bool), []
    for shared in (0.0, 0.3):
        one = trained_session([("before", rate_hz)], rng, n_repeats=40)
        (of,) = collect_responses(one)
        gain = np.exp(shared * rng.normal(size=of.counts.shape[1]))
        loud = replace(of, counts=np.round(of.counts * gain))
        information = group_information([EpochMeasures(one, loud)], everyone, rng)["before"]
        found.append(information.threshold_deg(information.is_at(REFERENCE_DEG)))
    assert found[1] > 1.3 * found[0]


def test_without_change_the_ratio_is_1_over_animals():
    sessions = [("trained", found_in(number)) for number in range(20)]
    effects = compare_animals(sessions).effects.set_index("measure")
    assert set(effects.index) == set(TRAINING_MEASURES)
    for measure, row in effects.iterrows():
        assert row["n_animals"] == 20, measure
        half_width = np.log(row["ratio_ci_high"] / row["ratio_ci_low"]) / 2.0
        assert half_width < 0.1, measure
        assert abs(np.log(row["ratio"])) < 1.5 * half_width, measure


def test_curves_that_are_steeper_at_the_reference_lower_the_threshold_there_alone():
    found = [found_in(number, "steeper") for number in range(6)]
    ratio = {
        measure: np.exp(np.mean([np.diff(np.log(pair_of(one, measure))) for one in found]))
        for measure in TRAINING_MEASURES
    }
    rate_hz = tuned_rates(np.random.default_rng(0))
    truth = [
        analytic_threshold_deg(steeper_at_reference(rate_hz), chosen)
        / analytic_threshold_deg(rate_hz, chosen)
        for chosen in (AT_REFERENCE, ~AT_REFERENCE)
    ]
    assert truth[0] < 0.8
    assert ratio[THRESHOLD] == pytest.approx(truth[0], abs=0.08)
    assert ratio[THRESHOLD_ELSEWHERE] == pytest.approx(truth[1], abs=0.04)
    assert ratio[REFERENCE_RATE] == pytest.approx(1.0, abs=0.05)


def test_cells_with_a_flank_at_the_reference_that_sharpen_make_the_slope_steeper_there():
    rng = np.random.default_rng(9)
    preferred_deg = np.arange(36) * 5.0
    has_flank = np.abs(np.abs(preferred_deg - REFERENCE_DEG) - 20.0) <= 10.0
    before_hz, after_hz = (
        von_mises_rates(preferred_deg, np.where(has_flank, kappa, 1.5), 0.9, 8.0)
        for kappa in (1.5, 3.0)
    )
    plan = [("before", before_hz), TRAINED, ("after", after_hz)]
    found = measure_training(trained_session(plan, rng, n_repeats=20))
    at, elsewhere = (
        np.exp(np.diff(np.log(pair_of(found, measure))))[0] for measure in (SLOPE, SLOPE_ELSEWHERE)
    )
    doubled, kappas = np.deg2rad(2.0 * (REFERENCE_DEG - preferred_deg)), (1.5, 3.0)
    steep = [
        np.abs(np.where(has_flank, k, 1.5) * np.sin(doubled) * _curve(doubled, has_flank, k)).mean()
        for k in kappas
    ]
    assert steep[1] / steep[0] > 1.3
    assert at == pytest.approx(steep[1] / steep[0], rel=0.08)
    assert at > elsewhere + 0.15


def _curve(doubled, has_flank, kappa):
    """Height of a curve of a mean of 8 Hz and an OSI of 0.9, but for its baseline."""
    kappa = np.where(has_flank, kappa, 1.5)
    axis = np.deg2rad(2.0 * ORIENTATION_DEG)[:, None]
    floor = np.exp(-2.0 * kappa)
    baseline = np.maximum(((1.0 - floor) / 0.9 - (1.0 + floor)) / 2.0, 0.0)
    mean = baseline + np.exp(kappa * (np.cos(axis) - 1.0)).mean(axis=0)
    return 8.0 / mean * np.exp(kappa * (np.cos(doubled) - 1.0))


def test_slopes_are_those_of_the_planted_curves_and_without_tuning_there_are_none():
    rate_hz = tuned_rates(np.random.default_rng(0))
    doubled = np.deg2rad(2.0 * np.arange(0.0, 180.0, 0.5))
    curve = np.fft.rfft(rate_hz, axis=1)
    order = np.arange(curve.shape[1])
    slope = np.real(
        np.einsum(
            "uk,kt->ut",
            2.0 * curve * 2j * order * np.pi / 180.0 / 12.0,
            np.exp(1j * np.outer(order, doubled)),
        )
    )
    found = found_in(0, n_repeats=80)
    at = np.abs(slope[:, 180]).mean()
    assert pair_of(found, SLOPE)[0] == pytest.approx(at, rel=0.05)
    assert pair_of(found, SLOPE_ELSEWHERE)[0] == pytest.approx(np.abs(slope).mean(), rel=0.05)
    assert pair_of(found, REFERENCE_RATE)[0] == pytest.approx(rate_hz[:, 6].mean(), rel=0.02)


def with_angles(recording, change):
    trials, epochs = recording.trials, recording.epochs
    return replace(
        recording,
        trials=trials.assign(orientation_deg=change(trials["orientation_deg"]) % 180.0),
        epochs=epochs.assign(reference_deg=change(epochs["reference_deg"]) % 180.0),
    )


@pytest.mark.parametrize("change", [lambda deg: -deg, lambda deg: deg + 45.0])
@pytest.mark.parametrize("reference_deg", [REFERENCE_DEG, 40.0])
def test_turning_or_mirroring_all_angles_changes_nothing(change, reference_deg):
    rng = np.random.default_rng(3)
    rate_hz = tuned_rates(rng, 30) * rng.uniform(0.5, 1.5, 12)
    plan = [("before", rate_hz), TRAINED, ("after", 1.2 * rate_hz)]
    one = trained_session(plan, rng, reference_deg=reference_deg)
    plain, changed = (measure_training(of) for of in (one, with_angles(one, change)))
    for measure in (THRESHOLD, THRESHOLD_ELSEWHERE, REFERENCE_RATE):
        assert pair_of(changed, measure) == pytest.approx(pair_of(plain, measure), rel=1e-9)
    # Which trials make a half depends on their order.
    for measure in (SLOPE, SLOPE_ELSEWHERE):
        assert pair_of(changed, measure) == pytest.approx(pair_of(plain, measure), rel=0.05)


def test_a_control_has_the_same_rows_and_the_curve_says_what_was_shown():
    found, control = found_in(0), found_in(0, plan_of=WAITED)
    pd.testing.assert_frame_equal(found.pairs, control.pairs)
    assert list(found.pairs) == PAIR_COLUMNS
    assert list(found.pairs["measure"]) == list(TRAINING_MEASURES)
    assert set(found.pairs["reference"]) == {"before"}
    assert list(found.curve) == CURVE_COLUMNS
    assert list(found.curve["epoch"]) == ["before", "after"]
    assert list(found.curve["train_s"]) == [0.0, 3600.0]
    assert list(control.curve["train_s"]) == [0.0, 0.0]
    for measure in (THRESHOLD, THRESHOLD_ELSEWHERE):
        assert tuple(found.curve[measure]) == pair_of(found, measure)


def test_later_trainings_add_up_and_each_has_its_reference():
    rng = np.random.default_rng(4)
    rate_hz = tuned_rates(rng, 12)
    plan = [("first", rate_hz), ("before", rate_hz), (60.0, 600.0), ("one", rate_hz),
            (30.0, 600.0, 45.0), ("two", rate_hz)]  # fmt: skip
    found = measure_training(trained_session(plan, rng))
    assert list(found.curve["train_s"]) == [0.0, 0.0, 60.0, 90.0]
    assert list(found.curve["reference_deg"]) == [90.0, 90.0, 90.0, 45.0]
    expected_hz = rate_hz[:, ORIENTATION_DEG == 45.0].mean()
    assert pair_of(found, REFERENCE_RATE, "two")[0] == pytest.approx(expected_hz, rel=0.1)
    assert set(found.pairs["reference"]) == {"before"}


def test_a_reference_between_two_orientations_takes_both_of_them():
    rng = np.random.default_rng(5)
    rate_hz = np.tile(np.where(np.isin(ORIENTATION_DEG, [75.0, 90.0]), 20.0, 2.0), (12, 1))
    plan = [("before", rate_hz), TRAINED, ("after", rate_hz)]
    found = measure_training(trained_session(plan, rng, reference_deg=82.5))
    assert pair_of(found, REFERENCE_RATE)[0] == pytest.approx(20.0, rel=0.1)


def test_it_stands_among_the_findings_of_a_session_and_training_is_no_network():
    rng = np.random.default_rng(6)
    rate_hz = tuned_rates(rng, 12)
    one = trained_session([("before", rate_hz), TRAINED, ("after", rate_hz)], rng, n_repeats=6)
    joined = with_training(measure_session(one), measure_training(one))
    assert {THRESHOLD, "osi"} <= set(joined.pairs["measure"])
    assert set(network_streams(one)) == {"before", "after"}


def test_without_a_reference_there_are_no_findings_and_training_alone_has_a_reason():
    rng = np.random.default_rng(7)
    rate_hz = tuned_rates(rng, 12)
    one = trained_session([("before", rate_hz), TRAINED], rng, n_repeats=4)
    alone = measure_training(one)
    assert alone.pairs.empty
    assert {entry["reason"] for entry in alone.not_computed} == {NOTHING_AFTER}
    assert {entry["measure"] for entry in alone.not_computed} == set(TRAINING_MEASURES)
    for epochs in (one.epochs.drop(columns="reference_deg"), one.epochs.iloc[:1]):
        none = measure_training(replace(one, epochs=epochs))
        assert none.pairs.empty
        assert none.curve.empty
        assert none.not_computed == []


def reasons_of(found):
    """Why each measure is missing, without which epochs it is about."""
    return {
        entry["measure"]: entry["reason"].split(": ", 1)[1].removesuffix(".")
        for entry in found.not_computed
    }


def test_what_the_data_cannot_support_is_missing_with_its_reason():
    rng = np.random.default_rng(8)
    rate_hz = tuned_rates(rng, 24)
    plan = [("before", rate_hz), TRAINED, ("after", rate_hz)]
    few = reasons_of(measure_training(trained_session(plan, rng, n_repeats=3)))
    assert few[THRESHOLD] == few[THRESHOLD_ELSEWHERE] == FEW_TRIALS
    one = trained_session(plan, rng)
    five = reasons_of(measure_training(only_units(one, np.arange(24) < 5)))
    assert five[THRESHOLD] == "5 units respond and 6 are read together; record more cells"
    nobody = measure_training(only_units(one, np.zeros(24, bool)))
    assert nobody.pairs.empty
    is_odd = (one.trials["epoch"] == "after") & (one.trials["orientation_deg"] == 15.0)
    other = replace(one, trials=one.trials[~is_odd])
    assert set(reasons_of(measure_training(other)).values()) == {OTHER_ORIENTATIONS}


def test_cells_that_tell_nothing_have_no_threshold_and_no_slope():
    missing = []
    for number in range(6):
        rng = np.random.default_rng(number)
        flat_hz = np.full((24, 12), 6.0)
        plan = [("before", flat_hz), TRAINED, ("after", flat_hz)]
        found = reasons_of(measure_training(trained_session(plan, rng)))
        assert found[SLOPE] == found[SLOPE_ELSEWHERE] == FEW_TUNED
        missing.append(found.get(THRESHOLD) == NO_INFORMATION)
    assert sum(missing) >= 3
