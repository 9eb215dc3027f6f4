import numpy as np
import pytest

from vid3d.procedural.damage import KINDS, damage

STRENGTHS = {
    "blur": (0.0, 0.5, 1.0, 4.0),
    "noise": (0.0, 0.05, 0.2, 0.8),
    "compression": (0.0, 25.0, 70.0, 95.0),
    "floaters": (0.0, 2.0, 8.0, 32.0),
    "missing": (0.0, 0.1, 0.5, 0.95),
}


@pytest.fixture
def image() -> np.ndarray:
    """(64, 64, 3) float32: a chequered disc on white."""
    rows, columns = np.mgrid[:64, :64]
    disc = (rows - 32) ** 2 + (columns - 32) ** 2 < 20**2
    colour = np.where(((rows // 4 + columns // 4) % 2 == 0)[..., None], (0.8, 0.1, 0.2), (0.1, 0.2, 0.7))
    return np.where(disc[..., None], colour, 1).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_none_at_first_and_grows(image: np.ndarray, kind: str) -> None:
    errors = []
    for strength in STRENGTHS[kind]:
        damaged = damage(image, kind, strength, np.random.default_rng(0))
        assert damaged.dtype == np.float32
        assert damaged.min() >= 0
        assert damaged.max() <= 1
        errors.append(float(np.square(damaged - image).mean()))
    assert errors[0] == 0.0
    assert np.all(np.diff(errors) > 0)


def test_missing_parts_are_nested_and_of_the_share_asked_for(image: np.ndarray) -> None:
    less, more = (damage(image, "missing", share, np.random.default_rng(1)) for share in (0.25, 0.75))
    gone = [(damaged != image).any(axis=2) for damaged in (less, more)]
    assert (gone[1] | ~gone[0]).all()
    for mask, share in zip(gone, (0.25, 0.75), strict=True):
        missing = mask.sum() / (image.min(axis=2) < 0.99).sum()
        assert share - 0.1 < missing <= share  # a whole square is 64 of about 1250 pixels


def test_an_empty_image_has_no_floaters() -> None:
    """There is no object that they could be near, or have a colour of."""
    white = np.ones((16, 16, 3), np.float32)
    np.testing.assert_array_equal(damage(white, "floaters", 8, np.random.default_rng(0)), white)


def test_an_unknown_kind_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no damage is called 'rust'"):
        damage(image, "rust", 1.0, np.random.default_rng(0))
