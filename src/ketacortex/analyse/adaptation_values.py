"""Names of what adaptation does to tuning, and why each may be missing."""

from __future__ import annotations

from ketacortex.analyse.adapted_epochs import AdaptedEpoch
from ketacortex.analyse.epoch_pairs import MIN_TUNED_UNITS
from ketacortex.analyse.flanks_by_class import FLANK_MEASURES
from ketacortex.analyse.neighbours import DISCORDANT, NEIGHBOUR_MEASURES

ADAPTED_MEASURES = (
    "attractive_share",
    "repulsive_share",
    "attraction_balance",
    "shift_towards_deg",
    *FLANK_MEASURES,
    "synchrony_by_convergence",
    *NEIGHBOUR_MEASURES,
    DISCORDANT,
    "remote_shift_excess_deg",
)
"""Of every measurement after an adapter."""
SINCE_FIRST_MEASURES = (
    "shift_towards_since_first_deg",
    "attraction_balance_since_first",
    "turned_share",
)
"""Of those after the first of their bout."""
SECOND_BOUT_MEASURES = (
    "second_minus_first_balance",
    "second_minus_first_towards_deg",
    "second_minus_first_size_deg2",
)
"""Of the second bout."""
RECOVERY_MEASURES = (
    "recovery_slope",
    "recovery_small_deg",
    "recovery_5_to_10_deg",
    "recovery_10_to_15_deg",
    "recovery_large_deg",
    "small_shift_growth_deg2",
)
"""Of those after the first since the latest adapter."""
DIVIDED_BY = {
    "recovery_slope": "the mean square of the shift",
    **dict.fromkeys(RECOVERY_MEASURES[1:-1], "the number of cells that had moved as far"),
}
"""What ratios divide by, deg^2 and cells, in words."""
NEAR_OSI = "near_osi"
ADAPTATION_CHANGES = (
    *ADAPTED_MEASURES,
    *SINCE_FIRST_MEASURES,
    *SECOND_BOUT_MEASURES,
    *RECOVERY_MEASURES,
)
"""Measures of the change itself: they have no value before."""

_MORE = "; record more cells, or more trials"
_FEW = (
    f"fewer than {MIN_TUNED_UNITS} tuned cells prefer an orientation 22.5 to 67.5 degrees from the "
    f"adapter{_MORE}"
)
_FEW_OF_CLASS = (
    f"fewer than {MIN_TUNED_UNITS} cells moved that way by more than 5 degrees, or not the same "
    f"orientations are shown{_MORE}"
)
_FEW_NEIGHBOURS = (
    "fewer than 10 pairs of cells near the adapter's orientation lie within 200 um, or as many "
    "further apart; give x_um and y_um of more cells"
)
REASONS = {
    **dict.fromkeys(ADAPTED_MEASURES, _FEW),
    **dict.fromkeys(SINCE_FIRST_MEASURES, _FEW),
    **dict.fromkeys(SECOND_BOUT_MEASURES, _FEW),
    **dict.fromkeys(FLANK_MEASURES, _FEW_OF_CLASS),
    **dict.fromkeys(NEIGHBOUR_MEASURES, _FEW_NEIGHBOURS),
    DISCORDANT: (
        f"fewer than {MIN_TUNED_UNITS} cells surely moved with their neighbours, or against them; "
        "give x_um and y_um of more cells, or more trials"
    ),
    "synchrony_by_convergence": (
        "fewer than 10 pairs of tuned cells have 50 spikes in each half of the trials" + _MORE
    ),
    "remote_shift_excess_deg": (
        f"fewer than {MIN_TUNED_UNITS} cells that prefer other orientations are tuned in both "
        f"halves of both{_MORE}"
    ),
    NEAR_OSI: _FEW,
    **dict.fromkeys(
        RECOVERY_MEASURES,
        "a state was shown with too few trials of an orientation to be measured in independent "
        "parts; show 3 or more",
    ),
}
"""Why a measure is missing, as the end of a sentence about two epochs."""
NO_SUCH_MEASUREMENT = (
    "nothing was measured after the same time with the adapter in the first bout; measure both "
    "bouts alike"
)
NOTHING_AFTER = (
    "there is an adapter but no measurement both before and after it, so nothing says from where a "
    "cell moved; show gratings on either side of it."
)


def measures_of(adapted: AdaptedEpoch) -> tuple[str, ...]:
    """The changes that a measurement can show by its place among the adapters."""
    return (
        *ADAPTED_MEASURES,
        *(SINCE_FIRST_MEASURES if adapted.epoch != adapted.first else ()),
        *(SECOND_BOUT_MEASURES if adapted.bout == 2 else ()),
        *(RECOVERY_MEASURES if adapted.place else ()),
    )
