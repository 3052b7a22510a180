"""The undrugged cortex lies in the physiological ranges, on animals its calibration never saw.

Each animal must be inside on its own; nothing is averaged over animals.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from calibration.held_out import ANIMALS, MAPS, label, measure_held_out

from ketacortex.evidence.physiology import ANAESTHETISED_V1

pytestmark = pytest.mark.slow
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def held_out():
    return measure_held_out()


@pytest.mark.parametrize("map_name", MAPS)
@pytest.mark.parametrize("row", ANAESTHETISED_V1, ids=lambda row: f"{row.measure}-{row.population}")
def test_every_held_out_animal_is_in_the_range(row, map_name, held_out):
    found = [held_out[map_name, number][0][row.measure, row.population] for number in ANIMALS]
    assert all(row.holds(value) for value in found), np.round(found, 3)


@pytest.mark.parametrize("map_name", MAPS)
def test_cells_prefer_what_the_map_gives_them(map_name, held_out):
    for number in ANIMALS:
        assert held_out[map_name, number][1] < 12.0


@pytest.mark.parametrize("map_name", MAPS)
@pytest.mark.parametrize("row", ANAESTHETISED_V1, ids=lambda row: f"{row.measure}-{row.population}")
def test_the_readme_tells_the_measured_values(row, map_name, held_out):
    line = next(
        text for text in README.read_text().splitlines() if text.startswith(f"| {label(row)} |")
    )
    told = float(re.match(r"[\d.e-]+", line.split("|")[3 + MAPS.index(map_name)].strip()).group())
    found = np.mean([held_out[map_name, n][0][row.measure, row.population] for n in ANIMALS])
    # The p of the dip test is uniform where there is nothing to find: told for the record.
    tolerance = 0.4 if row.unit == "p" else 0.01
    assert told == pytest.approx(found, rel=0.1, abs=tolerance)
