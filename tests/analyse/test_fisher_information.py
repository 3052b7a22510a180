import numpy as np
import pytest

from ketacortex.analyse.fisher_information import fisher_information, neighbour_information

ORIENTATION_DEG = np.array([0.0, 30.0, 60.0, 90.0, 120.0, 150.0])


def normal_counts(rng, n_trials, covariance, slope):
    """Counts whose mean moves by `slope` from one orientation to the next, there and back."""
    place = np.repeat(np.arange(6), n_trials)
    mean = 20.0 + slope[:, None] * np.array([0, 1, 0, 1, 0, 1])[place]
    noise = np.linalg.cholesky(covariance) @ rng.normal(size=(len(slope), len(place)))
    return mean + noise, ORIENTATION_DEG[place]


COVARIANCE = 3.0 * (0.3 + 0.7 * np.eye(5))
SLOPE = np.array([1.0, -0.5, 2.0, 0.0, 1.5])
TRUTH = SLOPE @ np.linalg.solve(COVARIANCE, SLOPE) / 30.0**2


def test_there_is_no_bias_with_hardly_more_trials_than_units():
    rng = np.random.default_rng(0)
    found = [fisher_information(*normal_counts(rng, 8, COVARIANCE, SLOPE)) for _ in range(400)]
    mean = np.array([f.mean for f in found])
    assert mean.mean() == pytest.approx(TRUTH, abs=4 * mean.std() / 20.0)
    shuffled = np.array([f.mean_shuffled for f in found])
    alone = np.sum(SLOPE**2 / np.diag(COVARIANCE)) / 30.0**2
    assert shuffled.mean() == pytest.approx(alone, abs=4 * shuffled.std() / 20.0)
    covered = np.mean([(f.low <= TRUTH) & (f.high >= TRUTH) for f in found])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_equal_trials_give_the_published_formula():
    counts, shown_deg = normal_counts(np.random.default_rng(1), 12, COVARIANCE, SLOPE)
    found = fisher_information(counts, shown_deg)
    x, y = counts[:, shown_deg == 0], counts[:, shown_deg == 30]
    d, s = x.mean(axis=1) - y.mean(axis=1), (np.cov(x) + np.cov(y)) / 2.0
    n, t, step = 5, 12, 30.0
    naive = d @ np.linalg.solve(s, d) / step**2
    published = naive * (2 * t - n - 3) / (2 * t - 2) - 2 * n / (t * step**2)
    assert found.information[0] == pytest.approx(published)


def test_the_information_is_axial():
    found = fisher_information(*normal_counts(np.random.default_rng(2), 12, COVARIANCE, SLOPE))
    assert found.first_deg.tolist() == ORIENTATION_DEG.tolist()
    assert found.second_deg.tolist() == [30.0, 60.0, 90.0, 120.0, 150.0, 0.0]
    # The last pair is 30 degrees apart and not 150.
    assert 0.2 < found.information[-1] / found.information[0] < 5.0


def test_too_many_units_for_the_trials_are_not_measured():
    counts, shown_deg = normal_counts(np.random.default_rng(3), 5, COVARIANCE, SLOPE)
    found = fisher_information(counts, shown_deg)
    assert np.isnan(found.information).all()
    assert np.isnan(found.low).all()
    assert np.isnan([found.mean, found.mean_shuffled]).all()
    assert (found.n_units == 5).all()


def test_silent_units_tell_nothing_and_cost_nothing():
    counts, shown_deg = normal_counts(np.random.default_rng(4), 12, COVARIANCE, SLOPE)
    more = np.concatenate([counts, np.zeros((9, counts.shape[1]))])
    np.testing.assert_array_equal(
        fisher_information(more, shown_deg).information,
        fisher_information(counts, shown_deg).information,
    )


def test_two_orientations_are_one_pair_and_one_is_none():
    counts, shown_deg = normal_counts(np.random.default_rng(5), 12, COVARIANCE, SLOPE)
    two = shown_deg <= 30.0
    assert len(fisher_information(counts[:, two], shown_deg[two]).information) == 1
    one = shown_deg == 0.0
    found = fisher_information(counts[:, one], shown_deg[one])
    assert len(found.information) == 0
    assert np.isnan(found.mean)


def test_copies_of_a_unit_cannot_be_told_apart():
    counts, shown_deg = normal_counts(np.random.default_rng(6), 12, COVARIANCE, SLOPE)
    found = fisher_information(np.concatenate([counts, counts[:1]]), shown_deg)
    assert np.isnan(found.information).all()


def test_information_alone_is_the_same_and_a_silent_group_has_none():
    counts, shown_deg = normal_counts(np.random.default_rng(5), 12, COVARIANCE, SLOPE)
    np.testing.assert_array_equal(
        neighbour_information(counts, shown_deg), fisher_information(counts, shown_deg).information
    )
    np.testing.assert_array_equal(neighbour_information(0.0 * counts, shown_deg), np.zeros(6))
