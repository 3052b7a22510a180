"""Links between units: what kind, how late, how strong, how sure, and by which null."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.correlograms import BIN_MS
from ketacortex.analyse.pair_tests import PairTests

FALSE_DISCOVERY_RATE = 0.05
ONE_WAY_ALPHA = 0.01
EXCITATORY, INHIBITORY = "excitatory", "inhibitory"
SYNCHRONY, AVOIDANCE = "synchrony", "avoidance"
LINK_COLUMNS = [
    "pre", "post", "kind", "lag_ms", "strength", "transmission_probability", "observed",
    "expected", "ratio", "p", "q", "one_way_p", "null",
]  # fmt: skip


def find_links(
    tests: PairTests, names: NDArray, *, false_discovery_rate: float = FALSE_DISCOVERY_RATE
) -> pd.DataFrame:
    """The pairs that are linked, surest first.

    Parameters
    ----------
    tests : PairTests
    names : (n_unit,) of the units
    false_discovery_rate : q that a link does not exceed

    Returns
    -------
    DataFrame
        `kind`: `excitatory` or `inhibitory` where the least likely lag is 1 to 5 ms after a spike
        of `pre`, and more (or less) happens there than anywhere the other way round; `synchrony`
        or `avoidance` where there is no such order (`pre` and `post` are then in order of units).
        `lag_ms`: of the least likely bin, 0 for all within 2.5 ms, negative only if `post` leads.
        `observed`, `expected`: coincidences at all lags of that side, or within 2.5 ms. `strength`:
        what the null does not explain, over the geometric mean of both spike counts;
        `transmission_probability`: the same per spike of `pre`, for excitatory links.
        `p`: of the pair over all lags; `q`: false discovery rate over pairs; `null`: its name.

    Notes
    -----
    That a delayed link is one is told at 1 % (`one_way_p`). The sign is that of the correlation: an
    inhibitory link may be a shared drive that is opposite, an excitatory one a drive that arrives
    later, and two spikes that overlap in one electrode look like avoidance.

    References
    ----------
    Csicsvari et al. (1998) 10.1016/S0896-6273(00)80525-5; English et al. (2017)
    10.1016/j.neuron.2017.09.033
    """
    linked = np.flatnonzero(is_sure(tests, false_discovery_rate=false_discovery_rate))
    linked = linked[np.argsort(tests.p_value[linked], kind="stable")]
    lag, side = tests.lag[linked], sides_of_links(tests)[linked]
    is_delayed = side != 1
    is_reversed = is_delayed & (lag < 0)
    first, second = tests.first[linked], tests.second[linked]
    pre, post = np.where(is_reversed, second, first), np.where(is_reversed, first, second)
    observed, expected = tests.observed[linked, side], tests.expected[linked, side]
    is_excess = tests.is_excess[linked]
    kind = np.where(
        is_delayed,
        np.where(is_excess, EXCITATORY, INHIBITORY),
        np.where(is_excess, SYNCHRONY, AVOIDANCE),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        per_spike = tests.excess[linked, side] / tests.n_spikes[pre]
        ratio = observed / expected
    return pd.DataFrame(
        {
            "pre": names[pre],
            "post": names[post],
            "kind": kind,
            "lag_ms": np.where(is_reversed, -lag, lag) * BIN_MS,
            "strength": tests.normalised_excess[linked, side],
            "transmission_probability": np.where(kind == EXCITATORY, per_spike, np.nan),
            "observed": observed,
            "expected": expected,
            "ratio": ratio,
            "p": tests.p_value[linked],
            "q": tests.q_value[linked],
            "one_way_p": tests.one_way_p[linked],
            "null": tests.null,
        },
        columns=LINK_COLUMNS,
    )


def is_sure(
    tests: PairTests, *, false_discovery_rate: float = FALSE_DISCOVERY_RATE
) -> NDArray[np.bool_]:
    """Pairs that are linked at a false discovery rate, more or fewer coincidences, (n_pair,)."""
    return np.nan_to_num(tests.q_value, nan=1.0) <= false_discovery_rate


def sides_of_links(tests: PairTests) -> NDArray[np.int64]:
    """Where each pair's link would lie: 0 second first, 1 together, 2 first first, (n_pair,)."""
    is_delayed = (tests.lag != 0) & (tests.one_way_p <= ONE_WAY_ALPHA)
    return np.where(is_delayed, np.where(tests.lag < 0, 0, 2), 1)


def link_strength(tests: PairTests) -> NDArray[np.float64]:
    """Excess on the side of each pair's link over the geometric mean of spike counts, (n_pair,)."""
    return tests.normalised_excess[np.arange(len(tests.first)), sides_of_links(tests)]


def link_graph(
    tests: PairTests, *, false_discovery_rate: float = FALSE_DISCOVERY_RATE
) -> NDArray[np.float64]:
    """The graph of links with an excess of coincidences, weighted by their strength.

    Parameters
    ----------
    tests : PairTests
    false_discovery_rate : q that a link does not exceed

    Returns
    -------
    (n_unit, n_unit)
        From row to column for a delayed link; both ways for synchrony.
    """
    n = len(tests.n_spikes)
    weight = np.zeros((n, n))
    is_linked = is_sure(tests, false_discovery_rate=false_discovery_rate) & tests.is_excess
    strength, side = np.maximum(link_strength(tests), 0.0), sides_of_links(tests)
    forward, back = is_linked & (side >= 1), is_linked & (side <= 1)
    weight[tests.first[forward], tests.second[forward]] = strength[forward]
    weight[tests.second[back], tests.first[back]] = strength[back]
    return weight
