"""Two recordings as two epochs: no spike changes its trial, no unit its name."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ketacortex.errors import DataError
from ketacortex.recording.joining import join_epochs
from ketacortex.recording.recording import Channel, Subject
from ketacortex.recording.selection import only_epoch
from ketacortex.recording.tables import from_tables

SHOWN_DEG = np.tile(np.arange(6) * 30.0, 4)


def recorded(rng, *, units="abc", start_s=0.0, sample_rate_hz=1e4, **extra):
    onset_s = start_s + np.arange(len(SHOWN_DEG)) * 1.0
    trials = pd.DataFrame(
        {"onset_s": onset_s, "offset_s": onset_s + 0.5, "orientation_deg": SHOWN_DEG, **extra}
    )
    spikes = {u: np.sort(start_s + rng.random(200) * len(SHOWN_DEG)) for u in units}
    return from_tables(
        spikes=spikes, trials=trials, subject=Subject(identifier="cat"),
        sample_rate_hz=sample_rate_hz,
    )  # fmt: skip


def counts(recording):
    trials = recording.trials
    return recording.spike_counts(trials["onset_s"].to_numpy(), trials["offset_s"].to_numpy())


@pytest.mark.parametrize("rates_hz", [(1e4, 1e4), (1e4, 3e4), (3e4, 1e4)])
def test_every_trial_keeps_its_counts(rates_hz):
    rng = np.random.default_rng(0)
    one = recorded(rng, units="abc", sample_rate_hz=rates_hz[0])
    two = recorded(rng, units="cxa", start_s=7.3, sample_rate_hz=rates_hz[1])
    joined = join_epochs(one, two, ("day 1", "day 2"))
    assert list(joined.units.index) == ["a", "c"]
    assert list(joined.epochs["name"]) == ["day 1", "day 2"]
    np.testing.assert_array_equal(
        counts(joined), np.hstack([counts(one)[[0, 2]], counts(two)[[0, 1]]])
    )
    np.testing.assert_allclose(np.diff(joined.gaps_s), 1.0, atol=1e-3)


def test_what_only_one_table_tells_of_a_stimulus_makes_no_other_stimulus():
    rng = np.random.default_rng(1)
    joined = join_epochs(recorded(rng, contrast=0.5), recorded(rng), ("a", "b"))
    assert "contrast" not in joined.trials
    both = join_epochs(recorded(rng, contrast=0.5), recorded(rng, contrast=0.9), ("a", "b"))
    assert both.trials["contrast"].tolist() == [0.5] * len(SHOWN_DEG) + [0.9] * len(SHOWN_DEG)


def test_events_and_channels_move_with_their_recording():
    rng = np.random.default_rng(2)
    event = pd.DataFrame({"name": ["x"], "onset_s": [3.0], "duration_s": [0.1], "unit": ["b"]})
    channel = Channel(name="v", quantity="q", unit="mV", values=np.zeros(5, np.float32), rate_hz=10)
    one = recorded(rng)
    two = replace(recorded(rng), events=event, channels=(channel,))
    joined = join_epochs(one, two, ("a", "b"))
    moved_s = joined.epochs["start_s"][1] - two.start_s
    assert joined.events["onset_s"].tolist() == pytest.approx([3.0 + moved_s])
    assert joined.channels[0].start_s == pytest.approx(moved_s)


def test_other_units_and_an_unknown_epoch_are_clear_errors():
    rng = np.random.default_rng(3)
    with pytest.raises(DataError, match=r"no unit of the same name \(a, b, c ... against x, y"):
        join_epochs(recorded(rng), recorded(rng, units="xyz"), ("a", "b"))
    with pytest.raises(DataError, match="no trial belongs to an epoch 'drug'; there are all"):
        only_epoch(recorded(rng), "drug")
