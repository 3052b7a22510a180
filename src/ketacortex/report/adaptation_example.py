"""The cells of the example animal after an adapter, measured again for what tables cannot show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ketacortex.analyse.adaptation import measure_adaptation
from ketacortex.analyse.adaptation_values import ADAPTATION_CHANGES, NEAR_OSI
from ketacortex.analyse.adapted_epochs import ADAPTER_KIND, AdaptedEpoch, adapted_epochs
from ketacortex.analyse.responses import collect_responses
from ketacortex.report.by_time import Times, shown_most, times_of
from ketacortex.report.tables import Material


@dataclass(frozen=True, kw_only=True)
class ExampleAdaptation:
    """What the example animal shows in the arm in which it saw most of an adapter.

    Parameters
    ----------
    arm : that arm
    times : from the start of its first adapter
    adapted : its measurements after adapters
    cells : of `AdaptationFindings`, those of the main population
    """

    arm: str
    times: Times
    adapted: tuple[AdaptedEpoch, ...]
    cells: pd.DataFrame

    def of_epoch(self, epoch: str) -> AdaptedEpoch | None:
        """The measurement of that name, None if it is not one after an adapter."""
        return next((one for one in self.adapted if one.epoch == epoch), None)

    @property
    def longest(self) -> AdaptedEpoch | None:
        """The first measurement after all of the adapter of the first bout."""
        at_once = [one for one in self.adapted if one.bout == 1 and one.place == 0]
        return max(at_once, key=lambda one: one.adapter_s, default=None)


def has_adaptation(material: Material) -> bool:
    """Whether anything was measured after an adapter."""
    return bool(material.pairs["measure"].isin([*ADAPTATION_CHANGES, NEAR_OSI]).any())


def example_adaptation(material: Material) -> ExampleAdaptation | None:
    """The example animal, measured once; None where no recording of it has an adapter."""
    recording = shown_most(material, ADAPTER_KIND)
    if recording is None:
        return None
    arm = next(one.arm for one in material.examples if one.recording is recording)
    times = times_of(recording, ADAPTER_KIND)
    cells = measure_adaptation(recording).cells
    is_shown = np.asarray(material.is_main(cells), bool)
    # Trials may name epochs that the table of epochs does not have.
    is_shown = is_shown & cells["epoch"].isin(list(times.minutes)).to_numpy(bool)
    return ExampleAdaptation(
        arm=arm,
        times=times,
        adapted=adapted_epochs(recording, collect_responses(recording)),
        cells=cells[is_shown],
    )
