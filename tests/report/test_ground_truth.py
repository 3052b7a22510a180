"""Links against synapses: planted truth is found whole, synapses are those of the circuit."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.findings import write_findings
from ketacortex.analyse.network import measure_network, with_network
from ketacortex.analyse.network_values import EpochNetwork
from ketacortex.analyse.pair_tests import ask_pairs
from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.session import measure_session
from ketacortex.analyse.spike_stream import stream_of_trains
from ketacortex.experiment.folder import RunFolder
from ketacortex.experiment.load import load_experiment
from ketacortex.model.circuit import build_circuit
from ketacortex.recording.nwb import write_nwb
from ketacortex.report.ground_truth import (
    Synapses,
    directed_pairs,
    recovery,
    recovery_in_bins,
    synapses_of,
)
from ketacortex.report.page import report_run

from .synthetic_recordings import recording_of

N_UNITS, STOP_S = 14, 240.0
EXCITED, INHIBITED = ((0, 1), (3, 2), (4, 5)), ((10, 6), (11, 7))
SMALL = ("circuit.pyr.n=20", "circuit.pv.n=6", "circuit.sst.n=4")


@pytest.fixture(scope="module")
def planted():
    """Poisson units; some are excited 2 ms after another, some silenced for 5 ms after one."""
    rng = np.random.default_rng(0)
    trains = [np.sort(rng.uniform(0.0, STOP_S, rng.poisson(25.0 * STOP_S))) for _ in range(N_UNITS)]
    for pre, post in EXCITED:
        driven = trains[pre][rng.random(len(trains[pre])) < 0.1] + 0.002
        trains[post] = np.sort(np.append(trains[post], driven[driven < STOP_S]))
    for pre, post in INHIBITED:
        last = trains[pre][np.maximum(np.searchsorted(trains[pre], trains[post]) - 1, 0)]
        since_s = trains[post] - last
        trains[post] = trains[post][~((since_s > 0.001) & (since_s < 0.0055))]
    stream = stream_of_trains(trains, STOP_S)
    network = EpochNetwork(stream=stream, tests=ask_pairs(stream, threads=1))
    excitatory, inhibitory = np.zeros((2, N_UNITS, N_UNITS), bool)
    excitatory[tuple(np.transpose(EXCITED))] = True
    inhibitory[tuple(np.transpose(INHIBITED))] = True
    makes_inhibition = np.arange(N_UNITS) >= 10
    synapses = Synapses(
        excitatory=excitatory,
        inhibitory=inhibitory,
        is_excitatory=~makes_inhibition,
        is_inhibitory=makes_inhibition,
        shared_input=np.full((N_UNITS, N_UNITS), 0.25),
    )
    return network, synapses, pd.DataFrame(index=range(N_UNITS))


@pytest.mark.parametrize(("sign", "n_true"), [("excitatory", 3), ("inhibitory", 2)])
def test_a_planted_true_graph_is_found_whole(planted, sign, n_true):
    found = recovery(directed_pairs(*planted), sign)
    assert found.n_true == n_true
    assert found.roc_area == 1.0
    assert found.recall == 1.0
    assert found.precision == 1.0
    assert (found.hits[-1], found.false_alarms[-1]) == (1.0, 1.0)


def test_a_graph_that_has_nothing_to_do_with_the_spikes_is_not_found(planted):
    network, synapses, units = planted
    areas = []
    rng = np.random.default_rng(1)
    for _ in range(20):
        order = rng.permutation(N_UNITS)
        shuffled = replace(synapses, excitatory=synapses.excitatory[np.ix_(order, order)],
                           is_excitatory=np.ones(N_UNITS, bool))  # fmt: skip
        areas.append(recovery(directed_pairs(network, shuffled, units), "excitatory").roc_area)
    assert abs(np.mean(areas) - 0.5) < 4.0 * np.std(areas) / np.sqrt(20)


def test_the_area_is_the_probability_to_rank_a_connection_first(planted):
    rng = np.random.default_rng(2)
    pairs = directed_pairs(*planted)
    pairs = pairs.assign(
        surprise=rng.integers(0, 8, len(pairs)).astype(float),
        excitatory=rng.random(len(pairs)) < 0.3,
    )
    found = recovery(pairs, "excitatory")
    asked = pairs[pairs["is_excitatory"] & pairs["is_asked"]]
    true = asked.loc[asked["excitatory"], "surprise"].to_numpy()[:, None]
    other = asked.loc[~asked["excitatory"], "surprise"].to_numpy()
    wins = (true > other).mean() + 0.5 * (true == other).mean()
    assert found.roc_area == pytest.approx(wins)
    assert np.trapezoid(found.hits, found.false_alarms) == pytest.approx(wins)


def test_bins_hold_every_connection_and_every_pair_apart_once(planted):
    network, synapses, units = planted
    rng = np.random.default_rng(3)
    pairs = directed_pairs(network, synapses, units)
    place = rng.random((N_UNITS, N_UNITS))
    place = place + place.T
    pairs = pairs.assign(distance_um=place[pairs["pre"], pairs["post"]])
    table = recovery_in_bins(pairs, "distance_um", np.linspace(0.0, 2.0, 5))
    assert table["n_excitatory"].sum() == 3
    assert table["n_inhibitory"].sum() == 2
    assert table["n_apart"].sum() == N_UNITS * (N_UNITS - 1) // 2 - 5
    assert np.nanmax(table["excitatory_recall"]) == 1.0


@pytest.fixture(scope="module")
def experiment():
    changes = [*SMALL, "analysis.network=true"]
    return load_experiment("baseline-v1", animals=1, changes=changes)


@pytest.fixture(scope="module")
def circuit(experiment):
    return build_circuit(experiment.circuit, experiment.animal_seed(1))


def cell_of_compartment(circuit):
    """Cell of each compartment, by the numbering that `Circuit` states."""
    n_pyr = circuit.settings.pyr.n
    branches = [cell for _ in range(circuit.settings.pyr.n_branches) for cell in range(n_pyr)]
    return [*branches, *range(circuit.n_cells)]


def test_synapses_and_shared_input_are_those_of_the_circuit(circuit):
    units = pd.DataFrame(index=range(circuit.n_cells))
    found = synapses_of(circuit, units)
    cell = cell_of_compartment(circuit)
    joined = {(int(s), cell[t]) for s, t in zip(circuit.source, circuit.target, strict=True)}
    n_pyr = circuit.settings.pyr.n
    assert set(zip(*np.nonzero(found.excitatory), strict=True)) == {
        j for j in joined if j[0] < n_pyr
    }
    assert set(zip(*np.nonzero(found.inhibitory), strict=True)) == {
        j for j in joined if j[0] >= n_pyr
    }
    inputs = [{("cell", s) for s, t in joined if t == k} for k in range(circuit.n_cells)]
    for fibre, target in zip(circuit.afferent_source, circuit.afferent_target, strict=True):
        inputs[cell[target]].add(("fibre", int(fibre)))
    for i, j in ((0, 1), (3, 22), (25, 29)):
        share = len(inputs[i] & inputs[j]) / len(inputs[i] | inputs[j])
        assert found.shared_input[i, j] == pytest.approx(share)


def test_a_unit_of_two_cells_has_the_synapses_of_both(circuit):
    every = synapses_of(circuit, pd.DataFrame(index=range(circuit.n_cells)))
    units = pd.DataFrame({"cells": ["4", "0+21", "7"]})
    found = synapses_of(circuit, units)
    assert (found.excitatory[1, 0], found.excitatory[1, 2]) == tuple(every.excitatory[0, [4, 7]])
    assert (found.inhibitory[1, 0], found.inhibitory[1, 2]) == tuple(every.inhibitory[21, [4, 7]])
    assert found.excitatory[0, 1] == every.excitatory[4, [0, 21]].any()
    assert found.is_excitatory.tolist() == [True, True, True]
    assert found.is_inhibitory.tolist() == [False, True, False]


def page_of_run(experiment, folder, *, is_measured):
    classes = ("pyr",) * 20 + ("pv",) * 6 + ("sst",) * 4
    recording = recording_of(experiment.animal_name(1), classes=classes)
    recording = replace(recording, units=recording.units.set_axis(pd.RangeIndex(30, name="unit")))
    arm = next(iter(experiment.arms))
    path = folder.recording(1, arm)
    path.parent.mkdir(parents=True)
    write_nwb(recording, path)
    findings = measure_session(recording)
    if is_measured:
        findings = with_network(findings, measure_network(recording, threads=1))
    sessions = [(arm, findings)]
    write_findings(folder.findings, sessions, compare_animals(sessions))
    return report_run(folder, experiment, "ketacortex run")


def test_a_run_with_a_network_is_held_to_its_synapses(experiment, circuit, tmp_path):
    page = page_of_run(experiment, RunFolder(tmp_path), is_measured=True)
    section = re.search(r'<section id="truth">.*?</section>', page, flags=re.DOTALL).group()
    every = synapses_of(circuit, pd.DataFrame(index=range(30)))
    assert f"Of {every.excitatory.sum()} true excitatory connections" in section
    assert f"Of {every.inhibitory.sum()} true inhibitory connections" in section
    assert 'download="ground-truth.csv"' in section


def test_a_run_without_one_is_not(tmp_path):
    experiment = load_experiment("baseline-v1", animals=1, changes=list(SMALL))
    page = page_of_run(experiment, RunFolder(tmp_path), is_measured=False)
    assert '<section id="truth">' not in page
    assert "Not measured: links between units were not asked for." in page
