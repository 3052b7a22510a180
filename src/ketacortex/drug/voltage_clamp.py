"""Block under voltage clamp, as a patch experiment would measure it, by running the scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketacortex.drug.receptor_block import advance_block, free_of_magnesium, unbinding_per_s
from ketacortex.evidence.blockers import BLOCKERS, Blocker

VOLTAGES_MV = (-65.0, -50.0, -30.0, -10.0)
MAGNESIUM_MILLIMOLAR = (0.0, 1.0)
ONSET_MICROMOLAR = 1.0
ONSETS_P_OPEN = {"onset_tau_s_popen_0p01": 0.01, "onset_tau_s_popen_0p1": 0.1}
CONCENTRATIONS_MICROMOLAR = np.geomspace(0.01, 1000.0, 51)
STEP_S = 0.5
STILL = 1e-10  # change of block in a step, relative, at which it is called steady


def block_table(name: str) -> list[dict[str, Any]]:
    """IC50 and onset of block for pure subunits at clamped voltages, with and without magnesium.

    Parameters
    ----------
    name : blocker in `evidence/blockers.py`

    Returns
    -------
    list of `receptor, voltage_mv, magnesium_millimolar, ic50_micromolar,
    onset_tau_s_popen_0p01, onset_tau_s_popen_0p1`; the onsets at 1 µM

    Examples
    --------
    >>> row = block_table("ketamine")[1]
    >>> row["receptor"], row["voltage_mv"], row["magnesium_millimolar"]
    ('glun2a', -65.0, 1.0)
    >>> round(row["ic50_micromolar"], 2)
    5.35
    """
    blocker = BLOCKERS[name]
    rows = []
    for subunit in blocker.ic50_without_magnesium:
        for voltage_mv in VOLTAGES_MV:
            for magnesium in MAGNESIUM_MILLIMOLAR:
                clamp = (blocker, subunit, voltage_mv, magnesium)
                onsets = {key: onset_tau_s(*clamp, p) for key, p in ONSETS_P_OPEN.items()}
                rows.append(
                    {
                        "receptor": subunit,
                        "voltage_mv": voltage_mv,
                        "magnesium_millimolar": magnesium,
                        "ic50_micromolar": ic50_micromolar(*clamp),
                        **onsets,
                    }
                )
    return rows


def ic50_micromolar(
    blocker: Blocker, subunit: str, voltage_mv: float, magnesium_millimolar: float
) -> float:
    """Concentration at which the steady block of the running scheme passes one half, µM."""
    c = CONCENTRATIONS_MICROMOLAR
    steady = clamped_block(blocker, subunit, voltage_mv, magnesium_millimolar, 0.1, c)[-1]
    # On the logit of block against log concentration a Hill curve is a straight line.
    return float(np.exp(np.interp(0.0, np.log(steady / (1 - steady)), np.log(c))))


def onset_tau_s(
    blocker: Blocker, subunit: str, voltage_mv: float, magnesium_millimolar: float, p_open: float
) -> float:
    """Time in which block at 1 µM covers 1 - 1/e of its way, s."""
    course = clamped_block(
        blocker, subunit, voltage_mv, magnesium_millimolar, p_open, np.array([ONSET_MICROMOLAR])
    )[:, 0]
    left = np.log(np.maximum(1 - course / course[-1], np.finfo(float).tiny))
    return float(np.interp(1.0, -left, STEP_S * np.arange(len(course))))


def clamped_block(
    blocker: Blocker,
    subunit: str,
    voltage_mv: float,
    magnesium_millimolar: float,
    p_open: float,
    concentration_micromolar: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Course of block from an unblocked receptor until it is steady, step by step.

    Returns
    -------
    (n_step, n_concentration), one row every `STEP_S`
    """
    open_free = p_open * free_of_magnesium(blocker, subunit, voltage_mv, magnesium_millimolar)
    unbinding = p_open * unbinding_per_s(blocker, subunit, voltage_mv)
    course = [np.zeros(len(concentration_micromolar))]
    while len(course) < 3 or np.any(course[-1] - course[-2] > STILL * course[-1]):
        now = advance_block(
            course[-1], concentration_micromolar, open_free, unbinding, STEP_S, blocker.k_on.value
        )
        course.append(now)
    return np.array(course)
