import base64
import html
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from benchmarks.planted.recordings import Planted, animal

from ketacortex.analyse.findings import write_findings
from ketacortex.analyse.one_animal import compare_one_animal
from ketacortex.analyse.population import compare_animals, json_rows
from ketacortex.analyse.session import measure_session
from ketacortex.experiment.folder import RunFolder
from ketacortex.experiment.load import load_experiment
from ketacortex.recording.nwb import write_nwb
from ketacortex.report.page import report_recordings, report_run
from ketacortex.report.wording import number, with_interval

from .synthetic_recordings import recording_of

HOSTILE = '<script>alert("x")</script>&$x^{'
COMMAND = "ketacortex run baseline-v1 --seed 1"
MAX_BYTES = 5_000_000


class Page(HTMLParser):
    """Every element of a page with its attributes."""

    VOID = ("meta", "link", "img", "br", "hr", "input", "use", "path", "image", "stop", "rect")

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.unclosed = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def sessions_of(recordings, arm="recording"):
    return [(arm, measure_session(recording)) for recording in recordings]


def page_of(recordings, arms=None):
    arms = arms or ["recording"] * len(recordings)
    sessions = [
        (arm, measure_session(recording)) for arm, recording in zip(arms, recordings, strict=True)
    ]
    compared = (
        compare_one_animal(recordings[0], sessions[0][1])
        if len(sessions) == 1
        else compare_animals(sessions)
    )
    paths = [f"recording-{i}.nwb" for i in range(len(recordings))]
    return report_recordings(paths, recordings, sessions, compared)


def prose_of(page):
    """What a reader sees, without tags, drawings and style."""
    page = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


def as_read(value, low, high):
    """A number and its interval as they come out of `prose_of`."""
    return with_interval(value, low, high).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def three_animals():
    recordings = [recording_of(f"animal-{i}", seed=i) for i in range(3)]
    sessions = sessions_of(recordings)
    compared = compare_animals(sessions)
    paths = [f"animal-{i}.nwb" for i in range(3)]
    return recordings, sessions, compared, report_recordings(paths, recordings, sessions, compared)


def test_the_page_asks_nothing_of_the_network(three_animals):
    page = three_animals[3]
    parsed = Page(page)
    for tag, attributes in parsed.elements:
        for name in ("src", "href", "xlink:href", "data", "action"):
            address = attributes.get(name) or ""
            is_doi = tag == "a" and address.startswith("https://doi.org/10.")
            assert is_doi or address.startswith(("#", "data:")) or not address
    assert not parsed.all("script")
    assert not parsed.all("link")
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_the_page_is_well_formed_and_small(three_animals):
    page = three_animals[3]
    parsed = Page(page)
    assert parsed.unclosed == []
    assert parsed.open == []
    assert page.lstrip().startswith("<!doctype html>")
    assert len(page.encode()) < MAX_BYTES


def test_no_two_elements_share_an_identifier(three_animals):
    found = [a["id"] for _, a in Page(three_animals[3]).elements if "id" in a]
    assert len(found) == len(set(found))


def test_every_figure_is_described_and_gives_its_numbers(three_animals):
    page = three_animals[3]
    figures = re.findall(r"<figure>.*?</figure>", page, flags=re.DOTALL)
    assert len(figures) == 7
    for figure in figures:
        parsed = Page(figure)
        (drawing,) = parsed.all("svg")
        assert drawing["role"] == "img"
        assert len(drawing["aria-label"]) > 40
        (link,) = (a for a in parsed.all("a") if "download" in a)
        numbers = base64.b64decode(link["href"].removeprefix("data:text/csv;base64,")).decode()
        header, *rows = numbers.splitlines()
        assert "," in header
        assert rows


def test_change_against_initial_value_stands_beside_what_noise_alone_gives():
    rng = np.random.default_rng(0)
    planted = Planted(n_units=40, n_repeats=(8, 8))
    page = page_of([animal(rng, planted, f"animal {i}") for i in range(3)])
    text = prose_of(page)
    assert re.search(r"gOSI: slope -0\.\d\d, from noise alone -0\.\d\d;", text)
    assert "over 3 animals" in text
    names = [a["download"] for a in Page(page).all("a") if "download" in a]
    assert {"initial.csv", "correlation-tuning.csv", "shift.csv"} <= set(names)


def test_the_effects_table_shows_the_effects(three_animals):
    _, _, compared, page = three_animals
    text = prose_of(page)
    shown = compared.effects[compared.effects["population"] == "pyr"]
    assert len(shown) == 11
    for row in json_rows(shown):
        assert as_read(row["change"], row["ci_low"], row["ci_high"]) in text
        assert number(row["after"]) in text
        if row["ratio"] is not None:
            assert as_read(row["ratio"], row["ratio_ci_low"], row["ratio_ci_high"]) in text


def test_the_headline_is_the_effect_on_pyramidal_cells(three_animals):
    _, _, compared, page = three_animals
    effects = compared.effects[compared.effects["population"] == "pyr"].set_index("measure")
    row = effects.loc["preferred_orientation_shift_excess_deg"]
    excess = as_read(row["change"], row["ci_low"], row["ci_high"])
    assert f"of which {excess} deg exceed measurement error" in prose_of(page)


def test_the_numbers_of_a_figure_are_those_of_the_units(three_animals):
    _, sessions, _, page = three_animals
    link = re.search(r'download="osi.csv" href="data:text/csv;base64,([^"]*)"', page)
    rows = base64.b64decode(link.group(1)).decode().splitlines()[1:]
    units = sessions[0][1].units
    first = units[(units["epoch"] == "control") & (units["unit"] == "u0")]["osi"].iloc[0]
    fields = next(r.split(",") for r in rows if r.startswith("animal-0,recording,u0,"))
    assert float(fields[6]) == pytest.approx(first, rel=1e-3)


def test_the_same_recordings_give_the_same_page(three_animals):
    recordings, sessions, compared, page = three_animals
    again = report_recordings([f"animal-{i}.nwb" for i in range(3)], recordings, sessions, compared)
    assert again == page


def test_a_hostile_name_stays_text():
    page = page_of([recording_of(HOSTILE, epochs=(HOSTILE, "<b>late</b>"))])
    assert not Page(page).all("script")
    assert not Page(page).all("b")
    assert HOSTILE in prose_of(page)


def test_one_epoch_has_no_change_and_says_so():
    page = page_of([recording_of(epochs=("all",))])
    text = prose_of(page)
    assert "there is one epoch, and a change needs two" in text
    assert "no recording has trials in more than one" in text
    assert len(Page(page).all("figure")) == 4


def test_without_blanks_the_spontaneous_rate_is_listed_as_missing():
    text = prose_of(page_of([recording_of(n_blanks=0, n_silent=0)]))
    missing = text[text.index("Not computed, because …") :]
    assert "no blank trials" in missing
    assert "spontaneous rate" in missing


def test_one_animal_is_never_more_than_one_animal_and_its_silent_units_are_counted():
    text = prose_of(page_of([recording_of(n_silent=2)]))
    assert "2 units are silent during the gratings." in text
    assert "the intervals are over its trials (of shifts, over its units)" in text


def test_unknown_classes_claim_no_physiological_range():
    recordings = [recording_of(f"a{i}", classes=("unknown",) * 10, seed=i) for i in range(2)]
    text = prose_of(page_of(recordings))
    assert "no range is claimed to apply" in text
    assert "animals inside" not in text
    assert "all units" in text


@pytest.mark.parametrize(
    "about",
    [
        {"epochs": ("control", "early", "late", "washout", "recovery")},
        {"n_silent": 19},
        {"n_repeats": 1, "n_blanks": 1},
        {"n_repeats": 0, "n_blanks": 5},
        {"n_repeats": 0, "n_blanks": 0},
        {"classes": ("sst",) * 5},
        {"classes": ("chandelier",) * 5 + ("unknown",) * 3},
    ],
    ids=str,
)
def test_whatever_is_missing_the_page_is_built(about):
    parsed = Page(page_of([recording_of(**about)]))
    assert parsed.unclosed == []
    assert {a["id"] for a in parsed.all("section")} >= {"raster", "rates", "effects", "missing"}


def test_several_arms_stand_side_by_side():
    recordings = [recording_of(f"a{i // 2}", seed=i) for i in range(4)]
    page = page_of(recordings, ["drug", "sham", "drug", "sham"])
    text = prose_of(page)
    assert "Arm drug, epoch retest against the first" in text
    assert "Arm sham, epoch retest against the first" in text
    assert "Two animals in four recordings, 38 units" in text


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """A run folder as a run leaves it, with recordings that were not simulated."""
    experiment = load_experiment("baseline-v1", animals=2)
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    arm = next(iter(experiment.arms))
    recordings = [recording_of(f"animal-{i}", seed=i) for i in range(2)]
    for i, recording in enumerate(recordings):
        path = folder.recording(i + 1, arm)
        path.parent.mkdir(parents=True)
        write_nwb(recording, path)
    sessions = sessions_of(recordings, arm)
    compared = compare_animals(sessions)
    write_findings(folder.findings, sessions, compared)
    summary = {"effects": json_rows(compared.effects), "not_computed": compared.not_computed}
    (folder.findings / "summary.json").write_text(json.dumps(summary))
    provenance = {"ketacortex": "0.1", "python": "3", "seed": 1, "animal_seeds": [11, 22],
                  "libraries": {"numpy": "2"}, "citations_doi": {"maps": "10.1/2"}}  # fmt: skip
    (folder.path / "provenance.json").write_text(json.dumps(provenance))
    return folder, experiment, compared, report_run(folder, experiment, COMMAND)


def test_a_run_and_its_recordings_show_the_same_effects(finished_run):
    _, _, compared, page = finished_run
    text = prose_of(page)
    for row in json_rows(compared.effects):
        assert as_read(row["change"], row["ci_low"], row["ci_high"]) in text


def test_a_run_says_what_was_asked_and_how_to_repeat_it(finished_run):
    text = prose_of(finished_run[3])
    assert "Two simulated animals, circuit v1, map cat" in text
    assert "two measurements of the same cortex (control and retest) without any drug" in text
    assert COMMAND in text
    assert "11, 22" in text


def test_every_parameter_of_a_run_stands_with_unit_and_source(finished_run):
    found = re.search(r"<summary>\d+ parameters.*?</details>", finished_run[3], re.DOTALL)
    text = prose_of(found.group())
    assert "circuit.receptors.magnesium_millimolar 1 mM" in text
    assert "Jahr & Stevens 1990, 10.1523/JNEUROSCI.10-09-03178.1990" in text
    assert "stimulus.repeats 12" in text


def test_a_run_without_its_recordings_still_has_its_tables(finished_run, tmp_path):
    folder, experiment, compared, _ = finished_run
    bare = RunFolder(tmp_path / "bare")
    bare.findings.mkdir(parents=True)
    for path in folder.findings.iterdir():
        (bare.findings / path.name).write_bytes(path.read_bytes())
    text = prose_of(report_run(bare, experiment, ""))
    assert "The recording of the example animal is not in the run folder." in text
    assert number(compared.effects["after"].iloc[2]) in text
