"""Progress on stderr: one live line on a terminal, a plain line every ten percent elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from ketacortex.experiment.workers import Listener


class PlainProgress:
    """Lines for logs and pipes."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._total_s = self._done_s = self._began = 0.0
        self._first_s = self._rate_times_s = 0.0
        self._next_share = 0.1

    def start(self, total_s: float, done_s: float) -> None:
        """Say what there is to do."""
        self._total_s, self._done_s, self._first_s = total_s, done_s, done_s
        self._began = time.monotonic()
        kept = f", {done_s:.0f} s of them finished earlier" if done_s else ""
        self._write(f"simulating {total_s:.0f} s of cortex{kept}")
        self._next_share = 0.1 * (int(10 * done_s / total_s) + 1)

    def advance(self, simulated_s: float, rate_hz: float) -> None:
        """A line whenever another tenth is done, with the time left and the rate so far."""
        self._hear(simulated_s, rate_hz)
        share = self._done_s / self._total_s
        if share + 1e-9 < self._next_share:
            return
        self._next_share = 0.1 * (int(10 * share + 1e-9) + 1)
        self._write(f"{share:4.0%}  {_left(self)} left  cells fire at {self.rate_hz():.1f} Hz")

    def finish(self) -> None:
        """Nothing to close."""

    def _hear(self, simulated_s: float, rate_hz: float) -> None:
        self._done_s += simulated_s
        self._rate_times_s += rate_hz * simulated_s

    def rate_hz(self) -> float:
        """Mean rate over everything heard of so far."""
        return self._rate_times_s / max(self._done_s - self._first_s, 1e-9)

    def seconds_left(self) -> float:
        """Time left at the pace so far, in seconds."""
        pace = (time.monotonic() - self._began) / max(self._done_s - self._first_s, 1e-9)
        return pace * max(self._total_s - self._done_s, 0.0)

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class LiveProgress(PlainProgress):
    """One line that renews itself on a terminal."""

    def advance(self, simulated_s: float, rate_hz: float) -> None:
        """Redraw the line."""
        self._hear(simulated_s, rate_hz)
        share = min(self._done_s / self._total_s, 1.0)
        bar = "█" * round(24 * share)
        line = f"{bar:<24} {share:4.0%}  {_left(self)} left  cells fire at {self.rate_hz():.1f} Hz "
        print(f"\r{line}", end="", file=self._stream, flush=True)

    def finish(self) -> None:
        """End the line."""
        print(file=self._stream, flush=True)


def _left(progress: PlainProgress) -> str:
    seconds = round(progress.seconds_left())
    return f"{seconds // 60}:{seconds % 60:02d}"


def listener_for(stream: TextIO) -> Listener:
    """The listener that suits a stream."""
    return LiveProgress(stream) if stream.isatty() else PlainProgress(stream)
