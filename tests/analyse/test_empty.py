import numpy as np
import pandas as pd

from ketacortex.analyse.session import measure_session
from ketacortex.recording.recording import Recording, Subject


def test_a_recording_without_units_gives_reasons_and_does_not_raise():
    onset = np.arange(16.0)
    trials = pd.DataFrame(
        {"onset_s": onset, "offset_s": onset + 0.5, "epoch": "all",
         "orientation_deg": np.tile([0.0, 45.0, 90.0, 135.0], 4)}
    )  # fmt: skip
    nothing = Recording(
        subject=Subject(identifier="a"), spike_samples=np.zeros(0, np.int64),
        spike_index=np.zeros(1, np.int64), sample_rate_hz=1e4,
        units=pd.DataFrame({"cell_class": pd.Series(dtype=str)}), trials=trials,
        epochs=pd.DataFrame({"name": ["all"], "start_s": [0.0], "stop_s": [16.0]}),
        start_s=0.0, stop_s=16.0,
    )  # fmt: skip
    findings = measure_session(nothing)
    assert findings.units.empty
    assert all(entry["reason"] for entry in findings.not_computed)
