"""Flanks of attracted and repelled cells: what is planted on a flank is found there."""

from functools import cache

import numpy as np
import pytest

from analyse.adapted import adapted_session, value_of
from analyse.planted import ORIENTATION_DEG
from ketacortex.analyse.adaptation import measure_adaptation
from ketacortex.analyse.flanks_by_class import FLANK_MEASURES
from ketacortex.units import orientation_difference_deg

ADAPTER_DEG = 90.0


def side_of(preferred_deg):
    return np.sign(orientation_difference_deg(ADAPTER_DEG, preferred_deg))


@cache
def found(kind, n_before=2):
    rng = np.random.default_rng(4)
    preferred_deg = rng.uniform(0.0, 180.0, 120)
    apart_deg = orientation_difference_deg(ORIENTATION_DEG, preferred_deg[:, None])
    apart_deg = apart_deg * side_of(preferred_deg)[:, None]
    on_adapted = (apart_deg > 0.0) & (apart_deg <= 60.0)
    after_deg, changes = {
        "carried along": (preferred_deg + 12.0 * side_of(preferred_deg), {}),
        "carried away": (preferred_deg - 12.0 * side_of(preferred_deg), {}),
        "adapted flank falls": (
            preferred_deg, {"rate": lambda hz: np.where(on_adapted, 0.6, 1.0) * hz},
        ),
        "all falls": (preferred_deg, {"rate": lambda hz: 0.7 * hz}),
    }[kind]  # fmt: skip
    before = [(f"before {k}", preferred_deg) for k in range(n_before)]
    plan = [*before, 720.0, ("after", after_deg, changes)]
    return measure_adaptation(adapted_session(plan, rng, mean_hz=12.0))


def flanks(kind, of_class, n_before=2):
    return [
        value_of(found(kind, n_before), f"{of_class}_{flank}_flank_change", "after")
        for flank in ("adapted", "opposite")
    ]


@pytest.mark.parametrize("n_before", [1, 2])
def test_a_curve_that_is_carried_along_gains_on_the_adapted_flank_and_loses_on_the_other(n_before):
    adapted, opposite = flanks("carried along", "attractive", n_before)
    assert adapted > 0.2
    assert opposite < -0.2


def test_away_is_the_mirror_image_of_along():
    along, away = (
        flanks(kind, of_class)
        for kind, of_class in (("carried along", "attractive"), ("carried away", "repulsive"))
    )
    np.testing.assert_allclose(away, along[::-1], atol=0.06)


def test_a_fall_of_the_adapted_flank_repels_and_leaves_the_other_as_it_was():
    adapted, opposite = flanks("adapted flank falls", "repulsive")
    assert adapted == pytest.approx(-0.4, abs=0.06)
    assert opposite == pytest.approx(0.0, abs=0.06)


def test_where_everything_falls_few_cells_move():
    assert value_of(found("all falls"), "attractive_share", "after") < 0.15
    assert value_of(found("all falls"), "repulsive_share", "after") < 0.15
    falls = found("all falls").pairs.set_index("measure")["after"].reindex(FLANK_MEASURES).dropna()
    np.testing.assert_allclose(falls, -0.3, atol=0.12)
