"""What primary visual cortex shows under anaesthesia, as ranges that can be tested."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Range:
    """Where a measurement of one undrugged animal has to lie; None where there is no limit.

    Parameters
    ----------
    measure, population : names as in the findings
    label, unit : for people
    low, high : in `unit`, limits included

    Examples
    --------
    >>> Range(measure="isi_cv", population="pyr", label="CV", unit="ratio", low=0.7, high=1.1).text
    '0.7–1.1'
    """

    measure: str
    population: str
    label: str
    unit: str
    low: float | None
    high: float | None

    def holds(self, value: float) -> bool:
        """Whether a value lies inside, limits included."""
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)

    @property
    def text(self) -> str:
        """The range in words."""
        if self.high is None:
            return f"≥ {self.low:g}"
        return f"≤ {self.high:g}" if self.low is None else f"{self.low:g}–{self.high:g}"


def _range(
    measure: str, population: str, label: str, unit: str, low: float | None, high: float | None
) -> Range:
    return Range(measure=measure, population=population, label=label, unit=unit, low=low, high=high)


ANAESTHETISED_V1 = (
    _range("evoked_rate_hz", "pyr", "evoked rate", "Hz", 3.0, 6.0),
    _range("peak_rate_hz", "pyr", "peak rate", "Hz", 6.0, 20.0),
    _range("spontaneous_rate_hz", "pyr", "spontaneous rate", "Hz", 0.3, 2.0),
    _range("spontaneous_over_evoked", "pyr", "spontaneous / evoked", "ratio", None, 0.5),
    _range("evoked_rate_hz", "pv", "evoked rate", "Hz", 8.0, 20.0),
    _range("evoked_rate_hz", "sst", "evoked rate", "Hz", 5.0, 25.0),
    _range("gosi_median", "pyr", "median gOSI", "0 to 1", 0.25, 0.6),
    _range("half_width_deg", "pyr", "median half-width", "deg", 15.0, 40.0),
    _range("tuned_share", "pyr", "share of units tuned", "0 to 1", 0.6, None),
    _range("fano_factor", "pyr", "Fano factor", "variance / mean", 1.0, 1.6),
    _range("noise_correlation", "pyr", "noise correlation", "r", 0.02, 0.15),
    _range("isi_cv", "pyr", "CV of intervals", "s.d. / mean", 0.7, 1.1),
    _range("blank_unimodality_p", "pyr", "blank rates unimodal, dip test", "p", 0.01, None),
    _range("up_state_share", "pyr", "share of blanks in an up state", "0 to 1", None, 0.05),
)
"""Where every single animal has to lie.

Chosen as generous bounds on what extracellular recordings of anaesthetised cat and mouse V1 report
for regular- and fast-spiking cells; no single study is behind a row. The last two rows ask that a
blank is one state: its rates are not two-humped, and hardly any blank reaches half of the evoked
rate.
"""
