"""Animals and arms in parallel processes; each task's result depends on its own seeds alone."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from ketacortex.errors import InterruptedRunError

# One thread a process: the processes are the parallelism, and sums keep one order.
SINGLE_THREAD = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
}
_messages: Any = None


class Listener(Protocol):
    """Whoever wants to know how far a long job is."""

    def start(self, total_s: float, done_s: float) -> None:
        """`total_s` of biological time are to be simulated, `done_s` of them lie finished."""

    def advance(self, simulated_s: float, rate_hz: float) -> None:
        """`simulated_s` more are done; cells fire at `rate_hz` on average: a sign of life."""

    def finish(self) -> None:
        """Nothing more will come."""


def report_progress(simulated_s: float, rate_hz: float) -> None:
    """Called inside a worker after each trial."""
    if _messages is not None:
        _messages.put((simulated_s, rate_hz))


def run_tasks(
    task: Callable[..., Any], arguments: list[tuple], workers: int, listener: Listener | None
) -> Iterator[tuple[int, Any]]:
    """Run `task(*arguments[i])` for every i in `workers` processes; yields (i, result) as they end.

    An interrupt or an error stops the workers at once; what they had finished is on disk.
    """
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    with _environment(SINGLE_THREAD):
        pool = ProcessPoolExecutor(workers, context, _begin_worker, (messages,))
        try:
            pending: dict[Future, int] = {
                pool.submit(task, *given): i for i, given in enumerate(arguments)
            }
            while pending:
                done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                _drain(messages, listener)
                for future in done:
                    yield pending.pop(future), future.result()
            _drain(messages, listener)
        except BrokenProcessPool:
            raise InterruptedRunError(
                "a worker process ended before its work was done: it was killed, ran out of "
                "memory (fewer --workers need less), or a script called `run` outside of "
                '`if __name__ == "__main__":`. Finished animals are kept; the same command '
                "continues."
            ) from None
        except BaseException:
            _stop(pool)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _stop(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.terminate()


def _begin_worker(messages: Any) -> None:
    """The parent alone answers Ctrl-C; a worker whose parent was killed ends itself."""
    global _messages
    _messages = messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _drain(messages: Any, listener: Listener | None) -> None:
    while True:
        try:
            simulated_s, rate_hz = messages.get_nowait()
        except queue.Empty:
            return
        if listener is not None:
            listener.advance(simulated_s, rate_hz)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes started inside."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
