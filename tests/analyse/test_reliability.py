"""Reliability is the correlation with a repetition, and covers it."""

import numpy as np
import pytest
from benchmarks.planted import variability as planted

from ketacortex.analyse.reliability import response_reliability

CONDITION = np.repeat(np.arange(12), 8)


def test_intervals_cover_what_was_planted():
    (entry,) = (one for one in planted.ESTIMATORS if one.name == "response_reliability")
    hits = [entry.covers(np.random.default_rng(seed)) for seed in range(100)]
    assert 0.92 < np.mean(np.concatenate(hits)) < 0.98


def test_it_is_what_a_repetition_of_the_experiment_gives():
    rng = np.random.default_rng(0)
    mean = 6.0 + 2.0 * np.cos(np.arange(12) * np.pi / 6.0)
    counts = rng.poisson(np.repeat(mean, 8), (4000, 96)).astype(float)
    curves = counts.reshape(4000, 12, 8).mean(axis=2)
    one, two = (c - c.mean(axis=1, keepdims=True) for c in (curves[::2], curves[1::2]))
    repeated = (one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum())
    found = response_reliability(counts, CONDITION).estimate
    assert np.median(found) == pytest.approx(repeated, abs=0.015)


def test_a_unit_without_tuning_begins_at_0():
    rng = np.random.default_rng(1)
    found = response_reliability(rng.poisson(5.0, (500, 96)).astype(float), CONDITION)
    assert np.mean(found.low == 0.0) == pytest.approx(0.975, abs=0.015)


@pytest.mark.parametrize(
    ("counts", "condition"),
    [
        (np.zeros((2, 0)), np.zeros(0, int)),
        (np.ones((2, 96)), CONDITION),
        (np.ones((2, 9)), np.repeat(np.arange(3), 3)),
        (np.ones((2, 8)), np.repeat(np.arange(4), 2)),
    ],
)
def test_where_it_cannot_be_told_it_is_missing(counts, condition):
    assert np.isnan(response_reliability(counts, condition).estimate).all()
