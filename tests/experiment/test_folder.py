import json

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
