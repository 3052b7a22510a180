"""What the parts of a recording are called in an NWB file, for its writer and its reader."""

from __future__ import annotations

TRIALS_IN_NWB = {"onset_s": "start_time", "offset_s": "stop_time"}
# A table already has a `name` of its own in NWB, so a column cannot be called that.
EPOCHS_IN_NWB = {"name": "epoch_name", "start_s": "start_time", "stop_s": "stop_time"}
DOSES_IN_NWB = {"name": "dose_name"}
DOSES = "doses"
"""The processing module, and the table in it, that hold the dose log."""
EVENTS_IN_NWB = {"name": "event_name", "unit": "event_unit"}
EVENTS = "events"
"""The processing module, and the table in it, that hold events of single units."""

UNIT_NAME = "source_name"
"""Column with the names of units that are not numbers."""

NO_SOURCE = "Source not described."
"""NWB insists on a description of the session."""

PLACE = "channel {position}; depth below the pia: {depth_um!r} µm"
PLACE_PATTERN = r"channel (?P<position>\d+); depth below the pia: (?P<depth_um>\S+) µm"
"""Comment on a continuous channel: its place in the list and in the tissue (nan: unknown)."""
OF_UNIT = "; of unit: {of_unit}"
OF_UNIT_PATTERN = r"; of unit: (?P<of_unit>.*)"
"""Further comment on a continuous channel that was recorded from one unit, by its name."""

AGE_UNKNOWN = "P0D/"
"""NWB insists on an age: born, and no more is said."""

DESCRIPTIONS = {
    "cell_class": "pyr, pv, sst, vip, unknown, or the word of the source",
    "x_um": "position along the cortical surface, µm",
    "y_um": "position along the cortical surface, across x, µm",
    "depth_um": "depth below the pia, µm",
    "start_time": "start, seconds from session start",
    "stop_time": "end, seconds from session start",
    "orientation_deg": "orientation of the grating, degrees in [0, 180); NaN on a blank trial",
    "direction_deg": "direction of motion of the grating, degrees; NaN on a blank trial",
    "contrast": "contrast of the grating, in the unit of the source",
    "temporal_frequency": "temporal frequency of the grating, in the unit of the source",
    "spatial_frequency": "spatial frequency of the grating, in the unit of the source",
    "phase": "phase of the grating, in the unit of the source",
    "size": "size of the grating, in the unit of the source",
    "speed": "speed of the grating, in the unit of the source",
    "colour": "colour of the grating, in the words of the source",
    "epoch": "name of the epoch that the trial belongs to",
    "epoch_name": "name of the condition that held from start_time to stop_time",
    "dose_name": "name of the dose",
    "blocker": "substance that was given",
    "route": "route by which it was given",
    "start_s": "start of dosing, seconds from session start",
    "stop_s": "end of dosing, seconds from session start",
    "amount": "amount given, in the unit of column unit",
    "unit": "unit of the amount",
    "event_name": "kind of the event",
    "event_unit": "name of the unit that the event was seen in, as in the units table",
    "onset_s": "start of the event, seconds from session start",
    "duration_s": "how long the event lasted, seconds",
    "branch": "dendritic branch of the unit, from 0",
    "n_branches": "branches of the unit that dendritic signals were taken from",
    "shank": "shank of the electrodes, from 0",
    "site": "site of the electrodes, from 0",
    "amplitude_uv": "mean amplitude of the unit's spikes at its site, µV",
    "n_cells": "simulated cells that the unit holds spikes of",
    "cells": "names of these cells in the simulation, joined by +",
    "n_fired": "spikes that these cells fired",
    "n_noise": "events of the unit that none of them fired",
    UNIT_NAME: "name of the unit in its source",
}
"""What each column holds, in words; other columns are described by their name."""
