"""The section on adaptation: only where there was an adapter; its numbers are the tables'."""

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.adapted_epochs import ADAPTER_KIND
from ketacortex.analyse.flanks_by_class import FLANK_MEASURES
from ketacortex.analyse.population import compare_animals
from ketacortex.analyse.session import measure_session
from ketacortex.analyse.statistics import mean_interval
from ketacortex.experiment.load import load_experiment
from ketacortex.report import adaptation_example, adaptation_figures, recovery_figure
from ketacortex.report.adaptation_example import example_adaptation, has_adaptation
from ketacortex.report.adaptation_figures import draw_flanks, draw_shift_by_time
from ketacortex.report.by_time import over_animals, shown_most, times_of
from ketacortex.report.page import report_recordings
from ketacortex.report.recovery_figure import NAIVE, cells_along, draw_recovery, naive_slopes
from ketacortex.report.tables import material_of_recordings
from ketacortex.report.wording import with_interval

from .adapted_material import ADAPTER_S, LEFT, adapted_sessions
from .synthetic_recordings import recording_of
from .test_page import HOSTILE, Page, prose_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sessions():
    return adapted_sessions(3)


@pytest.fixture(scope="module")
def material(sessions):
    recordings, found, compared = sessions
    paths = [f"{k}.nwb" for k in range(len(recordings))]
    bare = material_of_recordings(paths, recordings, found, compared, {}, "")
    return replace(bare, experiment=load_experiment("adaptation-ketamine"))


@pytest.fixture(scope="module")
def example(material):
    return example_adaptation(material)


def numbers_of(figure):
    return pd.read_csv(io.StringIO(figure.csv))


def captured(monkeypatch, module):
    """Figures that a module finishes from now on."""
    found = []
    finish = module.finish
    monkeypatch.setattr(
        module, "finish", lambda figure, **about: found.append(figure) or finish(figure, **about)
    )
    return found


def test_means_over_animals_stand_at_the_time_of_their_epoch(material, example):
    table = numbers_of(draw_shift_by_time(material, example))
    assert len(table) == 3 * len(LEFT) * 3
    epochs = material.example.epochs.set_index("name")
    zero_s = epochs.loc[epochs["kind"] == ADAPTER_KIND, "start_s"].iloc[0]
    pairs = material.pairs[material.pairs["population"] == "pyr"]
    for row in table.itertuples():
        here = pairs[
            (pairs["measure"] == row.measure) & (pairs["arm"] == row.arm)
            & (pairs["epoch"] == row.epoch)
        ]  # fmt: skip
        wanted = mean_interval(here["after"])
        found = (row.mean, row.low, row.high)
        assert found == pytest.approx((wanted.mean, wanted.low, wanted.high), rel=2e-3, abs=1e-6)
        middle_s = epochs.loc[row.epoch, ["start_s", "stop_s"]].mean()
        assert row.minute == pytest.approx((middle_s - zero_s) / 60.0, rel=2e-3)
        assert row.n_animals == 3


def test_the_time_of_the_adapter_is_shaded_and_begins_at_zero(example):
    assert example.times.shown == ((0.0, pytest.approx(ADAPTER_S / 60.0)),)
    assert example.times.minutes["before"] < example.times.minutes["before again"] < 0


def test_where_the_adapter_was_left_out_nothing_is_shaded(material):
    control = next(one.recording for one in material.examples if one.arm == "retest")
    assert times_of(control, ADAPTER_KIND).shown == ()
    alone = replace(material, examples=material.examples[-1:])
    assert shown_most(alone, ADAPTER_KIND) is control


def test_single_cells_are_of_the_arm_that_saw_most_of_the_adapter(material, monkeypatch):
    backwards = replace(material, examples=material.examples[::-1])
    example = example_adaptation(backwards)
    assert example.arm in ("drug", "sham")
    figures = captured(monkeypatch, adaptation_figures)
    draw_shift_by_time(backwards, example)
    lines = [line for line in figures[0].axes[1].lines if line.get_linewidth() == 0.5]
    near = example.cells[example.cells["group"] == "near"]
    assert len(lines) == near["unit"].nunique() > 10
    drawn = np.concatenate([line.get_ydata() for line in lines])
    assert sorted(drawn) == pytest.approx(sorted(near["shift_towards_deg"]))


def test_both_shares_have_the_same_axis_from_zero_and_cells_one_that_is_symmetric(
    material, example, monkeypatch
):
    figures = captured(monkeypatch, adaptation_figures)
    draw_shift_by_time(material, example)
    _, cells, *shares = figures[0].axes
    low, high = cells.get_ylim()
    assert low == -high
    assert shares[0].get_ylim() == shares[1].get_ylim()
    assert shares[0].get_ylim()[0] == 0.0


def test_one_animal_has_a_mean_and_no_interval():
    found = over_animals(pd.DataFrame({"animal": ["a", "a"], "after": [1.0, 2.0]}))
    assert found["mean"] == 1.5
    assert found["n_animals"] == 1
    assert np.isnan([found["low"], found["high"]]).all()


def test_geometric_means_have_the_interval_of_the_logarithms():
    table = pd.DataFrame({"animal": ["a", "b", "c"], "after": [1.0, 10.0, 100.0]})
    found = over_animals(table, logarithmic=True)
    assert found["mean"] == pytest.approx(10.0)
    assert found["low"] * found["high"] == pytest.approx(100.0)


def test_flanks_are_those_of_the_tables_on_a_symmetric_axis(material, example, monkeypatch):
    figures = captured(monkeypatch, adaptation_figures)
    table = numbers_of(draw_flanks(material, example))
    assert set(table["epoch"]) == {"adapted"}
    assert set(table["measure"]) == set(FLANK_MEASURES)
    pairs = material.pairs[material.pairs["epoch"] == "adapted"]
    for row in table.itertuples():
        here = pairs[(pairs["measure"] == row.measure) & (pairs["arm"] == row.arm)]
        assert row.mean == pytest.approx(here["after"].mean(), rel=2e-3, abs=1e-5)
        assert row.n_animals == len(here)
    low, high = figures[0].axes[0].get_ylim()
    assert low == -high
    assert high > table[["low", "high"]].abs().max(axis=None)


def test_flanks_of_planted_shifts_go_up_on_the_side_that_the_curve_moved_to(material, example):
    table = numbers_of(draw_flanks(material, example)).groupby("measure")["mean"].mean()
    assert table["attractive_adapted_flank_change"] > 0 > table["attractive_opposite_flank_change"]
    assert table["repulsive_opposite_flank_change"] > 0 > table["repulsive_adapted_flank_change"]


def test_the_slope_in_the_panel_is_that_of_the_tables_and_the_planted_one(material, example):
    figure = draw_recovery(material, example)
    table = numbers_of(figure)
    effects = material.effects
    for arm in ("drug", "sham"):
        (slope,) = effects[
            (effects["measure"] == "recovery_slope") & (effects["epoch"] == "later")
            & (effects["arm"] == arm) & (effects["population"] == "pyr")
        ].to_dict("records")  # fmt: skip
        interval = with_interval(slope["change"], slope["ci_low"], slope["ci_high"])
        assert f"slope {interval}" in figure.svg
        told = table[(table["measure"] == "recovery_slope") & (table["arm"] == arm)]
        assert told["mean"].iloc[0] == pytest.approx(LEFT[arm] - 1.0, abs=0.12)


def test_arms_side_by_side_have_one_symmetric_axis(material, example, monkeypatch):
    figures = captured(monkeypatch, recovery_figure)
    draw_recovery(material, example)
    drug, sham = figures[0].axes
    assert (drug.get_xlim(), drug.get_ylim()) == (sham.get_xlim(), sham.get_ylim())
    low, high = drug.get_ylim()
    assert low == -high == -drug.get_xlim()[1]


def test_the_caption_gives_the_difference_of_the_claim(material, example):
    effects = material.effects
    (row,) = effects[
        (effects["measure"] == "recovery_slope") & (effects["arm"] == "drug_minus_sham")
        & (effects["epoch"] == "later")
    ].to_dict("records")  # fmt: skip
    caption = draw_recovery(material, example).caption
    told = with_interval(row["change"], row["ci_low"], row["ci_high"])
    assert f"drug against sham: slope more by {told} (n = 3)." in caption
    assert "regression to the mean" in caption


def test_the_cells_are_those_of_the_units_table(material, example):
    table = numbers_of(draw_recovery(material, example))
    cells = table[table["unit"].notna()]
    one = cells.iloc[0]
    units = material.units
    mine = units[
        (units["animal"] == one["animal"]) & (units["arm"] == one["arm"])
        & (units["unit"].astype(float) == one["unit"])
    ].set_index("epoch")["preferred_orientation_deg"]  # fmt: skip
    shift_deg, change_deg = cells_along(
        *(mine[[epoch]].to_numpy() for epoch in ("before again", "adapted", "later"))
    )
    assert one["shift_deg"] == pytest.approx(shift_deg[0], rel=1e-3)
    assert one["change_deg"] == pytest.approx(change_deg[0], rel=1e-3, abs=1e-4)


def test_noise_alone_has_a_naive_slope_of_one_half_and_a_true_change_its_own():
    rng = np.random.default_rng(0)
    names = {"animal": "a", "arm": "x"}
    noise = cells_along(*rng.normal(90.0, 4.0, (3, 20_000)))
    moved = cells_along(*(90.0 + np.outer([0.0, 1.0, 0.7], rng.normal(0.0, 8.0, 500))))
    slopes = [
        naive_slopes(pd.DataFrame({**names, "shift_deg": size, "change_deg": change}))
        for size, change in (noise, moved)
    ]
    assert slopes[0]["after"].iloc[0] == pytest.approx(-0.5, abs=0.02)
    assert slopes[1]["after"].iloc[0] == pytest.approx(-0.3, abs=1e-9)


@pytest.mark.parametrize("change", [lambda deg: -deg, lambda deg: deg + 67.0])
def test_mirrored_or_turned_cells_move_as_much_along_their_shift(change):
    deg = np.random.default_rng(1).uniform(0.0, 180.0, (3, 50))
    np.testing.assert_allclose(cells_along(*deg), cells_along(*(change(deg) % 180.0)), atol=1e-9)


def test_without_a_recording_the_figures_of_the_tables_remain(material):
    bare = replace(material, examples=())
    assert "says when its epochs were" in draw_shift_by_time(bare, None)
    assert set(numbers_of(draw_flanks(bare, None))["epoch"]) <= set(material.epochs)
    recovery = draw_recovery(bare, None)
    assert NAIVE not in set(numbers_of(recovery)["measure"])
    assert "Dots" not in recovery.caption


def test_epochs_that_the_table_of_epochs_does_not_have_are_not_drawn(material):
    recording = material.example
    unnamed = recording.epochs.replace({"name": {"later": "last"}})
    first = replace(material.examples[0], recording=replace(recording, epochs=unnamed))
    shown = replace(material, examples=(first,))
    example = example_adaptation(shown)
    assert set(example.cells["epoch"]) == {"adapted", "adapted again"}
    table = numbers_of(draw_shift_by_time(shown, example))
    assert set(table["epoch"]) == {"adapted", "adapted again"}


def test_too_few_cells_are_a_reason(material, example):
    none = replace(material, pairs=material.pairs.iloc[:0], effects=material.effects.iloc[:0])
    assert not has_adaptation(none)
    for draw in (draw_shift_by_time, draw_flanks, draw_recovery):
        assert draw(none, example).startswith("Not computed: ")


def test_a_page_without_an_adapter_has_no_such_section_and_measures_nothing(monkeypatch):
    monkeypatch.setattr(adaptation_example, "measure_adaptation", None)
    recording = recording_of()
    found = [("recording", measure_session(recording))]
    page = report_recordings(["a.nwb"], [recording], found, compare_animals(found))
    for word in ("#experience", "#phenomena", "adapter", "Published phenomena"):
        assert word not in page


def test_a_page_with_an_adapter_measures_one_session_again_and_hostile_names_stay_text(
    sessions, monkeypatch
):
    measured = []
    monkeypatch.setattr(
        adaptation_example, "measure_adaptation",
        lambda recording: measured.append(recording) or real(recording),
    )  # fmt: skip
    recordings, found, _ = sessions
    found = [(HOSTILE if arm == "drug" else arm, session) for arm, session in found]
    page = report_recordings(
        [f"{k}.nwb" for k in range(len(recordings))], recordings, found, compare_animals(found)
    )
    assert len(measured) == 1
    section = re.search(r'<section id="experience">.*?</section>', page, flags=re.DOTALL).group()
    names = re.findall(r'download="([^"]*).csv"', section)
    assert names == ["adaptation-by-time", "flanks", "recovery"]
    parsed = Page(page)
    assert not parsed.all("script")
    assert parsed.unclosed == []
    assert HOSTILE in prose_of(page)
    identifiers = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(identifiers) == len(set(identifiers))


real = adaptation_example.measure_adaptation
