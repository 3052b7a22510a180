"""The version, in the one place where packaging and provenance both read it."""

__version__ = "0.1.0"
