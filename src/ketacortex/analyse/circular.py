"""Angles on a circle: their mean, how far they agree, and whether chance would make them.

Orientations are axial: give them with a period of 180 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

TURN_DEG = 360.0


@dataclass(frozen=True, kw_only=True)
class CircularMean:
    """Mean angle and resultant length of a sample of angles, with tests of uniformity.

    Parameters
    ----------
    mean_deg : deg, in [0, period); NaN without angles
    resultant_length : r in [0, 1]
    n : angles, or the sum of their weights
    """

    mean_deg: float
    resultant_length: float
    n: float

    @property
    def rayleigh_z(self) -> float:
        """Rayleigh's z, n r^2."""
        return self.n * self.resultant_length**2

    @property
    def rayleigh_p_value(self) -> float:
        """Probability of so long a resultant from angles without any preference.

        ``p = exp(sqrt(1 + 4 n + 4 (n^2 - (n r)^2)) - (1 + 2 n))``, right to 0.001 from n = 5 on
        (Zar 2010, Biostatistical Analysis, equation 27.4).
        """
        n, resultant = self.n, self.n * self.resultant_length
        return float(np.exp(np.sqrt(1 + 4 * n + 4 * (n**2 - resultant**2)) - (1 + 2 * n)))


@dataclass(frozen=True, kw_only=True)
class VTest:
    """V, its standardised form u and the one-sided p value."""

    v: float
    u: float
    p_value: float


def circular_mean(
    angle_deg: ArrayLike, weights: ArrayLike | None = None, *, period_deg: float = TURN_DEG
) -> CircularMean:
    """Mean angle, resultant length and number of a sample of angles.

    Parameters
    ----------
    angle_deg : (n,) deg; those that are NaN are left out
    weights : (n,), optional
        How often each angle was seen.
    period_deg : deg, 360 for directions and phases, 180 for orientations

    Returns
    -------
    CircularMean

    Notes
    -----
    ``r exp(i m) = sum w exp(2 pi i angle / period) / sum w``. Grouped angles make r a little
    short; nothing corrects for it here.

    References
    ----------
    Zar (2010) Biostatistical Analysis, chapter 26.

    Examples
    --------
    >>> orientations = circular_mean([178.0, 2.0], period_deg=180.0)
    >>> round(orientations.mean_deg, 6) % 180.0, round(orientations.resultant_length, 4)
    (0.0, 0.9976)
    """
    angle = np.asarray(angle_deg, float).ravel()
    weight = np.ones_like(angle) if weights is None else np.asarray(weights, float).ravel()
    seen = np.isfinite(angle)
    angle, weight = angle[seen], weight[seen]
    n = float(weight.sum())
    if n <= 0:
        return CircularMean(mean_deg=np.nan, resultant_length=np.nan, n=0.0)
    resultant = weight @ np.exp(2j * np.pi * angle / period_deg) / n
    mean_deg = float(np.angle(resultant) / (2 * np.pi) * period_deg % period_deg)
    return CircularMean(mean_deg=mean_deg, resultant_length=min(float(abs(resultant)), 1.0), n=n)


def v_test(sample: CircularMean, expected_deg: float, *, period_deg: float = TURN_DEG) -> VTest:
    """Whether angles gather about a direction that was named before they were seen.

    Parameters
    ----------
    sample : CircularMean
    expected_deg : deg
    period_deg : deg, that of the sample

    Returns
    -------
    VTest

    Notes
    -----
    ``V = n r cos(m - expected)``, ``u = V sqrt(2 / n)``; u is standard normal from n = 10 on.

    References
    ----------
    Zar (2010) Biostatistical Analysis, section 27.1.

    Examples
    --------
    >>> v_test(circular_mean([80.0, 90.0, 100.0]), 270.0).p_value > 0.9
    True
    """
    apart = 2 * np.pi * (sample.mean_deg - expected_deg) / period_deg
    v = float(sample.n * sample.resultant_length * np.cos(apart))
    u = float(v * np.sqrt(2.0 / sample.n)) if sample.n else float("nan")
    return VTest(v=v, u=u, p_value=float(stats.norm.sf(u)))
