"""Electrodes in a patch: where their sites lie, how large each cell's spikes are there, and which
cells a sorter makes which units of.

All of it depends on where cells and sites lie and on a seed, on no spike: whatever is done to an
animal, its electrodes see the same cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse.csgraph import connected_components

from ketacortex.errors import ConfigurationError
from ketacortex.seeds import generator
from ketacortex.settings import Settings, sourced
from ketacortex.units import S_PER_H

HENZE = (
    "derived: an exponential through 60 µV at 50 µm that is lost in the noise at 140 µm (Henze et "
    "al. 2000, 10.1152/jn.2000.84.1.390)"
)
HARRIS = (
    "assumed: sorting on one tetrode errs in 0 to 30 % of spikes (Harris et al. 2000, "
    "10.1152/jn.2000.84.1.401)"
)
QUIROGA = "4 SD of the noise (Quiroga et al. 2004, 10.1162/089976604774201631)"
SHANKS = "assumed: the simulated patch has fewer cells a volume than cortex, so many are needed"


class Electrodes(Settings):
    """Shanks of sites in the patch, and how well spikes are detected and sorted there."""

    n_shanks: Annotated[int, sourced("shanks", SHANKS, "shanks, at places drawn", ge=1)] = 32
    sites_per_shank: Annotated[
        int, sourced("sites", "assumed", "sites of a shank, one below the other", ge=1)
    ] = 8
    site_spacing_um: Annotated[
        float, sourced("µm", "assumed", "between neighbouring sites of a shank", gt=0)
    ] = 40.0
    soma_amplitude_uv: Annotated[
        float, sourced("µV", HENZE, "median amplitude of a spike at its soma", gt=0)
    ] = 300.0
    amplitude_decay_um: Annotated[
        float, sourced("µm", HENZE, "distance over which the amplitude falls e-fold", gt=0)
    ] = 31.0
    amplitude_spread: Annotated[
        float, sourced("1", "assumed", "SD over cells of the logarithm of the amplitude", ge=0)
    ] = 0.3
    noise_uv: Annotated[float, sourced("µV", "assumed", "SD of the noise at a site", ge=0)] = 10.0
    threshold_uv: Annotated[
        float, sourced("µV", QUIROGA, "a spike that reaches it is detected", ge=0)
    ] = 40.0
    least_detected: Annotated[
        float,
        sourced("share", "assumed", "a cell of which less is detected makes no unit", gt=0, lt=1),
    ] = 0.25
    merged_below: Annotated[
        float,
        sourced(
            "SD of the noise", "assumed",
            "cells on one site whose amplitudes, over the sites of the shank, differ less are one "
            "unit", ge=0,
        ),
    ] = 4.0  # fmt: skip
    units_per_site: Annotated[
        int, sourced("units", "assumed", "told apart on one site, the largest", ge=1)
    ] = 4
    sorting_misses: Annotated[
        float, sourced("share", HARRIS, "detected spikes that sorting loses", ge=0, le=1)
    ] = 0.05
    overlap_ms: Annotated[
        float, sourced("ms", "assumed", "spikes of two cells this close at one site overlap", ge=0)
    ] = 0.5
    overlap_misses: Annotated[
        float,
        sourced("share", "assumed", "detected spikes lost for each that overlaps", ge=0, le=1),
    ] = 0.5
    noise_spikes_hz: Annotated[
        float, sourced("Hz", HARRIS, "events in a unit that no cell of it fired", ge=0)
    ] = 0.1
    censored_ms: Annotated[
        float, sourced("ms", "assumed", "an event of a unit that soon after another is lost", ge=0)
    ] = 0.5
    drift_um_per_h: Annotated[
        float, sourced("µm/h", "assumed: none", "how fast the sites sink into the tissue")
    ] = 0.0
    knows_classes: Annotated[
        bool, Field(description="whether units have the class of their cells; else it is unknown")
    ] = False

    @property
    def n_sites(self) -> int:
        """Sites of all shanks."""
        return self.n_shanks * self.sites_per_shank

    @property
    def least_uv(self) -> float:
        """Amplitude at which the least share of spikes that makes a unit is detected, µV."""
        return self.threshold_uv + self.noise_uv * NormalDist().inv_cdf(self.least_detected)


@dataclass(frozen=True)
class Sampled:
    """What electrodes see of cells, at the start of the session.

    Parameters
    ----------
    electrodes : Electrodes
    position_um : (n_cell, 3) µm, x, y and depth
    site_um : (n_site, 3) µm; a shank's sites follow each other, the shallowest first
    soma_uv : (n_cell,) µV
    amplitude_uv : (n_cell, n_site) µV
    cells_of_unit : rows of the cells of each unit
    site_of_unit : (n_unit,) site that the unit was found on
    """

    electrodes: Electrodes
    position_um: NDArray[np.float64]
    site_um: NDArray[np.float64]
    soma_uv: NDArray[np.float64]
    amplitude_uv: NDArray[np.float64]
    cells_of_unit: tuple[NDArray[np.int64], ...]
    site_of_unit: NDArray[np.int64]

    @property
    def n_cells_in_units(self) -> int:
        """Cells that are in some unit."""
        return sum(map(len, self.cells_of_unit))

    @property
    def n_merged(self) -> int:
        """Units of more than one cell."""
        return sum(len(cells) > 1 for cells in self.cells_of_unit)

    def amplitude_at_uv(
        self, cell: int, site: int, time_s: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Amplitude of a cell's spikes at a site, µV, each `time_s` after the start, (n_spike,)."""
        e = self.electrodes
        away_um = self.position_um[cell] - self.site_um[site]
        below_um = away_um[2] - e.drift_um_per_h * time_s / S_PER_H
        distance_um = np.sqrt(away_um[0] ** 2 + away_um[1] ** 2 + below_um**2)
        return self.soma_uv[cell] * np.exp(-distance_um / e.amplitude_decay_um)

    def audible_at(self, site: int) -> NDArray[np.int64]:
        """Rows of the cells that are large enough at a site to make a unit."""
        return np.flatnonzero(self.amplitude_uv[:, site] >= self.electrodes.least_uv)

    def require_units(self) -> None:
        """Stop if the electrodes see no cell.

        Raises
        ------
        ConfigurationError
            No cell is large enough at any site.
        """
        if not self.cells_of_unit:
            raise ConfigurationError(
                f"the electrodes see none of {len(self.position_um)} cells: the largest spike at "
                f"any of {len(self.site_um)} sites is {self.amplitude_uv.max(initial=0):.3g} µV, "
                f"and a unit needs {self.electrodes.least_uv:.3g} µV. Lower "
                "electrodes.threshold_uv, or give more shanks (electrodes.n_shanks)."
            )


def sample_cells(electrodes: Electrodes, position_um: NDArray[np.float64], seed: int) -> Sampled:
    """Put electrodes among cells and find which of them become units.

    The amplitude of a spike is A exp(−d/λ) at distance d. A cell belongs to the site where it is
    largest; there it makes a unit, together with those that cannot be told from it.

    Parameters
    ----------
    electrodes : Electrodes
    position_um : (n_cell, 3) µm, x, y and depth
    seed : of the animal

    Returns
    -------
    Sampled

    Examples
    --------
    >>> cells_um = np.array([[0.0, 0.0, 200.0], [1000.0, 0.0, 200.0]])
    >>> one = Electrodes(n_shanks=1, sites_per_shank=1, soma_amplitude_uv=1e9)
    >>> sampled = sample_cells(one, cells_um, seed=1)
    >>> int(sampled.amplitude_uv[:, 0].argmax()) == int(sampled.cells_of_unit[0][0])
    True
    """
    site_um = _sites_um(electrodes, position_um, seed)
    spread = generator("spike amplitude", seed).standard_normal(len(position_um))
    soma_uv = electrodes.soma_amplitude_uv * np.exp(electrodes.amplitude_spread * spread)
    distance_um = np.linalg.norm(position_um[:, None] - site_um[None], axis=-1)
    amplitude_uv = soma_uv[:, None] * np.exp(-distance_um / electrodes.amplitude_decay_um)
    home = amplitude_uv.argmax(axis=1)
    largest_uv = amplitude_uv.max(axis=1)
    is_seen = largest_uv >= electrodes.least_uv
    units: list[NDArray[np.int64]] = []
    sites: list[int] = []
    for site in np.unique(home[is_seen]):
        here = np.flatnonzero(is_seen & (home == site))
        found = _units_among(here, amplitude_uv[here][:, _shank_of(electrodes, site)], electrodes)
        found.sort(key=lambda cells: -largest_uv[cells].mean())
        units += found[: electrodes.units_per_site]
        sites += [int(site)] * len(found[: electrodes.units_per_site])
    return Sampled(
        electrodes, position_um, site_um, soma_uv, amplitude_uv, tuple(units),
        np.array(sites, np.int64),
    )  # fmt: skip


def _sites_um(
    electrodes: Electrodes, position_um: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """Shanks at even odds all over the hull of the cells, sites inside its depth if they fit."""
    low_um, high_um = position_um.min(axis=0), position_um.max(axis=0)
    half_um = electrodes.site_spacing_um * (electrodes.sites_per_shank - 1) / 2
    middle_um = (low_um[2] + high_um[2]) / 2
    low_um[2] = min(low_um[2] + half_um, middle_um)
    high_um[2] = max(high_um[2] - half_um, middle_um)
    shank_um = generator("shanks", seed).uniform(low_um, high_um, (electrodes.n_shanks, 3))
    along_um = electrodes.site_spacing_um * np.arange(electrodes.sites_per_shank) - half_um
    site_um = np.repeat(shank_um, electrodes.sites_per_shank, axis=0)
    site_um[:, 2] += np.tile(along_um, electrodes.n_shanks)
    return site_um


def _shank_of(electrodes: Electrodes, site: int) -> slice:
    """The sites of the shank that a site is on."""
    first = site - site % electrodes.sites_per_shank
    return slice(first, first + electrodes.sites_per_shank)


def _units_among(
    cells: NDArray[np.int64], amplitude_uv: NDArray[np.float64], electrodes: Electrodes
) -> list[NDArray[np.int64]]:
    """Cells of one site in groups that cannot be told apart; amplitudes (n_cell, n_site)."""
    apart_uv = np.linalg.norm(amplitude_uv[:, None] - amplitude_uv[None], axis=-1)
    is_alike = apart_uv < electrodes.merged_below * electrodes.noise_uv
    n_units, unit = connected_components(is_alike, directed=False)
    return [cells[unit == k] for k in range(n_units)]
