"""Serotonin: a second substance that cuts release and blocks nothing."""

import numpy as np
import pytest

from ketacortex.drug.exposure import Exposure, Sites
from ketacortex.drug.serotonin import SerotoninDose, release_left
from ketacortex.drug.tissue_diffusion import Tissue
from ketacortex.errors import ConfigurationError
from ketacortex.evidence.serotonin import DEEPEST_CUT, HALF_CUT
from ketacortex.experiment.load import load_experiment


def dose(micromolar, **more):
    given = {"name": "pipette", "route": "iontophoresis", **more}
    return SerotoninDose(concentration_micromolar=micromolar, **given)


def test_release_falls_from_all_to_its_deepest_cut_and_half_way_at_its_half():
    assert release_left([], 0.0) == 1.0
    assert release_left([dose(0.0)], 0.0) == 1.0
    assert release_left([dose(HALF_CUT.value)], 0.0) == pytest.approx(1 - DEEPEST_CUT.value / 2)
    assert release_left([dose(1e4)], 0.0) == pytest.approx(1 - DEEPEST_CUT.value, abs=1e-4)
    left = [release_left([dose(c)], 0.0) for c in (0.1, 1.0, 10.0)]
    assert left == sorted(left, reverse=True)


def test_it_acts_while_it_is_given_and_two_doses_add_their_concentrations():
    one = dose(1.0, start_s=10.0, duration_s=5.0)
    assert [release_left([one], t) for t in (9.9, 15.0)] == [1.0, 1.0]
    assert release_left([one, one], 12.0) == release_left([dose(2.0)], 12.0)


def test_no_receptor_sees_a_blocker():
    here = Sites(np.zeros((1, 2)), np.full(1, 300.0))
    exposure = Exposure([dose(5.0)], Tissue(), here, 100.0)
    assert not exposure.blockers
    assert exposure.begins_s == np.inf


def test_it_can_be_given_by_its_own_route_alone():
    with pytest.raises(ConfigurationError, match="serotonin"):
        load_experiment("adaptation-serotonin", changes=['dose.pipette.route="held"'])
