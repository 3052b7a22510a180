"""Days that contradict themselves are refused with the path of what to change."""

import pytest

from ketacortex.errors import ConfigurationError
from ketacortex.experiment.load import load_experiment, preset_names
from ketacortex.stimulus.epochs import Passing

HEAD = """
name = "day"
[plasticity]
[arms]
only = {{ doses = [{doses}] }}
{more}
"""
MEASURE = '[[epoch]]\nname = "{}"\n'
ADAPT = '[[epoch]]\nname = "adapting"\nkind = "adapt"\nduration_s = 60.0\n'


def load(tmp_path, *epochs, doses="", more=""):
    path = tmp_path / "day.toml"
    path.write_text(HEAD.format(doses=doses, more=more) + "\n".join(epochs), encoding="utf-8")
    return load_experiment(path)


def before_and_after(*between):
    return (MEASURE.format("control"), *between, MEASURE.format("after"))


def passing(kind, more=""):
    return f'[[epoch]]\nname = "between"\nkind = "{kind}"\n{more}'


@pytest.mark.parametrize(
    ("epochs", "sentence"),
    [
        (before_and_after(ADAPT + "adapter = { orientation_deg = 90.0, duration_s = 61.0 }\n"),
         r"epoch\.adapting\.adapter\.duration_s is 61 s, longer than its epoch of 60 s"),
        (before_and_after(ADAPT), r"epoch\.adapting\.adapter is missing"),
        (before_and_after(passing("adapt", "adapter = { orientation_deg = 90.0 }\n")),
         r"epoch\.between\.duration_s is missing"),
        (before_and_after(passing("train", "duration_s = 9.0\n")),
         r"epoch\.between\.training is missing"),
        (before_and_after(passing("wait")), r"epoch\.between\.duration_s is missing"),
        (before_and_after(passing("recover", "duration_s = 9.0\n")),
         r'epoch\.between\.kind is "recover", and no epoch of kind "adapt" or "train"'),
        (before_and_after(passing("measure", "duration_s = 9.0\n")),
         r'epoch\.between\.duration_s has no meaning in an epoch of kind "measure"'),
        (before_and_after(passing("wait", "duration_s = 9.0\nstart_s = 0.0\n"),
                          '[[epoch]]\nname = "early"\nstart_s = 5.0\n'),
         r"epoch\.early\.start_s is 5 s, before the end of the epoch before it at 9 s"),
        ((passing("wait", "duration_s = 9.0\n"), MEASURE.format("after")),
         r'epoch\.between\.kind is "wait"; the first and the last epoch are measured'),
        ((MEASURE.format("control"), passing("wait", "duration_s = 9.0\n")),
         r".*the first and the last epoch are measured"),
        (before_and_after(ADAPT + "adapter = { orientation_deg = 190.0 }\n"),
         r"epoch\.1\.adapter\.orientation_deg is 190"),
    ],
)  # fmt: skip
def test_a_day_that_contradicts_itself_is_refused_by_its_path(tmp_path, epochs, sentence):
    with pytest.raises(ConfigurationError, match=r"day\.toml: " + sentence):
        load(tmp_path, *epochs)


def test_a_dose_before_time_zero_is_refused():
    with pytest.raises(ConfigurationError, match=r"dose\.0\.held\.start_s|dose.*start_s is -5"):
        load_experiment("adaptation-ketamine", changes=["dose.paper.start_s=-5.0"])


def test_a_dose_after_the_day_is_refused():
    with pytest.raises(ConfigurationError, match=r"dose\.paper\.start_s is 9e\+09"):
        load_experiment("adaptation-ketamine", changes=["dose.paper.start_s=9e9"])


def test_an_adapter_without_a_circuit_that_learns_is_refused(tmp_path):
    path = tmp_path / "day.toml"
    adapt = ADAPT + "adapter = { orientation_deg = 90.0 }\n"
    text = HEAD.replace("[plasticity]\n", "").format(doses="", more="")
    path.write_text(text + "\n".join(before_and_after(adapt)), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"epoch\.adapting .* Add \[plasticity\]"):
        load_experiment(path)


def test_an_arm_can_only_do_without_what_is_shown():
    with pytest.raises(ConfigurationError, match=r"arms\.retest\.without names \"adaptin\""):
        load_experiment("adaptation-ketamine", changes=['arms.retest.without=["adaptin"]'])


def test_phenomena_name_arms_and_epochs_that_there_are():
    with pytest.raises(ConfigurationError, match=r"phenomena\.D1 names the epoch \"latr\""):
        load_experiment(
            "adaptation-ketamine",
            changes=['phenomena.D1=[{ measure = "recovery_slope", epoch = "latr" }]'],
        )


@pytest.mark.parametrize("name", preset_names())
def test_presets_that_learn_use_one_set_of_plasticity(name):
    experiment = load_experiment(name)
    if experiment.plasticity is None:
        assert all(epoch.kind == "measure" for epoch in experiment.epoch)
        return
    assert experiment.plasticity == load_experiment("adaptation-ketamine").plasticity
    assert {"drug", "sham", "retest"} <= set(experiment.arms)
    assert experiment.claims["drug_minus_sham"] == ("drug", "sham")
    assert experiment.seed == 2, "none of its animals was used for fitting"
    assert experiment.animals >= 8
    for one, epoch in experiment.shown("retest"):
        assert not (isinstance(epoch, Passing) and epoch.shown_s), f"{one} is shown to retest"


@pytest.mark.parametrize("name", ["adaptation-ketamine", "training-ketamine"])
@pytest.mark.parametrize("map_", ["cat", "mouse", "shuffled"])
def test_they_run_on_every_map(name, map_):
    experiment = load_experiment(name, changes=[f"circuit.map={map_}"])
    assert experiment.circuit.map == map_


def test_own_epochs_leave_out_what_is_inherited_of_others(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "adaptation-ketamine"\nname = "mine"\ndose = []\n'
        + "\n".join(before_and_after()).replace("after", "adapted")
        + "[arms]\nsham = {}\nretest = {}\n",
        encoding="utf-8",
    )
    mine = load_experiment(path)
    assert set(mine.phenomena) == {"C1"}  # `later` is gone, and D1 with it
    assert set(mine.claims) == {"sham_minus_retest"}


def test_a_setting_of_a_table_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no table plasticity .* Add \[plast"):
        load_experiment("topical-v1", changes=["arms.drug.set={'plasticity.branch.tag_s'=9.0}"])


def test_what_is_passed_over_twice_is_refused():
    change = "arms.retest.without=['adapting','adapting']"
    with pytest.raises(ConfigurationError, match=r'arms\.retest\.without names "adapting" twice'):
        load_experiment("adaptation-ketamine", changes=[change])
