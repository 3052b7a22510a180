"""Constants of nature that the membrane needs."""

from __future__ import annotations

from ketacortex.evidence.constants import Constant


def _exact(value: float, unit: str, source: str) -> Constant:
    return Constant(value=value, unit=unit, low=value, high=value, source=source, grade="derived")


GAS = _exact(8.31446, "J/(mol K)", "CODATA 2018, gas constant")
FARADAY = _exact(96.4853, "kC/mol", "CODATA 2018, Faraday constant")
BODY_TEMPERATURE = _exact(310.15, "K", "37 C, at which all rates of the model are given")
THERMAL_MV = _exact(
    GAS.value * BODY_TEMPERATURE.value / FARADAY.value, "mV", "derived: RT/F at 37 C"
)
"""Voltage that changes the energy of one charge by kT."""
