"""Adapters, training and pauses: their pieces stand for the whole."""

import numpy as np
import pytest

from ketacortex.stimulus.day import Adapter, Grey, Measured, Training
from ketacortex.stimulus.epochs import Passing
from ketacortex.stimulus.grating import GratingSequence

SCREENS = [
    Grey(),
    Adapter(orientation_deg=30.0),
    Training(reference_deg=2.0, offset_deg=5.0),
    Measured(sequence=GratingSequence(n_orientations=6, repeats=4, blanks=8)),
]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda s: type(s).__name__)
def test_many_pieces_show_every_orientation_for_its_share_of_the_time(screen):
    pieces = screen.pieces(6000, np.random.default_rng(0))
    total_s = sum(duration_s for _, duration_s in pieces)
    shown = dict(screen.shares())
    assert sum(shown.values()) <= 1 + 1e-12
    for orientation_deg, share in shown.items():
        of_it_s = sum(d for o, d in pieces if o == orientation_deg)
        assert of_it_s / total_s == pytest.approx(share, rel=0.02)
    grey_s = sum(d for o, d in pieces if np.isnan(o))
    assert grey_s / total_s == pytest.approx(1 - sum(shown.values()), abs=0.01)


def test_training_shows_both_sides_of_the_reference_round_the_circle():
    assert sorted(o for o, _ in Training(reference_deg=2.0, offset_deg=5.0).shares()) == [7, 177]


def test_an_adapter_leaves_the_rest_of_its_epoch_grey_and_a_control_all_of_it():
    adapter = Adapter(orientation_deg=45.0, duration_s=60.0)
    epoch = Passing(kind="adapt", duration_s=100.0, adapter=adapter)
    assert [(type(s).__name__, t) for s, t in epoch.screens()] == [("Adapter", 60), ("Grey", 40)]
    assert epoch.log() == {"adapter_deg": 45.0, "adapter_s": 60.0}
    control = epoch.model_copy(update={"is_shown": False})
    assert [(type(s).__name__, t) for s, t in control.screens()] == [("Grey", 100)]
    assert control.log() == {"adapter_deg": 45.0, "adapter_s": 0.0}
