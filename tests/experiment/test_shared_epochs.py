"""Epochs on disk: what was kept comes back, and a file without its end does not stop anything."""

import numpy as np
import pytest

from ketacortex.experiment.shared_epochs import SharedEpochs
from ketacortex.simulate.engine import Spikes
from ketacortex.simulate.probes import Probed
from ketacortex.simulate.show import Shown


def shown():
    spikes = Spikes(np.array([3, 8], np.int64), np.array([1, 0], np.int32))
    return Shown(spikes, Probed(), {"weight": np.array([0.9, 1.1])})


def never():
    raise AssertionError("it is kept already")


def test_what_was_kept_comes_back(tmp_path):
    keep = SharedEpochs(tmp_path)
    keep("key", shown)
    again = keep("key", never)
    np.testing.assert_array_equal(again.spikes.step, [3, 8])
    np.testing.assert_array_equal(again.states["weight"], [0.9, 1.1])


@pytest.mark.parametrize("left", [0, 40, -30])
def test_a_file_that_lost_its_end_is_made_anew(tmp_path, left):
    keep = SharedEpochs(tmp_path)
    keep("key", shown)
    path = tmp_path / "key.npz"
    path.write_bytes(path.read_bytes()[:left])
    again = keep("key", shown)
    np.testing.assert_array_equal(again.states["weight"], [0.9, 1.1])
    np.testing.assert_array_equal(keep("key", never).spikes.cell, [1, 0])
