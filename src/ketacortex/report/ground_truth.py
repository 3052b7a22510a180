"""Links inferred from a simulated recording against the synapses that the animal has.

Only a simulation knows both. How many connections are seen, and how many links join cells without
one, is said beside every network that was inferred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from ketacortex.analyse.links import is_sure, sides_of_links
from ketacortex.analyse.network_values import EpochNetwork
from ketacortex.experiment.load import of_arm
from ketacortex.experiment.schema import Experiment
from ketacortex.model.circuit import Circuit, build_circuit
from ketacortex.recording.electrode_view import JOIN
from ketacortex.recording.recording import Recording

EXCITATORY_CLASS = "pyr"
SIGNS = {"excitatory": 1.0, "inhibitory": -1.0}
"""Of the excess of coincidences that a connection makes after a spike."""
MADE_OF = "cells"
"""Column of a unit that names the cells it was sorted from."""


@dataclass(frozen=True, kw_only=True)
class Synapses:
    """Connections between the units of a recording.

    Parameters
    ----------
    excitatory, inhibitory : (n_unit, n_unit) whether a cell of the row contacts one of the column
    is_excitatory, is_inhibitory : (n_unit,) which synapses the cells of the unit make
    shared_input : (n_unit, n_unit)
        Cells and fibres that contact both, over those that contact either; NaN without input.
    """

    excitatory: NDArray[np.bool_]
    inhibitory: NDArray[np.bool_]
    is_excitatory: NDArray[np.bool_]
    is_inhibitory: NDArray[np.bool_]
    shared_input: NDArray[np.float64]

    def of_sign(self, sign: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Connections and possible sources of `excitatory` or `inhibitory` synapses."""
        if sign == "excitatory":
            return self.excitatory, self.is_excitatory
        return self.inhibitory, self.is_inhibitory


def true_synapses(experiment: Experiment, arm: str, recording: Recording) -> Synapses:
    """The synapses between the units of the first animal of an experiment.

    Parameters
    ----------
    experiment : Experiment
    arm : of the recording
    recording : Recording of the first animal
    """
    own = of_arm(experiment, arm)
    return synapses_of(build_circuit(own.circuit, own.animal_seed(1)), recording.units)


def synapses_of(circuit: Circuit, units: pd.DataFrame) -> Synapses:
    """The synapses of a circuit between units that are, or are sorted from, its cells.

    Parameters
    ----------
    circuit : Circuit
    units : `units` of a Recording of it
        Named by cell, or seen through electrodes and then with the names of their cells.
    """
    n, n_pyr = circuit.n_cells, circuit.settings.pyr.n
    n_on_branches = circuit.settings.pyr.n_branches * n_pyr

    def cell_of(compartment: NDArray[np.int64]) -> NDArray[np.int64]:
        on_branch = compartment < n_on_branches
        return np.where(on_branch, compartment % n_pyr, compartment - n_on_branches)

    contacts, fibres = np.zeros((n, n)), np.zeros((len(circuit.afferent_preferred_deg), n))
    contacts[circuit.source, cell_of(circuit.target)] = 1.0
    fibres[circuit.afferent_source, cell_of(circuit.afferent_target)] = 1.0
    is_pyr = circuit.cell_class == EXCITATORY_CLASS
    member = np.zeros((len(units), n))
    for unit, cells in enumerate(_cells_of_units(units)):
        member[unit, cells] = 1.0
    every_input = (np.concatenate([contacts, fibres]) @ member.T > 0).astype(float)
    common = every_input.T @ every_input
    n_inputs = np.diag(common)
    either = n_inputs[:, None] + n_inputs - common
    return Synapses(
        excitatory=member @ (contacts * is_pyr[:, None]) @ member.T > 0,
        inhibitory=member @ (contacts * ~is_pyr[:, None]) @ member.T > 0,
        is_excitatory=member @ is_pyr > 0,
        is_inhibitory=member @ ~is_pyr > 0,
        shared_input=np.divide(common, either, out=np.full_like(common, np.nan), where=either > 0),
    )


def _cells_of_units(units: pd.DataFrame) -> list[list[int]]:
    if MADE_OF in units:
        return [[int(cell) for cell in str(cells).split(JOIN)] for cells in units[MADE_OF]]
    return [[int(name)] for name in units.index]


def directed_pairs(network: EpochNetwork, synapses: Synapses, units: pd.DataFrame) -> pd.DataFrame:
    """Every ordered pair of units with what was inferred of it and what is true.

    Parameters
    ----------
    network : EpochNetwork of the units
    synapses : Synapses between them
    units : `units` of the recording; `x_um` and `y_um` give distances

    Returns
    -------
    DataFrame
        `pre, post` (rows of units), `is_asked`, `surprise` (excess 1 to 5 ms after spikes of `pre`
        in standard deviations of the null), `is_linked` (an excess or a deficit at any lag),
        `has_excess`, `is_delayed` (a link that `pre` leads), `rate_hz` (geometric mean of both),
        `distance_um`, `shared_input`, `is_excitatory` and `is_inhibitory` (whether `pre` makes
        such synapses), `excitatory` and `inhibitory` (whether it has one onto `post`),
        `is_joined` (any synapse, either way).
    """
    tests, rate_hz = network.tests, network.stream.rate_hz
    sides = sides_of_links(tests)
    is_linked = is_sure(tests)
    with np.errstate(invalid="ignore", divide="ignore"):
        surprise = (tests.observed - tests.expected) / np.sqrt(tests.variance)
    pre, post = np.append(tests.first, tests.second), np.append(tests.second, tests.first)
    any_way = synapses.excitatory | synapses.inhibitory
    return pd.DataFrame(
        {
            "pre": pre,
            "post": post,
            "is_asked": np.tile(tests.is_asked, 2),
            "surprise": np.nan_to_num(np.append(surprise[:, 2], surprise[:, 0]), posinf=0.0),
            "is_linked": np.tile(is_linked, 2),
            "has_excess": np.tile(tests.is_excess, 2),
            "is_delayed": np.append(is_linked & (sides == 2), is_linked & (sides == 0)),
            "rate_hz": np.sqrt(rate_hz[pre] * rate_hz[post]),
            "distance_um": _distance_um(units)[pre, post],
            "shared_input": synapses.shared_input[pre, post],
            "is_excitatory": synapses.is_excitatory[pre],
            "is_inhibitory": synapses.is_inhibitory[pre],
            "excitatory": synapses.excitatory[pre, post],
            "inhibitory": synapses.inhibitory[pre, post],
            "is_joined": (any_way | any_way.T)[pre, post],
        }
    )


def _distance_um(units: pd.DataFrame) -> NDArray[np.float64]:
    if not {"x_um", "y_um"} <= set(units):
        return np.full((len(units), len(units)), np.nan)
    place_um = units[["x_um", "y_um"]].to_numpy(float)
    return np.linalg.norm(place_um[:, None] - place_um[None], axis=-1)


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """How well the connections of one sign are found.

    Parameters
    ----------
    n_true : connections between the units, asked or not
    n_found : delayed links of that sign from units that make such synapses
    n_right : those of them that are connections
    roc_area : area under the curve of hits against false alarms, over pairs that were asked
    false_alarms, hits : the curve, from (0, 0) to (1, 1)
    """

    n_true: int
    n_found: int
    n_right: int
    roc_area: float
    false_alarms: NDArray[np.float64]
    hits: NDArray[np.float64]

    @property
    def precision(self) -> float:
        """Share of the links that are connections; NaN without links."""
        return self.n_right / self.n_found if self.n_found else float("nan")

    @property
    def recall(self) -> float:
        """Share of the connections that are links; NaN without connections."""
        return self.n_right / self.n_true if self.n_true else float("nan")


def recovery(pairs: pd.DataFrame, sign: str) -> Recovery:
    """How well `excitatory` or `inhibitory` connections are found.

    Parameters
    ----------
    pairs : of `directed_pairs`
    sign : of the synapses

    Notes
    -----
    Pairs are ranked by the excess (of inhibition, the lack) of coincidences 1 to 5 ms after spikes
    of the source, in standard deviations of the null; the area is the probability that a
    connection ranks above a pair without one, ties counting half.

    References
    ----------
    Hanley and McNeil (1982) 10.1148/radiology.143.1.7063747
    """
    possible = pairs[pairs[f"is_{sign}"]]
    is_found = possible["is_delayed"] & (possible["has_excess"] == (SIGNS[sign] > 0))
    asked = possible[possible["is_asked"]]
    is_true = asked[sign].to_numpy(bool)
    false_alarms, hits, area = _curve(SIGNS[sign] * asked["surprise"].to_numpy(float), is_true)
    return Recovery(
        n_true=int(possible[sign].sum()),
        n_found=int(is_found.sum()),
        n_right=int((is_found & possible[sign]).sum()),
        roc_area=area,
        false_alarms=false_alarms,
        hits=hits,
    )


def _curve(
    score: NDArray[np.float64], is_true: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    n_true, n_false = int(is_true.sum()), int((~is_true).sum())
    if not n_true or not n_false:
        return np.array([0.0, 1.0]), np.array([0.0, 1.0]), float("nan")
    rank = rankdata(score)
    area = (rank[is_true].sum() - n_true * (n_true + 1) / 2.0) / (n_true * n_false)
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.diff(score[order]) != 0, True)
    hits = np.cumsum(is_true[order])[last_of_tie] / n_true
    false_alarms = np.cumsum(~is_true[order])[last_of_tie] / n_false
    return np.append(0.0, false_alarms), np.append(0.0, hits), float(area)


def recovery_in_bins(pairs: pd.DataFrame, column: str, edges: NDArray[np.float64]) -> pd.DataFrame:
    """Connections found, and links without a connection, in bins of something about the pair.

    Parameters
    ----------
    pairs : of `directed_pairs`
    column : of them
    edges : ascending

    Returns
    -------
    DataFrame
        `column, low, high, middle` (median); `excitatory_recall` and `inhibitory_recall` with
        `n_excitatory` and `n_inhibitory` connections; `false_link_share`: of the `n_apart` pairs
        without a synapse either way that could be asked, those that are linked; NaN where there
        are none.
    """
    place = np.searchsorted(edges, pairs[column].to_numpy(float), side="right") - 1
    rows = []
    for k in range(len(edges) - 1):
        here = pairs[place == k]
        row: dict[str, float | str] = {
            "column": column,
            "low": float(edges[k]),
            "high": float(edges[k + 1]),
            "middle": float(here[column].median()) if len(here) else np.nan,
        }
        for sign in SIGNS:
            found = recovery(here, sign)
            row |= {f"{sign}_recall": found.recall, f"n_{sign}": found.n_true}
        # Both directions of a pair are in the table: each counts twice in both numbers.
        apart = here[here["is_asked"] & ~here["is_joined"]]
        share = float(apart["is_linked"].mean()) if len(apart) else np.nan
        rows.append({**row, "false_link_share": share, "n_apart": len(apart) // 2})
    return pd.DataFrame(rows)
