"""What the network of an epoch comes to in a population: how many links, how strong, to whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.communities import best_partition
from ketacortex.analyse.graph_against_null import MIN_LINKED_PAIRS
from ketacortex.analyse.graph_measures import n_linked_pairs
from ketacortex.analyse.graph_nulls import degree_preserving
from ketacortex.analyse.links import is_sure, link_graph, link_strength
from ketacortex.analyse.network_streams import counts_within
from ketacortex.analyse.pair_tests import PairTests
from ketacortex.analyse.spike_stream import SpikeStream
from ketacortex.analyse.variability import noise_correlations

SHORT_WINDOWS = 4
"""Jitter windows of the short counting window, 0.1 s."""
N_NULLS = 4
"""Graphs at random whose mean modularity is taken off."""
MIN_PAIRS = 10
MATCHED = "_rate_matched"
NETWORK_MEASURES = (
    "link_share",
    "link_strength",
    "summed_strength",
    "zero_lag_synchrony",
    "linked_tuning_similarity",
    "modularity",
    "modularity_above_chance",
    "linked_noise_correlation",
    "linked_noise_correlation_widening",
)
TURNOVER_MEASURES = ("links_gained_share", "links_lost_share")
"""Measures of the change itself: they have no value before."""
GAINED = "gained_tuning_similarity"
SIGNED_MEASURES = (
    "zero_lag_synchrony",
    "linked_tuning_similarity",
    "modularity_above_chance",
    "linked_noise_correlation",
    "linked_noise_correlation_widening",
    GAINED,
)
"""Measures that may be near 0 or below, where a ratio means nothing."""
FEW = f"fewer than {MIN_PAIRS} pairs with one expected coincidence within 2.5 ms"
REASONS = {
    "link_share": FEW,
    "link_strength": "no pair of the population is linked",
    "summed_strength": FEW,
    "zero_lag_synchrony": FEW,
    "linked_tuning_similarity": "no linked pair of units with a preferred orientation",
    "modularity": "fewer than 2 pairs are linked",
    "modularity_above_chance": "fewer than 2 pairs are linked",
    "linked_noise_correlation": "no repeated stimuli, or all pairs or none are linked",
    "linked_noise_correlation_widening": "no repeated stimuli, or all pairs or none are linked",
    "links_gained_share": "no pair is linked in the later one",
    "links_lost_share": "no pair is linked in the earlier one",
    GAINED: "no links are gained between units with a preferred orientation",
}
"""Why a measure is missing where pairs are enough, as the end of a sentence."""


def reason_of(measure: str, measured: dict[str, float]) -> str:
    """Why a measure of `network_values` or `turnover_values` is missing, as the end of a sentence.

    Parameters
    ----------
    measure : its name
    measured : all of `network_values` in that epoch and population
    """
    is_of_one_epoch = measure in NETWORK_MEASURES
    return FEW if is_of_one_epoch and np.isnan(measured["link_share"]) else REASONS[measure]


@dataclass(frozen=True, kw_only=True)
class EpochNetwork:
    """The tested pairs of one epoch with the spikes behind them.

    Parameters
    ----------
    stream : SpikeStream
    tests : PairTests
    """

    stream: SpikeStream
    tests: PairTests

    @property
    def is_linked(self) -> NDArray[np.bool_]:
        """Pairs with an excess of coincidences at the false discovery rate of 5 %, (n_pair,)."""
        return is_sure(self.tests) & self.tests.is_excess


def at_both_rates(measures: Iterable[str]) -> tuple[str, ...]:
    """Names of measures as recorded and at equal rates.

    >>> at_both_rates(["link_share"])
    ('link_share', 'link_share_rate_matched')
    """
    return tuple(measure + suffix for measure in measures for suffix in ("", MATCHED))


def measures_of_networks() -> tuple[str, ...]:
    """Names of all measures of a network, at equal rates too."""
    return at_both_rates((*NETWORK_MEASURES, *TURNOVER_MEASURES, GAINED))


def network_values(
    network: EpochNetwork,
    is_member: NDArray[np.bool_],
    preferred_deg: NDArray[np.float64],
    rng: np.random.Generator,
) -> dict[str, float]:
    """Measures of a network within a population, NaN where there is too little.

    Parameters
    ----------
    network : EpochNetwork
    is_member : (n_unit,)
    preferred_deg : (n_unit,) deg, NaN for untuned units
    rng : Generator of graphs at random

    Returns
    -------
    dict
        `link_share`: of pairs that were asked. `link_strength`: mean over linked pairs;
        `summed_strength`: their sum, 0 without a link.
        `zero_lag_synchrony`: mean over all pairs that were asked of the excess of coincidences
        within 2.5 ms over the geometric mean of spike counts. `linked_tuning_similarity`: mean over
        linked pairs of the cosine of twice the difference of preferred orientations, less that over
        all pairs that were asked. `modularity`, and less its mean over graphs with the same
        degrees. `linked_noise_correlation`: mean noise correlation of linked pairs less that of
        pairs that are not, in the whole trial; its widening: how much more that is than in windows
        of 0.1 s.
    """
    tests = network.tests
    within = is_member[tests.first] & is_member[tests.second]
    asked, linked = within & tests.is_asked, within & network.is_linked
    if asked.sum() < MIN_PAIRS:
        return dict.fromkeys(NETWORK_MEASURES, float("nan"))
    similarity = tuning_similarity(tests, preferred_deg)
    chosen = np.flatnonzero(is_member)
    weight = link_graph(tests)[np.ix_(chosen, chosen)]
    found, by_chance = _modularity(weight, rng)
    gap = _gap_of_linked(network.stream, None, tests, asked, linked)
    short = _gap_of_linked(network.stream, SHORT_WINDOWS, tests, asked, linked)
    return {
        "link_share": float(linked.sum() / asked.sum()),
        "link_strength": _mean(link_strength(tests)[linked]),
        "summed_strength": float(link_strength(tests)[linked].sum()),
        "zero_lag_synchrony": _mean(tests.normalised_excess[asked, 1]),
        "linked_tuning_similarity": _mean(similarity[linked]) - _mean(similarity[asked]),
        "modularity": found,
        "modularity_above_chance": found - by_chance,
        "linked_noise_correlation": gap,
        "linked_noise_correlation_widening": gap - short,
    }


def turnover_values(
    before: EpochNetwork,
    after: EpochNetwork,
    is_member: NDArray[np.bool_],
    preferred_deg: NDArray[np.float64],
) -> dict[str, tuple[float, float, int]]:
    """Links gained and lost between two epochs, and to whom, over pairs that were asked in both.

    Parameters
    ----------
    before, after : EpochNetwork of the same units
    is_member : (n_unit,)
    preferred_deg : (n_unit,) deg, NaN for untuned units

    Returns
    -------
    dict
        From measure to (before, after, n_pairs). `links_gained_share`: of the links after, those
        that were none before; `links_lost_share`: of the links before, those that are none after;
        both NaN before. `gained_tuning_similarity`: tuning similarity of links before, and of those
        gained, each less that of the pairs that could have been.
    """
    tests = before.tests
    both = is_member[tests.first] & is_member[tests.second]
    both &= tests.is_asked & after.tests.is_asked
    first, second = before.is_linked & both, after.is_linked & both
    gained, lost = second & ~first, first & ~second
    similarity = tuning_similarity(tests, preferred_deg)
    nan = float("nan")
    return {
        "links_gained_share": (nan, _ratio(gained.sum(), second.sum()), int(both.sum())),
        "links_lost_share": (nan, _ratio(lost.sum(), first.sum()), int(both.sum())),
        GAINED: (
            _mean(similarity[first]) - _mean(similarity[both]),
            _mean(similarity[gained]) - _mean(similarity[both & ~first]),
            int(gained.sum()),
        ),
    }


def tuning_similarity(tests: PairTests, preferred_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of twice the difference of preferred orientations of each pair, (n_pair,)."""
    apart = preferred_deg[tests.first] - preferred_deg[tests.second]
    return np.cos(2.0 * np.deg2rad(apart))


def _modularity(weight: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    if n_linked_pairs(weight) < MIN_LINKED_PAIRS:
        return float("nan"), float("nan")
    drawn = [degree_preserving(weight, rng) for _ in range(N_NULLS)]
    found, *by_chance = (best_partition(graph, rng, 1).modularity for graph in [weight, *drawn])
    return found, float(np.mean(by_chance))


def _gap_of_linked(
    stream: SpikeStream,
    n_windows: int | None,
    tests: PairTests,
    asked: NDArray[np.bool_],
    linked: NDArray[np.bool_],
) -> float:
    counts, condition = counts_within(stream, n_windows)
    correlation = noise_correlations(counts, condition)[tests.first, tests.second]
    return _mean(correlation[linked]) - _mean(correlation[asked & ~linked])


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _ratio(part: int, whole: int) -> float:
    return float(part / whole) if whole else float("nan")
