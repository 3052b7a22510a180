"""What the documentation says to type, works; what the command line has, is documented."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "docs" / "guide.md"
SMALL = (
    "--set", "circuit.pyr.n=40", "--set", "circuit.pv.n=8", "--set", "circuit.sst.n=6",
    "--set", "stimulus.duration_s=0.3", "--set", "stimulus.gap_s=0.1",
    "--set", "slow_steps.representative_trials=2",
)  # fmt: skip


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_commands_of_the_guide_work_one_after_the_other(tmp_path):
    experiments = blocks(GUIDE, "toml")
    names = re.findall(r"Saved as `(\w+\.toml)`", GUIDE.read_text(encoding="utf-8"))
    for name, experiment in zip(names, experiments, strict=True):
        (tmp_path / name).write_text(experiment)
    commands = [line for block in blocks(GUIDE, "bash") for line in block.strip().splitlines()]
    assert len(commands) >= 5
    for command in commands:
        words = shlex.split(command)
        assert words[0] == "ketacortex"
        small = SMALL if words[1] == "run" else ()
        answer = run(
            sys.executable, "-c", "from ketacortex.cli import main; main()", *words[1:], *small,
            cwd=tmp_path,
        )  # fmt: skip
        assert answer.returncode == 0, f"{command}\n{answer.stderr}"
        assert answer.stdout.strip()


@pytest.mark.parametrize("snippet", blocks(GUIDE, "python"), ids=lambda text: text.split("\n")[0])
def test_the_snippets_of_the_guide_work(snippet, tmp_path):
    answer = run(sys.executable, "-W", "error::FutureWarning", "-c", snippet, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def test_every_command_and_option_is_documented():
    from typer.main import get_command

    from ketacortex.cli.main import app

    text = README.read_text(encoding="utf-8") + GUIDE.read_text(encoding="utf-8")
    commands = get_command(app).commands
    for name, command in commands.items():
        assert f"ketacortex {name}" in text, f"{name} is not documented"
        assert command.help, f"{name} has no help"
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"


def test_every_name_of_the_package_can_be_imported():
    import ketacortex

    for name in ketacortex.__all__:
        assert getattr(ketacortex, name).__doc__, name
    assert ketacortex.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ketacortex.nothing


def test_importing_the_package_and_asking_for_help_load_no_science(tmp_path):
    code = (
        "import sys, ketacortex.cli; print([m for m in ('numba', 'pynwb', 'matplotlib', 'xarray') "
        "if m in sys.modules])"
    )
    assert run(sys.executable, "-c", code, cwd=tmp_path).stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted((ROOT / "gallery").glob("*.py")), ids=lambda p: p.name)
def test_every_script_of_the_gallery_runs(script, tmp_path):
    quick = ("--repeats", "2") if "--repeats" in script.read_text(encoding="utf-8") else ()
    answer = run(sys.executable, str(script), *quick, cwd=tmp_path)
    if "there are no data in" in answer.stderr:
        pytest.skip("no data beside us")
    assert answer.returncode == 0, answer.stderr
    made = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert any(p.stat().st_size > 1000 for p in made)


def test_the_test_command_of_the_readme_is_the_one_that_ci_calls():
    command = re.search(r"Tests: `(.*?)`", README.read_text(encoding="utf-8")).group(1)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_command_is_a_call_of_the_same_name():
    from typer.main import get_command

    from ketacortex import verbs
    from ketacortex.cli.main import app

    for name, command in get_command(app).commands.items():
        inside = getattr(command, "commands", None)
        calls = [name] if inside is None else [f"{name}_{what}" for what in inside]
        for call in calls:
            assert callable(getattr(verbs, call))
