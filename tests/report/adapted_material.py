"""Small adapted animals in three arms, measured as `analyse` measures them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analyse.adapted import adapted_session
from ketacortex.analyse.experience import measure_experience, with_experience
from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.session import measure_session
from ketacortex.recording.recording import Subject
from ketacortex.units import orientation_difference_deg

ADAPTER_DEG = 90.0
ADAPTER_S = 720.0
LATER_S = 1200.0
N_UNITS = 40
LEFT = {"drug": 0.2, "sham": 0.8, "retest": 0.0}
"""What is left later of the shift, in each arm; in the last nothing moves."""


def adapted_animal(arm, animal, seed):
    """60 % of cells attracted by 14 degrees, the others repelled, and some of it left later."""
    rng = np.random.default_rng(seed)
    preferred_deg = rng.uniform(0.0, 180.0, N_UNITS)
    side = np.sign(orientation_difference_deg(ADAPTER_DEG, preferred_deg))
    moved_deg = side * np.where(np.arange(N_UNITS) % 5 < 3, 14.0, -14.0) * (LEFT[arm] > 0)
    plan = [
        ("before", preferred_deg),
        ("before again", preferred_deg),
        (ADAPTER_S if LEFT[arm] else 0.0, ADAPTER_S),
        ("adapted", preferred_deg + moved_deg),
        ("adapted again", preferred_deg + moved_deg),
        ("later", preferred_deg + LEFT[arm] * moved_deg, {"wait_s": LATER_S}),
    ]
    recording = adapted_session(plan, rng, adapter_deg=ADAPTER_DEG, n_repeats=8)
    return replace(recording, subject=Subject(identifier=animal))


def adapted_sessions(n_animals=2):
    """Recordings, (arm, findings) of each, and effects over animals with a claim."""
    keys = [(arm, f"animal {k}") for k in range(n_animals) for arm in LEFT]
    recordings = [adapted_animal(arm, animal, seed) for seed, (arm, animal) in enumerate(keys)]
    sessions = [
        (arm, with_experience(measure_session(recording), measure_experience(recording)))
        for (arm, _), recording in zip(keys, recordings, strict=True)
    ]
    claims = {"drug_minus_sham": ("drug", "sham"), "sham_minus_retest": ("sham", "retest")}
    return recordings, sessions, compare_animals(sessions, claims)
