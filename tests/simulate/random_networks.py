"""Networks of random shape: any populations, branches, delays, receptors and plasticity."""

import numpy as np

from ketacortex.model.network import (
    AFFERENTS,
    Adaptation,
    Branches,
    Hcn,
    Network,
    Noise,
    Pathway,
    Population,
    ShortTerm,
    sort_synapses,
)

N_AFFERENTS = 40


def random_network(seed: int) -> Network:
    """Two to four populations of 10 to 40 cells; at least one excites, the last inhibits."""
    rng = np.random.default_rng(seed)
    populations = tuple(_population(k, rng) for k in range(rng.integers(2, 5)))
    inhibits = {populations[-1].name} | {p.name for p in populations[1:-1] if rng.random() < 0.5}
    first = np.cumsum([0, *(p.n_compartments for p in populations)])
    cell = np.cumsum([0, *(p.n for p in populations)])
    pathways, parts, afferent_parts = [], [], []
    for i, source in enumerate((*populations, None)):
        for j, target in enumerate(populations):
            name = AFFERENTS if source is None else source.name
            excites = name not in inhibits
            n_source = N_AFFERENTS if source is None else source.n
            onto = "somata" if target.branches is None or not excites else "branches"
            short_term = None
            if source is not None and rng.random() < 0.5:
                short_term = ShortTerm(
                    release=rng.uniform(0.2, 0.6), facilitation_ms=rng.choice([0.0, 150.0]),
                    depression_ms=rng.choice([0.0, 200.0]),
                ) if excites else None  # fmt: skip
            pathways.append(
                Pathway(
                    source=name, target=target.name, onto=onto, short_term=short_term,
                    sign="excitatory" if excites else "inhibitory",
                    nmda_ratio=rng.uniform(0.2, 1.5) if excites else 0.0,
                )
            )  # fmt: skip
            n_in = 20 if source is None else max(n_source // 5, 1)
            pre = np.concatenate([rng.choice(n_source, n_in, False) for _ in range(target.n)])
            post = np.repeat(np.arange(target.n), n_in)
            branch = rng.integers(0, max(target.n_branches, 1), len(post))
            row = branch if onto == "branches" else np.full(len(post), target.n_branches)
            weight = rng.uniform(0.1, 0.5, len(post)) * (1.0 if excites else 3.0)
            part = (
                pre + (0 if source is None else cell[i]), first[j] + row * target.n + post,
                rng.integers(5, 40, len(post)), weight, np.full(len(post), len(pathways) - 1),
            )  # fmt: skip
            (afferent_parts if source is None else parts).append(part)
    together = [np.concatenate(column) for column in zip(*parts, strict=True)]
    afferents = [np.concatenate(column) for column in zip(*afferent_parts, strict=True)]
    afferents[2][:] = 0
    return Network(
        populations=populations,
        pathways=tuple(pathways),
        noise=tuple(
            Noise(population=p.name, rate_hz=500.0 / p.n_branches if p.branches else 350.0,
                  ampa_nanosiemens=1.5, nmda_ratio=rng.choice([0.0, 0.5]))
            for p in populations
        ),
        synapses=sort_synapses(int(cell[-1]), *together),
        afferents=sort_synapses(N_AFFERENTS, *afferents),
        mg_ratio=0.28, mg_ratio_glun2d=0.046, mg_slope_per_mv=0.062, gaba_reversal_mv=-75.0,
    )  # fmt: skip


def _population(k: int, rng: np.random.Generator) -> Population:
    n, n_branch = int(rng.integers(10, 41)), int(rng.integers(1, 9))
    branched = k == 0 or rng.random() < 0.3
    rows = n_branch if branched else 1
    hcn = Hcn(
        nanosiemens=rng.uniform(0, 1.5, (n_branch + 1 if branched else 1, n)),
        half_mv=-80.0, slope_mv=8.0, reversal_mv=-35.0, relaxation_ms=40.0,
    ) if rng.random() < 0.5 else None  # fmt: skip
    return Population(
        name=f"p{k}", n=n, threshold_mv=rng.uniform(-53, -49, n),
        capacitance_pf=rng.uniform(80, 150), leak_nanosiemens=rng.uniform(6, 10),
        leak_reversal_mv=rng.uniform(-72, -68), reset_mv=-60.0,
        refractory_ms=rng.uniform(1, 3), current_pa=rng.uniform(0, 20),
        adaptation=Adaptation(jump=rng.uniform(0.1, 1.0), reversal_mv=-80.0)
        if rng.random() < 0.5 else Adaptation(jump=rng.uniform(5, 20), reversal_mv=None),
        branches=Branches(n=n_branch, capacitance_pf=25.0, leak_nanosiemens=1.0,
                          coupling_nanosiemens=3.0, gaba_decay_ms=10.0) if branched else None,
        hcn=hcn, ampa_decay_ms=2.0, nmda_rise_ms=3.0, nmda_decay_ms=60.0, gaba_decay_ms=6.0,
        nmda_ceiling_nanosiemens=float(rng.choice([15.0, 25.0, np.inf])),
        nmda_gain=rng.lognormal(0, 0.5, (rows, n)),
        glun2d_share=0.0 if branched else float(rng.choice([0.0, 0.3])),
    )  # fmt: skip


def random_events(n_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of every afferent at 20 Hz, drawn beforehand."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(20.0 * N_AFFERENTS * n_steps * 1e-4)
    return np.sort(rng.integers(0, n_steps, n)), rng.integers(0, N_AFFERENTS, n)
