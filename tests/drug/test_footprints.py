"""Outlines on the pia: against integrals in the plane, and the symmetry they have."""

import numpy as np
import pytest

from ketacortex.drug.footprints import Disk, Square

SHAPES = [Square(700.0), Disk(400.0)]
REACH_UM = np.array([[5.0], [40.0], [150.0], [900.0]])
ONE = np.ones((4, 1))


def inside(shape, n=120):
    """Places and areas of a quadrature over the outline."""
    node, weight = np.polynomial.legendre.leggauss(n)
    if isinstance(shape, Square):
        line, length = node * shape.side_um / 2, weight * shape.side_um / 2
        x, y = np.meshgrid(line, line)
        return x.ravel(), y.ravel(), np.outer(length, length).ravel()
    radius, length = (node + 1) * shape.radius_um / 2, weight * shape.radius_um / 2
    angle = 2 * np.pi * np.arange(n) / n
    area = np.broadcast_to(length * radius * 2 * np.pi / n, (n, n))
    return (
        np.outer(np.cos(angle), radius).ravel(),
        np.outer(np.sin(angle), radius).ravel(),
        area.ravel(),
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_share_is_the_sum_of_gaussians_from_every_place_inside(shape):
    x, y, area = inside(shape)
    at_x, at_y = (
        np.array([0.0, 200.0, 350.0, 420.0, 700.0]),
        np.array([0.0, 90.0, 50.0, 0.0, 600.0]),
    )
    reach = REACH_UM[1:]  # for the first the quadrature would be too coarse
    distance2 = (at_x[:, None] - x) ** 2 + (at_y[:, None] - y) ** 2
    expected = np.stack(
        [(np.exp(-distance2 / q**2) / (np.pi * q**2)) @ area for q in reach.ravel()]
    )
    found = shape.share(at_x, at_y, reach, ONE[1:])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_mean_share_is_the_mean_over_the_outline(shape):
    x, y, area = inside(shape)
    mean = shape.share(x, y, REACH_UM, ONE) @ area / area.sum()
    np.testing.assert_allclose(shape.mean_share(REACH_UM)[:, 0], mean, rtol=1e-3)
    np.testing.assert_allclose(shape.mean_share(REACH_UM)[1:, 0], mean[1:], rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_share_over_the_whole_plane_is_the_area(shape):
    line = np.arange(-3000.0, 3000.0, 20.0)
    x, y = (axis.ravel() for axis in np.meshgrid(line, line))
    whole = 20.0**2 * shape.share(x, y, np.array([[150.0], [500.0]]), np.ones((2, 1))).sum(axis=1)
    np.testing.assert_allclose(whole, shape.area_um2, rtol=1e-6)


def test_a_disk_is_the_same_from_all_sides():
    angle = np.linspace(0, 2 * np.pi, 13)
    share = Disk(400.0).share(450 * np.cos(angle), 450 * np.sin(angle), REACH_UM, ONE)
    np.testing.assert_allclose(share, share[:, :1] * np.ones(13), rtol=1e-9, atol=1e-12)


def test_well_inside_all_is_left_and_at_the_rim_of_a_wide_disk_half_as_at_a_straight_edge():
    x = np.array([0.0, 4e5, 5e5, 5e5 + 200.0])
    disk = Disk(5e5).share(x, np.zeros(4), np.array([[100.0]]), np.ones((1, 1)))
    edge = Square(1e6).share(x, np.zeros(4), np.array([[100.0]]), np.ones((1, 1)))
    np.testing.assert_allclose(disk, edge, atol=1e-4)
    assert edge[0, 2] == pytest.approx(0.5)
