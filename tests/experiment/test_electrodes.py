"""An experiment with `[electrodes]`: off by default, the same cells in every arm, and said so."""

from __future__ import annotations

import hashlib
import re
from html import unescape

import numpy as np
import pytest

from ketacortex import verbs
from ketacortex.errors import ConfigurationError
from ketacortex.experiment.estimate import estimate
from ketacortex.experiment.load import load_experiment, preset_names
from ketacortex.recording.nwb import read_nwb
from ketacortex.recording.nwb_writer import content_identifier

pytestmark = pytest.mark.slow

ARMS = 'arms={ drug = { doses = ["paper"] }, retest = {}, again = {} }'
SMALL = (
    "circuit.pyr.n=60", "circuit.pv.n=12", "circuit.sst.n=8", "stimulus.n_orientations=4",
    "stimulus.repeats=4", "stimulus.blanks=4", "stimulus.duration_s=0.3", "stimulus.gap_s=0.1",
    "slow_steps.representative_trials=2",
)  # fmt: skip
SEEN = (  # few and far-sighted, so that some cells are merged
    "electrodes.n_shanks=12", "electrodes.sites_per_shank=2", "electrodes.amplitude_decay_um=90",
    "electrodes.merged_below=6",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return verbs.run(
        "topical-v1", animals=1, workers=1, changes=[*SMALL, ARMS, *SEEN],
        out=tmp_path_factory.mktemp("electrodes") / "run",
    )  # fmt: skip


def recording_of(run, arm):
    return read_nwb(run.folder.recording(1, arm))


def text_of(page):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page)))


@pytest.mark.parametrize("name", preset_names())
def test_what_is_not_there_is_not_in_the_digest(name):
    experiment = load_experiment(name)
    text = experiment.model_dump_json(exclude={"name", "electrodes"}, exclude_none=True)
    assert experiment.electrodes is None
    assert experiment.digest == hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def test_with_electrodes_every_number_of_them_is_in_the_digest():
    digests = [
        load_experiment("baseline-v1", changes=changes).digest
        for changes in ((), ("electrodes={}",), ("electrodes.noise_uv=11",))
    ]
    assert len(set(digests)) == 3


def test_an_unknown_electrode_setting_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError, match=r'n_shank is not a setting. Did you mean "n_sha'):
        load_experiment("baseline-v1", changes=["electrodes.n_shank=3"])


def test_an_estimate_tells_what_they_will_see():
    bare = estimate(load_experiment("baseline-v1"), workers=1)
    seen = estimate(load_experiment("baseline-v1", changes=["electrodes.n_shanks=16"]), workers=1)
    added = {"electrode_sites", "cells_seen", "units", "units_merged"}
    assert set(seen) - set(bare) == added
    assert seen["electrode_sites"] == 128
    assert 0 < seen["units"] <= seen["cells_seen"] < 320
    assert seen["expected_disk_mb"] < bare["expected_disk_mb"]


def test_electrodes_that_see_nothing_are_refused_before_the_work(tmp_path):
    changes = [*SMALL, "electrodes.threshold_uv=1e6"]
    for attempt in (
        lambda: verbs.dry_run("baseline-v1", changes=changes),
        lambda: verbs.run("baseline-v1", animals=1, changes=changes, workers=1, out=tmp_path / "x"),
    ):
        with pytest.raises(ConfigurationError, match="the electrodes see none of 80 cells"):
            attempt()


def test_arms_see_the_same_cells_and_the_same_first_epoch(run):
    drug, retest = recording_of(run, "drug"), recording_of(run, "retest")
    for column in ("site", "amplitude_uv", "cells", "x_um"):
        assert drug.units[column].tolist() == retest.units[column].tolist()
    assert 0 < drug.n_units < 80
    assert any("+" in cells for cells in drug.units["cells"])
    stop_s = drug.epochs["stop_s"].iloc[0]
    differ = []
    for unit in range(drug.n_units):
        times = drug.spike_times_s(unit), retest.spike_times_s(unit)
        assert np.array_equal(*[t[t < stop_s] for t in times])
        differ.append(not np.array_equal(*times))
    assert any(differ)


def test_arms_in_which_nothing_is_given_are_the_same_to_the_bit(run):
    one, other = (content_identifier(recording_of(run, arm)) for arm in ("retest", "again"))
    assert one == other


def test_the_units_are_what_was_estimated(run):
    told = verbs.dry_run("topical-v1", animals=1, changes=[*SMALL, ARMS, *SEEN])
    units = recording_of(run, "drug").units
    assert told["units"] == len(units)
    assert told["cells_seen"] == units["n_cells"].sum()
    assert told["units_merged"] == (units["n_cells"] > 1).sum()


def test_the_report_and_inspect_say_what_was_missed(run):
    page = text_of(run.folder.report.read_text(encoding="utf-8"))
    told = verbs.inspect(run.folder.recording(1, "drug"))
    numbers = told["electrodes"]
    assert "Cells were seen through 12 shanks of two sites 40 µm apart" in page
    assert f"In the first recording {numbers['n_cells']} of 80 cells gave" in page
    assert f"{numbers['n_merged']} of more than one cell; " in page
    assert f"{100 * numbers['missed_share']:.3g} % of the spikes of these cells are missing" in page
    assert "electrodes.soma_amplitude_uv" in page
    assert "10.1152/jn.2000.84.1.390" in page
    assert "seen through 24 sites on 12 shanks" in told["source"]
