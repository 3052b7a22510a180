"""What an estimator, or a test, is asked about one synthetic data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """An estimator with a 95 % interval, and the domain in which the interval is promised.

    Parameters
    ----------
    name : of the estimator
    domain : where its intervals hold, in trials, counts and selectivity, as one phrase
    covers : from a generator, one data set inside the domain: whether each of its intervals
        contains the planted truth, (n_interval,); those not computed are left out
    has_one_answer : whether a data set gives a single interval, and cheaply
    """

    name: str
    domain: str
    covers: Callable[[np.random.Generator], NDArray[np.bool_]]
    has_one_answer: bool = False


@dataclass(frozen=True, kw_only=True)
class NullTest:
    """A test, and data in which there is nothing to find.

    Parameters
    ----------
    name : of the test
    null : what the data sets are, as one phrase
    p_values : from a generator, one data set: its p values, (n_p,); those not computed left out
    has_one_answer : whether a data set gives a single p value, and cheaply
    """

    name: str
    null: str
    p_values: Callable[[np.random.Generator], NDArray[np.float64]]
    has_one_answer: bool = False
