"""The command line: a thin door, no science."""

from ketacortex.cli.main import main

__all__ = ["main"]
