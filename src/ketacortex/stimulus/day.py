"""What a day in front of the screen is made of beside measurements: pauses, adapters, training.

Nothing is recorded meanwhile. Each says which orientations it shows for which share of its time,
which is all that slow changes need, and draws pieces that stand for the whole.
"""

from __future__ import annotations

from typing import Annotated, Protocol

import numpy as np
from pydantic import Field

from ketacortex.settings import Settings
from ketacortex.stimulus.grating import GratingSequence, draw_trials

PIECE_S = 0.9
"""Of a constant stimulus that stands for more of it."""
Piece = tuple[float, float]
"""Orientation in deg, NaN for grey, and for how long, s."""


class Screen(Protocol):
    """Something shown for a while."""

    @property
    def learning_gain(self) -> float:
        """By which plasticity is faster meanwhile."""

    def shares(self) -> list[Piece]:
        """Every orientation and its share of the time; the rest is grey."""

    def n_pieces(self, times: int) -> int:
        """How many pieces hold every orientation at least so often."""

    def pieces(self, n: int, rng: np.random.Generator) -> list[Piece]:
        """`n` pieces that stand for all that is shown."""


class Grey(Settings):
    """A grey screen."""

    learning_gain: float = 1.0

    def shares(self) -> list[Piece]:
        """No orientation at all."""
        return []

    def n_pieces(self, times: int) -> int:
        """No orientation, no piece."""
        return 0

    def pieces(self, n: int, rng: np.random.Generator) -> list[Piece]:
        """Grey, `n` times."""
        return [(np.nan, PIECE_S)] * n


class Adapter(Settings):
    """One grating without a break."""

    orientation_deg: Annotated[
        float, Field(ge=0, lt=180, description="orientation of the adapter [deg]")
    ]
    duration_s: Annotated[
        float | None,
        Field(gt=0, description="shown for so long, grey afterwards [s]; default: all its epoch"),
    ] = None

    @property
    def learning_gain(self) -> float:
        """As at any time."""
        return 1.0

    def shares(self) -> list[Piece]:
        """One orientation all the time."""
        return [(self.orientation_deg, 1.0)]

    def n_pieces(self, times: int) -> int:
        """There is one thing to see."""
        return times

    def pieces(self, n: int, rng: np.random.Generator) -> list[Piece]:
        """The adapter, `n` times."""
        return [(self.orientation_deg, PIECE_S)] * n


class Training(Settings):
    """Gratings on both sides of a reference to be told apart, and a reward that gates learning."""

    reference_deg: Annotated[
        float, Field(ge=0, lt=180, description="orientation that is discriminated around [deg]")
    ]
    offset_deg: Annotated[
        float, Field(gt=0, le=45, description="of the two gratings from the reference [deg]")
    ] = 5.0
    stimulus_s: Annotated[float, Field(gt=0, le=10, description="a grating lasts [s]")] = 0.6
    gap_s: Annotated[float, Field(ge=0, le=60, description="grey between two of them [s]")] = 0.3
    reward_gain: Annotated[
        float,
        Field(
            ge=0, le=20,
            description="by which plasticity is faster while reward is to be had; assumed",
        ),
    ] = 2.0  # fmt: skip

    @property
    def learning_gain(self) -> float:
        """That of the reward."""
        return self.reward_gain

    def shares(self) -> list[Piece]:
        """Both sides of the reference alike."""
        each = self.stimulus_s / (self.stimulus_s + self.gap_s) / 2
        return [(orientation_deg, each) for orientation_deg in self._both()]

    def n_pieces(self, times: int) -> int:
        """Both sides so often."""
        return 2 * times

    def pieces(self, n: int, rng: np.random.Generator) -> list[Piece]:
        """`n` trials, both sides as often as can be, in random order."""
        sides = rng.permutation(np.resize(self._both(), n))
        return [
            piece for side in sides for piece in ((np.nan, self.gap_s), (side, self.stimulus_s))
        ]

    def _both(self) -> tuple[float, float]:
        below, above = self.reference_deg - self.offset_deg, self.reference_deg + self.offset_deg
        return below % 180, above % 180


class Measured(Settings):
    """The gratings and blanks of a measurement, shown without recording."""

    sequence: GratingSequence
    learning_gain: float = 1.0

    def shares(self) -> list[Piece]:
        """Every orientation alike."""
        s = self.sequence
        each = s.repeats * s.duration_s / s.total_s
        return [(k * 180.0 / s.n_orientations, each) for k in range(s.n_orientations)]

    def n_pieces(self, times: int) -> int:
        """As many as hold every orientation so often beside their share of blanks."""
        return -(-times * self.sequence.n_trials // self.sequence.repeats)

    def pieces(self, n: int, rng: np.random.Generator) -> list[Piece]:
        """`n` trials, gratings and blanks in their shares.

        >>> sequence = GratingSequence(n_orientations=12, repeats=10, blanks=24)
        >>> screen = Measured(sequence=sequence)
        >>> pieces = screen.pieces(screen.n_pieces(2), np.random.default_rng(0))
        >>> shown = [o for o, _ in pieces if not np.isnan(o)]
        >>> bool(np.all(np.unique(shown, return_counts=True)[1] >= 2))
        True
        """
        every = draw_trials(self.sequence, rng)["orientation_deg"].sort_values().to_numpy()
        places = (np.arange(n) + rng.random()) / n * len(every)
        drawn = rng.permutation(every[places.astype(np.int64)])
        s = self.sequence
        return [piece for o in drawn for piece in ((np.nan, s.gap_s), (o, s.duration_s))]
