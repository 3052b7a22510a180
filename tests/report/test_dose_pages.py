"""Pages of runs in which drug is given: the strip, the ladder, claims, and what is not modelled."""

import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from ketacortex.analyse.findings import write_findings
from ketacortex.analyse.population import compare_animals, json_rows
from ketacortex.analyse.session import measure_session
from ketacortex.experiment.folder import RunFolder
from ketacortex.experiment.load import load_experiment
from ketacortex.recording.nwb import write_nwb
from ketacortex.report.dose_strip import concentration_by_depth
from ketacortex.report.dosing import given_in
from ketacortex.report.ladder import steps_of
from ketacortex.report.page import report_run

from .synthetic_recordings import recording_of
from .test_page import Page, as_read, prose_of

pytestmark = pytest.mark.slow

WITHOUT_UPREGULATION = '{doses = ["held_3"], set = {"upregulation.amplitude" = 0.0}}'


def finished(experiment, place):
    """A run folder as a run leaves it; spikes are drawn, slow states made up by arm."""
    folder = RunFolder(place)
    epochs = tuple(epoch.name for epoch in experiment.epoch)
    sessions = []
    for animal in (1, 2):
        for number, arm in enumerate(experiment.arms):
            recording = recording_of(
                f"animal-{animal}", epochs=epochs, seed=10 * animal + number, n_blanks=8
            )
            path = folder.recording(animal, arm)
            path.parent.mkdir(parents=True)
            write_nwb(recording, path)
            course_of(experiment, arm, number).to_csv(folder.course(animal, arm), index=False)
            sessions.append((arm, measure_session(recording)))
    compared = compare_animals(sessions, experiment.claims)
    write_findings(folder.findings, sessions, compared)
    summary = {"effects": json_rows(compared.effects), "not_computed": compared.not_computed}
    (folder.findings / "summary.json").write_text(json.dumps(summary))
    return compared, report_run(folder, experiment, "ketacortex run")


def course_of(experiment, arm, number):
    columns = ["time_s", "quantity", "population", "mean", "low", "high"]
    if not given_in(experiment, arm):
        return pd.DataFrame(columns=columns)
    start_s = experiment.shown()[0][1].total_s
    rows = []
    for time_s in np.linspace(start_s, start_s + 2873, 20):
        for name in ("pyr", "pv", "sst"):
            rows.append((time_s, "free_micromolar", name, 1.0 * number, 0.1, 4.0 * number + 4))
            rows.append((time_s, "blocked_share", name, 0.1 * number, 0.0, 0.6))
        rows.append((time_s, "ampa_gain", "pyr", 1.05, 1.0, 1.1))
    return pd.DataFrame(rows, columns=columns)


def numbers_of(page, name):
    link = re.search(rf'download="{name}.csv" href="data:text/csv;base64,([^"]*)"', page)
    return pd.read_csv(io.StringIO(base64.b64decode(link.group(1)).decode()), na_filter=False)


@pytest.fixture(scope="module")
def topical(tmp_path_factory):
    experiment = load_experiment("topical-v1", animals=2)
    return experiment, *finished(experiment, tmp_path_factory.mktemp("topical"))


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    experiment = load_experiment("ladder-v1")
    return experiment, *finished(experiment, tmp_path_factory.mktemp("ladder"))


def test_claims_come_first_with_their_numbers(topical):
    _, compared, page = topical
    text = prose_of(page)
    claims = compared.effects[compared.effects["arm"] == "drug_minus_retest"]
    assert len(claims) > 20
    for row in json_rows(claims):
        assert as_read(row["change"], row["ci_low"], row["ci_high"]) in text
    effects = text[text.index("95 % intervals are Student t") :]
    assert effects.index("drug against retest, epoch early") < effects.index(
        "arm drug, epoch early"
    )
    assert "drug against retest, epoch late (n = 2):" in text[: text.index("Pyramidal cells, each")]


def test_the_strip_shows_drug_block_and_gain_of_the_treated_arm_alone(topical):
    numbers = numbers_of(topical[2], "dose-strip")
    assert set(numbers["arm"]) == {"drug"}
    assert set(numbers["quantity"]) == {"free_micromolar", "blocked_share", "ampa_gain"}
    assert numbers["minute"].min() == pytest.approx(0.0, abs=0.01)
    last = numbers[(numbers["quantity"] == "ampa_gain")].iloc[-1]
    assert (float(last["mean"]), float(last["high"])) == (1.05, 1.1)


def test_the_map_of_the_strip_is_the_dose_itself(topical):
    minute, free = concentration_by_depth(topical[0], "drug")
    assert not free[:, minute <= 0].any()
    assert np.all(np.diff(free[:, -1]) < 0)
    nothing = concentration_by_depth(topical[0], "retest")[1]
    assert not nothing.any()


def test_every_arm_stands_beside_the_others(topical):
    page = topical[2]
    text = prose_of(page)
    assert "arm drug: ketamine in filter paper; arm retest: no drug" in text
    for name in ("raster", "tuning", "shift", "osi", "fano-factor"):
        assert set(numbers_of(page, name)["arm"]) == {"drug", "retest"}, name
    assert set(numbers_of(page, "osi")["epoch"]) == {"early", "late"}


def test_what_is_not_modelled_says_which_targets_were_reached(topical, ladder):
    text, far = prose_of(topical[2]), prose_of(ladder[2])
    assert "One site in twenty saw more than 4.00 µM at some time: none of them was reached" in text
    assert "HCN channels are in the branches but are not blocked." in text
    assert "Surface transfer 0.00035 is fitted: a peak of 1 µM" in text
    assert "more than 28.0 µM at some time: HCN1 channels, nicotinic receptors and sodium" in far
    assert "Surface transfer" not in far[far.index("Not modelled") : far.index("Spikes of one")]


def test_doses_tissue_and_evidence_are_among_the_parameters(topical):
    found = re.search(r"<summary>\d+ parameters.*?</details>", topical[2], re.DOTALL)
    text = prose_of(found.group())
    for words in (
        "dose.paper.surface_transfer 0.00035 ratio",
        "tissue.washout_per_min 0.2 1/min",
        "evidence.ketamine.ic50.glun2d 2.95 µM",
        "evidence.ketamine.k_on 2 1/(µM s)",
    ):
        assert words in text
    assert "10 mg/ml hydrochloride (36.5 mM)" in prose_of(topical[2])


def test_a_ladder_stands_against_the_arm_without_drug(ladder):
    _, compared, page = ladder
    numbers = numbers_of(page, "ladder")
    assert sorted(numbers["free_micromolar"].unique()) == [0, 1, 3, 10, 30, 100, 300]
    claims = compared.effects.set_index(["measure", "arm", "population"])
    is_osi = (numbers["measure"] == "osi") & (numbers["population"] == "pyr")
    row = numbers[is_osi & (numbers["arm"] == "um_30")].iloc[0]
    wanted = claims.loc[("osi", "um_30_minus_um_0", "pyr")]
    assert float(row["ratio"]) == pytest.approx(wanted["ratio"], rel=1e-3)
    text = prose_of(page)
    assert "1 HCN1 channels (8 µM), 2 nicotinic receptors (15 µM)" in text
    assert "4 L-type calcium channels (33 µM)" in text
    assert "Coarse: intervals over so few animals are wide." in text


def test_without_claims_a_ladder_stands_against_its_own_control(tmp_path):
    given = {"a": '{doses = ["held_0"]}', "b": '{doses = ["held_1"]}', "c": '{doses = ["held_3"]}'}
    given["d"] = WITHOUT_UPREGULATION
    arms = ", ".join(f"{arm} = {what}" for arm, what in given.items())
    experiment = load_experiment("ladder-v1", changes=[f"arms={{{arms}}}"])
    compared, page = finished(experiment, tmp_path)
    numbers = numbers_of(page, "ladder")
    is_osi = (numbers["measure"] == "osi") & (numbers["population"] == "pyr")
    row = numbers[is_osi & (numbers["arm"] == "b")].iloc[0]
    own = compared.effects.set_index(["measure", "arm", "population"]).loc[("osi", "b", "pyr")]
    assert float(row["ratio"]) == pytest.approx(own["ratio"], rel=1e-3)
    assert set(numbers["set"]) == {"", "upregulation.amplitude = 0.0"}
    assert "against the first epoch of the same arm" in prose_of(page)


def test_a_dose_that_ends_early_is_no_step_and_an_arm_without_dose_is_one():
    experiment = load_experiment(
        "ladder-v1", changes=["dose.held_30.duration_s=60", "arms.um_0.doses=[]"]
    )
    steps = steps_of(experiment).set_index("arm")["free_micromolar"]
    assert "um_30" not in steps
    assert steps["um_0"] == 0.0
    assert steps_of(load_experiment("topical-v1"))["free_micromolar"].tolist() == [0.0]


def test_a_page_without_drug_has_none_of_this(tmp_path):
    _, page = finished(load_experiment("baseline-v1", animals=2), tmp_path)
    text = prose_of(page)
    for words in ("Not modelled", "filter paper", "Doses, times", "against B"):
        assert words not in text
    assert "dose-strip" not in page
    assert "ladder" not in page


@pytest.mark.parametrize("which", ["topical", "ladder"])
def test_pages_are_well_formed_and_small(which, request):
    page = request.getfixturevalue(which)[2]
    parsed = Page(page)
    assert parsed.unclosed == []
    identifiers = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    assert len(page.encode()) < 5_000_000
    assert "mathdefault" not in page
