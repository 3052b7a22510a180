import json
from pathlib import Path

import pytest
from calibration.calibrate import FREE

from ketacortex.model.settings import BASELINE, CircuitSettings

RESULT = Path(__file__).parents[2] / "calibration" / "result.json"


def test_the_settings_are_those_that_the_calibration_found():
    settings = CircuitSettings().model_dump()
    for path, value in json.loads(RESULT.read_text())["values"].items():
        room, name = path.split(".")
        assert settings[room][name] == pytest.approx(value, rel=0.006), path


def test_what_is_called_calibrated_is_what_the_calibration_moves():
    called = {
        f"{room}.{name}"
        for room, field in CircuitSettings.model_fields.items()
        for name, inside in getattr(field.annotation, "model_fields", {}).items()
        if (inside.json_schema_extra or {}).get("source") == BASELINE
    }
    assert called == set(FREE)
