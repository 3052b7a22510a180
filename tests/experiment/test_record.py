"""An experiment with `[record]`: refused where it cannot be, and all the way to its effects."""

import numpy as np
import pytest

from ketacortex.errors import ConfigurationError
from ketacortex.experiment.estimate import estimate
from ketacortex.experiment.load import load_experiment
from ketacortex.experiment.run import run_experiment
from ketacortex.recording.nwb import read_nwb
from ketacortex.recording.recording import PLATEAU

RECORD = ("record.dendritic_inhibition=true", "record.plateaus=true", "record.membrane_cells=4")
SMALL = (
    "circuit.pyr.n=60", "circuit.pv.n=12", "circuit.sst.n=8", "stimulus.n_orientations=4",
    "stimulus.repeats=4", "stimulus.blanks=4", "stimulus.duration_s=0.3", "stimulus.gap_s=0.1",
)  # fmt: skip


def test_more_cells_than_the_circuit_has_are_refused():
    with pytest.raises(ConfigurationError) as refused:
        load_experiment("baseline-v1", changes=["record.membrane_cells=241"])
    assert "record.membrane_cells is 241, and the circuit has 240 pyramidal cells." in str(
        refused.value
    )


def test_an_arm_with_a_smaller_circuit_is_refused_too():
    arms = '{ small = { set = { "pyr.n" = 20 } } }'
    with pytest.raises(ConfigurationError, match="the circuit has 20 pyramidal cells"):
        load_experiment("baseline-v1", changes=["record.membrane_cells=30", f"arms={arms}"])


def test_probes_cost_time_and_disk():
    bare, probed = (
        estimate(load_experiment("baseline-v1", animals=1, changes=changes), workers=1)
        for changes in ((), RECORD)
    )
    assert probed["expected_wall_s"] > bare["expected_wall_s"]
    samples = 5 * 1000 * 345.6
    assert probed["expected_disk_mb"] > bare["expected_disk_mb"] + 4 * samples / 1e6


def test_a_run_ends_with_effects_on_what_was_recorded(tmp_path):
    experiment = load_experiment("baseline-v1", animals=2, changes=[*SMALL, *RECORD])
    run = run_experiment(experiment, workers=1, out=tmp_path / "run")
    effects = {row["measure"]: row for row in run.summary["effects"] if row["population"] == "pyr"}
    for measure, n_units in (
        ("dendritic_inhibition_nanosiemens", 120),
        ("plateau_rate_per_min", 120),
        ("subthreshold_modulation_mv", 8),
    ):
        assert effects[measure]["n_animals"] == 2
        assert effects[measure]["n_units"] == n_units
        assert effects[measure]["before"] > 0
        assert effects[measure]["ci_low"] < 0 < effects[measure]["ci_high"]  # a re-test
    recording = read_nwb(run.folder.recording(1, next(iter(experiment.arms))))
    assert set(recording.events["name"]) == {PLATEAU}
    assert len(recording.channels) == 2 * (1 + 4)
    assert all(np.isfinite(channel.values).all() for channel in recording.channels)
