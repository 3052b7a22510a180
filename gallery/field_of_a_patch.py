"""The extracellular potential (LFP) of a patch under a grating, at eight depths.

    python gallery/field_of_a_patch.py --out field_of_a_patch.png

One second of blank is saved; from the saved state the same cortex is shown a grating, and nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ketacortex import CircuitSettings, build_circuit
from ketacortex.model.v1_network import network_of
from ketacortex.seeds import generator
from ketacortex.simulate.engine import STEPS_PER_S, Cortex
from ketacortex.simulate.field import FieldSites
from ketacortex.simulate.show import afferent_tuning
from ketacortex.stimulus.afferent_spikes import AfferentSpikes

DEPTHS_UM = np.arange(50.0, 650.0, 75.0)
SHOWN_S = 1.0


def electrodes_in(circuit) -> FieldSites:
    """A shank through the middle of the patch, and where every compartment lies."""
    p, centre_um = circuit.settings.pyr, circuit.settings.patch.width_um / 2
    across = np.concatenate(
        [np.tile(circuit.position_um[: p.n], (p.n_branches, 1)), circuit.position_um]
    )
    depth = np.concatenate([circuit.branch_depth_um.ravel(), circuit.depth_um])
    shank = np.column_stack([np.full((len(DEPTHS_UM), 2), centre_um), DEPTHS_UM])
    return FieldSites(electrode_um=shank, compartment_um=np.column_stack([across, depth]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("field_of_a_patch.png"))
    arguments = parser.parse_args()
    circuit = build_circuit(CircuitSettings(), 1)
    network, sites = network_of(circuit), electrodes_in(circuit)
    n_steps = round(SHOWN_S * STEPS_PER_S)
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.5), sharey=True, layout="constrained")
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "cortex.npz"
        afferents = AfferentSpikes(afferent_tuning(circuit), generator("gallery"))
        cortex = Cortex(network, 1, field=sites)
        cortex.run(n_steps, *afferents.stretch(np.nan, SHOWN_S, STEPS_PER_S))
        cortex.save(kept)
        for axis, orientation, name in zip(axes, (np.nan, 0.0), ("blank", "grating"), strict=True):
            cortex = Cortex(network, 1, field=sites)
            cortex.restore(kept)
            shown = AfferentSpikes(afferent_tuning(circuit), generator("gallery", name))
            cortex.run(n_steps, *shown.stretch(orientation, SHOWN_S, STEPS_PER_S))
            field = cortex.take_field()
            scale = 60.0 / 2.0  # 2 µV are 60 µm of the axis: 240 cells make no more
            for depth, trace in zip(DEPTHS_UM, (field - field.mean(axis=0)).T, strict=True):
                axis.plot(np.arange(len(trace)), depth - scale * trace, color="#35618f", lw=0.7)
            axis.set(title=name, xlabel="ms", ylim=(680, -20))
    axes[0].set_ylabel("depth (µm)")
    axes[1].plot([960, 960], [640, 640 - 60], color="k", lw=2)
    axes[1].text(950, 612, "2 µV", ha="right", va="center")
    figure.savefig(arguments.out, dpi=120)
    print(arguments.out)


if __name__ == "__main__":
    main()
