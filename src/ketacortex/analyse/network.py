"""The functional network of an animal: links of every epoch, and what changed between epochs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ketacortex.analyse.correlograms import BIN_MS
from ketacortex.analyse.count_correlations import distance_um
from ketacortex.analyse.epoch_values import EpochMeasures
from ketacortex.analyse.graph_against_null import Null as GraphNull
from ketacortex.analyse.graph_against_null import against_null
from ketacortex.analyse.graph_nulls import degree_preserving, distance_preserving, weight_shuffled
from ketacortex.analyse.links import FALSE_DISCOVERY_RATE, find_links, is_sure, link_graph
from ketacortex.analyse.network_streams import at_equal_rates, network_streams, of_orientation
from ketacortex.analyse.network_values import (
    GAINED,
    MATCHED,
    NETWORK_MEASURES,
    TURNOVER_MEASURES,
    EpochNetwork,
    network_values,
    reason_of,
    turnover_values,
)
from ketacortex.analyse.pair_tests import Null, ask_pairs
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.session import PAIR_COLUMNS, VALUE_COLUMNS, SessionFindings, populations_of
from ketacortex.analyse.spike_stream import SpikeStream
from ketacortex.analyse.stimulus_locking import can_be_locked
from ketacortex.errors import DataError
from ketacortex.recording.recording import Recording
from ketacortex.recording.selection import only_epoch
from ketacortex.seeds import generator

N_NULLS, N_OTHER_NULLS = 100, 30
ENOUGH_SPIKES = 20
"""That do not lie on a grid by chance."""
FINEST_STEPS = 10
"""Steps of the grid of spike times in a bin of the lag, above which the grid cannot be seen."""
EPOCH_COLUMNS = [
    "epoch", "n_units", "n_spikes", "duration_s", "n_pairs", "n_asked", "n_links",
    "n_false_expected",
    "null",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NetworkFindings:
    """The functional network of one animal.

    Parameters
    ----------
    animal : identifier of the subject
    networks : EpochNetwork of each epoch, in order of time
    matched : the same with equal trials and spikes in all epochs; empty for a single epoch
    links : one row a link, `epoch` and the columns of `find_links`
    epochs : one row an epoch
        Units, spikes, seconds, pairs, pairs that were asked, links, links to be expected by chance
        at the false discovery rate, and the null.
    values : `measure, epoch, population, value, n_units`
    pairs : `measure, epoch, reference, population, before, after, n_units`
        Each later epoch against the first, as recorded and (`..._rate_matched`) at equal rates.
    not_computed : `measure, epoch, reference, population, reason`
    """

    animal: str
    networks: dict[str, EpochNetwork]
    matched: dict[str, EpochNetwork]
    links: pd.DataFrame
    epochs: pd.DataFrame
    values: pd.DataFrame
    pairs: pd.DataFrame
    not_computed: list[dict[str, Any]]


def measure_network(recording: Recording, *, threads: int | None = None) -> NetworkFindings:
    """Links between all units of a recording in each epoch, and how they change.

    Parameters
    ----------
    recording : Recording
    threads : as many as there are cores by default; the result does not depend on them

    Returns
    -------
    NetworkFindings
        Too little data never raises: what is missing is listed.

    Raises
    ------
    DataError
        Spike times lie on a grid too coarse for lags of a millisecond.
    """
    _require_fine_times(recording)
    animal = recording.subject.identifier
    streams = network_streams(recording)
    networks = _asked(streams, threads)
    matched = {}
    if len(streams) > 1:
        equal = at_equal_rates(streams, generator("network at equal rates", animal))
        matched = _asked(equal, threads)
    preferred_deg = preferred_orientations(recording)
    populations = populations_of(recording)
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for suffix, of_epochs in (("", networks), (MATCHED, matched)):
        for name, network in of_epochs.items():
            for population, is_member in populations.items():
                rng = generator("graphs at random", animal, name, population, suffix)
                measured = network_values(network, is_member, preferred_deg, rng)
                found[suffix, name, population] = measured
    values, no_values = _value_rows(found, populations)
    pairs, no_pairs = _pair_rows(networks, matched, found, populations, preferred_deg)
    names = recording.units.index.to_numpy()
    links = [find_links(n.tests, names).assign(epoch=name) for name, n in networks.items()]
    joined = pd.concat(links, ignore_index=True) if links else pd.DataFrame({"epoch": []})
    return NetworkFindings(
        animal=animal,
        networks=networks,
        matched=matched,
        links=joined[["epoch", *(c for c in joined if c != "epoch")]],
        epochs=_epoch_rows(networks),
        values=pd.DataFrame(values, columns=VALUE_COLUMNS),
        pairs=pd.DataFrame(pairs, columns=PAIR_COLUMNS),
        not_computed=no_values + no_pairs,
    )


def _asked(streams: dict[str, SpikeStream], threads: int | None) -> dict[str, EpochNetwork]:
    """Every epoch against the same null, or a change of null would pass for one of links."""
    null: Null = "stimulus" if all(map(can_be_locked, streams.values())) else "interval"
    return {
        name: EpochNetwork(stream=stream, tests=ask_pairs(stream, null, threads=threads))
        for name, stream in streams.items()
    }


def _require_fine_times(recording: Recording) -> None:
    """Refuse spikes that were kept in bins: every coincidence would look exact."""
    samples = recording.spike_samples
    steps = np.diff(samples if len(samples) >= ENOUGH_SPIKES else samples[:0])
    grid_ms = 1e3 * float(np.gcd.reduce(steps)) / recording.sample_rate_hz if len(steps) else 0.0
    in_a_bin = BIN_MS / grid_ms if grid_ms else np.inf
    if in_a_bin < FINEST_STEPS and abs(in_a_bin - max(round(in_a_bin), 1)) > 1e-6:
        raise DataError(
            f"spikes of {recording.subject.identifier!r} lie on a grid of {grid_ms:g} ms, so lags "
            f"cannot be told in bins of {BIN_MS:g} ms. Links need the times of single spikes; give "
            "a recording that has them."
        )


def with_network(findings: SessionFindings, network: NetworkFindings) -> SessionFindings:
    """Findings of a session with those of its network among them."""
    return replace(
        findings,
        values=pd.concat([findings.values, network.values], ignore_index=True),  # noqa: PD011
        pairs=pd.concat([findings.pairs, network.pairs], ignore_index=True),
        not_computed=[*findings.not_computed, *network.not_computed],
    )


def preferred_orientations(recording: Recording) -> NDArray[np.float64]:
    """Preferred orientation of each unit in the first epoch with gratings, (n_unit,) deg.

    NaN for units that are not tuned.
    """
    for responses in collect_responses(recording):
        if not len(responses.condition):
            continue
        measured = EpochMeasures(recording, responses)
        return np.where(measured.is_tuned, measured.fit.preferred_orientation_deg, np.nan)
    return np.full(recording.n_units, np.nan)


def graphs_against_null(
    recording: Recording,
    network: NetworkFindings,
    *,
    n_nulls: int = N_NULLS,
    n_other_nulls: int = N_OTHER_NULLS,
) -> pd.DataFrame:
    """Measures of the graph of each epoch beside graphs at random.

    Parameters
    ----------
    recording : Recording
    network : NetworkFindings of it
    n_nulls, n_other_nulls : graphs to draw of the first kind, and of each other

    Returns
    -------
    DataFrame
        `epoch` and the columns of `against_null`: beside graphs with the same degrees, with the
        same links and their strengths dealt anew and, where cells have positions, with the same
        degrees and the same lengths of links.
    """
    preferred_deg, apart_um = preferred_orientations(recording), distance_um(recording)
    kinds: list[tuple[GraphNull, int]] = [
        (degree_preserving, n_nulls),
        (weight_shuffled, n_other_nulls),
    ]
    if np.isfinite(apart_um).all() and recording.n_units:
        by_distance = partial(distance_preserving, distance_um=apart_um)
        kinds.append((by_distance, n_other_nulls))
    tables = []
    for name, of_epoch in network.networks.items():
        weight = link_graph(of_epoch.tests)
        for number, (null, n_drawn) in enumerate(kinds):
            rng = generator("graph against null", network.animal, name, number)
            table = against_null(weight, null, n_drawn, rng, preferred_deg)
            tables.append(table.assign(epoch=name))
    joined = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"epoch": []})
    return joined[["epoch", *(column for column in joined if column != "epoch")]]


def network_by_orientation(recording: Recording, epoch: str) -> pd.DataFrame:
    """The network of each stimulus: links in the trials of one orientation at a time.

    Parameters
    ----------
    recording : Recording
    epoch : its name

    Returns
    -------
    DataFrame
        `orientation_deg`, the columns of `NetworkFindings.epochs` and `zero_lag_synchrony`, the
        mean over pairs. Fewer spikes show fewer links: shares of different orientations, and of one
        and all of them, are not alike.

    Raises
    ------
    DataError
        No trial belongs to that epoch.
    """
    (of,) = collect_responses(only_epoch(recording, epoch))
    tables = []
    for orientation_deg in np.unique(of.orientation_deg):
        stream = of_orientation(recording, epoch, float(orientation_deg))
        network = EpochNetwork(stream=stream, tests=ask_pairs(stream))
        near = network.tests.normalised_excess[network.tests.is_asked, 1]
        tables.append(
            _epoch_rows({epoch: network}).assign(
                orientation_deg=orientation_deg,
                zero_lag_synchrony=near.mean() if len(near) else np.nan,
            )
        )
    return pd.concat(tables, ignore_index=True)


def _epoch_rows(networks: dict[str, EpochNetwork]) -> pd.DataFrame:
    rows = []
    for name, network in networks.items():
        tests, stream = network.tests, network.stream
        n_links = int(is_sure(tests).sum())
        rows.append(
            [name, stream.n_units, int(stream.n_spikes.sum()), stream.duration_s, len(tests.first),
             int(tests.is_asked.sum()), n_links, FALSE_DISCOVERY_RATE * n_links, tests.null]
        )  # fmt: skip
    return pd.DataFrame(rows, columns=EPOCH_COLUMNS)


def _value_rows(
    found: dict[tuple[str, str, str], dict[str, float]],
    populations: dict[str, NDArray[np.bool_]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, missing = [], []
    for (suffix, epoch, population), measured in found.items():
        for measure, value in measured.items():
            row = {"measure": measure + suffix, "epoch": epoch, "population": population}
            if np.isfinite(value):
                rows.append({**row, "value": value, "n_units": int(populations[population].sum())})
            else:
                reason = f"in epoch {epoch!r}: {reason_of(measure, measured)}."
                missing.append({**row, "reference": None, "reason": reason})
    return rows, missing


def _pair_rows(
    networks: dict[str, EpochNetwork],
    matched: dict[str, EpochNetwork],
    found: dict[tuple[str, str, str], dict[str, float]],
    populations: dict[str, NDArray[np.bool_]],
    preferred_deg: NDArray[np.float64],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    if len(networks) < 2:
        return [], _no_second_epoch(list(networks), populations)
    reference, *later = networks
    for epoch in later:
        for population, is_member in populations.items():
            n_units = int(is_member.sum())
            for suffix, of_epochs in (("", networks), (MATCHED, matched)):
                before, after = (
                    found[suffix, reference, population],
                    found[suffix, epoch, population],
                )
                changes = {m: (before[m], after[m], n_units) for m in before} | turnover_values(
                    of_epochs[reference], of_epochs[epoch], is_member, preferred_deg
                )
                for measure, (first, second, _) in changes.items():
                    row = {
                        "measure": measure + suffix,
                        "epoch": epoch,
                        "reference": reference,
                        "population": population,
                    }
                    has_before = np.isfinite(first) or measure in TURNOVER_MEASURES
                    if has_before and np.isfinite(second):
                        values = {"before": first, "after": second, "n_units": n_units}
                        rows.append({**row, **values})
                    else:
                        between = f"of epochs {reference!r} and {epoch!r}"
                        poorer = after if np.isfinite(first) else before
                        reason = reason_of(measure, poorer)
                        missing.append({**row, "reason": f"{between}: {reason}."})
    return rows, missing


def _no_second_epoch(
    epochs: list[str], populations: dict[str, NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    epoch = epochs[0] if epochs else None
    there = f"there is only {epoch!r}" if epochs else "there is none"
    return [
        {
            "measure": measure + suffix,
            "epoch": epoch,
            "reference": epoch,
            "population": population,
            "reason": f"a change needs two epochs and {there}.",
        }
        for population in populations
        for suffix in ("", MATCHED)
        for measure in (*NETWORK_MEASURES, *TURNOVER_MEASURES, GAINED)
    ]
