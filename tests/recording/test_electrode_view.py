"""Laws of the view through electrodes, on spikes drawn for the purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from recordings import assert_same
from scipy.stats import binom, norm, poisson

from ketacortex.errors import ConfigurationError, DataError
from ketacortex.recording.contents import describe, describe_as_text
from ketacortex.recording.electrode_view import sampling_numbers, view_through
from ketacortex.recording.electrodes import Electrodes, sample_cells
from ketacortex.recording.nwb import read_nwb, write_nwb
from ketacortex.recording.nwb_writer import content_identifier
from ketacortex.recording.recording import BRANCHES, Channel, Recording, Subject

RATE_HZ = 10_000.0
REFRACTORY_S = 0.003
PERFECT = {
    "noise_uv": 0.0, "threshold_uv": 0.0, "sorting_misses": 0.0, "overlap_misses": 0.0,
    "noise_spikes_hz": 0.0, "censored_ms": 0.0, "units_per_site": 1000,
}  # fmt: skip
FAULTLESS = {**PERFECT, "n_shanks": 1, "sites_per_shank": 1, "amplitude_spread": 0.0}


def train(rng: np.random.Generator, rate_hz: float, first_s: float, last_s: float) -> np.ndarray:
    """A Poisson train with a refractory period, in samples."""
    mean_s = 1 / rate_hz - REFRACTORY_S
    n = int(2 * rate_hz * (last_s - first_s)) + 20
    times_s = first_s + np.cumsum(REFRACTORY_S + rng.exponential(mean_s, n))
    return np.ceil(times_s[times_s < last_s - 1e-3] * RATE_HZ).astype(np.int64)


def cells(places_um: list, trains: list, **more: object) -> Recording:
    """A recording of cells at the places given, in two epochs with a pause between."""
    places = np.array(places_um, float)
    onset_s = np.r_[1.0 + 2 * np.arange(20), 61.0 + 2 * np.arange(20)]
    units = pd.DataFrame(
        {"cell_class": "pyr", "x_um": places[:, 0], "y_um": places[:, 1], "depth_um": places[:, 2]}
    )
    table = {
        "subject": Subject(identifier="cortex-1"),
        "spike_samples": np.concatenate(trains).astype(np.int64),
        "spike_index": np.cumsum([0, *map(len, trains)]),
        "sample_rate_hz": RATE_HZ,
        "units": units,
        "trials": pd.DataFrame(
            {
                "onset_s": onset_s,
                "offset_s": onset_s + 1.0,
                "orientation_deg": np.tile([0.0, 45, 90, 135, np.nan], 8),
                "epoch": ["first"] * 20 + ["second"] * 20,
            }
        ),
        "epochs": pd.DataFrame(
            {"name": ["first", "second"], "start_s": [0.0, 60.0], "stop_s": [42.0, 102.0]}
        ),
        "start_s": 0.0,
        "stop_s": 102.0,
        "gaps_s": np.array([[42.0, 60.0]]),
        "source": "made for a test",
    }
    return Recording(**{**table, **more})


def patch(n_cells: int = 200, seed: int = 0, second_hz: float = 5.0) -> Recording:
    """Cells all over a patch; the first epoch is the same whatever the rate in the second."""
    rng = np.random.default_rng(seed)
    places_um = rng.uniform([0, 0, 150], [800, 800, 450], (n_cells, 3))
    first = [train(rng, rate, 0, 42) for rate in rng.lognormal(1.5, 0.6, n_cells)]
    second = [train(rng, second_hz, 60, 102) for _ in range(n_cells)]
    return cells(places_um, [np.r_[a, b] for a, b in zip(first, second, strict=True)])


def spikes_of(recording: Recording, unit: int) -> np.ndarray:
    first, last = recording.spike_index[unit : unit + 2]
    return recording.spike_samples[first:last]


def cells_of(recording: Recording, unit: int) -> list[int]:
    return [int(name) for name in recording.units["cells"].iloc[unit].split("+")]


def one_cell_away(distance_um: float, **settings: float) -> tuple[Recording, Recording]:
    """A cell at a distance from the one site, held there by a cell above and one below it.

    The hull of these is a point on the surface, so that the site is known.
    """
    rng = np.random.default_rng(1)
    silent = np.zeros(0, np.int64)
    full = cells(
        [[0, 0, 300 - distance_um], [0, 0, 300 + distance_um]], [train(rng, 20, 0, 42), silent]
    )
    # A shank longer than the layer has its middle in the middle of the cells.
    long = {**FAULTLESS, "sites_per_shank": 3, "site_spacing_um": 3000.0, **settings}
    return full, view_through(full, Electrodes(**long), 1)


def test_perfect_electrodes_give_every_spike_back_bit_for_bit():
    full = patch()
    view = view_through(full, Electrodes(**PERFECT, n_shanks=400), 3)
    assert sorted(view.units["cells"].astype(int)) == list(range(200))
    for unit in range(view.n_units):
        (cell,) = cells_of(view, unit)
        assert np.array_equal(spikes_of(view, unit), spikes_of(full, cell))
    numbers = sampling_numbers(view)
    assert (numbers["missed_share"], numbers["noise_share"], numbers["n_merged"]) == (0, 0, 0)


def test_amplitude_falls_with_distance_and_detection_with_it_as_the_noise_says():
    shares = []
    for distance_um in (20.0, 50.0, 62.0, 70.0, 80.0):
        full, view = one_cell_away(
            distance_um, noise_uv=10.0, threshold_uv=40.0, least_detected=1e-9, merged_below=0.0
        )
        unit = view.units["cells"].tolist().index("0")
        amplitude_uv = 300 * np.exp(-distance_um / 31)
        assert view.units["amplitude_uv"].iloc[unit] == pytest.approx(amplitude_uv)
        n_fired, n_seen = len(spikes_of(full, 0)), len(spikes_of(view, unit))
        share = norm.cdf((amplitude_uv - 40) / 10)
        assert binom.ppf(1e-4, n_fired, share) <= n_seen <= binom.ppf(1 - 1e-4, n_fired, share)
        shares.append(n_seen / n_fired)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1
    assert shares[-1] < 0.1


def test_a_cell_that_is_too_far_makes_no_unit():
    assert one_cell_away(60.0, threshold_uv=40.0)[1].n_units == 2
    assert one_cell_away(65.0, threshold_uv=40.0)[1].n_units == 0


def test_a_threshold_that_nothing_reaches_leaves_no_units_and_says_so():
    full, blind = patch(50), Electrodes(threshold_uv=1e6)
    view = view_through(full, blind, 1)
    assert view.n_units == 0
    assert len(view.spike_samples) == 0
    assert view.source.endswith("seen through 256 sites on 32 shanks, 0 of 50 cells in 0 units")
    assert "electrodes" in describe_as_text(describe(view))
    places_um = full.units[["x_um", "y_um", "depth_um"]].to_numpy(float)
    with pytest.raises(ConfigurationError) as refused:
        sample_cells(blind, places_um, 1).require_units()
    assert "the electrodes see none of 50 cells: the largest spike at any of 256 sites is" in str(
        refused.value
    )
    assert "Lower electrodes.threshold_uv" in str(refused.value)


def test_detected_and_missed_are_what_was_fired_and_the_rest_is_noise():
    full = patch()
    view = view_through(full, Electrodes(n_shanks=60, merged_below=12.0), 5)
    assert view.units["n_cells"].max() > 1
    for unit, row in enumerate(view.units.itertuples()):
        fired = np.concatenate([spikes_of(full, cell) for cell in cells_of(view, unit)])
        seen = spikes_of(view, unit)
        assert row.n_fired == len(fired)
        assert row.n_cells == len(cells_of(view, unit))
        n_true = len(seen) - row.n_noise
        assert 0 < n_true < len(fired)
        n_found = np.isin(seen, fired).sum()  # noise can fall on a spike that was missed
        assert n_true <= n_found <= n_true + 1
        assert (np.diff(seen) >= 5).all()


def merged_pair(first_hz: float, second_hz: float) -> tuple[Recording, Recording]:
    rng = np.random.default_rng(3)
    full = cells(
        [[0, 0, 200], [0, 0, 200.0]], [train(rng, first_hz, 0, 42), train(rng, second_hz, 0, 42)]
    )
    blurred = {**FAULTLESS, "noise_uv": 1e-6, "merged_below": 1.0}
    return full, view_through(full, Electrodes(**blurred), 1)


def n_violations(samples: np.ndarray) -> int:
    return int((np.diff(samples) < REFRACTORY_S * RATE_HZ).sum())


@pytest.mark.parametrize(("first_hz", "second_hz"), [(10.0, 10.0), (20.0, 40.0), (60.0, 40.0)])
def test_a_merged_unit_is_the_union_and_violates_as_the_product_of_rates_says(first_hz, second_hz):
    full, view = merged_pair(first_hz, second_hz)
    assert view.units["cells"].tolist() == ["0+1"]
    assert np.array_equal(spikes_of(view, 0), np.union1d(spikes_of(full, 0), spikes_of(full, 1)))
    assert n_violations(spikes_of(full, 0)) == n_violations(spikes_of(full, 1)) == 0
    expected = 2 * first_hz * second_hz * REFRACTORY_S * 42
    assert n_violations(spikes_of(view, 0)) == pytest.approx(expected, abs=4 * expected**0.5)


def test_clean_units_have_no_refractory_violations_and_noise_makes_some():
    full = patch()
    clean = Electrodes(noise_spikes_hz=0.0, merged_below=0.0)
    view = view_through(full, clean, 2)
    assert view.n_units > 20
    assert not any(n_violations(spikes_of(view, unit)) for unit in range(view.n_units))
    noisy = view_through(full, clean.model_copy(update={"noise_spikes_hz": 20.0}), 2)
    assert all(n_violations(spikes_of(noisy, unit)) for unit in range(noisy.n_units))


def test_cells_that_differ_in_amplitude_are_told_apart_on_one_site_or_on_its_shank():
    places_um, silent = np.array([[0, 0, 200], [20, 0, 200.0]]), np.zeros(0, np.int64)
    near = cells(places_um, [silent, silent])
    one = {**FAULTLESS, "noise_uv": 10.0}
    difference_uv = np.abs(np.diff(sample_cells(Electrodes(**one), places_um, 1).amplitude_uv.T))
    for below, n_units in ((0.99, 2), (1.01, 1)):
        sorter = Electrodes(**{**one, "merged_below": below * difference_uv.item() / 10})
        assert view_through(near, sorter, 1).n_units == n_units


def test_a_site_gives_its_largest_units_alone():
    full = patch(30)
    every = view_through(full, Electrodes(**FAULTLESS), 1).units
    largest = view_through(full, Electrodes(**{**FAULTLESS, "units_per_site": 3}), 1).units
    assert len(every) == 30
    assert largest["amplitude_uv"].tolist() == sorted(every["amplitude_uv"], reverse=True)[:3]


def test_overlapping_spikes_are_missed_as_often_as_was_said_and_others_never():
    at = np.arange(100, 400_000, 100)
    near = at[::2] + np.tile([-5, 5, 3, 0], 1000)[: len(at[::2])]
    full = cells([[0, 0, 200], [0, 0, 230]], [at, np.sort(near)])
    view = view_through(full, Electrodes(**{**FAULTLESS, "overlap_misses": 0.3}), 1)
    unit = view.units["cells"].tolist().index("0")
    seen = np.isin(at, spikes_of(view, unit))
    assert seen[1::2].all()
    n = len(at[::2])
    assert binom.ppf(1e-4, n, 0.7) <= seen[::2].sum() <= binom.ppf(1 - 1e-4, n, 0.7)
    apart = view_through(
        full, Electrodes(**{**FAULTLESS, "overlap_misses": 0.3, "overlap_ms": 0.2}), 1
    )
    assert len(spikes_of(apart, unit)) > len(spikes_of(view, unit))


def test_sorting_misses_their_share():
    full = patch(20)
    view = view_through(full, Electrodes(**{**FAULTLESS, "sorting_misses": 0.2}), 1)
    n = len(full.spike_samples)
    assert binom.ppf(1e-4, n, 0.8) <= len(view.spike_samples) <= binom.ppf(1 - 1e-4, n, 0.8)


def test_what_follows_an_event_too_soon_is_lost():
    full = cells([[0, 0, 200]], [np.array([100, 104, 120, 125, 300])])
    for censored_ms, left in (
        (0.0, [100, 104, 120, 125, 300]),
        (0.5, [100, 120, 125, 300]),
        (0.6, [100, 120, 300]),
        (3.0, [100, 300]),
    ):
        view = view_through(full, Electrodes(**{**FAULTLESS, "censored_ms": censored_ms}), 1)
        assert spikes_of(view, 0).tolist() == left


def test_noise_is_poisson_and_falls_into_no_gap():
    full = cells([[0, 0, 200]], [np.zeros(0, np.int64)])
    view = view_through(full, Electrodes(**{**FAULTLESS, "noise_spikes_hz": 5.0}), 1)
    times_s = view.spike_times_s(0)
    for start_s, stop_s in ((0, 42), (60, 102)):
        n = ((times_s >= start_s) & (times_s < stop_s)).sum()
        assert poisson.ppf(1e-4, 5 * 42) <= n <= poisson.ppf(1 - 1e-4, 5 * 42)
    assert not ((times_s >= 42) & (times_s < 60)).any()
    assert view.units["n_noise"].item() == len(times_s)


def test_a_seed_gives_the_same_bits_and_another_seed_other_electrodes():
    full = patch()
    views = [view_through(full, Electrodes(), seed) for seed in (7, 7, 8)]
    first, again, other = map(content_identifier, views)
    assert first == again != other
    assert views[0].units["cells"].tolist() != views[2].units["cells"].tolist()


def test_arms_share_cells_and_what_was_alike_stays_alike_to_the_bit():
    slow, fast = (view_through(patch(second_hz=hz), Electrodes(), 4) for hz in (5.0, 30.0))
    constant = ["x_um", "y_um", "depth_um", "site", "cells", "amplitude_uv"]
    pd.testing.assert_frame_equal(slow.units[constant], fast.units[constant])
    for unit in range(slow.n_units):
        before = [s[s < 42 * RATE_HZ] for s in (spikes_of(slow, unit), spikes_of(fast, unit))]
        assert np.array_equal(*before)
    assert len(fast.spike_samples) > 1.5 * len(slow.spike_samples)


def test_sites_lie_inside_the_patch_and_stand_for_the_places_of_units():
    full, e = patch(), Electrodes()
    places_um = full.units[["x_um", "y_um", "depth_um"]].to_numpy(float)
    site_um = sample_cells(e, places_um, 3).site_um
    assert site_um.shape == (256, 3)
    assert (site_um >= places_um.min(axis=0)).all()
    assert (site_um <= places_um.max(axis=0)).all()
    units = view_through(full, e, 3).units
    assert np.array_equal(units[["x_um", "y_um", "depth_um"]], site_um[units["site"]])
    assert (units["shank"] == units["site"] // 8).all()


def test_sites_that_sink_away_from_a_cell_lose_it_and_no_drift_changes_nothing():
    rng = np.random.default_rng(5)
    full = cells([[0, 0, 200]], [np.r_[train(rng, 30, 0, 42), train(rng, 30, 60, 102)]])
    still = {**FAULTLESS, "noise_uv": 10.0, "threshold_uv": 40.0}
    # The cell is the whole hull, so the site is at its soma; 77 µm lower at the end.
    sinking = view_through(full, Electrodes(**still, drift_um_per_h=2700.0), 1)
    times_s = sinking.spike_times_s(0)
    minutes = [((times_s >= a) & (times_s < a + 20)).sum() for a in (0, 20, 60, 80)]
    fired = [(full.spike_times_s(0) // 20 == a // 20).sum() for a in (0, 20, 60, 80)]
    share = np.array(minutes) / fired
    assert share[0] == 1
    assert share[2] > share[3]
    assert share[3] < 0.3
    same = [
        content_identifier(view_through(full, Electrodes(**still, **more), 1))
        for more in ({}, {"drift_um_per_h": 0.0})
    ]
    assert same[0] == same[1]


def test_classes_are_unknown_unless_they_are_asked_for():
    full = merged_pair(10, 10)[0]
    mixed = replace(full, units=full.units.assign(cell_class=["pyr", "pv"]))
    merging = {**FAULTLESS, "noise_uv": 1.0}
    for recording, settings, classes in (
        (full, {}, ["unknown"]),
        (full, {"knows_classes": True}, ["pyr"]),
        (mixed, {"knows_classes": True}, ["unknown"]),
        (mixed, {"knows_classes": True, "merged_below": 0.0}, ["pyr", "pv"]),
    ):
        view = view_through(recording, Electrodes(**{**merging, **settings}), 1)
        assert view.units["cell_class"].tolist() == classes


def with_signals() -> Recording:
    """Two cells that cannot be told apart, one by itself and one out of reach."""
    rng = np.random.default_rng(6)
    places_um = [[0, 0, 200], [0, 0, 200], [3, 0, 202], [0, 0, 600.0]]
    full = cells(places_um, [train(rng, 10, 0, 42) for _ in range(4)])
    channels = [
        Channel(name=f"vm {of}", quantity="membrane potential", unit="mV", rate_hz=1000.0,
                values=np.arange(50, dtype=np.float32), of_unit=of)
        for of in (0, 1, 2, 3, None)
    ]  # fmt: skip
    events = pd.DataFrame(
        {"name": "dendritic plateau", "onset_s": [0.1, 0.2, 0.3, 0.4], "duration_s": 0.03,
         "unit": [0, 2, 3, 2]}
    )  # fmt: skip
    units = full.units.assign(**{BRANCHES: 6})
    return replace(full, channels=tuple(channels), events=events, units=units)


def test_signals_stay_with_the_cell_that_is_a_unit_by_itself():
    full = with_signals()
    sites = {"sites_per_shank": 3, "site_spacing_um": 2000.0}  # all three share the middle site
    view = view_through(
        full,
        Electrodes(**{**FAULTLESS, **sites, "noise_uv": 0.01, "amplitude_decay_um": 300.0,
                      "threshold_uv": 80.0}),
        1,
    )  # fmt: skip
    assert sorted(view.units["cells"]) == ["0+1", "2", "3"]
    kept = {channel.name: channel.of_unit for channel in view.channels}
    row = {name: unit for unit, name in zip(view.units.index, view.units["cells"], strict=True)}
    assert kept == {"vm 2": row["2"], "vm 3": row["3"], "vm None": None}
    assert view.events["unit"].tolist() == [row["2"], row["3"], row["2"]]
    assert view.events["onset_s"].tolist() == [0.2, 0.3, 0.4]
    assert view.units[BRANCHES].tolist() == [0 if "+" in c else 6 for c in view.units["cells"]]
    for table in ("trials", "epochs", "doses"):
        pd.testing.assert_frame_equal(getattr(view, table), getattr(full, table))


def test_a_view_comes_back_from_its_file(tmp_path):
    view = view_through(patch(), Electrodes(merged_below=12.0, n_shanks=60), 2)
    assert "+" in "".join(view.units["cells"])
    assert_same(read_nwb(write_nwb(view, tmp_path / "view.nwb")), view)


def test_the_contents_tell_what_was_missed():
    full, view = patch(), view_through(patch(), Electrodes(), 2)
    assert describe(full)["electrodes"] is None
    assert "electrodes" not in describe_as_text(describe(full))
    numbers = describe(view)["electrodes"]
    assert numbers == sampling_numbers(view)
    assert 0 < numbers["missed_share"] < 1
    text = describe_as_text(describe(view))
    assert f"{numbers['missed_share']:.1%}".replace("%", " %") in text
    assert "of the spikes of their cells missed" in text


def test_silent_cells_are_units_too_and_nothing_is_divided_by_nothing():
    full = cells([[0, 0, 200]], [np.zeros(0, np.int64)])
    view = view_through(full, Electrodes(**FAULTLESS), 1)
    assert view.units["n_fired"].tolist() == [0]
    assert sampling_numbers(view)["missed_share"] is None
    assert "0 units merged" in describe_as_text(describe(view))


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ({"depth_um": None}, "the units have no column 'depth_um', so it is not known how far"),
        ({"x_um": [np.nan]}, "unit 0 has no place (x_um, y_um, depth_um are [nan, 0.0, 200.0])"),
    ],
)
def test_cells_without_a_place_cannot_be_seen(units, sentence):
    full = cells([[0, 0, 200]], [np.array([5])])
    table = full.units.assign(**{k: v for k, v in units.items() if v is not None})
    table = table.drop(columns=[k for k, v in units.items() if v is None])
    with pytest.raises(DataError) as refused:
        view_through(replace(full, units=table), Electrodes(), 1)
    assert sentence in str(refused.value)


def test_every_number_of_the_electrodes_says_where_it_comes_from():
    for name, field in Electrodes.model_fields.items():
        if field.annotation is bool:
            continue
        extra = field.json_schema_extra
        assert extra["unit"], name
        assert extra["source"].startswith(("assumed", "derived")) or "10." in extra["source"], name
