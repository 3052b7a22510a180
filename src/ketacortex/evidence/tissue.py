"""How a small drug moves through cortex, and how much of it a piece of filter paper holds.

The first three belong together: storage slows diffusion, and perfusion empties what is stored.
"""

from __future__ import annotations

from ketacortex.evidence.constants import Constant

APPARENT_DIFFUSION = Constant(
    value=5e-7, unit="cm²/s", low=1e-7, high=2.7e-6,
    source="derived: 7e-6 cm²/s in water at 37 C (Stokes-Einstein, remembered) over a tortuosity "
    "of 1.6 squared (Nicholson & Sykova 1998, 10.1016/S0166-2236(98)01261-2, in Hrabe et al. 2004, "
    "10.1529/biophysj.103.039495; PMC3500962) is 2.7e-6, less for reversible binding to tissue; "
    "lowest if only extracellular space conducts, highest if cells do as well",
    grade="derived",
)  # fmt: skip
"""Of free and stored drug together."""

WASHOUT = Constant(
    value=0.2, unit="1/min", low=0.12, high=0.27,
    source="derived: limited by flow, 0.8 ml/(g min) of blood over a brain:plasma ratio of 3-6.5 "
    "(the latter Cohen 1973, rat); anaesthesia lowers the flow",
    grade="derived",
)  # fmt: skip
"""Share of the drug in tissue that blood carries off."""

STORAGE = Constant(
    value=6.0, unit="ml/g", low=6.0, high=13.0,
    source="derived: unbound volume of distribution in brain of a lipophilic amine, about "
    "6-13 ml/g; 1 g of tissue taken as 1 ml",
    grade="derived",
)  # fmt: skip
"""All drug in tissue over the free concentration."""

PAPER_CAPACITY = Constant(
    value=0.14, unit="µl/mm²", low=0.042, high=0.42,
    source="derived: filter paper 0.2 mm thick, of which 0.7 is pores; 0.3 to 3 times as much",
    grade="derived",
)  # fmt: skip
"""Solution in soaked filter paper."""

EXTRACELLULAR_VOLUME_FRACTION = Constant(
    value=0.20, unit="ratio", low=0.15, high=0.25,
    source="Nicholson & Sykova 1998, 10.1016/S0166-2236(98)01261-2, in Hrabe et al. 2004, "
    "10.1529/biophysj.103.039495",
    grade="read",
)  # fmt: skip
"""Space between cells over all of the tissue; fluid that is injected fills it at first."""
