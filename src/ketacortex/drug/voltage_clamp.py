"""Block under voltage clamp, as a patch experiment would measure it, by running the scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketacortex.drug.receptor_block import advance_block, free_of_magnesium, unbinding_per_s
from ketacortex.evidence.blockers import BLOCKERS, Blocker

VOLTAGES_MV = (-65.0, -50.0, -30.0, -10.0)
MAGNESIUM_MILLIMOLAR = (0.0, 1.0)
IC50_P_OPEN = 0.1  # any will do: steady block does not depend on it
ONSET_MICROMOLAR = 1.0
ONSETS_P_OPEN = {"onset_tau_s_popen_0p01": 0.01, "onset_tau_s_popen_0p1": 0.1}
CONCENTRATIONS_MICROMOLAR = np.geomspace(1e-4, 1e4, 81)
FIRST_STEP_S = 1e-3  # each step doubles the time; an exact step may be of any length
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
    _, course = clamped_block(blocker, subunit, voltage_mv, magnesium_millimolar, IC50_P_OPEN, c)
    steady = course[-1]
    # On the logit of block against log concentration a Hill curve is a straight line.
    return float(np.exp(np.interp(0.0, np.log(steady / (1 - steady)), np.log(c))))


def onset_tau_s(
    blocker: Blocker, subunit: str, voltage_mv: float, magnesium_millimolar: float, p_open: float
) -> float:
    """Time in which block at 1 µM covers 1 - 1/e of its way, s."""
    time_s, blocked = clamped_block(
        blocker, subunit, voltage_mv, magnesium_millimolar, p_open, np.array([ONSET_MICROMOLAR])
    )
    course = blocked[:, 0]
    left = np.log(np.maximum(1 - course / course[-1], np.finfo(float).tiny))
    return float(np.interp(1.0, -left, time_s))  # the logarithm of what is left is straight


def clamped_block(
    blocker: Blocker,
    subunit: str,
    voltage_mv: float,
    magnesium_millimolar: float,
    p_open: float,
    concentration_micromolar: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Course of block from an unblocked receptor until it is steady, step by step.

    Returns
    -------
    time_s, blocked : (n_step,) s, doubling, and (n_step, n_concentration)
    """
    open_free = p_open * free_of_magnesium(subunit, voltage_mv, magnesium_millimolar)
    unbinding = p_open * unbinding_per_s(blocker, subunit, voltage_mv)
    time_s, course = [0.0], [np.zeros(len(concentration_micromolar))]
    while len(course) < 3 or np.any(course[-1] - course[-2] > STILL * course[-1]):
        step_s = max(time_s[-1], FIRST_STEP_S)
        now = advance_block(
            course[-1], concentration_micromolar, open_free, unbinding, step_s, blocker.k_on.value
        )
        time_s.append(time_s[-1] + step_s)
        course.append(now)
    return np.array(time_s), np.array(course)
