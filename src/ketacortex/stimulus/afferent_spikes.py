"""Spikes of the afferent fibres: tuned Poisson trains under a slow shared and private gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BIN_S = 0.02  # the gain relaxes over 0.2 s, so it is constant within such a bin


@dataclass(frozen=True, kw_only=True)
class AfferentTuning:
    """Rates and gains of a bundle of afferents.

    Parameters
    ----------
    preferred_deg : (n_afferent,) deg
    rest_hz, pedestal_hz, peak_hz : Hz
        A blank drives every fibre at `rest_hz`; a grating adds `pedestal_hz` to all of them and
        `peak_hz exp(tuning (cos 2 (theta - preferred) - 1))` by orientation.
    shared_gain_sd, private_gain_sd : standard deviation of the log gain
    gain_relaxation_s : s, of the Ornstein-Uhlenbeck process behind each log gain
    """

    preferred_deg: NDArray[np.float64]
    rest_hz: float
    pedestal_hz: float
    peak_hz: float
    tuning: float
    shared_gain_sd: float
    private_gain_sd: float
    gain_relaxation_s: float

    def rate_hz(self, orientation_deg: float) -> NDArray[np.float64]:
        """Mean rate of each fibre under a grating, or under a blank (NaN)."""
        if np.isnan(orientation_deg):
            return np.full(len(self.preferred_deg), self.rest_hz)
        tuned_hz = self.peak_hz * self.tuned_share(orientation_deg)
        return self.rest_hz + self.pedestal_hz + tuned_hz

    def tuned_share(self, orientation_deg: float) -> NDArray[np.float64]:
        """Tuned drive of each fibre over that at its best grating, 0 under a blank (NaN)."""
        if np.isnan(orientation_deg):
            return np.zeros(len(self.preferred_deg))
        doubled = 2 * np.deg2rad(orientation_deg - self.preferred_deg)
        share: NDArray[np.float64] = np.exp(self.tuning * (np.cos(doubled) - 1))
        return share


class AfferentSpikes:
    """A stream of afferent spikes: successive stretches share the course of their gains."""

    def __init__(self, tuning: AfferentTuning, rng: np.random.Generator) -> None:
        self._tuning = tuning
        self._rng = rng
        self.gain: NDArray[np.float64] | float = 1.0
        """Of the rate of each fibre, (n_afferent,) or one for all: what fatigue leaves of it."""
        self._shared = rng.standard_normal(1)
        self._private = rng.standard_normal(len(tuning.preferred_deg))

    def stretch(
        self, orientation_deg: float, duration_s: float, steps_per_s: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Spikes during one unchanging stimulus.

        Returns
        -------
        step, afferent : (n_spike,) step from the start of the stretch, ascending; fibre
        """
        n_bins = max(1, round(duration_s / BIN_S))
        edges = np.rint(np.linspace(0, duration_s * steps_per_s, n_bins + 1)).astype(np.int64)
        rate = self._tuning.rate_hz(orientation_deg)
        gain = self._gain(n_bins, duration_s / n_bins)
        count = self._rng.poisson(rate * self.gain * gain * (duration_s / n_bins))
        where, afferent = np.nonzero(count)
        repeat = count[where, afferent]
        bin_of = np.repeat(where, repeat)
        width = np.diff(edges)[bin_of]
        step = edges[bin_of] + (self._rng.random(len(bin_of)) * width).astype(np.int64)
        order = np.argsort(step, kind="stable")
        return step[order], np.repeat(afferent, repeat)[order]

    def _gain(self, n_bins: int, bin_s: float) -> NDArray[np.float64]:
        """Gain of each fibre in each bin, mean 1, (n_bins, n_afferent)."""
        t, n = self._tuning, len(self._private)
        keep = np.exp(-bin_s / t.gain_relaxation_s)
        fresh = np.sqrt(1 - keep**2)
        noise = self._rng.standard_normal((n_bins, n + 1))
        walk = np.empty((n_bins, n + 1))
        current = np.concatenate([self._shared, self._private])
        for k in range(n_bins):
            current = keep * current + fresh * noise[k]
            walk[k] = current
        self._shared, self._private = current[:1], current[1:]
        log_gain = t.shared_gain_sd * walk[:, :1] + t.private_gain_sd * walk[:, 1:]
        return np.exp(log_gain - 0.5 * (t.shared_gain_sd**2 + t.private_gain_sd**2))
