"""D1, one fixed network for several engines: 400 pyramids with 6 branches, 60 PV and 40 SST cells.

Connectivity is drawn once with in-degrees that do not depend on the scale. Every engine takes its
numbers from here and from nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DT_MS = 0.1
N_BRANCH = 6
FIRST_DELAY, N_DELAY = 10, 10  # steps: 1.0 to 1.9 ms
PATHWAYS = ("E->E", "E->I", "PV->soma", "SST->branch", "I->I")
WEIGHT_NANOSIEMENS = (0.2, 0.15, 0.8, 0.4, 0.5)
BRANCH_NOISE_HZ, BRANCH_NOISE_NANOSIEMENS = 300.0, 0.42
INTERNEURON_NOISE_HZ, INTERNEURON_NOISE_NANOSIEMENS = 1200.0, 0.25


@dataclass(frozen=True)
class Connectivity:
    """Synapses of D1 sorted by source, delay and target.

    Compartment `b * n_pyr + i` is branch `b` of pyramid `i`, then come somata, then interneurons.
    """

    n_pyr: int
    n_pv: int
    n_sst: int
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    pathway: NDArray[np.int32]
    delay: NDArray[np.int32]

    @property
    def n_cells(self) -> int:
        return self.n_pyr + self.n_pv + self.n_sst


def draw(scale: int = 1, seed: int = 7) -> Connectivity:
    """Connectivity at `scale` times the cells and the same number of inputs to each."""
    rng = np.random.default_rng(seed)
    n_pyr, n_pv, n_sst = 400 * scale, 60 * scale, 40 * scale
    n_inter = n_pv + n_sst
    inter = 7 * n_pyr

    def inputs(n_source: int, n_target: int, n_in: int) -> tuple[NDArray, NDArray]:
        source = np.concatenate(
            [rng.choice(n_source, n_in, replace=False) for _ in range(n_target)]
        )
        return source, np.repeat(np.arange(n_target), n_in)

    parts = []
    source, target = inputs(n_pyr, n_pyr, 40)
    other = source != target
    source, target = source[other], target[other]
    parts.append((source, rng.integers(0, N_BRANCH, len(source)) * n_pyr + target))
    source, target = inputs(n_pyr, n_inter, 120)
    parts.append((source, inter + target))
    source, target = inputs(n_pv, n_pyr, 18)
    parts.append((n_pyr + source, 6 * n_pyr + target))
    source, target = inputs(n_sst, n_pyr, 12)
    parts.append((n_pyr + n_pv + source, rng.integers(0, N_BRANCH, len(source)) * n_pyr + target))
    source, target = inputs(n_inter, n_inter, 30)
    parts.append((n_pyr + source, inter + target))
    source = np.concatenate([part[0] for part in parts]).astype(np.int32)
    target = np.concatenate([part[1] for part in parts]).astype(np.int32)
    pathway = np.repeat(np.arange(5), [len(part[0]) for part in parts]).astype(np.int32)
    delay = rng.integers(FIRST_DELAY, FIRST_DELAY + N_DELAY, len(source)).astype(np.int32)
    order = np.lexsort((target, delay, source))
    return Connectivity(
        n_pyr, n_pv, n_sst, source[order], target[order], pathway[order], delay[order]
    )


def save(net: Connectivity, folder: Path) -> Path:
    """Write the connectivity for the engines that run in another process; returns the .npz file."""
    pointer = np.searchsorted(
        net.source.astype(np.int64) * N_DELAY + net.delay - FIRST_DELAY,
        np.arange(net.n_cells * N_DELAY + 1),
    ).astype(np.int32)
    path = folder / f"d1-{net.n_pyr}.npz"
    np.savez(
        path, n_pyr=net.n_pyr, n_pv=net.n_pv, n_sst=net.n_sst, source=net.source,
        target=net.target, pathway=net.pathway, delay=net.delay,
    )  # fmt: skip
    with path.with_suffix(".bin").open("wb") as file:
        np.array([net.n_pyr, net.n_pv, net.n_sst, len(net.source)], np.int32).tofile(file)
        pointer.tofile(file)
        net.target.tofile(file)
        net.pathway.tofile(file)
    return path
