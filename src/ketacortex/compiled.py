"""Compiling a function, with a cache where there is a place to write one.

Numba keeps compiled code beside the source or, where that cannot be written, in a folder of the
user; with neither it refuses to import. Here the function is then compiled anew in every process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable], Any]:
    """Decorate a function as `numba.njit(**options)` does, cached on disk where possible.

    Examples
    --------
    >>> @compiled(error_model="numpy")
    ... def half(x):
    ...     return x / 2
    >>> half(3.0)
    1.5
    """

    def decorate(function: Callable) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # "cannot cache function: no locator available"
            return njit(**options)(function)

    return decorate
