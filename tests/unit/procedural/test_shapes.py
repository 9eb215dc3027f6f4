import numpy as np
import pytest

from vid3d.procedural.shapes import Shape

SHAPES = {
    "ellipsoid": Shape("ellipsoid"),
    "box": Shape("box"),
    "cylinder": Shape("cone", 1.0, 1.0),
    "frustum": Shape("cone", 1.0, 0.3),
    "point": Shape("cone", 0.0, 1.0),
    "capsule": Shape("limb", 0.4, 0.4),
    "tapered limb": Shape("limb", 0.9, 0.2),
}


def inside(shape: Shape, points: np.ndarray) -> np.ndarray:
    """Membership by the shape's definition, independent of any intersection formula."""
    x, y, z = points.T
    if shape.kind == "ellipsoid":
        return x * x + y * y + z * z < 1
    if shape.kind == "box":
        return np.abs(points).max(1) < 1
    if shape.kind == "cone":
        return (np.abs(z) < 1) & (np.hypot(x, y) < shape.start + (shape.end - shape.start) * (z + 1) / 2)
    # A limb is the union of all balls whose centre and radius run from one end's to the other's.
    share = np.linspace(0, 1, 401)
    radius = shape.start + (shape.end - shape.start) * share
    distance = np.hypot(np.hypot(x, y)[:, None], z[:, None] - (2 * share - 1))
    return (distance < radius).any(1)


@pytest.mark.parametrize("name", SHAPES)
def test_first_hit_is_where_a_march_along_the_ray_enters(name):
    shape = SHAPES[name]
    rng = np.random.default_rng(7)
    origin = np.array([2.3, -3.1, 1.7])
    targets = rng.uniform(-1.3, 1.3, (120, 3))
    direction = targets - origin
    t = shape.hit(origin, tuple(direction.T))
    steps = np.linspace(0.3, 1.7, 1001)
    hit_count = 0
    for ray in range(len(targets)):
        within = inside(shape, origin + steps[:, None] * direction[ray])
        if within.any():
            hit_count += 1
            assert abs(t[ray] - steps[within.argmax()]) < 3e-3
        elif np.isfinite(t[ray]):  # a graze between two steps: just inside the hit there must be matter
            deeper = origin + (t[ray] + np.linspace(0, 1e-3, 50)[:, None]) * direction[ray]
            assert inside(shape, deeper).any()
    assert hit_count > 25


@pytest.mark.parametrize("name", SHAPES)
def test_normals_point_from_matter_to_emptiness(name):
    shape = SHAPES[name]
    rng = np.random.default_rng(8)
    origin = np.array([-2.9, 2.2, -2.4])
    direction = rng.uniform(-1.1, 1.1, (400, 3)) - origin
    t = shape.hit(origin, tuple(direction.T))
    met = np.isfinite(t)
    points = origin + t[met, None] * direction[met]
    normals = shape.normal(points)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert met.sum() > 80
    assert np.all((normals * direction[met]).sum(1) < 1e-9)  # towards the ray's origin
    assert inside(shape, points - 3e-3 * normals).mean() > 0.97  # edges apart
    assert not inside(shape, points + 3e-3 * normals).any()


@pytest.mark.parametrize("name", SHAPES)
def test_bounds_hold_the_shape_and_the_outline_nearly_fills_them(name):
    shape = SHAPES[name]
    bounds, outline = shape.bounds(), shape.outline()
    points = np.random.default_rng(9).uniform(-2.5, 2.5, (10000, 3))
    held = points[inside(shape, points)]
    assert np.all(held > bounds.min(0))
    assert np.all(held < bounds.max(0))
    assert np.all(outline >= bounds.min(0) - 1e-12)
    assert np.all(outline <= bounds.max(0) + 1e-12)
    assert np.all(outline.max(0) >= held.max(0) - 0.02)
    assert np.all(outline.min(0) <= held.min(0) + 0.02)


def test_a_limb_whose_one_end_swallows_the_other_is_refused():
    with pytest.raises(ValueError, match="swallows"):
        Shape("limb", 2.5, 0.2)
