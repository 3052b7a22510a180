"""The network of the example animal, measured again from its spikes for what tables cannot show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketacortex.analyse.network import preferred_orientations
from ketacortex.analyse.network_streams import network_streams
from ketacortex.analyse.network_values import EpochNetwork
from ketacortex.analyse.pair_tests import ask_pairs
from ketacortex.recording.recording import Recording
from ketacortex.report.tables import Material

NO_NETWORK = (
    "Not measured: links between units were not asked for. `network = true` under `[analysis]` in "
    "an experiment, or `ketacortex analyse FILE --only cells,network --out FOLDER` for recordings, "
    "adds them."
)
NO_EXAMPLE = "Not computed: the recording of the first animal cannot be read."


@dataclass(frozen=True, kw_only=True)
class ExampleNetwork:
    """Network of the example animal in one epoch of one arm.

    Parameters
    ----------
    arm, epoch : where it was recorded
    recording : Recording
    network : EpochNetwork
    preferred_deg : (n_unit,) deg, in the first epoch; NaN for untuned units
    """

    arm: str
    epoch: str
    recording: Recording
    network: EpochNetwork
    preferred_deg: NDArray[np.float64]


def has_network(material: Material) -> bool:
    """Whether the network was measured along with the cells."""
    return bool((material.population_values["measure"] == "link_share").any())


def example_networks(material: Material) -> list[ExampleNetwork]:
    """Every epoch of the example animal in the arms that are shown, in order of arm and time."""
    found = []
    for example in material.examples:
        recording = example.recording
        if recording is None:
            continue
        preferred_deg = preferred_orientations(recording)
        for epoch, stream in network_streams(recording).items():
            tests = ask_pairs(stream, threads=1)
            found.append(
                ExampleNetwork(
                    arm=example.arm,
                    epoch=epoch,
                    recording=recording,
                    network=EpochNetwork(stream=stream, tests=tests),
                    preferred_deg=preferred_deg,
                )
            )
    return found


def ends_of_arms(networks: list[ExampleNetwork]) -> list[ExampleNetwork]:
    """The first and the last epoch of each arm, what is the same in several arms once.

    Arms whose units are not those of the first arm are left out: they cannot stand beside it.
    """
    chosen: list[ExampleNetwork] = []
    for arm in dict.fromkeys(network.arm for network in networks):
        of_arm = [network for network in networks if network.arm == arm]
        for network in dict.fromkeys([0, len(of_arm) - 1]):
            candidate = of_arm[network]
            if not chosen or _is_new(candidate, chosen):
                chosen.append(candidate)
    return chosen


def _is_new(candidate: ExampleNetwork, chosen: list[ExampleNetwork]) -> bool:
    if list(candidate.recording.units.index) != list(chosen[0].recording.units.index):
        return False
    mine = candidate.network.stream
    return not any(
        np.array_equal(mine.sample, other.network.stream.sample)
        and np.array_equal(mine.unit, other.network.stream.unit)
        for other in chosen
    )
