"""Every sentence that a wrong experiment file earns."""

import pytest

from ketacortex.errors import ConfigurationError
from ketacortex.experiment.load import load_experiment, of_arm, preset_names

BASE = 'extends = "baseline-v1"\n'


def complaint(tmp_path, text, **arguments) -> str:
    file = tmp_path / "experiment.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_experiment(file, **arguments)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(str(file), "experiment.toml")


def test_a_file_takes_over_what_it_does_not_say(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(BASE + 'name = "mine"\n[circuit]\nmap = "mouse"\n[stimulus]\nrepeats = 3\n')
    mine, base = load_experiment(file), load_experiment("baseline-v1")
    assert (mine.circuit.map, mine.stimulus.repeats) == ("mouse", 3)
    assert mine.stimulus.blanks == base.stimulus.blanks
    assert mine.epoch == base.epoch


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_is_valid_and_survives_its_own_file(preset, tmp_path):
    import tomli_w

    experiment = load_experiment(preset)
    file = tmp_path / "again.toml"
    file.write_text(tomli_w.dumps(experiment.model_dump(exclude_none=True)))
    assert load_experiment(file) == experiment


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            BASE + "[stimulus]\nrepeets = 3\n",
            'experiment.toml: stimulus.repeets is not a setting. Did you mean "repeats"?',
        ),
        (
            BASE + "[circuit.afferents]\nwieght = 3\n",
            "experiment.toml: circuit.afferents.wieght is not a setting. Known: branch_scatter_deg",
        ),
        (
            BASE + '[stimulus]\nduration_s = "long"\n',
            "experiment.toml: stimulus.duration_s is 'long'; input should be a valid number",
        ),
        (
            BASE + "animals = 0\n",
            "experiment.toml: animals is 0; input should be greater than or equal to 1. "
            "It is: animals, each its own cortex",
        ),
        (
            BASE + '[circuit]\nmap = "dog"\n',
            "experiment.toml: circuit.map is 'dog'; input should be 'cat', 'mouse' or 'shuffled'.",
        ),
        (
            BASE + '[[epoch]]\nname = "control"\n[[epoch]]\nname = "control"\n',
            'two epochs are called "control"; noise and results are kept by epoch name',
        ),
        ("animals = = 3\n", "experiment.toml: not valid TOML: Invalid value (at line 1"),
        (
            'extends = "baseline"\n',
            'experiment.toml: extends is "baseline", which is no preset. '
            'Did you mean "baseline-v1"?',
        ),
        ('name = "bare"\n', "experiment.toml: epoch is missing; add it."),
        (
            BASE + '[arms]\nablation = { set = { "wiring.ee_nanosiemen" = 0.1 } }\n',
            'circuit.wiring.ee_nanosiemen is not a setting. Did you mean "ee_nanosiemens"?',
        ),
        (
            BASE + '[[epoch]]\nname = "control"\nkind = "mesure"\n',
            "epoch.0.kind is 'mesure'; input should be 'measure', 'wait', 'adapt', 'recover' or "
            "'train'.",
        ),
    ],
)
def test_a_mistake_is_named_with_its_path_and_what_to_do(text, sentence, tmp_path):
    assert sentence in complaint(tmp_path, text)


def test_a_preset_that_does_not_exist():
    with pytest.raises(ConfigurationError) as caught:
        load_experiment("basline-v1")
    assert str(caught.value).startswith(
        'unknown preset "basline-v1". Did you mean "baseline-v1"? Known: adaptation'
    )


def test_a_file_that_does_not_exist():
    with pytest.raises(ConfigurationError, match=r'there is no file "none.toml"'):
        load_experiment("none.toml")


def test_a_file_that_is_no_text(tmp_path):
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ConfigurationError, match="cannot be read as text"):
        load_experiment(file)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("stimulus.repeats", 'has no "path=value"'),
        ("epoch.contrl.kind=measure", 'there is no epoch called "contrl". Did you mean "control"?'),
        ("seed.value=3", "seed is a single value"),
        ('arms.retest.doses="paper"', "is 'paper'; a list belongs there: write [\"paper\"]"),
        ("stimulus=3", "stimulus is 3; write a table, as in { n_orientations = ..."),
        ("epoch=3", "epoch is 3; a list belongs there, so put it in brackets"),
        ("stimulus.n_orientations=2", "greater than or equal to 4"),
    ],
)
def test_a_wrong_change_on_the_command_line(change, sentence):
    with pytest.raises(ConfigurationError) as caught:
        load_experiment(changes=[change])
    assert sentence in str(caught.value)


def test_changes_reach_deep_and_into_epochs_by_name():
    experiment = load_experiment(
        "baseline-v1",
        changes=["circuit.wiring.ee_nanosiemens=0.5", "epoch.retest.stimulus={repeats = 3}",
                 "circuit.map=mouse"]
    )  # fmt: skip
    assert experiment.circuit.wiring.ee_nanosiemens == 0.5
    assert experiment.circuit.map == "mouse"
    assert [sequence.repeats for _, sequence in experiment.shown()] == [12, 3]


def test_an_arm_changes_its_own_circuit_only():
    experiment = load_experiment(
        changes=['arms={retest = {}, weak = {set = {"wiring.ee_nanosiemens" = 0.1}}}']
    )
    assert of_arm(experiment, "weak").circuit.wiring.ee_nanosiemens == 0.1
    assert of_arm(experiment, "retest").circuit == experiment.circuit


def test_an_arm_can_change_how_tightly_receptors_bind():
    experiment = load_experiment(
        changes=['arms={variant = {doses = ["paper"], set = {"block.affinity_pv" = 3.0}}}']
    )
    assert of_arm(experiment, "variant").treatment("variant").block.affinity_pv == 3.0
    assert experiment.block.affinity_pv == 1.0


def test_doses_are_reached_by_name_and_by_number():
    for place in ("paper", "0"):
        (dose,) = load_experiment(changes=[f"dose.{place}.concentration_mg_per_ml=0"]).dose
        assert dose.is_nothing


def test_claims_about_arms_that_were_replaced_are_dropped(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('extends = "topical-v1"\nname = "mine"\n[arms]\nalone = {}\n')
    assert load_experiment(file).claims == {}
    file.write_text(file.read_text() + "b = {}\n[claims]\nown = ['b', 'alone']\n")
    assert load_experiment(file).claims == {"own": ("b", "alone")}
    assert load_experiment(changes=["arms={alone = {}}"]).claims == {}
    assert load_experiment().claims == {"drug_minus_retest": ("drug", "retest")}


DOSE = """
[[dose]]
name = "paper"
blocker = "ketamine"
route = "topical"
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            DOSE.replace("ketamine", "ketamin"),
            "experiment.toml: dose.0.blocker is 'ketamin'; no constants are known for it. "
            'Did you mean "ketamine"?',
        ),
        (
            DOSE.replace("topical", "rectal"),
            'experiment.toml: dose.0.route is "rectal", which is not known. Did you mean '
            '"oral"? Known: held, '
            "injection, intramuscular, intranasal, intraperitoneal, intravenous, iontophoresis, "
            "oral, subcutaneous, topical, well.",
        ),
        (
            DOSE.replace('route = "topical"', ""),
            "experiment.toml: dose.0.route is missing; add it.",
        ),
        (
            DOSE + 'salt = "hydrochlorid"\n',
            'salt is "hydrochlorid", of which no molar mass is known, so a mass cannot become µM. '
            'Did you mean "hydrochloride"?',
        ),
        (
            DOSE + "concentration_mg_per_ml = -1.0\n",
            "dose.0.concentration_mg_per_ml is -1.0; input should be greater than or equal to 0. "
            "It is: of the solution [mg/ml].",
        ),
        (
            DOSE + "concentration_micromolar = 1.0\n",
            "dose.0.concentration_micromolar is not a setting. "
            'Did you mean "concentration_mg_per_ml"?',
        ),
        (
            DOSE + "side_um = 1501.0\n",
            "dose.paper.side_um is 1501 µm, and the cortex is 1500 µm wide: a paper larger than "
            "the cortex cannot lie on it.",
        ),
        (
            DOSE + "start_s = 4000.0\n",
            "dose.paper.start_s is 4000 s, outside the session, which ends 172.8 s after the "
            "first epoch; nothing would be seen of it.",
        ),
        (DOSE + "start_s = -1.0\n", "dose.0.start_s is -1.0; input should be greater than"),
        (DOSE + "surface_transfer = 2.0\n", "dose.0.surface_transfer is 2.0; input should be less"),
        (DOSE + DOSE, 'two doses are called "paper"; arms call doses by name.'),
        (
            DOSE + '[arms]\ndrug = { doses = ["papr"] }\n',
            'arms.drug.doses names "papr", which is no dose. Did you mean "paper"?',
        ),
        (
            '[arms]\ndrug = { doses = ["paper"] }\n',
            'arms.drug.doses names "paper", which is no dose. Add a [[dose]] table',
        ),
        (
            '[claims]\nnews = ["drug", "retest"]\n',
            'claims.news names "drug", which is no arm. Known: retest.',
        ),
        (
            '[claims]\nretest = ["retest", "retest"]\n',
            "claims.retest has the name of an arm, and their results could not be told apart.",
        ),
        (
            '[[epoch]]\nname = "a"\n[[epoch]]\nname = "b"\nstart_s = 60.0\n'
            '[[epoch]]\nname = "c"\nstart_s = 100.0\n',
            "epoch.c.start_s is 100 s, before the end of the epoch before it at 232.8 s",
        ),
        (
            '[[epoch]]\nname = "a"\nstart_s = 1.0\n',
            "epoch.a.start_s is 1; the first epoch ends where the clock begins",
        ),
        (
            '[arms]\nodd = { set = { "block.affinity_vip" = 1 } }\n',
            'block.affinity_vip is not a setting. Did you mean "affinity_pv"?',
        ),
    ],
)
def test_a_mistake_about_doses_arms_and_times(text, sentence, tmp_path):
    assert sentence in complaint(tmp_path, BASE + text)


INFUSION = """
[[dose]]
name = "drip"
blocker = "ketamine"
route = "intravenous"
dose_mg_per_kg = 0.5
duration_s = 100.0
"""
HUMAN = '[kinetics]\nspecies = "human"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (INFUSION, "kinetics.species is missing, and a dose into the body spreads differently"),
        (
            INFUSION + '[kinetics]\nspecies = "mouce"\n',
            'kinetics.species is "mouce", of which no kinetics are known. Did you mean "mouse"?',
        ),
        (
            INFUSION + '[kinetics]\nspecies = "human"\nmodel = "dominoo"\n',
            'kinetics.model is "dominoo", which is no set for human. Did you mean "domino"?',
        ),
        (
            INFUSION.replace("intravenous", "intraperitoneal").replace("duration_s = 100.0", "")
            + HUMAN,
            'route "intraperitoneal" is not known for human',
        ),
        (
            INFUSION.replace("dose_mg_per_kg", "dose_mg") + '[kinetics]\nspecies = "mouse"\n',
            "dose.drip.dose_mg is 0.5 mg, and doses for a mouse go by body mass. Give "
            "dose_mg_per_kg",
        ),
        (
            INFUSION.replace("dose_mg_per_kg = 0.5", "") + HUMAN,
            "a dose is dose_mg_per_kg, or dose_mg for a human; neither is given",
        ),
        (
            INFUSION.replace("intravenous", "oral") + HUMAN,
            'duration_s is 100, and a dose of route "oral" is given at once',
        ),
        (
            INFUSION.replace('"ketamine"', '"memantine"') + HUMAN,
            'no kinetics are known for "memantine"',
        ),
        (INFUSION + HUMAN + "body_mass_kg = -1\n", "kinetics.body_mass_kg is -1"),
        (INFUSION + "start_s = -5.0\n" + HUMAN, "start_s is -5.0; input should be greater than"),
        (
            INFUSION
            + INFUSION.replace("drip", "second").replace("0.5", "1.0")
            + 'start_s = 50.0\n[arms]\nboth = { doses = ["drip", "second"] }\n'
            + HUMAN,
            "arms.both: infusion second starts at 50 s, before infusion drip ends at 100 s",
        ),
        (
            INFUSION.replace("dose_mg_per_kg = 0.5", "concentration_micromolar = 1").replace(
                "intravenous", "held"
            )
            + "cells = [7, 5000]\n",
            "dose.drip.cells names cell 5000, and the circuit has",
        ),
        (
            DOSE
            + DOSE.replace("paper", "other")
            + 'x_um = 100.0\n[arms]\nboth = { doses = ["paper", "other"] }\n',
            "arms.both: doses paper and other lie on the same place at the same time",
        ),
        (
            INFUSION.replace("dose_mg_per_kg = 0.5", "diameter_um = 90000.0").replace(
                "intravenous", "well"
            ),
            "a well larger than the cortex cannot stand on it",
        ),
    ],
)
def test_a_mistake_about_how_a_dose_is_given(text, sentence, tmp_path):
    assert sentence in complaint(tmp_path, BASE + text)


def test_doses_that_follow_each_other_are_fine(tmp_path):
    path = tmp_path / "experiment.toml"
    text = INFUSION + INFUSION.replace("drip", "second") + "start_s = 100.0\n" + HUMAN
    arms = '[arms]\nboth = { doses = ["drip", "second"] }\n'
    path.write_text(BASE + text + arms, encoding="utf-8")
    assert [d.name for d in load_experiment(path).treatment("both").doses] == ["drip", "second"]


def test_animals_of_neighbouring_seeds_are_strangers():
    first, second = (load_experiment(seed=seed) for seed in (1, 2))
    seeds = [e.animal_seed(i) for e in (first, second) for i in range(1, 50)]
    assert len(set(seeds)) == len(seeds)


def test_the_digest_changes_with_any_setting_but_not_with_the_name():
    base = load_experiment()
    assert load_experiment(changes=["stimulus.repeats=11"]).digest != base.digest
    assert load_experiment(changes=["name=other"]).digest == base.digest
