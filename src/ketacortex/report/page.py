"""The report of a run or of recordings: one self-contained page."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from ketacortex.analyse.population import Effects
from ketacortex.analyse.session import SessionFindings
from ketacortex.experiment.folder import RunFolder
from ketacortex.experiment.schema import Experiment
from ketacortex.recording.recording import Recording
from ketacortex.report import methods, phenomena_table, statements
from ketacortex.report.adaptation_example import example_adaptation, has_adaptation
from ketacortex.report.adaptation_figures import draw_flanks, draw_shift_by_time
from ketacortex.report.change_figures import draw_fano, draw_osi
from ketacortex.report.dose_strip import draw_dose_strip
from ketacortex.report.drawing import ReportFigure
from ketacortex.report.ground_truth_figure import (
    draw_ground_truth,
    ground_truth,
    truth_sentences,
)
from ketacortex.report.initial_figures import draw_initial, initial_sentences
from ketacortex.report.ladder import draw_ladder
from ketacortex.report.network_change_figures import (
    draw_links_by_tuning,
    draw_network_changes,
    draw_turnover,
)
from ketacortex.report.network_example import (
    NO_NETWORK,
    ExampleNetwork,
    example_networks,
    has_network,
)
from ketacortex.report.network_figures import draw_correlograms, draw_matrices
from ketacortex.report.network_map import draw_maps
from ketacortex.report.not_modelled import not_modelled
from ketacortex.report.physiology import draw_physiology, judgement_table, ranges_apply
from ketacortex.report.raster import draw_raster
from ketacortex.report.recovery_figure import draw_recovery
from ketacortex.report.tables import Material, material_of_recordings, material_of_run
from ketacortex.report.training_figures import draw_training, has_training
from ketacortex.report.trial_figures import draw_correlation_by_tuning, draw_fano_through_trial
from ketacortex.report.tuning_figures import draw_examples, draw_shifts
from ketacortex.report.wording import number, population_in_words

LIBRARIES = ("numpy", "scipy", "pandas", "xarray", "pynwb", "matplotlib", "jinja2")


def report_run(folder: RunFolder, experiment: Experiment, command: str) -> str:
    """The page of a finished run.

    Everything measured is read from the folder's findings; of the recordings only the first
    animal's is opened, for its spikes.

    Parameters
    ----------
    folder : RunFolder with finished findings
    experiment : Experiment that was run
    command : what repeats it
    """
    return _render(material_of_run(folder, experiment, command), experiment.name)


def report_recordings(
    paths: list[str],
    recordings: list[Recording],
    sessions: list[tuple[str, SessionFindings]],
    compared: Effects,
) -> str:
    """The page of recordings that were just measured.

    Parameters
    ----------
    paths : files the recordings came from, in their order
    recordings : Recording of each
    sessions : (arm, SessionFindings) of each
    compared : Effects over animals, or within one animal
    """
    provenance = {
        "ketacortex": _version("ketacortex"),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }
    command = shlex.join(["ketacortex", "analyse", *paths])
    material = material_of_recordings(paths, recordings, sessions, compared, provenance, command)
    animals = {recording.subject.identifier for recording in recordings}
    title = animals.pop() if len(animals) == 1 else f"{len(animals)} animals"
    return _render(material, title)


@dataclass(frozen=True)
class Drawn:
    """A figure, or the sentence that says why there is none."""

    figure: ReportFigure | None
    reason: str = ""


def _drawn(draw: Callable[..., ReportFigure | str], material: Material, *more: Any) -> Drawn:
    found = draw(material, *more)
    return Drawn(None, found) if isinstance(found, str) else Drawn(found)


def _experience(material: Material) -> dict[str, Drawn]:
    """Figures of the section on adaptation and training, by their headings; none without either."""
    drawn = {}
    if has_adaptation(material):
        example = example_adaptation(material)
        drawn = {
            "Shift towards the adapter": _drawn(draw_shift_by_time, material, example),
            "Flanks of the tuning curve": _drawn(draw_flanks, material, example),
            "After adaptation": _drawn(draw_recovery, material, example),
        }
    if has_training(material):
        drawn["Training"] = _drawn(draw_training, material)
    return drawn


def _network(material: Material, networks: list[ExampleNetwork]) -> dict[str, Drawn]:
    """Figures of the section on the network, by their headings."""
    return {
        "Change, as recorded and at equal rates": _drawn(draw_network_changes, material),
        "Links lost and gained": _drawn(draw_turnover, material),
        "Links and preferred orientation": _drawn(draw_links_by_tuning, material, networks),
        "Example pairs": _drawn(draw_correlograms, material, networks),
        "Modules": _drawn(draw_matrices, material, networks),
        "Links on the map": _drawn(draw_maps, material, networks),
    }


def _render(material: Material, title: str) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ketacortex.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["population"] = population_in_words
    return environment.get_template("page.html").render(**_contents(material, title))


def _contents(material: Material, title: str) -> dict[str, Any]:
    """Everything that the template shows."""
    networks = example_networks(material) if has_network(material) else []
    truth = ground_truth(material, networks)
    return {
        "title": title,
        "material": material,
        "asked": statements.asked(material),
        "has_arms": any(material.arm_in_words(arm) for arm in material.arms),
        "headlines": statements.headline_rows(material),
        "headline_labels": [label for _, _, label in statements.HEADLINES],
        "headline_sentences": statements.headline_sentences(material),
        "noise_sentence": statements.NOISE_SENTENCE,
        "claim_note": statements.CLAIM_NOTE if material.claims else "",
        "shift_sentences": statements.shift_sentences(material),
        "dose_strip": _drawn(draw_dose_strip, material),
        "ladder": _drawn(draw_ladder, material),
        "not_modelled": not_modelled(material),
        "raster": _drawn(draw_raster, material),
        "physiology": _drawn(draw_physiology, material),
        "ranges_apply": ranges_apply(material),
        "judgements": judgement_table(material),
        "examples": _drawn(draw_examples, material),
        "shifts": _drawn(draw_shifts, material),
        "osi": _drawn(draw_osi, material),
        "fano": _drawn(draw_fano, material),
        "initial": _drawn(draw_initial, material),
        "initial_sentences": initial_sentences(material),
        "fano_time": _drawn(draw_fano_through_trial, material),
        "correlation": _drawn(draw_correlation_by_tuning, material),
        "experience": _experience(material),
        "phenomena": phenomena_table.phenomenon_groups(material),
        "phenomena_note": phenomena_table.NOTE,
        "network": _network(material, networks) if has_network(material) else {},
        "no_network": NO_NETWORK,
        "truth": None if truth is None else _drawn(draw_ground_truth, material, truth),
        "truth_sentences": [] if truth is None else truth_sentences(truth),
        "effects": statements.effect_tables(material),
        "effects_note": statements.effects_note(material),
        "missing": statements.missing_groups(material),
        "methods": methods.methods(material),
        "references": methods.references(material),
        "parameters": methods.parameters(material.experiment),
        "provenance": material.provenance,
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
