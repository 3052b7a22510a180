r"""Block of HCN1 channels: less conductance, and it takes more hyperpolarisation to open it.

Both follow the share :math:`h` of channels that have bound a blocker, which is steady within the
seconds of a slow step:

.. math:: h = \frac{x}{1 + x}, \quad x = \sum_i C_i / IC_{50,i}, \qquad
    g = g_0 (1 - L h), \quad V_{1/2} = V_{1/2,0} + S h

Chen et al. 2009, 10.1523/JNEUROSCI.3481-08.2009.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ketacortex.evidence.blockers import Blocker
from ketacortex.evidence.hcn import LARGEST_LOSS, LARGEST_SHIFT


def bound_share(
    blockers: Sequence[Blocker], concentration_micromolar: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of HCN1 channels that have bound a blocker.

    Parameters
    ----------
    blockers : n_blocker of them; those that do not bind HCN1 count for nothing
    concentration_micromolar : (n_blocker, n_site) µM free

    Returns
    -------
    (n_site,)

    Examples
    --------
    >>> from ketacortex.evidence.blockers import BLOCKERS
    >>> bound_share([BLOCKERS["ketamine"]], np.array([[0.0, 8.0]]))
    array([0. , 0.5])
    """
    weighed = np.zeros(concentration_micromolar.shape[1])
    for blocker, concentration in zip(blockers, concentration_micromolar, strict=True):
        if blocker.hcn1_ic50 is not None:
            weighed += concentration / blocker.hcn1_ic50.value
    return weighed / (1 + weighed)


def conductance_left(bound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the conductance that is left, same shape as `bound`."""
    return 1 - LARGEST_LOSS.value * bound


def half_activation_shift_mv(bound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift of the half activation, mV, same shape as `bound`."""
    return LARGEST_SHIFT.value * bound
