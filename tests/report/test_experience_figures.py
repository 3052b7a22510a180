"""The section on adaptation and training: only where there is any; its numbers are the table's."""

import io

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.session import PAIR_COLUMNS
from ketacortex.recording.recording import Recording, Subject
from ketacortex.report.experience_figures import (
    draw_by_time,
    draw_recovery,
    draw_training,
    has_experience,
)
from ketacortex.report.tables import Example, Material

ARMS = ("given", "sham")
EPOCHS = ("before", "after", "late")


def recording(kind="adapt", **columns):
    epochs = pd.DataFrame(
        {
            "name": ["before", "shown", "after", "late"],
            "start_s": [0.0, 100.0, 800.0, 2000.0],
            "stop_s": [100.0, 800.0, 900.0, 2100.0],
            "kind": ["measure", kind, "measure", "measure"],
            **{name: [np.nan, value, np.nan, np.nan] for name, value in columns.items()},
        }
    )
    return Recording(
        subject=Subject(identifier="a1"), spike_samples=np.zeros(0, np.int64),
        spike_index=np.zeros(2, np.int64), sample_rate_hz=1e4,
        units=pd.DataFrame({"cell_class": ["pyr"]}),
        trials=pd.DataFrame(columns=["onset_s", "offset_s", "orientation_deg", "epoch"]),
        epochs=epochs, start_s=0.0, stop_s=2100.0,
    )  # fmt: skip


def material(measures, rec, n_animals=4, slope=None):
    rng = np.random.default_rng(0)
    rows, units = [], []
    for session, (arm, animal) in enumerate(
        (arm, f"a{k}") for arm in ARMS for k in range(1, n_animals + 1)
    ):
        first = rng.uniform(0, 180, 30)
        shift = rng.normal(0, 12, 30)
        left = 1 + (slope or {}).get(arm, 0.0)
        for epoch, preferred in zip(
            EPOCHS, (first, first + shift, first + left * shift), strict=True
        ):
            units += [
                {"session": session, "arm": arm, "animal": animal, "unit": u, "cell_class": "pyr",
                 "epoch": epoch, "preferred_orientation_deg": p % 180, "is_tuned": True}
                for u, p in enumerate(preferred)
            ]  # fmt: skip
        for measure in measures:
            for epoch in EPOCHS[1:]:
                rows.append(
                    {"measure": measure, "epoch": epoch, "reference": "before",
                     "population": "pyr", "before": 10.0, "after": rng.normal(5, 1), "n_units": 9,
                     "animal": animal, "arm": arm, "session": session}
                )  # fmt: skip
    pairs = pd.DataFrame(rows, columns=[*PAIR_COLUMNS, "animal", "arm", "session"])
    return Material(
        units=pd.DataFrame(units), population_values=pd.DataFrame(), pairs=pairs,
        effects=pd.DataFrame(columns=["measure", "arm", "epoch", "population"]),
        initial=pd.DataFrame(), not_computed=[],
        examples=(Example(arm="given", session=0, recording=rec, tuning=None),),
    )  # fmt: skip


def numbers(figure):
    return pd.read_csv(io.StringIO(figure.csv))


def test_without_an_adapter_or_a_training_there_is_no_section():
    nothing = material(["osi"], recording(adapter_deg=90.0, adapter_s=700.0))
    assert not has_experience(nothing)
    assert isinstance(draw_by_time(nothing), str)
    assert isinstance(draw_training(nothing), str)
    assert isinstance(draw_recovery(nothing), str)


def test_points_by_time_are_means_over_animals_at_the_middle_of_their_epoch():
    measures = ["shift_towards_deg", "attractive_share", "repulsive_share"]
    shown = material(measures, recording(adapter_deg=90.0, adapter_s=700.0))
    assert has_experience(shown)
    table = numbers(draw_by_time(shown))
    assert len(table) == 3 * 2 * 2
    assert set(table["minute"].round(1)) == {14.2, 34.2}
    pairs = shown.pairs
    for _, row in table.iterrows():
        here = pairs[
            (pairs["measure"] == row["measure"]) & (pairs["arm"] == row["arm"])
            & (pairs["epoch"] == row["epoch"])
        ]  # fmt: skip
        assert row["mean"] == pytest.approx(here["after"].mean(), rel=1e-3)
        assert row["low"] < row["mean"] < row["high"]


def test_training_begins_with_the_measurement_before_it():
    shown = material(
        ["discrimination_threshold_deg", "discrimination_threshold_elsewhere_deg"],
        recording("train", reference_deg=90.0, train_s=700.0),
    )
    table = numbers(draw_training(shown))
    first = table[table["epoch"] == "before"]
    assert len(first) == 4
    assert (first["mean"] == 10.0).all()


def test_recovery_writes_the_slope_of_the_table_and_not_that_of_the_cells():
    measures = ["recovery_slope", "recovery_small_deg", "recovery_large_deg"]
    shown = material(measures, recording(adapter_deg=90.0, adapter_s=700.0), slope={"given": -0.5})
    figure = draw_recovery(shown)
    pairs = shown.pairs
    late = pairs[(pairs["measure"] == "recovery_slope") & (pairs["epoch"] == "late")]
    for arm in ARMS:
        assert f"slope {late[late['arm'] == arm]['after'].mean():.2f} [" in figure.svg
    assert "regression to the mean" in figure.caption
    assert set(numbers(figure)["epoch"]) == {"late"}
