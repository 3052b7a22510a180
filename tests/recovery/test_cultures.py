"""Cultures whose rates are told with the data, and whose bursts are no links.

The data lie beside the repository where there are any and are never copied into it.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data" / "mk801_cortical_mea_before_drug_washout"
SCRIPT = ROOT / "gallery" / "cultures_under_mk801.py"
N_CULTURES = 2

needs_data = pytest.mark.skipif(not FOLDER.exists(), reason="no data beside us")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("cultures_under_mk801", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def measured(script, tmp_path_factory):
    """What the script gives of two cultures; its figure is out of the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("cultures"))
        found = script.main(["--folder", str(FOLDER), "--cultures", str(N_CULTURES)])
        assert Path("cultures_under_mk801.png").stat().st_size > 1e4
    return found


@needs_data
def test_rates_are_those_that_are_told(script):
    told_hz = script.rates_told_hz(FOLDER)
    assert len(told_hz) == 11
    for recording in script.cultures(FOLDER)[:N_CULTURES]:
        expected_hz = told_hz[recording.subject.identifier]
        np.testing.assert_allclose(script.rates_hz(recording), expected_hz, atol=6e-4)


@needs_data
def test_spikes_thrown_anew_in_their_windows_are_no_links(measured):
    _, held = measured
    assert len(held) == 3 * N_CULTURES
    share = held["n_thrown_below"].sum() / held["n_thrown"].sum()
    assert share == pytest.approx(0.05, abs=0.02)
    assert held["links_thrown"].sum() <= 3


@needs_data
def test_what_bursts_link_in_windows_of_25_ms_is_gone_in_10(measured):
    _, held = measured
    assert held["links"].sum() > 500
    assert held["links_in_short_windows"].sum() < 0.03 * held["links"].sum()
    assert (held["n_above"] / held["n_asked"]).mean() > 0.7


@needs_data
def test_all_measures_have_every_culture_and_phase(measured):
    tables, _ = measured
    for name in ("link_share", "zero_lag_synchrony_rate_matched"):
        assert tables[name].shape == (N_CULTURES, 3)
        assert np.isfinite(tables[name].to_numpy()).all()


def test_without_the_data_the_script_says_so(script, tmp_path):
    with pytest.raises(SystemExit, match=r"there are no data in .* Name their place with --folder"):
        script.main(["--folder", str(tmp_path)])
