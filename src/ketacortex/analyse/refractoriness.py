"""Spikes of one unit that follow each other faster than one neuron can fire."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.recording.recording import Recording

REFRACTORY_S = 0.0015
"""s; most cortical neurons leave longer between any two spikes (Hill et al. 2011)."""
CENSORED_S = 0.0
"""s after a spike in which the source can detect no other; 0 where it does not say."""
MIN_EXPECTED_VIOLATIONS = 3.0
"""Violations that a train of so many spikes would hold if it were all contamination: with fewer,
none seen says nothing."""


@dataclass(frozen=True, kw_only=True)
class Refractoriness:
    """Intervals too short for one neuron, and the contamination that they speak of.

    Parameters
    ----------
    violation_share : (n_unit,) share of intervals shorter than the refractory period
    contamination : (n_unit,) share of spikes of other neurons; NaN where too few spikes tell
    """

    violation_share: NDArray[np.float64]
    contamination: NDArray[np.float64]


def refractoriness(
    recording: Recording, *, refractory_s: float = REFRACTORY_S, censored_s: float = CENSORED_S
) -> Refractoriness:
    """Refractory violations of every unit over the whole recording, and its contamination.

    Parameters
    ----------
    recording : Recording
    refractory_s : s, no neuron fires twice within it
    censored_s : s, dead time of the source's detection, shorter than that

    Returns
    -------
    Refractoriness
        A share of violations needs 2 spikes; the contamination, that a train without any
        refractoriness would hold 3 violations. It is 1 where there are more than that. Nothing is
        told of spikes that were binned more coarsely than the refractory period.

    Notes
    -----
    With n spikes in time T, v pairs of them closer than the refractory period t_r and dead time
    t_c, and contaminating spikes of many neurons, the share of them is::

        C = 1 - sqrt(1 - v (T - 2 n t_c) / (n^2 (t_r - t_c)))

    References
    ----------
    Hill, Mehta and Kleinfeld (2011) 10.1523/JNEUROSCI.0971-11.2011; Llobet, Wyngaard and Barbour
    (2022) 10.1101/2022.02.08.479192
    """
    n = np.diff(recording.spike_index).astype(float)
    unit = np.repeat(np.arange(recording.n_units), np.diff(recording.spike_index))
    shortest, longest = np.array([censored_s, refractory_s]) * recording.sample_rate_hz
    pairs = np.zeros(recording.n_units)
    violations = np.zeros(recording.n_units)
    for step in range(1, max(len(unit), 1)):
        interval = recording.spike_samples[step:] - recording.spike_samples[:-step]
        is_close = (unit[step:] == unit[:-step]) & (interval < longest)
        if not is_close.any():
            break
        is_pair = is_close & (interval >= shortest)
        pairs += np.bincount(unit[step:][is_pair], minlength=recording.n_units)
        violations = pairs.copy() if step == 1 else violations
    if np.gcd.reduce(np.diff(np.unique(recording.spike_samples)), initial=0) >= longest:
        return _untold(recording.n_units)
    total_s = recording.observed_duration_s
    free_s = total_s - 2.0 * n * censored_s
    chance = np.divide(
        n**2 * (refractory_s - censored_s), free_s, out=np.zeros_like(n), where=free_s > 0
    )
    ratio = np.divide(pairs, chance, out=np.zeros_like(n), where=chance > 0)
    contamination = 1.0 - np.sqrt(np.maximum(1.0 - ratio, 0.0))
    return Refractoriness(
        violation_share=np.divide(violations, n - 1, out=np.full_like(n, np.nan), where=n > 1),
        contamination=np.where(chance >= MIN_EXPECTED_VIOLATIONS, contamination, np.nan),
    )


def _untold(n_units: int) -> Refractoriness:
    nothing = np.full(n_units, np.nan)
    return Refractoriness(violation_share=nothing, contamination=nothing)
