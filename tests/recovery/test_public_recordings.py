"""Two public recordings, measured as their own documentation measures them.

The data lie beside the repository where there are any and are never copied into it.
"""

import importlib.util
import re
from pathlib import Path

import pytest

from ketacortex.analyse.session import measure_session

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
MACAQUE = DATA / "v1_macaque_awake_gratings_binned"
MOUSE = DATA / "lp_mouse_neuropixels_gratings_continuous" / "ExampleDataZetaTest.mat"
LOADERS = ROOT / "gallery" / "tables_to_nwb.py"

needs_data = pytest.mark.skipif(
    not (MACAQUE.exists() and MOUSE.exists() and LOADERS.exists()), reason="no data beside us"
)


def loaders():
    spec = importlib.util.spec_from_file_location("tables_to_nwb", LOADERS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SESSIONS = [("moving", 0), ("moving", 6), ("moving", 20), ("moving", 25), ("static", 7)]


def told_of(stimulus: str, session: int) -> dict[str, float]:
    """What the notes on the data tell of a session; their licence keeps the numbers out of here."""
    notes = (MACAQUE / "README.md").read_text(encoding="utf-8")
    (row,) = (line for line in notes.splitlines() if line.startswith(f"| {stimulus} {session} "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    names = ("units", "trials", "rate_hz", "n_tuned", "noise_correlation", "fano_factor")
    return dict(zip(names, map(float, cells[1:]), strict=True))


@needs_data
@pytest.mark.parametrize(("stimulus", "session"), SESSIONS)
def test_macaque_sessions_give_their_known_values(stimulus, session):
    recording = loaders().macaque_session(MACAQUE / f"data_v1_binned_{stimulus}.mat", session)
    findings = measure_session(recording)
    values = findings.values.set_index("measure")["value"]
    told = told_of(stimulus, session)
    assert len(findings.units) == told["units"]
    assert values["evoked_rate_hz"] == pytest.approx(told["rate_hz"], rel=0.02)
    assert (findings.units["gosi"] > 0.2).sum() == told["n_tuned"]
    assert values["fano_factor"] == pytest.approx(told["fano_factor"], rel=0.02)
    assert values["noise_correlation"] == pytest.approx(told["noise_correlation"], abs=0.02)


@needs_data
def test_a_mouse_unit_gives_its_known_values_and_its_neighbour_is_untuned():
    notes = (MOUSE.parent / "README.md").read_text(encoding="utf-8")
    evoked_hz = float(re.search(r"Unit 0: mean evoked ([\d.]+) Hz", notes)[1])
    gosi = float(re.search(r"OSI ([\d.]+)", notes)[1])
    units = measure_session(loaders().mouse_lp(MOUSE)).units
    assert units.loc[0, "mean_rate_hz"] == pytest.approx(evoked_hz, rel=0.02)
    assert units.loc[0, "gosi"] == pytest.approx(gosi, rel=0.02)
    assert units.loc[0, "tuning_p"] < 1e-6
    assert units.loc[1, "gosi"] < 0.1
    assert not units.loc[1, "is_tuned"]
