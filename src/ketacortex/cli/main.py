"""The verbs of `ketacortex`: results to stdout, progress and errors to stderr."""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ketacortex.errors import ConfigurationError, KetacortexError
from ketacortex.evidence.blockers import DEFAULT_BLOCKER
from ketacortex.version import __version__

INTERRUPTED = 130
BUG = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A spiking dendritic visual cortex, and the analysis that treats it and an animal alike.",
)

show = typer.Typer(no_args_is_help=True, help="Show what the library holds.")
app.add_typer(show, name="show")

Source = Annotated[
    str | None, typer.Argument(metavar="[FILE|PRESET]", help="experiment file (.toml) or preset")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="path=value", help="change one setting; may be repeated"),
]
Json = Annotated[bool, typer.Option("--json", help="one JSON value on one line, last on stdout")]


def _print_version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="print the version and stop"
        ),
    ] = False,
) -> None:
    pass


@app.command()
def run(
    source: Source = None,
    changes: Changes = None,
    seed: Annotated[int | None, typer.Option(help="seed that the animals are drawn from")] = None,
    animals: Annotated[int | None, typer.Option(help="number of animals")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="processes; default: cores")] = None,
    out: Annotated[Path | None, typer.Option(help="run folder; default runs/NAME-HASH")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what it would cost")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="insist that it was begun")] = False,
    as_json: Json = False,
) -> None:
    """Simulate an experiment, measure it and build its report.

    The same command on an interrupted folder continues it.
    """
    with _doors():
        from ketacortex import verbs
        from ketacortex.cli.progress import listener_for
        from ketacortex.experiment.load import DEFAULT_PRESET

        source = source or DEFAULT_PRESET
        if dry_run:
            cost = verbs.dry_run(
                source, changes=changes or (), seed=seed, animals=animals, workers=workers
            )
            _print(cost, as_json, _cost_text)
            return
        result = verbs.run(
            source, changes=changes or (), seed=seed, animals=animals, workers=workers, out=out,
            resume=resume, listener=listener_for(sys.stderr),
        )  # fmt: skip
        if result.was_done:
            print(f"{result.folder.path}: this run is done", file=sys.stderr)
            if not as_json:
                print(result.folder.report)
                return
        _print(result.summary, as_json, lambda s: f"{_effects_text(s)}\n\n{result.folder.report}")


@show.command()
def block(
    blocker: Annotated[str, typer.Option(help="name of the blocker")] = DEFAULT_BLOCKER,
    as_json: Json = False,
) -> None:
    """IC50 and onset of block for each NMDAR subunit, by running the scheme under voltage clamp."""
    with _doors():
        from ketacortex import verbs

        rows = verbs.show_block(blocker)
        print(json.dumps(rows, allow_nan=False) if as_json else _block_text(blocker, rows))


@show.command()
def parameter(
    name: Annotated[str, typer.Argument(help="its name, or the beginning of several")],
    as_json: Json = False,
) -> None:
    """Value, unit, range, source and grade of a constant or a setting."""
    with _doors():
        from ketacortex import verbs

        rows = verbs.show_parameter(name)
        print(json.dumps(rows, allow_nan=False) if as_json else _parameters_text(rows))


@show.command()
def dose(
    source: Annotated[
        str, typer.Argument(metavar="FILE|PRESET", help="experiment file (.toml) or preset")
    ],
    changes: Changes = None,
    arm: Annotated[str | None, typer.Option(help="default: the first that is given a dose")] = None,
    until_s: Annotated[
        float | None, typer.Option("--until-s", min=60, help="how far to follow it [s]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="picture (.png, .svg, .pdf); default dose-NAME.png")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plasma, free brain, tissue by depth and block by cell class that a dose comes to, by time."""
    with _doors():
        from ketacortex import verbs
        from ketacortex.report.dose_numbers import in_text, numbers_of

        picture = out if out or as_json else Path(f"dose-{Path(source).stem}.png")
        course = verbs.show_dose(
            source, changes=changes or (), arm=arm, until_s=until_s, picture=picture
        )
        print(json.dumps(numbers_of(course), allow_nan=False) if as_json else in_text(course))
        if picture is not None:
            print(picture, file=sys.stderr)


@app.command()
def inspect(file: Annotated[Path, typer.Argument(help="NWB file")], as_json: Json = False) -> None:
    """Say what a recording holds, which analyses it allows, and why not the others."""
    with _doors():
        from ketacortex import verbs
        from ketacortex.recording.contents import describe_as_text

        _print(verbs.inspect(file), as_json, describe_as_text)


@app.command()
def analyse(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...|DIR", help="NWB files or a run")],
    only: Annotated[
        str | None,
        typer.Option(metavar="PART,PART", help="cells (tuning, variability) and/or network"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="new folder for tables and report.html")] = None,
    as_json: Json = False,
) -> None:
    """Measure recordings exactly as simulated animals are measured."""
    with _doors():
        from ketacortex import verbs

        parts = None if only is None else [part.strip() for part in only.split(",")]
        answer = verbs.analyse(files, only=parts, out=out)
        _print(answer, as_json, _network_text if "links" in answer else _analysis_text)
        if out is not None and (out / "report.html").is_file():
            print(out / "report.html", file=sys.stderr)


@app.command()
def compare(
    sides: Annotated[
        list[str],
        typer.Argument(metavar="A B...", help="PATH[:ARM][@EPOCH] of files, folders or runs"),
    ],
    same_animal: Annotated[
        bool, typer.Option("--same-animal", help="one recording a side, of the same units")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="new folder for tables and report.html")] = None,
    as_json: Json = False,
) -> None:
    """Compare epochs, arms, days or groups of animals, each with the first that is given."""
    with _doors():
        from ketacortex import verbs

        _print(verbs.compare(sides, same_animal=same_animal, out=out), as_json, _comparison_text)
        if out is not None:
            print(out / "report.html", file=sys.stderr)


def _print(value: dict[str, Any], as_json: bool, as_text: Callable[[dict[str, Any]], str]) -> None:
    print(json.dumps(value, allow_nan=False) if as_json else as_text(value))


def _block_text(blocker: str, rows: list[dict[str, Any]]) -> str:
    head = f"{'receptor':<10}{'voltage':>8}{'Mg':>8}{'IC50':>10}{'onset at P 0.01':>18}{'0.1':>10}"
    units = f"{'':<10}{'mV':>8}{'mM':>8}{'µM':>10}{'s':>18}{'s':>10}"
    lines = [f"{blocker}, 37 °C; onset at 1 µM, P = probability that the pore is open", head, units]
    lines += [
        f"{row['receptor']:<10}{row['voltage_mv']:>8.0f}{row['magnesium_millimolar']:>8.0f}"
        f"{row['ic50_micromolar']:>10.3g}{row['onset_tau_s_popen_0p01']:>18.1f}"
        f"{row['onset_tau_s_popen_0p1']:>10.2f}"
        for row in rows
    ]
    return "\n".join(lines)


def _parameters_text(rows: list[dict[str, Any]]) -> str:
    blocks = []
    for row in rows:
        value = f"{row['value']:.6g}" if isinstance(row["value"], float) else row["value"]
        lines = [f"{row['name']} = {value} {row['unit'] or ''}".rstrip()]
        if row["low"] is not None:
            lines.append(f"  range   {row['low']:.4g} to {row['high']:.4g}")
        lines += [
            f"  {key:<8}{row[key]}"
            for key in ("grade", "source", "meaning")
            if row[key] is not None
        ]
        blocks.append("\n".join(lines))
    return "\n".join(blocks)


def _cost_text(cost: dict[str, Any]) -> str:
    width = max(map(len, cost))
    return "\n".join(
        f"{key:<{width}}  {', '.join(value) if isinstance(value, list) else value}"
        for key, value in cost.items()
    )


def _effects_text(summary: dict[str, Any]) -> str:
    """Effects as a table for people."""
    arm, epoch = (
        max([9, *(len(row[key]) for row in summary["effects"])]) + 1 for key in ("arm", "epoch")
    )
    head = f"{'measure':<40}{'arm':<{arm}}{'epoch':<{epoch}}{'cells':<6}{'before':>8}{'after':>8}"
    lines = [head + f"{'change':>9}   95 % interval"]
    for row in summary["effects"]:
        before = "" if row["before"] is None else f"{row['before']:.3g}"
        lines.append(
            f"{row['measure']:<40}{row['arm']:<{arm}}{row['epoch']:<{epoch}}{row['population']:<6}"
            f"{before:>8}{row['after']:>8.3g}{row['change']:>+9.3g}   "
            f"{row['ci_low']:+.3g} to {row['ci_high']:+.3g}  (n = {row['n_animals']})"
        )
    missing = summary["not_computed"]
    if missing:
        lines.append(f"\nnot computed: {len(missing)} values (--json lists each with its reason)")
    return "\n".join(lines)


def _analysis_text(answer: dict[str, Any]) -> str:
    lines = [f"{'measure':<34}{'epoch':<12}{'cells':<8}{'value':>10}  units"]
    for row in answer["populations"]:
        lines.append(
            f"{row['measure']:<34}{row['epoch']:<12}{row['population']:<8}"
            f"{row['value']:>10.4g}  {row['n_units']}"
        )
    if answer["comparisons"]:
        lines += ["", _effects_text({"effects": answer["comparisons"], "not_computed": []})]
    lines += [f"({note})" for note in _notes(answer)]
    if answer["not_computed"]:
        lines.append(f"\nnot computed: {len(answer['not_computed'])} values (--json lists them)")
    return "\n".join(lines)


def _network_text(answer: dict[str, Any]) -> str:
    lines = [] if "populations" not in answer else [_analysis_text(answer), ""]
    lines.append(
        f"{'epoch':<16}{'units':>6}{'seconds':>9}{'pairs':>9}{'asked':>9}{'links':>9}  null"
    )
    for row in answer["network"]:
        lines.append(
            f"{row['epoch']:<16}{row['n_units']:>6}{row['duration_s']:>9.4g}{row['n_pairs']:>9}"
            f"{row['n_asked']:>9}{row['n_links']:>9}  {row['null']}"
        )
    lines += [
        "",
        f"{'surest links':<28}{'kind':<12}{'lag ms':>7}{'strength':>10}{'p':>10}{'q':>10}",
    ]
    for row in answer["links"][:10]:
        pair = f"{row['pre']} to {row['post']} ({row['epoch']})"
        lines.append(
            f"{pair:<28}{row['kind']:<12}{row['lag_ms']:>7.3g}{row['strength']:>10.3g}"
            f"{row['p']:>10.2g}{row['q']:>10.2g}"
        )
    lines += ["", f"{'graph':<24}{'epoch':<14}{'value':>9}{'by chance':>11}{'p':>8}"]
    for row in answer["graph"]:
        if row["value"] is not None:
            chance = "" if row["null_mean"] is None else f"{row['null_mean']:.3g}"
            p_value = "" if row["p_value"] is None else f"{row['p_value']:.2g}"
            lines.append(
                f"{row['measure']:<24}{row['epoch']:<14}{row['value']:>9.3g}{chance:>11}{p_value:>8}"
            )
    return "\n".join(lines)


def _comparison_text(answer: dict[str, Any]) -> str:
    lines: list[str] = []
    for a, b in dict.fromkeys((row["a"], row["b"]) for row in answer["comparisons"]):
        head = f"{'measure':<40}{'cells':<8}{'A':>8}{'B':>8}{'change':>10}   95 % interval"
        lines += ["", f"A = {a}, B = {b}", f"{head:<100}{'p':>8}{'q':>8}  units"]
        for row in answer["comparisons"]:
            if (row["a"], row["b"]) != (a, b):
                continue
            before = "" if row["before"] is None else f"{row['before']:.3g}"
            text = (
                f"{row['measure']:<40}{row['population']:<8}{before:>8}{row['after']:>8.3g}"
                f"{row['change']:>+10.3g}   {row['ci_low']:+.3g} to {row['ci_high']:+.3g}"
            )
            lines.append(
                f"{text:<100}{row['p_value']:>8.2g}{row['q_value']:>8.2g}  {row['n_units']}"
            )
    lines += ["", *(f"(over {note})" for note in _notes(answer))]
    if answer["not_computed"]:
        lines.append(f"not computed: {len(answer['not_computed'])} values (--json lists them)")
    return "\n".join(lines).strip()


def _notes(answer: dict[str, Any]) -> list[str]:
    return sorted({row["inference"] for row in answer["comparisons"] if row.get("inference")})


@contextmanager
def _doors() -> Iterator[None]:
    """Turn every way of failing into one clear message and its exit code, warnings into notes."""
    warnings.showwarning = lambda message, *_, **__: print(
        f"ketacortex: note: {message}", file=sys.stderr
    )
    try:
        yield
    except KetacortexError as error:
        print(f"ketacortex: {error}", file=sys.stderr)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        print(
            "ketacortex: interrupted; finished animals are kept, the same command continues.",
            file=sys.stderr,
        )
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, SystemExit):
        raise
    except BrokenPipeError:
        # Whoever read the output has had enough; nothing more is written, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None
    except OSError as error:
        print(
            f"ketacortex: {error}. Check that the place exists, may be written and has room; "
            "animals of a run that are finished are kept.",
            file=sys.stderr,
        )
        raise typer.Exit(ConfigurationError.exit_code) from None
    except Exception:
        traceback.print_exc()
        print("ketacortex: this is a bug of ours; please report the lines above.", file=sys.stderr)
        raise typer.Exit(BUG) from None


def main() -> None:
    """Entry of the command line."""
    app()
