"""How far serotonin cuts the release of the cortex's afferents."""

from __future__ import annotations

from ketacortex.evidence.constants import Constant

TERMINALS = (
    "5-HT1B receptors on thalamocortical terminals, Laurent et al. 2002, "
    "10.1046/j.0953-816x.2001.01889.x (remembered: release is cut by a third or so); the size in "
    "visual cortex is assumed"
)

DEEPEST_CUT = Constant(
    value=0.3, unit="share", low=0.1, high=0.5, source=TERMINALS, grade="assumed"
)
HALF_CUT = Constant(value=1.0, unit="µM", low=0.1, high=10.0, source=TERMINALS, grade="assumed")
