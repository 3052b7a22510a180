"""How drug spreads from a reservoir on the pia: closed forms, balance of mass, solver on a grid."""

import numpy as np
import pytest
from scipy.special import erfc, erfcx

from ketacortex.drug import footprints, tissue_diffusion, uptake_table
from ketacortex.drug.footprints import Disk, Square
from ketacortex.drug.tissue_diffusion import ReservoirField, Tissue
from ketacortex.errors import ConfigurationError

D_UM2_PER_S = 50.0  # 5e-7 cm2/s
DEPTH_UM = np.array([0.0, 50.0, 100.0, 200.0, 300.0, 450.0])
TIMES_S = (30.0, 120.0, 600.0, 1800.0)
WIDE = [Square(5e5), Disk(5e5)]


def field(tissue=None, **changes):
    """A paper of 1 x 1 mm whose middle is looked at from below."""
    tissue = tissue or Tissue()
    given = {
        "footprint": Square(1000.0), "reservoir_um": tissue.paper_um,
        "reservoir_micromolar": 100.0, "x_um": 0.0, "y_um": 0.0, "duration_s": 3600.0,
        "surface_transfer": 1.0, "horizon_s": 7200.0, "depth_um": DEPTH_UM, **changes,
    }  # fmt: skip
    given.setdefault("position_um", np.zeros((len(given["depth_um"]), 2)))
    return ReservoirField(tissue, **given)


def half_space(depth_um, time_s, washout_per_s):
    """Danckwerts 1951: a held surface over a half space from which blood carries off."""
    root = 2 * np.sqrt(D_UM2_PER_S * time_s)
    length, rate = np.sqrt(washout_per_s / D_UM2_PER_S), np.sqrt(washout_per_s * time_s)
    return 0.5 * (
        np.exp(-depth_um * length) * erfc(depth_um / root - rate)
        + np.exp(depth_um * length) * erfc(depth_um / root + rate)
    )


@pytest.mark.parametrize("washout_per_min", [0.0, 0.2])
@pytest.mark.parametrize("transfer", [1.0, 1e-3])
@pytest.mark.parametrize("footprint", WIDE)
def test_a_wide_well_held_at_its_concentration_is_the_half_space(
    washout_per_min, transfer, footprint
):
    tissue = Tissue(washout_per_min=washout_per_min)
    found = field(tissue, footprint=footprint, reservoir_um=np.inf, surface_transfer=transfer)
    for time_s in TIMES_S:
        expected = 100.0 * transfer * half_space(DEPTH_UM, time_s, washout_per_min / 60)
        np.testing.assert_allclose(
            found.at(time_s), expected, rtol=0.01, atol=1e-4 * 100 * transfer
        )


@pytest.mark.parametrize("transfer", [1.0, 0.1])
@pytest.mark.parametrize("footprint", WIDE)
def test_a_wide_paper_that_empties_is_the_stirred_bath_on_a_half_space(transfer, footprint):
    """C = f C0 exp(hz + h²Dt) erfc(z / 2√(Dt) + h√(Dt)), h = f V / L (Carslaw & Jaeger 1959)."""
    tissue = Tissue(washout_per_min=0.0)
    found = field(tissue, footprint=footprint, surface_transfer=transfer)
    h = transfer * tissue.storage / 140.0  # 0.14 µl in 1 mm² stands 140 µm deep
    for time_s in TIMES_S:
        root = np.sqrt(D_UM2_PER_S * time_s)
        argument = DEPTH_UM / (2 * root) + h * root
        # exp(hz + h²Dt) erfc(a) = erfcx(a) exp(-z²/4Dt), which does not overflow
        expected = 100.0 * transfer * erfcx(argument) * np.exp(-((DEPTH_UM / (2 * root)) ** 2))
        np.testing.assert_allclose(
            found.at(time_s), expected, rtol=0.01, atol=1e-3 * expected.max()
        )


@pytest.mark.parametrize("transfer", [1.0, 3.5e-4])
@pytest.mark.parametrize(
    ("footprint", "area_mm2"), [(Square(1000.0), 1), (Disk(2000.0), 4 * np.pi)]
)
def test_nothing_is_lost_or_made(transfer, footprint, area_mm2):
    paper = field(surface_transfer=transfer, footprint=footprint)
    whole = 100.0 * 0.14 * area_mm2  # pmol
    assert paper.reservoir_nmol(0.0) == pytest.approx(whole * 1e-3, rel=1e-9)
    for time_s in (1.0, 60.0, 1800.0, 3600.0, 7200.0):
        parts = (
            paper.reservoir_nmol(time_s),
            paper.tissue_nmol(time_s),
            paper.washed_out_nmol(time_s),
        )
        assert sum(parts) == pytest.approx(paper.reservoir_nmol(0.0), rel=1e-9)
        assert min(parts) >= 0


@pytest.mark.parametrize("time_s", [120.0, 1800.0])
@pytest.mark.parametrize("footprint", [Square(1000.0), Disk(500.0)])
def test_the_amount_in_the_tissue_is_the_sum_over_its_places(time_s, footprint):
    x, z = np.linspace(0, 1500, 31), np.linspace(0, 1200, 41)
    grid = np.stack(np.meshgrid(x, x, z, indexing="ij"), axis=-1).reshape(-1, 3)
    paper = field(footprint=footprint, position_um=grid[:, :2], depth_um=grid[:, 2])
    free = paper.at(time_s).reshape(31, 31, 41)
    for axis in (x, x, z):
        free = np.trapezoid(free, axis, axis=0)
    amount = 4 * free * Tissue().storage * 1e-12  # a quarter was summed; µM µm³ to nmol
    assert amount == pytest.approx(paper.tissue_nmol(time_s), rel=0.01)


def test_after_the_paper_is_lifted_blood_alone_takes_away():
    paper = field(surface_transfer=0.01)
    for late_s in (60.0, 600.0, 3000.0):
        left = paper.tissue_nmol(3600.0 + late_s) / paper.tissue_nmol(3600.0)
        assert left == pytest.approx(np.exp(-0.2 / 60 * late_s), rel=1e-9)


def on_a_grid(step_um, flux, times_s):
    """Free concentration by explicit finite volumes in the quarter x, y > 0, given the flux."""
    half, reach, deep = 500.0, 1000.0, 800.0
    n, m = round(reach / step_um), round(deep / step_um)
    place = (np.arange(n) + 0.5) * step_um
    # share of each cell's face that lies under the paper
    under = np.clip((half - (place - step_um / 2)) / step_um, 0, 1)
    under = under[:, None] * under[None, :]
    c = np.zeros((n, n, m))
    dt_s = 0.15 * step_um**2 / D_UM2_PER_S
    now_s, found = 0.0, {}
    for until_s in times_s:
        while now_s < until_s - 1e-9:
            dt = min(dt_s, until_s - now_s)
            entered = flux.entered(now_s + dt) - flux.entered(now_s)
            padded = np.pad(c, 1, mode="edge")
            laplacian = sum(np.diff(padded, 2, axis=a)[
                tuple(slice(None) if b == a else slice(1, -1) for b in range(3))
            ] for a in range(3)) / step_um**2  # fmt: skip
            c = c + dt * (D_UM2_PER_S * laplacian - 0.2 / 60 * c)
            c[:, :, 0] += 100.0 * entered * under / (Tissue().storage * step_um)
            now_s += dt
        found[until_s] = c
    return place, (np.arange(m) + 0.5) * step_um, found


def test_a_solver_on_a_grid_comes_closer_as_its_grid_gets_finer():
    """The same flux into finite volumes of 50 and 25 µm; inside, at the edge, beyond."""
    times_s = (300.0, 1200.0)
    errors = []
    for step_um in (50.0, 25.0):
        place, depth, found = on_a_grid(step_um, field()._flux, times_s)
        rows = np.searchsorted(place, [150.0, 450.0, 650.0])
        deep = np.searchsorted(depth, [100.0, 250.0, 400.0])
        x, z = (a.ravel() for a in np.meshgrid(place[rows], depth[deep], indexing="ij"))
        y = np.full(len(x), place[rows[0]])
        exact = field(position_um=np.column_stack([x, y]), depth_um=z)
        worst = 0.0
        for time_s in times_s:
            grid = found[time_s][rows][:, rows[0]][:, deep].ravel()
            value = exact.at(time_s)
            worst = max(worst, np.abs(grid - value).max() / value.max())
        errors.append(worst)
    assert errors[1] < 0.4 * errors[0]
    assert errors[1] < 0.04, errors


@pytest.mark.parametrize("footprint", [Square(1000.0), Disk(500.0)])
def test_finer_steps_of_the_flux_change_nothing(monkeypatch, footprint):
    coarse = field(footprint=footprint)
    for module, name in (
        (tissue_diffusion, "N_FLUX_STEPS"),
        (uptake_table, "N_TABLE_STEPS"),
        (footprints, "N_RADIUS_STEPS"),
    ):
        monkeypatch.setattr(module, name, 2 * getattr(module, name))
    fine = field(footprint=footprint)
    for times_s in ((60.0, 300.0, 1200.0), (3599.0, 3700.0, 5000.0)):
        one, other = (np.array([paper.at(t) for t in times_s]) for paper in (coarse, fine))
        np.testing.assert_allclose(one, other, rtol=0.003, atol=0.003 * other.max())


def test_everything_is_proportional_to_what_is_in_the_paper():
    once, thrice = field().at(900.0), field(reservoir_micromolar=300.0).at(900.0)
    np.testing.assert_allclose(thrice, 3 * once, rtol=1e-12)
    empty = field(reservoir_micromolar=0.0)
    assert not empty.at(900.0).any()
    assert empty.tissue_nmol(900.0) == 0.0


def test_both_sides_of_the_paper_are_alike_and_depth_has_less():
    x = np.array([-700.0, -300.0, 300.0, 700.0])
    sides = field(
        position_um=np.column_stack([200.0 + x, np.zeros(4)]),
        depth_um=np.full(4, 200.0),
        x_um=200.0,
    ).at(1200.0)
    assert sides[0] == pytest.approx(sides[3], rel=1e-9)
    assert sides[1] == pytest.approx(sides[2], rel=1e-9)
    assert sides[1] > 2 * sides[0]
    assert np.all(np.diff(field(surface_transfer=0.01).at(1200.0)) < 0)


def test_before_the_paper_there_is_nothing_and_after_the_horizon_an_error():
    paper = field()
    assert not paper.at(0.0).any()
    assert not paper.at(-10.0).any()
    with pytest.raises(ConfigurationError, match="the field was computed to 7200 s"):
        paper.at(7201.0)


def test_a_held_well_is_one_too_deep_to_empty_and_leaves_its_balance_whole():
    held, deep = (field(reservoir_um=depth, surface_transfer=0.1) for depth in (np.inf, 1e10))
    for time_s in (60.0, 3600.0, 5000.0):
        np.testing.assert_allclose(held.at(time_s), deep.at(time_s), rtol=1e-6)
        assert held.entered_nmol(time_s) == pytest.approx(deep.entered_nmol(time_s), rel=1e-6)
        assert 0 < held.tissue_nmol(time_s) < held.entered_nmol(time_s)
    assert np.isinf(held.reservoir_nmol(3600.0))


def test_a_shallow_well_is_a_paper_with_as_much_in_it():
    """0.14 µl/mm² in paper is fluid of 140 µm; a hundred times deeper gives more for longer."""
    np.testing.assert_allclose(field().at(600.0), field(reservoir_um=140.0).at(600.0), rtol=1e-12)
    assert np.all(field(reservoir_um=14e3).at(600.0) > 2 * field().at(600.0))


@pytest.mark.parametrize("reservoir_um", [140.0, np.inf])
def test_the_same_area_gives_far_away_the_same_whatever_its_shape(reservoir_um):
    far = {"position_um": np.array([[500.0, 0.0], [350.0, 350.0]]), "depth_um": np.full(2, 200.0)}
    square, disk = (
        field(footprint=shape, reservoir_um=reservoir_um, surface_transfer=0.1, **far).at(1800.0)
        for shape in (Square(200.0), Disk(200.0 / np.sqrt(np.pi)))
    )
    np.testing.assert_allclose(disk, square, rtol=0.03)


# Notes on the mechanism, section 6, "Topical dosing": a one-dimensional estimate with a finite
# reservoir, 36.5 mM in 0.14 µl/mm² of paper, storage 6, nothing held back. Its table has rows of
# apparent diffusion (cm²/s) and washout (1/min) and columns of time, of which this is 5 minutes,
# and gives free µM at 200, 500 and 800 µm; these are its re-computed values, rounded. Its first
# ones (421/10/0, 819/21/0, 271/134/39) differ by up to 1.6 and are called orders of magnitude.
ESTIMATED_MICROMOLAR = [
    (5e-7, 0.27, (531.0, 12.0, 0.0)),
    (5e-7, 0.12, (1018.0, 25.0, 0.0)),
    (2.7e-6, 0.27, (427.0, 204.0, 57.0)),
]


@pytest.mark.parametrize(("diffusion", "washout", "estimated"), ESTIMATED_MICROMOLAR)
def test_the_estimate_of_the_notes_comes_out_again_under_a_wide_paper(
    diffusion, washout, estimated
):
    tissue = Tissue(
        diffusion_cm2_per_s=diffusion, washout_per_min=washout, storage=6.0, paper_ul_per_mm2=0.14
    )
    found = field(
        tissue,
        footprint=WIDE[0],
        reservoir_micromolar=36.5e3,
        depth_um=np.array([200.0, 500.0, 800.0]),
    ).at(300.0)
    np.testing.assert_allclose(found, estimated, rtol=0.01, atol=0.6)
