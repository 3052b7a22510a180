"""The spikes of each epoch: what is looked at, and the same made equal between epochs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from benchmarks.planted.networks import recording_of_trains

from ketacortex.analyse.network import network_by_orientation
from ketacortex.analyse.network_streams import (
    WHOLE,
    at_equal_rates,
    counts_within,
    network_streams,
    of_orientation,
)
from ketacortex.analyse.spike_stream import spike_stream
from ketacortex.errors import DataError

TWO = (("first", 0.0, 60.0), ("second", 60.0, 120.0))


def trains(seed=0, n_units=6, stop_s=120.0):
    rng = np.random.default_rng(seed)
    return [np.sort(rng.uniform(0.0, stop_s, rng.poisson(8.0 * stop_s))) for _ in range(n_units)]


def trials(orientation_deg, epochs, duration_s=0.5):
    onset_s = np.arange(len(orientation_deg), dtype=float)
    columns = {"onset_s": onset_s, "offset_s": onset_s + duration_s}
    return pd.DataFrame({**columns, "orientation_deg": orientation_deg, "epoch": epochs})


def alternating(n_first=60, n_second=60):
    """Two orientations in turn, fewer trials in one epoch if asked."""
    of_first = trials(np.tile([0.0, 90.0], 30), ["first"] * 60)
    of_second = trials(np.tile([0.0, 90.0], 30), ["second"] * 60)
    of_second[["onset_s", "offset_s"]] += 60.0
    return pd.concat([of_first[:n_first], of_second[:n_second]], ignore_index=True)


def recording(**about):
    return recording_of_trains(trains(), 120.0, **{"epochs": TWO, **about})


def test_gratings_alone_are_looked_at_where_there_are_any():
    shown = alternating()
    streams = network_streams(recording(trials=shown))
    assert list(streams) == ["first", "second"]
    for name, stream in streams.items():
        here = shown[shown["epoch"] == name]
        assert stream.duration_s == pytest.approx(0.5 * len(here))
        counts = recording().spike_counts(here["onset_s"].to_numpy(), here["offset_s"].to_numpy())
        np.testing.assert_array_equal(stream.n_spikes, counts.sum(axis=1))


def test_blanks_are_no_gratings():
    shown = alternating()
    shown.loc[::4, "orientation_deg"] = np.nan
    assert network_streams(recording(trials=shown))["first"].duration_s == pytest.approx(22.5)


def test_without_gratings_the_whole_epoch_but_for_gaps():
    gaps_s = np.array([[10.0, 15.0], [50.0, 70.0]])
    one = recording(gaps_s=gaps_s)
    streams = network_streams(one)
    assert {name: stream.duration_s for name, stream in streams.items()} == pytest.approx(
        {"first": 45.0, "second": 50.0}
    )
    assert [stream.n_windows.tolist() for stream in streams.values()] == [[400, 1400], [2000]]
    counts = one.spike_counts(np.array([0.0, 15.0]), np.array([10.0, 50.0]))
    np.testing.assert_array_equal(streams["first"].n_spikes, counts.sum(axis=1))


def test_without_epochs_the_whole_recording():
    (name,) = streams = network_streams(recording(epochs=()))
    assert name == WHOLE
    assert streams[name].duration_s == pytest.approx(120.0)


def test_epochs_come_in_order_of_time_with_and_without_gratings():
    streams = network_streams(recording(trials=alternating(n_first=0)))
    assert list(streams) == ["first", "second"]
    assert streams["first"].duration_s == pytest.approx(60.0)
    assert streams["second"].duration_s == pytest.approx(30.0)


@pytest.mark.parametrize("kind", ["adapt", "train", "wait", "recover"])
def test_what_is_not_measured_is_no_epoch_of_the_network_and_takes_nothing_from_others(kind):
    """It shows what no other does, or nothing: at equal trials nothing would be left of any."""
    plain = recording(trials=alternating())
    names, starts_s, stops_s = (
        ["first", "adapter", "second"],
        [0.0, 60.0, 60.0],
        [60.0, 60.0, 120.0],
    )
    epochs = pd.DataFrame({"name": names, "start_s": starts_s, "stop_s": stops_s})
    with_adapter = replace(plain, epochs=epochs.assign(kind=["", kind, ""]))
    streams = network_streams(with_adapter)
    assert list(streams) == ["first", "second"]
    for name, stream in at_equal_rates(streams, np.random.default_rng(0)).items():
        np.testing.assert_array_equal(stream.n_spikes, equal(plain)[name].n_spikes)


def test_one_orientation_is_its_trials():
    one = of_orientation(recording(trials=alternating()), "second", 90.0)
    onset_s = 61.0 + 2.0 * np.arange(30)
    np.testing.assert_array_equal(
        one.n_spikes, recording().spike_counts(onset_s, onset_s + 0.5).sum(axis=1)
    )


def equal(one, seed=0):
    return at_equal_rates(network_streams(one), np.random.default_rng(seed))


def test_equal_trials_of_each_stimulus_spread_over_the_epoch():
    shown = alternating(n_second=21)
    first, second = equal(recording(trials=shown)).values()
    for stream in (first, second):
        _, n_trials = np.unique(stream.condition, return_counts=True)
        assert n_trials.tolist() == [11, 10]
    assert first.duration_s == second.duration_s
    whole = network_streams(recording(trials=shown))["first"]
    kept = np.isin(whole.first_window, first.first_window)
    assert np.diff(np.flatnonzero(kept[::2])).max() <= 3


def test_equal_spikes_of_each_unit_that_were_there_before():
    before = network_streams(recording(trials=alternating(n_second=40)))
    first, second = at_equal_rates(before, np.random.default_rng(0)).values()
    np.testing.assert_array_equal(first.n_spikes, second.n_spikes)
    assert np.all(first.n_spikes <= before["second"].n_spikes)
    assert np.all(first.n_spikes > 0.8 * before["second"].n_spikes)
    for stream, name in ((first, "first"), (second, "second")):
        spikes = set(zip(before[name].sample, before[name].unit, strict=True))
        assert set(zip(stream.sample, stream.unit, strict=True)) <= spikes


def test_the_epoch_in_which_a_unit_fires_least_keeps_its_spikes():
    streams = network_streams(recording())
    found = at_equal_rates(streams, np.random.default_rng(0))
    fewest = np.min([stream.n_spikes for stream in streams.values()], axis=0)
    for stream in found.values():
        np.testing.assert_array_equal(stream.n_spikes, fewest)


def test_equal_time_from_the_beginning_without_gratings():
    gaps_s = np.array([[10.0, 40.0]])
    one = recording(gaps_s=gaps_s)
    first, second = equal(one).values()
    assert first.n_windows.tolist() == [400, 800]
    assert second.n_windows.tolist() == [1200]
    begins_s = one.spike_counts(np.array([60.0]), np.array([90.0])).sum(axis=1)
    assert np.all(second.n_spikes <= begins_s)


def test_trials_are_as_long_as_where_they_are_shortest():
    shown = alternating()
    shown.loc[shown["epoch"] == "second", "offset_s"] += 0.05
    first, second = equal(recording(trials=shown)).values()
    assert first.n_windows.tolist() == second.n_windows.tolist() == [20] * 60


def test_a_stimulus_that_one_epoch_does_not_have_is_left_out():
    shown = alternating()
    shown.loc[(shown["epoch"] == "second") & (shown["orientation_deg"] == 90.0),
              "orientation_deg"] = 45.0  # fmt: skip
    first, second = equal(recording(trials=shown)).values()
    assert len(np.unique(first.condition)) == 1
    np.testing.assert_array_equal(first.condition, second.condition)


@pytest.mark.parametrize("n_first", [0, 20])
def test_epochs_without_a_stimulus_in_common_keep_nothing(n_first):
    """Also one with gratings and one without: darkness is not the first of the stimuli."""
    shown = alternating(n_first=n_first)
    shown.loc[shown["epoch"] == "first", "orientation_deg"] = 45.0
    found = equal(recording(trials=shown))
    assert [stream.duration_s for stream in found.values()] == [0.0, 0.0]
    assert all(not stream.n_spikes.any() for stream in found.values())


def test_the_generator_alone_decides():
    one = recording(trials=alternating(n_second=40))
    for name, stream in equal(one).items():
        np.testing.assert_array_equal(stream.sample, equal(one)[name].sample)
        np.testing.assert_array_equal(stream.n_spikes, equal(one, seed=1)[name].n_spikes)
    assert not np.array_equal(equal(one)["first"].sample, equal(one, seed=1)["first"].sample)


def test_nothing_to_make_equal():
    assert at_equal_rates({}, np.random.default_rng(0)) == {}


@pytest.mark.parametrize("n_windows", [None, 1, 4, 7, 1000])
def test_counts_are_those_of_every_part(n_windows):
    start_s = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    stop_s = start_s + np.array([0.5, 0.25, 0.5, 0.3, 0.025])
    condition = np.array([0, 1, 0, 1, 2])
    one = recording()
    stream = spike_stream(one, start_s, stop_s, condition)
    assert stream.n_windows.tolist() == [20, 10, 20, 10, 1]
    expected, shown = [], []
    for begin_s, of_stretch, number in zip(start_s, stream.n_windows, condition, strict=True):
        size = n_windows or of_stretch
        for part in range(of_stretch // size):
            edge_s = begin_s + 0.025 * size * np.array([part, part + 1])
            expected.append(one.spike_counts(edge_s[:1], edge_s[1:])[:, 0])
            shown.append((int(number), part))
    counts, found = counts_within(stream, n_windows)
    np.testing.assert_array_equal(counts, np.array(expected).reshape(-1, one.n_units).T)
    same = found[:, None] == found
    expected_same = [[a == b for b in shown] for a in shown]
    np.testing.assert_array_equal(same, np.array(expected_same, bool).reshape(same.shape))


def test_no_stretches_hold_no_counts():
    stream = spike_stream(recording(), np.zeros(0), np.zeros(0))
    for n_windows in (None, 4):
        counts, condition = counts_within(stream, n_windows)
        assert counts.shape == (6, 0)
        assert condition.shape == (0,)


def test_the_network_of_a_stimulus_is_that_of_its_trials_and_an_unknown_epoch_is_named():
    trials = pd.DataFrame(
        {
            "onset_s": np.arange(12.0),
            "offset_s": np.arange(12.0) + 0.5,
            "orientation_deg": np.tile([0.0, 45.0, 90.0], 4),
            "epoch": "first",
        }
    )
    rng = np.random.default_rng(0)
    recording = recording_of_trains([np.sort(rng.uniform(0, 12, 600))] * 2, 12.0, trials=trials)
    stream = of_orientation(recording, "first", 45.0)
    counts = recording.spike_counts(np.arange(1.0, 12.0, 3.0), np.arange(1.5, 12.0, 3.0))
    assert stream.n_spikes.tolist() == counts.sum(axis=1).tolist()
    table = network_by_orientation(recording, "first")
    assert table["orientation_deg"].tolist() == [0.0, 45.0, 90.0]
    assert table["n_spikes"].iloc[1] == counts.sum()
    for ask in (network_by_orientation, lambda r, e: of_orientation(r, e, 45.0)):
        with pytest.raises(DataError, match="no trial belongs to an epoch 'secnd'"):
            ask(recording, "secnd")
