"""Epochs of a day as they are shown: one that is measured, or one in which time passes."""

from __future__ import annotations

from typing import Literal

from ketacortex.settings import Settings
from ketacortex.stimulus.day import Adapter, Grey, Screen, Training
from ketacortex.stimulus.grating import GratingSequence

Kind = Literal["wait", "adapt", "recover", "train"]


class Passing(Settings):
    """An epoch in which nothing is recorded.

    Parameters
    ----------
    kind : what it is called
    duration_s : s
    adapter, training : what is shown; the screen is grey without either
    is_shown : False where the time passes with a grey screen instead, as a control
    """

    kind: Kind
    duration_s: float
    adapter: Adapter | None = None
    training: Training | None = None
    is_shown: bool = True

    @property
    def total_s(self) -> float:
        """Time that it takes."""
        return self.duration_s

    def screens(self) -> list[tuple[Screen, float]]:
        """What is on the screen, one after the other, and for how long, s."""
        shown = self.adapter or self.training
        if shown is None or not self.is_shown:
            return [(Grey(), self.duration_s)]
        shown_s = self.shown_s
        rest_s = self.duration_s - shown_s
        return [(shown, shown_s)] + ([(Grey(), rest_s)] if rest_s > 0 else [])

    @property
    def shown_s(self) -> float:
        """Time with the adapter, or the training, on the screen, s."""
        if not self.is_shown or (self.adapter is None and self.training is None):
            return 0.0
        of_adapter_s = None if self.adapter is None else self.adapter.duration_s
        return self.duration_s if of_adapter_s is None else of_adapter_s

    def log(self) -> dict[str, float]:
        """What it adds to its row of the table of epochs."""
        row: dict[str, float] = {}
        if self.adapter is not None:
            row = {"adapter_deg": self.adapter.orientation_deg, "adapter_s": self.shown_s}
        elif self.training is not None:
            row = {"reference_deg": self.training.reference_deg, "train_s": self.shown_s}
        return row


Epoch = GratingSequence | Passing
