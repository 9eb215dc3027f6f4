"""A seed video by warping the cut-out photograph smoothly and periodically; no learned model.

The displacement of a point p of the rest pose at frame t is ``amplitude * sum of modes``, each a smooth function of p
times a wave over t that is 0 at frame 0: a sway about the base, a flapping of what is far from the middle, a breathing
(taller and narrower, then back) and a ripple up the body.  The amplitude is solved for the motion score asked for.
"""

from itertools import pairwise

import cv2
import numpy as np

from vid3d.procedural import PERIOD, SCORE_UNIT
from vid3d.scene import Clip, Float32, Float64, Reference
from vid3d.stages import Seed
from vid3d.study.specs.seed import ReliefSeed

SUPERSAMPLING = 2  # samples per pixel and axis of the warped image
SCORE_GRID = 96  # side of the grid of points on which the motion score is averaged
FIXED_POINT_STEPS = 12  # of the inverse warp; each one shrinks the error by the warp's largest strain


def build(spec: ReliefSeed) -> Seed:
    """The warp as a seed stage: spec.frames images of spec.size pixels with alpha, frame 0 being the reference."""

    def seed(reference: Reference, motion: int, rng: np.random.Generator) -> Clip:
        warp = Warp(reference.alpha, rng)
        amplitude = warp.amplitude(motion)
        frames = [_warped(reference, warp, amplitude, t, spec.size) for t in range(spec.frames)]
        alpha = np.stack([frame[..., 3] for frame in frames])
        images = np.stack([frame[..., :3] for frame in frames]) + (1.0 - alpha[..., None])
        return Clip(np.clip(images, 0.0, 1.0), alpha)

    return seed


class Warp:
    """The periodic displacement field of one silhouette.

    Points and displacements are in image widths, x to the right, y down, the image being [0, 1] x [0, 1].
    """

    def __init__(self, alpha: Float32, rng: np.random.Generator) -> None:
        """``alpha`` (s, s) in [0, 1]; ``rng`` draws the mixture of modes, the same for every motion score."""
        size = len(alpha)
        rows, columns = np.nonzero(alpha > 0.5)
        if not len(rows):
            raise ValueError("the silhouette is empty")
        self._base = (rows.max() + 1) / size
        self._height = self._base - rows.min() / size
        self._middle = (columns.min() + columns.max() + 1) / 2 / size
        self._weights = rng.uniform(0.75, 1.25, 4) * np.array([rng.choice([-1.0, 1.0]), 1.0, 1.0, 1.0])
        self._phases = rng.uniform(0.0, 2.0 * np.pi, 2)
        self._alpha = alpha

    def displacement(self, points: Float64, frame: float) -> Float64:
        """(..., 2) displacements at amplitude 1 of rest points (..., 2) at a frame number; 0 at frame 0."""
        turn = 2.0 * np.pi * frame / PERIOD
        up = (self._base - points[..., 1]) / self._height  # 0 at the base, 1 at the top
        aside = (points[..., 0] - self._middle) / self._height
        sway, flap, breath, ripple = self._weights
        flapping = np.sin(2.0 * turn + self._phases[0]) - np.sin(self._phases[0])
        waving = np.sin(2.0 * turn - 4.0 * up + self._phases[1]) - np.sin(-4.0 * up + self._phases[1])
        x = sway * up * np.sin(turn) - 0.3 * breath * aside * np.sin(2.0 * turn) + 0.15 * ripple * up * waving
        y = -0.3 * breath * up * np.sin(2.0 * turn) - 0.8 * flap * aside * aside * flapping
        return np.stack([x, y], axis=-1)

    def score(self, amplitude: float) -> float:
        """The motion score: the mean over one period's frames and their foreground pixels of the optical flow's length.

        The mean over a frame's pixels is taken over the rest pose's points, each weighted by its coverage and by the
        area that it takes up in that frame (the warp's Jacobian).
        """
        side = np.arange(SCORE_GRID + 1) / SCORE_GRID
        corners = np.stack(np.meshgrid(side, side), axis=-1)
        coverage = cv2.resize(self._alpha, (SCORE_GRID, SCORE_GRID), interpolation=cv2.INTER_AREA)
        positions = [corners + amplitude * self.displacement(corners, frame) for frame in range(PERIOD + 1)]
        lengths = []
        for now, then in pairwise(positions):
            flow = np.linalg.norm(_cell_means(then - now), axis=-1)
            weight = coverage * _cell_areas(now)
            lengths.append((flow * weight).sum() / weight.sum())
        return float(np.mean(lengths)) / SCORE_UNIT

    def amplitude(self, motion: float) -> float:
        """The amplitude whose score is ``motion``: by secant steps, since the score is almost proportional to it."""
        amplitude = motion / self.score(1e-3) * 1e-3
        for _ in range(4):
            amplitude *= motion / self.score(amplitude)
        return amplitude


def _cell_means(corners: Float64) -> Float64:
    """(n, n, c) means over the four corners of each cell of a grid (n + 1, n + 1, c)."""
    return 0.25 * (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:])


def _cell_areas(corners: Float64) -> Float64:
    """(n, n) areas of the cells whose corners (n + 1, n + 1, 2) have been moved: half the diagonals' cross product."""
    falling, rising = corners[1:, 1:] - corners[:-1, :-1], corners[1:, :-1] - corners[:-1, 1:]
    areas: Float64 = 0.5 * np.abs(falling[..., 0] * rising[..., 1] - falling[..., 1] * rising[..., 0])
    return areas


def _warped(reference: Reference, warp: Warp, amplitude: float, frame: float, size: int) -> Float32:
    """(size, size, 4) float32: the reference's foreground, premultiplied, and its coverage, at a frame number."""
    fine = size * SUPERSAMPLING
    white = 1.0 - reference.alpha[..., None]
    premultiplied = np.dstack([reference.foreground - white, reference.alpha])
    smaller = fine < len(premultiplied)
    rest = cv2.resize(premultiplied, (fine, fine), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    centres = (np.arange(fine) + 0.5) / fine
    targets = np.stack(np.meshgrid(centres, centres), axis=-1)
    sources = targets
    for _ in range(FIXED_POINT_STEPS):  # p + amplitude * displacement(p) = target, solved for p
        sources = targets - amplitude * warp.displacement(sources, frame)
    pixels = (sources * fine - 0.5).astype(np.float32)
    moved = cv2.remap(rest, pixels[..., 0], pixels[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    mean = np.clip(moved, 0.0, 1.0).reshape(size, SUPERSAMPLING, size, SUPERSAMPLING, 4).mean(axis=(1, 3))
    return mean.astype(np.float32)
