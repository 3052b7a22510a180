import json
import os

import pytest

from ketacortex.errors import ConfigurationError
from ketacortex.experiment.folder import default_folder, open_folder, write_text
from ketacortex.experiment.load import load_experiment

EXPERIMENT = load_experiment(animals=1)


def test_a_folder_begun_with_the_same_settings_is_opened_again(tmp_path):
    open_folder(tmp_path / "run", EXPERIMENT, resume=False)
    assert open_folder(tmp_path / "run", EXPERIMENT, resume=True).path == tmp_path / "run"


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda p: (p.mkdir(), (p / "thesis.docx").write_text("x")),
         r'holds something else \("thesis.docx"\).*nothing was changed. Give an empty'),
        (lambda p: p.write_text("x"), "is a file, so no run can be kept in it; it was left as it"),
        (lambda p: open_folder(p, load_experiment(animals=2), resume=False),
         r"holds another experiment \(animals is 2 there and 1 here\); nothing was changed"),
    ],
)  # fmt: skip
def test_a_folder_that_holds_something_else_is_left_alone(prepare, sentence, tmp_path):
    path = tmp_path / "run"
    prepare(path)
    before = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    with pytest.raises(ConfigurationError, match=sentence):
        open_folder(path, EXPERIMENT, resume=False)
    assert {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()} == before


def test_another_name_is_another_run(tmp_path):
    """The folder and the report bear the name, so it may not change half way."""
    open_folder(tmp_path, EXPERIMENT, resume=False)
    other = load_experiment(animals=1, changes=["name=other"])
    with pytest.raises(ConfigurationError, match="name is 'topical-v1' there and 'other' here"):
        open_folder(tmp_path, other, resume=False)


def test_a_run_begun_with_another_version_is_not_continued(tmp_path):
    open_folder(tmp_path, EXPERIMENT, resume=False)
    (tmp_path / "provenance.json").write_text('{"ketacortex": "0.0.1"}')
    with pytest.raises(ConfigurationError, match=r"begun with ketacortex 0.0.1 and this is"):
        open_folder(tmp_path, EXPERIMENT, resume=False)


def test_two_runs_cannot_work_in_one_folder(tmp_path):
    folder = open_folder(tmp_path, EXPERIMENT, resume=False)
    with (
        folder.locked(),
        pytest.raises(ConfigurationError, match=r"another run \(process \d+\) is working in"),
        folder.locked(),
    ):
        pass
    assert not (tmp_path / "run.lock").exists()


def test_the_lock_of_a_process_that_is_gone_is_taken_over(tmp_path):
    """Even if its number has been given to another process, as happens in containers."""
    folder = open_folder(tmp_path, EXPERIMENT, resume=False)
    (tmp_path / "run.lock").write_text(str(os.getpid()))
    with folder.locked():
        assert (tmp_path / "run.lock").read_text() == str(os.getpid())


def test_a_folder_in_which_a_crash_cut_the_very_first_file_short_is_begun_again(tmp_path):
    (tmp_path / ".experiment.toml.123.part").write_text("name =")
    assert open_folder(tmp_path, EXPERIMENT, resume=False).path == tmp_path


def test_resume_insists_that_there_is_something(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no run in .* to resume"):
        open_folder(tmp_path / "none", EXPERIMENT, resume=True)
    assert not (tmp_path / "none").exists()


def test_a_failed_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "status.json"
    write_text(file, json.dumps({"state": "running"}))
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "\ud800")
    assert json.loads(file.read_text()) == {"state": "running"}


def test_the_default_folder_is_named_after_what_is_run():
    assert default_folder(EXPERIMENT) == default_folder(load_experiment(animals=1))
    assert default_folder(EXPERIMENT) != default_folder(load_experiment(animals=2))
