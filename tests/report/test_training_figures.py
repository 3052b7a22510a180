"""Thresholds by time: the numbers of the tables, from the measurement before training on."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analyse.planted import von_mises_rates
from analyse.trained import trained_session
from ketacortex.analyse.experience import measure_experience, with_experience
from ketacortex.analyse.population import changes_by_animal, compare_animals
from ketacortex.analyse.session import measure_session
from ketacortex.recording.recording import Subject
from ketacortex.report import training_figures
from ketacortex.report.tables import material_of_recordings
from ketacortex.report.training_figures import draw_training, has_training

TRAINED_S = 900.0
GAIN = {"trained": 2.0, "passed": 1.0}
"""By how much rates rise, in each arm; in the second the time passes without training."""
THRESHOLDS = ("discrimination_threshold_deg", "discrimination_threshold_elsewhere_deg")


def trained_animal(arm, animal, seed):
    rng = np.random.default_rng(seed)
    rate_hz = von_mises_rates(rng.uniform(0.0, 180.0, 24), 2.0, 0.9, 8.0)
    training = (TRAINED_S if GAIN[arm] > 1 else 0.0, TRAINED_S)
    plan = [("before", rate_hz), training, ("after", GAIN[arm] * rate_hz), training,
            ("late", GAIN[arm] ** 2 * rate_hz)]  # fmt: skip
    return replace(trained_session(plan, rng), subject=Subject(identifier=animal))


@pytest.fixture(scope="module")
def sessions():
    keys = [(arm, f"animal {k}") for k in range(2) for arm in GAIN]
    recordings = [trained_animal(arm, animal, seed) for seed, (arm, animal) in enumerate(keys)]
    return recordings, [
        (arm, with_experience(measure_session(recording), measure_experience(recording)))
        for (arm, _), recording in zip(keys, recordings, strict=True)
    ]


@pytest.fixture(scope="module")
def material(sessions):
    recordings, found = sessions
    paths = [f"{k}.nwb" for k in range(len(recordings))]
    return material_of_recordings(paths, recordings, found, compare_animals(found), {}, "")


def test_points_are_geometric_means_of_the_rows_of_each_animal(material, sessions):
    assert has_training(material)
    table = pd.read_csv(io.StringIO(draw_training(material).csv))
    assert len(table) == len(THRESHOLDS) * len(GAIN) * 3
    rows = changes_by_animal(sessions[1])
    for point in table.itertuples():
        here = rows[(rows["measure"] == point.measure) & (rows["arm"] == point.arm)]
        column = "before" if point.epoch == "before" else "after"
        here = here[here["epoch"] == ("late" if point.epoch == "before" else point.epoch)]
        assert point.mean == pytest.approx(np.exp(np.log(here[column]).mean()), rel=2e-3)
        assert point.low < point.mean < point.high
        assert point.n_animals == 2


def test_time_begins_with_the_first_training_and_runs_on(material):
    table = pd.read_csv(io.StringIO(draw_training(material).csv))
    minutes = table.groupby("epoch")["minute"].agg(["min", "max"])
    assert (minutes["min"] == minutes["max"]).all()
    assert minutes.loc["before", "min"] < 0 < TRAINED_S / 60.0 < minutes.loc["after", "min"]
    assert minutes.loc["late", "min"] > minutes.loc["after", "min"] + TRAINED_S / 60.0


def test_higher_rates_have_lower_thresholds_on_a_logarithmic_axis(material, monkeypatch):
    figures = []
    finish = training_figures.finish
    monkeypatch.setattr(
        training_figures,
        "finish",
        lambda figure, **a: figures.append(figure) or finish(figure, **a),
    )
    table = pd.read_csv(io.StringIO(draw_training(material).csv))
    means = table.pivot_table(index="arm", columns="epoch", values="mean")
    assert means.loc["trained", "late"] < means.loc["trained", "before"]
    at, elsewhere = figures[0].axes
    assert at.get_yscale() == elsewhere.get_yscale() == "log"
    assert at.get_ylim() == elsewhere.get_ylim()
    assert len(at.patches) == len(elsewhere.patches) == 2
    low_deg, high_deg = at.get_ylim()
    assert low_deg < table["low"].min() < table["high"].max() < high_deg
    assert len(at.get_yticks()) >= 2


def test_without_thresholds_or_recordings_there_is_a_reason(material):
    pairs = material.pairs
    none = replace(material, pairs=pairs[~pairs["measure"].isin(THRESHOLDS)])
    assert "no threshold could be measured" in draw_training(none)
    assert "says when its epochs were" in draw_training(replace(material, examples=()))
    assert not has_training(replace(material, pairs=pairs.iloc[:0]))
