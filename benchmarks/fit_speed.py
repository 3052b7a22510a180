"""Speed of the tuning fits against `scipy.optimize.curve_fit` of the same models.

    python -c "from benchmarks.fit_speed import fit_speed; print(fit_speed())"

Both fit 12 condition means of noisy units. SciPy starts at the largest mean and has the same
limits; it fits 50 units, which is extrapolated to 1,000. Ratios are within one run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from ketacortex.analyse.direction_tuning import fit_direction_tuning
from ketacortex.analyse.tuning import fit_tuning

N_UNITS = 1000
N_BY_SCIPY = 50
N_RUNS = 5
ORIENTATION_DEG = np.arange(12) * 15.0
DIRECTION_DEG = np.arange(12) * 30.0
Floats = NDArray[np.float64]


def fit_speed() -> dict[str, float]:
    """Milliseconds for 1,000 units x 12 conditions, and how many times SciPy takes as long."""
    rng = np.random.default_rng(0)
    found = {}
    for prefix, fit, shown_deg, model, n_amplitudes in (
        ("", fit_tuning, ORIENTATION_DEG, _orientation_model, 1),
        ("direction_", fit_direction_tuning, DIRECTION_DEG, _direction_model, 2),
    ):
        rate_hz = _noisy_rates(rng, shown_deg, model, n_amplitudes)
        fit(rate_hz, shown_deg)  # compiles
        ours_ms = min(
            _elapsed_ms(lambda f=fit, r=rate_hz, s=shown_deg: f(r, s)) for _ in range(N_RUNS)
        )
        theirs_ms = _elapsed_ms(
            lambda r=rate_hz, s=shown_deg, m=model, n=n_amplitudes: _fit_by_scipy(r, s, m, n)
        ) * (N_UNITS / N_BY_SCIPY)
        found[f"{prefix}fit_ms"] = ours_ms
        found[f"{prefix}fit_other_ms"] = theirs_ms
        found[f"{prefix}fit_ratio"] = theirs_ms / ours_ms
    return found


def _elapsed_ms(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - begin)


def _orientation_model(
    shown_deg: Floats, b: float, a: float, mu: float, log_kappa: float
) -> Floats:
    return b + a * np.exp(np.exp(log_kappa) * (np.cos(np.deg2rad(2.0 * (shown_deg - mu))) - 1.0))


def _direction_model(
    shown_deg: Floats, b: float, a: float, opposite: float, mu: float, log_kappa: float
) -> Floats:
    turn, kappa = np.cos(np.deg2rad(shown_deg - mu)), np.exp(log_kappa)
    return b + a * np.exp(kappa * (turn - 1.0)) + opposite * np.exp(-kappa * (turn + 1.0))


def _noisy_rates(
    rng: np.random.Generator, shown_deg: Floats, model: Callable[..., Floats], n_amplitudes: int
) -> Floats:
    """Means over ten Poisson trials of units of log-normal rates, (1000, 12) Hz."""
    rows = []
    for _ in range(N_UNITS):
        amplitudes = rng.lognormal(1.5, 0.8) * rng.uniform(0.2, 1.0, n_amplitudes)
        mu, log_kappa = rng.uniform(0.0, 360.0), rng.normal(0.7, 0.6)
        rows.append(model(shown_deg, rng.exponential(1.0), *amplitudes, mu, log_kappa))
    return rng.poisson(10.0 * np.array(rows)) / 10.0


def _fit_by_scipy(
    rate_hz: Floats, shown_deg: Floats, model: Callable[..., Floats], n_amplitudes: int
) -> None:
    lowest = [0.0] * (1 + n_amplitudes) + [-np.inf, np.log(0.1)]
    highest = [np.inf] * (2 + n_amplitudes) + [np.log(32.0)]
    for rate in rate_hz[:N_BY_SCIPY]:
        height = max(np.ptp(rate), 0.01)
        start = [rate.min() + 0.01, *[height] * n_amplitudes, shown_deg[rate.argmax()], 0.7]
        curve_fit(model, shown_deg, rate, start, bounds=(lowest, highest), max_nfev=5000)
