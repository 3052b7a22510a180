"""Every sentence that a wrong experiment file earns."""

import pytest

from ketacortex.errors import ConfigurationError
from ketacortex.experiment.load import arm_circuit, load_experiment, preset_names

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
            "epoch.0.kind is 'mesure'; input should be 'measure'.",
        ),
    ],
)
def test_a_mistake_is_named_with_its_path_and_what_to_do(text, sentence, tmp_path):
    assert sentence in complaint(tmp_path, text)


def test_a_preset_that_does_not_exist():
    with pytest.raises(ConfigurationError) as caught:
        load_experiment("basline-v1")
    assert str(caught.value).startswith(
        'unknown preset "basline-v1". Did you mean "baseline-v1"? Known: baseline-v1'
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
        ("epoch=3", "epoch is 3; input should be a valid tuple"),
        ("stimulus.n_orientations=2", "greater than or equal to 4"),
    ],
)
def test_a_wrong_change_on_the_command_line(change, sentence):
    with pytest.raises(ConfigurationError) as caught:
        load_experiment(changes=[change])
    assert sentence in str(caught.value)


def test_changes_reach_deep_and_into_epochs_by_name():
    experiment = load_experiment(
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
    assert arm_circuit(experiment, "weak").wiring.ee_nanosiemens == 0.1
    assert arm_circuit(experiment, "retest") == experiment.circuit


def test_animals_of_neighbouring_seeds_are_strangers():
    first, second = (load_experiment(seed=seed) for seed in (1, 2))
    seeds = [e.animal_seed(i) for e in (first, second) for i in range(1, 50)]
    assert len(set(seeds)) == len(seeds)


def test_the_digest_changes_with_any_setting_but_not_with_the_name():
    base = load_experiment()
    assert load_experiment(changes=["stimulus.repeats=11"]).digest != base.digest
    assert load_experiment(changes=["name=other"]).digest == base.digest
