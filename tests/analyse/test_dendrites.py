"""Planted inhibition and planted plateaus come back as rates, shares and effects."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analyse.planted import session_of
from ketacortex.analyse.dendrites import REASONS, dendritic_values
from ketacortex.analyse.responses import collect_responses
from ketacortex.analyse.session import measure_session
from ketacortex.recording.recording import DENDRITIC_INHIBITION, PLATEAU, Channel

CLASSES = ["pyr"] * 4 + ["pv"] * 2
N_BRANCHES = np.array([6, 6, 6, 2, 0, 0])
SHOWN_S = 72.0  # gratings of one epoch: 12 orientations, 6 repeats, 1 s


@pytest.fixture(scope="module")
def bare():
    rng = np.random.default_rng(0)
    return session_of([np.full((6, 12), 4.0)] * 2, rng, cell_class=CLASSES, n_blanks=8)


def with_dendrites(bare, events=None, channels=()):
    rows = [] if events is None else events
    table = pd.DataFrame(rows, columns=["onset_s", "duration_s", "unit"]).assign(name=PLATEAU)
    return replace(
        bare,
        units=bare.units.assign(n_branches=N_BRANCHES),
        events=table.astype({"unit": np.int64}),
        channels=tuple(channels),
    )


def onsets_of(bare, epoch):
    trials = bare.trials[(bare.trials["epoch"] == epoch) & bare.trials["orientation_deg"].notna()]
    return trials["onset_s"].to_numpy()


def values_of(recording):
    return [dendritic_values(recording, r) for r in collect_responses(recording)]


def inhibition(bare, epoch, during_nanosiemens):
    """As planted during gratings, 5 nS at all other times."""
    start_s, stop_s = bare.trials.loc[bare.trials["epoch"] == epoch, ["onset_s", "offset_s"]].agg(
        {"onset_s": "min", "offset_s": "max"}
    )
    time_s = start_s - 0.25 + np.arange(round((stop_s - start_s + 0.5) * 1000)) / 1000
    values = np.full(len(time_s), 5.0, np.float32)
    for onset_s in onsets_of(bare, epoch):
        values[(time_s > onset_s - 1e-6) & (time_s < onset_s + 1 - 1e-6)] = during_nanosiemens
    return Channel(
        name=f"inhibition_{epoch}", quantity=DENDRITIC_INHIBITION, unit="nS", values=values,
        rate_hz=1000.0, start_s=start_s - 0.25,
    )  # fmt: skip


def test_planted_inhibition_comes_back_for_units_with_branches(bare):
    channels = [inhibition(bare, "control", 0.5), inhibition(bare, "early", 0.25)]
    found = values_of(with_dendrites(bare, channels=channels))
    for values, planted in zip(found, (0.5, 0.25), strict=True):
        np.testing.assert_allclose(
            values["dendritic_inhibition_nanosiemens"], [planted] * 4 + [np.nan] * 2, atol=1e-6
        )


def test_planted_plateaus_come_back_as_a_rate_and_a_share_of_time(bare):
    control, early = onsets_of(bare, "control"), onsets_of(bare, "early")
    events = [
        *((onset_s + 0.1, 0.05, 0) for onset_s in control),  # one a grating in one of 6 branches
        *((onset_s + 0.9, 0.2, 1) for onset_s in control[:36]),  # half of it outlasts the grating
        *((onset_s - 0.5, 0.25, 2) for onset_s in control),  # between gratings
        (control[0] - 0.1, control[-1] - control[0] + 1.5, 3),  # through all of them
        *((onset_s, 0.05, 3) for onset_s in early),
    ]
    before, after = values_of(with_dendrites(bare, events))
    per_min = 60 / SHOWN_S
    np.testing.assert_allclose(
        before["plateau_rate_per_min"],
        [72 * per_min / 6, 36 * per_min / 6, 0, 0, np.nan, np.nan],
    )
    np.testing.assert_allclose(
        before["plateau_time_share"], [0.05 / 6, 0.05 / 6, 0, 0.5, np.nan, np.nan], atol=1e-12
    )
    np.testing.assert_allclose(
        after["plateau_rate_per_min"], [0, 0, 0, 72 * per_min / 2, np.nan, np.nan]
    )


def test_the_order_of_events_and_trials_does_not_matter(bare):
    control = onsets_of(bare, "control")
    events = [(onset_s + 0.1, 0.05, unit) for onset_s in control for unit in range(4)]
    recording = with_dendrites(bare, events)
    shuffled = replace(
        recording,
        events=recording.events.sample(frac=1, random_state=1),
        trials=recording.trials.sample(frac=1, random_state=2).reset_index(drop=True),
    )
    for one, other in zip(values_of(recording), values_of(shuffled)[::1], strict=True):
        for name in one:
            np.testing.assert_allclose(one[name], other[name])


def test_dendrites_enter_the_findings_as_effects_between_epochs(bare):
    channels = [inhibition(bare, "control", 0.5), inhibition(bare, "early", 0.25)]
    events = [
        *((onset_s, 0.05, 0) for onset_s in onsets_of(bare, "control")),
        *((onset_s, 0.05, 0) for onset_s in np.repeat(onsets_of(bare, "early"), 2)),
    ]
    findings = measure_session(with_dendrites(bare, events, channels))
    pairs = findings.pairs.set_index(["measure", "population"])
    inhibited = pairs.loc[("dendritic_inhibition_nanosiemens", "pyr")]
    assert (inhibited["before"], inhibited["after"]) == pytest.approx((0.5, 0.25), rel=1e-5)
    plateaus = pairs.loc[("plateau_rate_per_min", "pyr")]
    assert plateaus["after"] == pytest.approx(2 * plateaus["before"])
    assert plateaus["n_units"] == 4
    missing = {
        (entry["measure"], entry["population"], entry["reference"]): entry["reason"]
        for entry in findings.not_computed
    }
    assert missing["plateau_rate_per_min", "pv", "control"] == (
        "of epochs 'control' and 'early': no unit has it in both, or they do not show the same "
        "stimuli."
    )
    assert set(REASONS) <= set(findings.units)


def test_what_was_not_recorded_is_no_measure(bare):
    assert values_of(bare) == [{}, {}]
    assert values_of(with_dendrites(bare)) == [{}, {}]
    channels = [inhibition(bare, "control", 0.5)]
    control, early = values_of(with_dendrites(bare, channels=channels))
    assert set(control) == set(early) == {"dendritic_inhibition_nanosiemens"}
    assert np.isnan(early["dendritic_inhibition_nanosiemens"]).all()
