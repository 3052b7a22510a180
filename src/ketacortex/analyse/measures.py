"""Names of all that changes between epochs, as the table of effects knows them."""

from __future__ import annotations

from ketacortex.analyse import dendrites, membrane
from ketacortex.analyse.adaptation_values import ADAPTATION_CHANGES, NEAR_OSI
from ketacortex.analyse.epoch_pairs import PAIR_MEASURES
from ketacortex.analyse.network_values import (
    GAINED,
    NETWORK_MEASURES,
    TURNOVER_MEASURES,
    at_both_rates,
)
from ketacortex.analyse.training import TRAINING_MEASURES

CHANGING_MEASURES = (
    *PAIR_MEASURES,
    *dendrites.REASONS,
    *membrane.REASONS,
    *at_both_rates((*NETWORK_MEASURES, *TURNOVER_MEASURES, GAINED)),
    *ADAPTATION_CHANGES,
    NEAR_OSI,
    *TRAINING_MEASURES,
)
