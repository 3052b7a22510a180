"""Membrane potentials with planted tuning come back as they were planted."""

from dataclasses import replace

import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, session_of, von_mises_rates
from ketacortex.analyse.membrane import (
    REASONS,
    median_voltage_mv,
    membrane_values,
    modulation_mv,
    voltage_curves_mv,
)
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.session import measure_session
from ketacortex.analyse.tuning import fit_tuning, gosi
from ketacortex.recording.recording import MEMBRANE_POTENTIAL, Channel

REST_MV = -65.0
CLASSES = ["pyr"] * 5 + ["pv"]


def patched(curves_mv, rng, noise_mv=0.0, **about):
    """Two epochs; the first units are patched, one table of depolarisations for each epoch.

    Trials come every 2 s and last 1 s. A channel covers one epoch, and begins within a sample.
    """
    recording = session_of([np.full((6, 12), 4.0)] * 2, rng, cell_class=CLASSES, **about)
    channels = []
    for epoch, curve_mv in zip(["control", "early"], curves_mv, strict=True):
        trials = recording.trials[recording.trials["epoch"] == epoch]
        start_s = trials["onset_s"].iloc[0] - 0.5003
        time_s = start_s + np.arange(2000 * len(trials)) / 1000
        for unit, unit_mv in enumerate(curve_mv):
            values = np.full(len(time_s), REST_MV)
            for trial in trials.itertuples():
                inside = (time_s >= trial.onset_s) & (time_s < trial.offset_s)
                jitter_mv = noise_mv * rng.normal()
                if not np.isnan(trial.orientation_deg):
                    jitter_mv += unit_mv[np.argmax(trial.orientation_deg == ORIENTATION_DEG)]
                values[inside] += jitter_mv
            channels.append(
                Channel(
                    name=f"patch_{unit}_{epoch}", quantity=MEMBRANE_POTENTIAL, unit="mV",
                    values=values.astype(np.float32), rate_hz=1000.0, start_s=start_s,
                    of_unit=unit,
                )
            )  # fmt: skip
    return replace(recording, channels=tuple(channels))


@pytest.fixture(scope="module")
def curves_mv():
    return von_mises_rates([10.0, 77.0, 150.0], [0.5, 1.5, 4.0], [0.3, 0.6, 0.9], [2.0, 3.0, 4.0])


def test_planted_depolarisations_come_back(curves_mv):
    recording = patched([curves_mv, 0.5 * curves_mv], np.random.default_rng(0))
    for responses, planted_mv in zip(
        collect_responses(recording), [curves_mv, 0.5 * curves_mv], strict=True
    ):
        voltage_mv, blank_mv, orientations_deg = voltage_curves_mv(recording, responses)
        np.testing.assert_array_equal(orientations_deg, ORIENTATION_DEG)
        np.testing.assert_allclose(voltage_mv[:3], REST_MV + planted_mv, atol=1e-5)
        np.testing.assert_allclose(blank_mv[:3], REST_MV, atol=1e-5)
        assert np.isnan(voltage_mv[3:]).all()
        found = membrane_values(recording, responses)
        np.testing.assert_allclose(
            found["subthreshold_osi"][:3], fit_tuning(planted_mv, ORIENTATION_DEG).osi, atol=1e-4
        )
        np.testing.assert_allclose(
            found["subthreshold_gosi"][:3], gosi(planted_mv, ORIENTATION_DEG), atol=1e-4
        )
        np.testing.assert_allclose(
            found["depolarisation_mv"][:3], planted_mv.max(axis=1), atol=1e-4
        )


def test_half_the_depolarisation_is_half_the_modulation_at_the_same_osi(curves_mv):
    before, after = (
        membrane_values(recording, responses)
        for recording in [patched([curves_mv, 0.5 * curves_mv], np.random.default_rng(1))]
        for responses in collect_responses(recording)
    )
    np.testing.assert_allclose(
        after["subthreshold_modulation_mv"][:3],
        0.5 * before["subthreshold_modulation_mv"][:3],
        rtol=1e-4,
    )
    np.testing.assert_allclose(
        after["subthreshold_osi"][:3], before["subthreshold_osi"][:3], atol=1e-3
    )


def test_the_amplitude_of_a_cosine_comes_back_from_noisy_trials():
    cosine = np.cos(np.deg2rad(2 * (ORIENTATION_DEG - 40.0)))[None] * [[3.0], [1.5]]
    recording = patched([cosine, cosine], np.random.default_rng(2), noise_mv=0.3)
    found = membrane_values(recording, collect_responses(recording)[0])
    np.testing.assert_allclose(found["subthreshold_modulation_mv"][:2], [3.0, 1.5], atol=0.15)


def test_hyperpolarisation_counts_as_no_response():
    curve = np.where(np.arange(12) < 4, 2.0, -1.0)[None]
    recording = patched([curve, curve], np.random.default_rng(3))
    found = membrane_values(recording, collect_responses(recording)[0])
    assert found["subthreshold_gosi"][0] == pytest.approx(
        gosi(np.maximum(curve[0], 0), ORIENTATION_DEG), abs=1e-4
    )
    assert found["subthreshold_modulation_mv"][0] == pytest.approx(
        modulation_mv(curve[0], ORIENTATION_DEG), abs=1e-4
    )


def test_spikes_and_resets_do_not_move_the_median():
    """20 spikes a second, each 2 ms high and 10 ms below: the mean moves, the median does not."""
    voltage_mv = np.full(1000, -60.0, np.float32)
    for first in range(0, 1000, 50):
        voltage_mv[first : first + 2] = 20.0
        voltage_mv[first + 2 : first + 12] = -70.0
    made = Channel(name="v", quantity="q", unit="mV", values=voltage_mv, rate_hz=1000.0)
    assert median_voltage_mv([made], [(0.0, 1.0)]) == -60.0
    assert np.isnan(median_voltage_mv([made], [(0.5, 1.5)]))


def test_subthreshold_tuning_enters_the_findings(curves_mv):
    recording = patched([curves_mv, 0.5 * curves_mv], np.random.default_rng(4))
    findings = measure_session(recording)
    pairs = findings.pairs.set_index(["measure", "population"])
    row = pairs.loc[("subthreshold_modulation_mv", "pyr")]
    assert row["n_units"] == 3
    assert row["after"] == pytest.approx(0.5 * row["before"], rel=1e-3)
    table = findings.units.pivot_table("depolarisation_mv", "unit", "epoch")
    np.testing.assert_allclose(table["control"], curves_mv.max(axis=1), atol=1e-4)
    reasons = {
        entry["reason"]
        for entry in findings.not_computed
        if entry["population"] == "pv" and entry["measure"] == "subthreshold_osi"
    }
    assert reasons == {
        "epoch 'control' has no unit whose membrane potential was recorded during 4 or more "
        "orientations and during blanks, and that any of them depolarised.",
        "epoch 'early' has no unit whose membrane potential was recorded during 4 or more "
        "orientations and during blanks, and that any of them depolarised.",
        "of epochs 'control' and 'early': no unit has it in both, or they do not show the same "
        "stimuli.",
    }


@pytest.mark.filterwarnings("error")
def test_without_blanks_only_the_modulation_is_known(curves_mv):
    recording = patched([curves_mv, curves_mv], np.random.default_rng(5), n_blanks=0)
    found = membrane_values(recording, collect_responses(recording)[0])
    assert np.isfinite(found["subthreshold_modulation_mv"][:3]).all()
    for name in set(REASONS) - {"subthreshold_modulation_mv"}:
        assert np.isnan(found[name]).all(), name


def test_nothing_recorded_is_no_measure():
    recording = session_of([np.full((6, 12), 4.0)], np.random.default_rng(6))
    assert membrane_values(recording, collect_responses(recording)[0]) == {}
