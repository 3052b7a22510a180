"""Silence, constant rates, single trials and missing counts: NaN or a reason, and no warning."""

import dataclasses
import warnings

import numpy as np
import pytest

from analyse.planted import ORIENTATION_DEG, recording_of, responses_from_counts, trials_of
from ketacortex.analyse.decoding import decode_linear, decode_poisson
from ketacortex.analyse.dimension import noise_dimension, signal_participation_ratio
from ketacortex.analyse.fisher_information import fisher_information
from ketacortex.analyse.inclusion import InclusionRule, included_in_all
from ketacortex.analyse.modulation import f1_f0
from ketacortex.analyse.peristimulus import peristimulus_histogram, raster
from ketacortex.analyse.refractoriness import refractoriness
from ketacortex.analyse.responsiveness import p_value_against_before, p_value_against_blanks
from ketacortex.analyse.stability import presence, rate_trend
from ketacortex.analyse.statistics import NotComputed
from ketacortex.analyse.switch import rate_change, switching
from ketacortex.analyse.synchrony import coincidences, population_synchrony

FULL = np.repeat(np.arange(12), 8)
USUAL = np.random.default_rng(0).poisson(3.0, (6, 96)).astype(float)
MISSING = np.where(np.arange(96) % 8 == 5, np.nan, USUAL)
CASES = {
    "silent": (0.0 * USUAL, FULL),
    "constant": (np.full((6, 96), 3.0), FULL),
    "missing": (MISSING, FULL),
    "one trial": (USUAL[:, :1], FULL[:1]),
    "one trial of each": (USUAL[:, ::8], FULL[::8]),
    "no trial": (USUAL[:, :0], FULL[:0]),
    "no unit": (USUAL[:0], FULL),
}


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def responses(counts, condition):
    found = responses_from_counts(counts, ORIENTATION_DEG[condition])
    blanks = counts[:, :10]
    n_blanks = blanks.shape[1]
    return dataclasses.replace(
        found,
        condition=condition,
        blank_counts=blanks,
        blank_onset_s=np.arange(n_blanks, dtype=float),
        blank_duration_s=np.ones(n_blanks),
    )


@pytest.mark.parametrize("case", CASES)
def test_counts_that_say_nothing_are_not_measured(case):
    counts, condition = CASES[case]
    orientation_deg, one_s = ORIENTATION_DEG[condition], np.ones(len(condition))
    epoch, usual = responses(counts, condition), responses(USUAL[: len(counts)], FULL)
    p_values = [
        rate_trend(counts, 2.0 * np.arange(len(condition)), one_s, condition).p_value,
        rate_change(epoch, epoch).p_value,
        p_value_against_blanks(epoch),
        p_value_against_before(counts, one_s, counts, one_s, condition),
        fisher_information(counts, orientation_deg).information,
    ]
    assert all(np.isnan(p).all() for p in p_values)
    assert np.isnan(signal_participation_ratio(counts, condition, np.random.default_rng(0)))
    for decode in (decode_poisson, decode_linear):
        found = decode(counts, orientation_deg, np.random.default_rng(0), n_permutations=2)
        assert isinstance(found, NotComputed)
    found = noise_dimension(counts, condition, np.random.default_rng(0), n_shuffles=2)
    assert isinstance(found, NotComputed)
    for pair in ((epoch, usual), (usual, epoch)):
        if rate_change(*pair).p_value.shape != (len(counts),):
            pytest.fail("a unit was lost")
        switching(*pair, np.random.default_rng(0))


SHOWN_DEG = np.repeat([0.0, 90.0, np.nan], 8)


@pytest.mark.parametrize(
    ("counts", "shown_deg"),
    [
        (np.zeros((3, 24), int), SHOWN_DEG),
        (np.zeros((3, 0), int), SHOWN_DEG[:0]),
        (np.ones((3, 1), int), SHOWN_DEG[:1]),
        (np.zeros((0, 24), int), SHOWN_DEG),
    ],
)
def test_recordings_that_say_nothing_are_not_measured(counts, shown_deg):
    recording = recording_of(counts, trials_of(shown_deg, ["one"]), np.random.default_rng(0))
    n_units, one_s = len(counts), np.ones(len(shown_deg))
    onset_s = recording.trials["onset_s"].to_numpy(float)
    condition = np.nan_to_num(shown_deg, nan=-1.0).astype(int)
    synchrony = population_synchrony(recording, onset_s, one_s, condition)
    values = [
        refractoriness(recording).contamination,
        presence(recording, 0.0, 1.0).share,
        synchrony.coupling,
        [synchrony.variance_ratio, synchrony.golomb_chi],
        coincidences(recording, onset_s, one_s, condition).share,
        f1_f0(recording, onset_s, one_s, 4.0 * one_s, condition).f1_f0,
    ]
    assert all(np.isnan(value).all() for value in values)
    found = included_in_all([recording], InclusionRule(must_respond=True))
    assert len(found.is_included) == n_units
    histogram = peristimulus_histogram(recording, onset_s, condition, start_s=0.0, stop_s=1.0)
    assert histogram.sizes["unit"] == n_units
    assert len(raster(recording, onset_s, start_s=0.0, stop_s=1.0)) == counts.sum()
