"""Twelve minutes of one grating shown to one cortex: which branches learn, and which cells move.

    python gallery/one_adapter.py --repeats 10

Weights are those of the branches of all pyramidal cells at the end of the adapter, by how far the
orientation that a branch is wired for lies from the adapter. Shifts are those of cells that prefer
22.5 to 67.5 degrees from the adapter, with standard errors where the trials suffice for them.
"""

import argparse

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ketacortex.analyse.adaptation import measure_adaptation
from ketacortex.model.circuit import build_circuit
from ketacortex.model.plasticity import Plasticity
from ketacortex.model.settings import CircuitSettings
from ketacortex.recording.recording import Subject
from ketacortex.simulate.session import Treatment, simulate_session
from ketacortex.stimulus.day import Adapter
from ketacortex.stimulus.epochs import Passing
from ketacortex.stimulus.grating import GratingSequence
from ketacortex.units import orientation_distance_deg

ADAPTER_DEG = 90.0
SEED = 7
TWELVE_MIN_S = 720.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10, help="of each orientation")
    repeats = parser.parse_args().repeats
    gratings = GratingSequence(repeats=repeats, blanks=2 * repeats)
    adapter = Passing(
        kind="adapt", duration_s=TWELVE_MIN_S, adapter=Adapter(orientation_deg=ADAPTER_DEG)
    )
    day = [("control", gratings), ("control_again", gratings), ("adapting", adapter),
           ("adapted", gratings)]  # fmt: skip
    circuit = build_circuit(CircuitSettings.model_validate({"pyr": {"n": 120}}), SEED)
    kept = []
    session = simulate_session(
        circuit, day, SEED, Subject(identifier="one"),
        treatment=Treatment(plasticity=Plasticity()),
        keep=lambda _, make: kept.append(make()) or kept[-1],
    )  # fmt: skip
    weight = kept[2].states["weight"]
    apart_deg = orientation_distance_deg(circuit.branch_preferred_deg, ADAPTER_DEG)
    cells = measure_adaptation(session.recording).cells
    cells = cells[cells["group"] == "near"]

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.plot(apart_deg.ravel(), weight.ravel(), ".", ms=3, color="#7b8794")
    edges = np.arange(0, 100, 10)
    place = np.digitize(apart_deg.ravel(), edges) - 1
    means = [weight.ravel()[place == k].mean() for k in range(len(edges) - 1)]
    left.plot(edges[:-1] + 5, means, "o-", color="#e0701a", label="mean")
    left.axhline(1, color="black", lw=0.6, ls=":")
    left.set_xlabel("branch's orientation from the adapter [deg]")
    left.set_ylabel("weight after 12 min")
    left.legend(frameon=False)
    right.errorbar(
        cells["distance_deg"], cells["shift_towards_deg"], yerr=cells["error_deg"], fmt="o", ms=3,
        lw=0.7, color="#2f7ed8",
    )  # fmt: skip
    right.axhline(0, color="black", lw=0.6, ls=":")
    right.set_xlabel("cell's orientation from the adapter [deg]")
    right.set_ylabel("shift towards the adapter [deg]")
    right.set_title(f"{len(cells)} cells, standard errors where known", fontsize=9)
    figure.savefig("one_adapter.png", dpi=150)
    print("one_adapter.png")


if __name__ == "__main__":
    main()
