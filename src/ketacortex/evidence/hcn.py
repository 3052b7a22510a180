"""HCN1 channels: what a blocker does to them, and how they are spread over a pyramidal cell."""

from __future__ import annotations

from ketacortex.evidence.constants import Constant

CHEN = "Chen et al. 2009, 10.1523/JNEUROSCI.3481-08.2009"

LARGEST_LOSS = Constant(
    value=0.5, unit="share", low=0.3, high=0.6, source=f"{CHEN}, of the conductance at saturation",
    grade="remembered",
)  # fmt: skip
"""Of the HCN conductance, once every channel has bound a blocker."""

LARGEST_SHIFT = Constant(
    value=-14.0, unit="mV", low=-20.0, high=-8.0,
    source=f"derived: -10 mV at 20 µM ({CHEN}, remembered) is 20 / (20 + 8) of the whole at an "
    "IC50 of 8 µM",
    grade="derived",
)  # fmt: skip
"""Of the half activation, once every channel has bound a blocker."""
