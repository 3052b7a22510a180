"""What is shown: an ordered list of gratings and blanks."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from ketacortex.settings import Settings


class GratingSequence(Settings):
    """Gratings of evenly spaced orientations and blanks in random order, grey before each."""

    n_orientations: Annotated[int, Field(ge=4, le=36, description="orientations in 180 deg")] = 12
    repeats: Annotated[int, Field(ge=2, le=10_000, description="trials of each orientation")] = 12
    blanks: Annotated[int, Field(ge=0, le=100_000, description="trials without a grating")] = 48
    duration_s: Annotated[float, Field(gt=0, le=10, description="of a grating [s]")] = 0.6
    gap_s: Annotated[float, Field(ge=0, le=10, description="grey before each trial [s]")] = 0.3

    @property
    def n_trials(self) -> int:
        """Gratings and blanks together."""
        return self.n_orientations * self.repeats + self.blanks

    @property
    def total_s(self) -> float:
        """Time that the sequence takes."""
        return self.n_trials * (self.duration_s + self.gap_s)


def draw_trials(sequence: GratingSequence, rng: np.random.Generator) -> pd.DataFrame:
    """Trials in random order, every orientation once in each block.

    Returns
    -------
    one row a trial: `onset_s`, `offset_s` from the start of the sequence, and `orientation_deg`,
    NaN for a blank

    Examples
    --------
    >>> sequence = GratingSequence(n_orientations=4, repeats=2, blanks=1)
    >>> draw_trials(sequence, np.random.default_rng(0)).orientation_deg.count()
    np.int64(8)
    """
    step = 180.0 / sequence.n_orientations
    blocks = []
    blank_in_block = np.diff(
        np.round(np.linspace(0, sequence.blanks, sequence.repeats + 1)).astype(int)
    )
    for n_blank in blank_in_block:
        block = np.concatenate(
            [np.arange(sequence.n_orientations) * step, np.full(n_blank, np.nan)]
        )
        blocks.append(rng.permutation(block))
    orientation = np.concatenate(blocks)
    onset = np.arange(len(orientation)) * (sequence.duration_s + sequence.gap_s) + sequence.gap_s
    return pd.DataFrame(
        {
            "onset_s": onset,
            "offset_s": onset + sequence.duration_s,
            "orientation_deg": orientation,
        }
    )
