import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, recording_of, trials_of
from ketacortex.analyse.peristimulus import peristimulus_histogram, raster

SHOWN_DEG = np.repeat(ORIENTATION_DEG[:3], [4, 4, 1])
CONDITION = np.repeat([2, 5, 7], [4, 4, 1])


@pytest.fixture(scope="module")
def recording():
    rng = np.random.default_rng(0)
    counts = rng.poisson(6.0, (3, 9))
    counts[1] = 0
    return recording_of(counts, trials_of(SHOWN_DEG, ["one"]), rng)


def onset_of(recording):
    return recording.trials["onset_s"].to_numpy(float)


def test_the_raster_is_that_of_pynapple(recording):
    import pynapple

    onset_s = onset_of(recording)
    found = raster(recording, onset_s, start_s=-0.3, stop_s=0.8)
    for unit in (0, 2):
        whole = pynapple.IntervalSet(-1.0, 100.0)
        group = pynapple.compute_perievent(
            pynapple.Ts(recording.spike_times_s(unit), time_support=whole),
            pynapple.Ts(onset_s, time_support=whole),
            (-0.3, 0.8),
        )
        ours = found[found["unit"] == unit]
        for trial in range(len(onset_s)):
            here = ours.loc[ours["trial"] == trial, "time_s"]
            np.testing.assert_allclose(here, group[trial].t, atol=1e-6)
    assert not (found["unit"] == 1).any()


def test_the_histogram_counts_the_raster(recording):
    onset_s = onset_of(recording)
    found = peristimulus_histogram(
        recording, onset_s, CONDITION, start_s=-0.2, stop_s=1.0, bin_s=0.1
    )
    spikes = raster(recording, onset_s, start_s=-0.2, stop_s=1.0)
    edges_s = -0.2 + 0.1 * np.arange(13)
    of_trials = np.stack(
        [
            np.histogram(spikes.query("unit == 0 and trial == @t")["time_s"], edges_s + 1e-9)[0]
            for t in range(4)
        ]
    )
    rate_hz = of_trials / 0.1
    np.testing.assert_allclose(found["rate_hz"].sel(unit=0, condition=2), rate_hz.mean(axis=0))
    np.testing.assert_allclose(
        found["standard_error_hz"].sel(unit=0, condition=2), rate_hz.std(axis=0, ddof=1) / 2.0
    )
    assert found["time_s"].to_numpy() == pytest.approx(-0.15 + 0.1 * np.arange(12))
    assert found["n_trials"].to_numpy().tolist() == [4, 4, 1]
    assert found["rate_hz"].attrs["units"] == "Hz"


def test_a_single_trial_has_a_rate_and_no_error_and_a_silent_unit_a_rate_of_zero(recording):
    found = peristimulus_histogram(
        recording, onset_of(recording), CONDITION, start_s=0.0, stop_s=1.0
    )
    single = found.sel(condition=7, unit=0)
    assert float(single["rate_hz"].sum()) > 0
    assert single["standard_error_hz"].isnull().all()
    assert (found["rate_hz"].sel(unit=1) == 0.0).all()


def test_no_trials_and_no_window_give_empty_tables(recording):
    none = np.zeros(0)
    assert len(raster(recording, none, start_s=0.0, stop_s=1.0)) == 0
    found = peristimulus_histogram(recording, none, none, start_s=0.0, stop_s=1.0)
    assert found["rate_hz"].shape == (3, 0, 100)
    backwards = peristimulus_histogram(
        recording, onset_of(recording), CONDITION, start_s=1.0, stop_s=0.0
    )
    assert backwards["rate_hz"].shape == (3, 3, 0)
