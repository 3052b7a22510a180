import json
from pathlib import Path

import pytest

from ketacortex.model.settings import CircuitSettings

RESULT = Path(__file__).parents[2] / "calibration" / "result.json"


def test_the_settings_are_those_that_the_calibration_found():
    settings = CircuitSettings().model_dump()
    for path, value in json.loads(RESULT.read_text())["values"].items():
        room, name = path.split(".")
        assert settings[room][name] == pytest.approx(value, rel=0.006), path
