"""NWB 2 files in and out: `write_nwb` and `read_nwb`."""

from __future__ import annotations

from ketacortex.recording.nwb_reader import read_nwb
from ketacortex.recording.nwb_writer import write_nwb

__all__ = ["read_nwb", "write_nwb"]
