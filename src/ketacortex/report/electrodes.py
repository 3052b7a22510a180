"""What the methods say of the electrodes that a simulated recording was seen through."""

from __future__ import annotations

from ketacortex.experiment.schema import Experiment
from ketacortex.recording.electrode_view import sampling_numbers
from ketacortex.recording.electrodes import Electrodes
from ketacortex.recording.recording import Recording
from ketacortex.report.wording import counted


def electrode_paragraphs(
    experiment: Experiment, example: Recording | None, n_units: int
) -> list[str]:
    """One paragraph with its numbers; none where every cell is known.

    Parameters
    ----------
    experiment : Experiment
    example : recording of the first animal, whose numbers are given; None if it cannot be read
    n_units : of all animals, a unit in several arms counted once
    """
    if experiment.electrodes is None:
        return []
    circuit = experiment.circuit
    n_cells = circuit.pyr.n + circuit.pv.n + circuit.sst.n
    return [
        " ".join(
            [
                _places(experiment.electrodes),
                _errors(experiment.electrodes),
                f"Together the animals gave {counted(n_units, 'unit')}.",
                *_yield(example, n_cells),
            ]
        )
    ]


def _places(e: Electrodes) -> str:
    drift = f" Sites sink into the tissue by {e.drift_um_per_h:g} µm/h." if e.drift_um_per_h else ""
    return (
        f"Cells were seen through {counted(e.n_shanks, 'shank')} of "
        f"{counted(e.sites_per_shank, 'site')} {e.site_spacing_um:g} µm apart, at places drawn for "
        "each animal and the same in all its arms. A spike has "
        f"{e.soma_amplitude_uv:g} µV (median cell) at its soma and falls e-fold in "
        f"{e.amplitude_decay_um:g} µm; it is detected where, with noise of {e.noise_uv:g} µV, it "
        f"reaches {e.threshold_uv:g} µV, and a cell makes a unit if at least "
        f"{_percent(e.least_detected)} of its spikes would be at its best site.{drift}"
    )


def _errors(e: Electrodes) -> str:
    classes = (
        "Units have the class of their cells."
        if e.knows_classes
        else "The class of a unit is not known."
    )
    return (
        f"Sorting loses {_percent(e.sorting_misses)} of what is detected, and "
        f"{_percent(e.overlap_misses)} for each spike of another cell at the site within "
        f"{e.overlap_ms:g} ms. Cells on one site whose amplitudes over the shank differ by less "
        f"than {e.merged_below:g} SD of the noise are one unit. Each unit holds "
        f"{e.noise_spikes_hz:g} Hz of events that none of its cells fired, and loses what follows "
        f"an event within {e.censored_ms:g} ms. {classes}"
    )


def _yield(example: Recording | None, n_cells: int) -> list[str]:
    numbers = None if example is None else sampling_numbers(example)
    if numbers is None:
        return []
    missed, noise = numbers["missed_share"], numbers["noise_share"]
    shares = "" if missed is None or noise is None else (
        f"; {_percent(missed)} of the spikes of these cells are missing from them, and "
        f"{_percent(noise)} of their events are noise"
    )  # fmt: skip
    return [
        f"In the first recording {numbers['n_cells']} of {n_cells} cells gave "
        f"{counted(numbers['n_units'], 'unit')}, {numbers['n_merged']} of more than one cell"
        f"{shares}."
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
