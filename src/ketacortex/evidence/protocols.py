"""How doses were given in the experiments that the model is held against."""

from __future__ import annotations

from ketacortex.evidence.constants import Constant

OUELHAZI = "Ouelhazi et al. 2019, 10.1016/j.brainres.2019.146462: paper of 1 x 1 mm, 10 mg/ml"

PAPER_CONCENTRATION = Constant(
    value=10.0, unit="mg/ml", low=10.0, high=10.0, source=OUELHAZI, grade="read"
)
"""Of the solution in which filter paper was soaked."""

PAPER_SIDE = Constant(
    value=1000.0, unit="µm", low=1000.0, high=1000.0, source=OUELHAZI, grade="read"
)

PAPER_OFFSET = Constant(
    value=500.0, unit="µm", low=0.0, high=1500.0,
    source="assumed: the paper lay beside the electrode, so its edge is taken to be there",
    grade="assumed",
)  # fmt: skip
"""From the recorded cells to the middle of the paper."""

PAPER_TRANSFER = Constant(
    value=3.5e-4, unit="ratio", low=1e-5, high=1.0,
    source="fitted: a peak of 1 µM, averaged over the branches and interneurons of the patch, "
    "because prototype circuits showed A2-A4 at 0.3-3 µM; at this value A2-A4 are no predictions. "
    "Unknown over orders of magnitude",
    grade="fitted",
)  # fmt: skip
"""Concentration at the top of the tissue over that in the paper."""
