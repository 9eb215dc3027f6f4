"""Classes that breathe: each function sculpts one in its rest pose and hangs it on joints."""

import numpy as np

from vid3d.procedural.look import DARK, PALE, SKIN, Look, between, plain
from vid3d.procedural.rig import Sculptor, Vector, Wave, rotation

SIDES = (1.0, -1.0)  # left, right
FORWARD: Vector = (1.0, 0.0, 0.0)
LEFT: Vector = (0.0, 1.0, 0.0)
UP: Vector = (0.0, 0.0, 1.0)


def pitched(degrees: float) -> np.ndarray:
    """Rotation that lowers the front by ``degrees``."""
    return rotation(LEFT, np.radians(degrees))


def eye(s: Sculptor, joint: int, centre: Vector, radius: float, gaze: Vector) -> None:
    """A white ball with a dark pupil towards ``gaze`` (unit vector)."""
    s.ball(joint, PALE, centre, radius)
    x, y, z = np.asarray(centre) + 0.55 * radius * np.asarray(gaze)
    s.ball(joint, DARK, (x, y, z), 0.62 * radius)


def figure(s: Sculptor, look: Look) -> None:
    """A child with a cap and a backpack waves its right arm and sways."""
    girth, head = between(0.19, 0.29, look.girth), between(0.19, 0.25, look.head)
    leg = between(0.42, 0.62, look.limbs)
    arm = 0.36 + 0.35 * (leg - 0.42)
    hips = s.joint(None, (0, 0, 0), FORWARD, Wave(0.13), LEFT, Wave(0.09))
    chest = s.joint(hips, (0, 0, leg), FORWARD, Wave(0.12))
    skull = s.joint(chest, (0, 0, leg + 0.55), FORWARD, Wave(-0.20))
    shirt = look.striped_across(UP)
    for side in SIDES:
        y = 0.55 * girth * side
        s.limb(hips, look.second, (0, y, leg), (0, y, 0.06), 0.10, 0.085)
        s.ellipsoid(hips, DARK, (0.05, y, 0.03), (0.15, 0.09, 0.07))
    s.limb(chest, shirt, (0, 0, leg + 0.06), (0, 0, leg + 0.38), girth, 0.78 * girth)
    neck = leg + 0.42 + 0.45 * girth
    s.ball(skull, SKIN, (0, 0, neck + head), head)
    for side in SIDES:
        s.ball(skull, DARK, (0.90 * head, 0.36 * head * side, neck + 1.12 * head), 0.16 * head)
    s.ellipsoid(skull, plain("red"), (0.93 * head, 0, neck + 0.58 * head), (0.08, 0.32 * head, 0.10 * head))
    s.ellipsoid(skull, look.main, (-0.04, 0, neck + 1.45 * head), (1.04 * head, 1.04 * head, 0.66 * head))
    s.ellipsoid(skull, look.second, (0.80 * head, 0, neck + 1.42 * head), (0.62 * head, 0.72 * head, 0.09 * head))
    s.ball(skull, look.second, (-0.04, 0, neck + 2.12 * head), 0.18 * head)
    s.box(chest, look.second, (-girth - 0.08, 0, leg + 0.26), (0.13, 0.85 * girth, 0.24))
    s.box(chest, look.main, (-girth - 0.22, 0, leg + 0.18), (0.05, 0.5 * girth, 0.11))
    shoulder = leg + 0.40
    elbow: Vector = (0.0, -girth - 0.66 * arm, shoulder + 0.26 * arm)
    waving = s.joint(chest, (0, -girth, shoulder), FORWARD, Wave(0.22))
    forearm = s.joint(waving, elbow, FORWARD, Wave(0.50))
    hand: Vector = (0.0, -girth - 1.12 * arm, shoulder + 0.98 * arm)
    s.limb(waving, look.main, (0, -0.8 * girth, shoulder), elbow, 0.085, 0.075)
    s.limb(forearm, look.main, elbow, hand, 0.075, 0.065)
    s.ball(forearm, SKIN, (hand[0], hand[1], hand[2] + 0.06), 0.095)
    hanging = s.joint(chest, (0, girth, shoulder), LEFT, Wave(0.35))
    s.limb(hanging, look.main, (0, 0.8 * girth, shoulder), (0.05, girth + 0.12, shoulder - arm), 0.085, 0.065)
    s.ball(hanging, SKIN, (0.06, girth + 0.14, shoulder - arm - 0.07), 0.09)


def frog(s: Sculptor, look: Look) -> None:
    """A sitting frog hops up, stretching its hind legs; a mark of the second colour on its rump."""
    girth, head = between(0.30, 0.42, look.girth), between(0.24, 0.32, look.head)
    leg = between(0.85, 1.15, look.limbs)
    body = s.joint(None, (-0.3, 0, 0.2), LEFT, Wave(-0.08, -0.25), UP, Wave(0.18, -0.25))
    skull = s.joint(body, (0.25, 0, 0.5), LEFT, Wave(0.06, -0.25))
    s.ellipsoid(body, look.coat, (-0.05, 0, 0.36), (0.48, girth, 0.27), pitched(-24))
    s.ellipsoid(body, look.second, (-0.44, 0, 0.30), (0.14, 0.55 * girth, 0.13))
    s.ellipsoid(body, look.second, (0.20, 0, 0.40), (0.25, 0.80 * girth, 0.24))
    s.ellipsoid(skull, look.coat, (0.36, 0, 0.60), (0.30, 1.18 * head, 0.21))
    s.ellipsoid(skull, DARK, (0.37, 0, 0.565), (0.302, 1.185 * head, 0.018))
    for side in SIDES:
        s.ball(skull, look.main, (0.34, 0.68 * head * side, 0.76), 0.135)
        eye(s, skull, (0.385, 0.72 * head * side, 0.79), 0.115, (0.85, 0.35 * side, 0.25))
        front = s.joint(body, (0.2, girth * side, 0.35), LEFT, Wave(0.24, -0.25))
        s.limb(front, look.main, (0.22, 0.85 * girth * side, 0.36), (0.36, 1.15 * girth * side, 0.05), 0.085, 0.06)
        s.ellipsoid(front, look.second, (0.43, 1.2 * girth * side, 0.03), (0.14, 0.10, 0.04))
        thigh = s.joint(body, (-0.25, girth * side, 0.25), LEFT, Wave(0.42, -0.25))
        knee: Vector = (-0.32 + 0.42 * leg, 1.18 * girth * side, 0.36 * leg)
        s.limb(thigh, look.coat, (-0.32, 0.95 * girth * side, 0.24), knee, 0.15, 0.09)
        shin = s.joint(thigh, knee, LEFT, Wave(-0.30, -0.25))
        s.limb(shin, look.main, knee, (-0.28, 1.35 * girth * side, 0.07), 0.075, 0.05)
        s.ellipsoid(shin, look.second, (-0.12, 1.42 * girth * side, 0.03), (0.26, 0.11, 0.04))


def fish(s: Sculptor, look: Look) -> None:
    """A fish swims on the spot: a wave runs from head to tail fin."""
    girth, head = between(0.13, 0.20, look.girth), between(0.18, 0.26, look.head)
    fin = between(0.8, 1.25, look.limbs)
    tall = between(0.27, 0.38, look.girth)
    body = s.joint(None, (0, 0, 0), UP, Wave(0.17), (0.2, 0.7, 0.7), Wave(0.17, 0.2))
    rear = s.joint(body, (-0.12, 0, 0), UP, Wave(0.22, 0.62))
    stem = s.joint(rear, (-0.46, 0, 0), UP, Wave(0.28, 0.5))
    blade = s.joint(stem, (-0.62, 0, 0), UP, Wave(0.30, 0.4))
    s.ellipsoid(body, look.coat, (0.10, 0, 0), (0.52, girth, tall))
    s.ellipsoid(body, look.second, (0.42, 0, -0.01), (head, 0.85 * girth, 0.66 * tall))
    s.ellipsoid(body, DARK, (0.63, 0, -0.06), (0.02, 0.5 * girth, 0.02))
    s.ellipsoid(rear, look.coat, (-0.18, 0, 0), (0.40, 0.78 * girth, 0.66 * tall))
    s.ellipsoid(stem, look.main, (-0.52, 0, 0), (0.20, 0.40 * girth, 0.30 * tall))
    for side in SIDES:
        tip: Vector = (-0.60 - 0.36 * fin, 0.0, 0.36 * fin * side)
        s.limb(blade, look.second, (-0.60, 0, 0.02 * side), tip, 0.045, 0.075)
        s.cone(blade, look.second, tip, (-0.58, 0, 0), 0.20 * fin, 0.06, (1, 0, -side), 0.22)
        eye(s, body, (0.46, 0.80 * girth * side, 0.10 * tall + 0.03), 0.085, (0.35, 0.93 * side, 0.1))
        flap = s.joint(body, (0.18, girth * side, -0.08), FORWARD, Wave(0.8 * side))
        s.ellipsoid(flap, look.second, (0.06, 1.35 * girth * side, -0.12), (0.17 * fin, 0.03, 0.09), pitched(-35))
    s.cone(body, look.second, (-0.02, 0, 0.70 * tall), (-0.20, 0, tall + 0.20 * fin), 0.26, 0.09, FORWARD, 0.2)
    s.cone(body, look.second, (-0.10, 0, -0.70 * tall), (-0.26, 0, -tall - 0.10 * fin), 0.14, 0.05, FORWARD, 0.3)


def dog(s: Sculptor, look: Look) -> None:
    """A dog walks on the spot, nodding, with its tail up."""
    girth, head = between(0.17, 0.25, look.girth), between(0.19, 0.26, look.head)
    leg = between(0.34, 0.54, look.limbs)
    back = leg + 0.8 * girth
    body = s.joint(None, (0, 0, back), LEFT, Wave(0.07, 0.0, 2), UP, Wave(0.055, -0.25, 2))
    skull = s.joint(body, (0.4, 0, back + 0.1), LEFT, Wave(0.18, 0.2))
    rump = s.joint(body, (-0.5, 0, back + 0.1), FORWARD, Wave(0.55))
    s.limb(body, look.coat, (-0.36, 0, back), (0.34, 0, back + 0.03), girth, 1.06 * girth)
    s.limb(body, look.coat, (0.36, 0, back + 0.1), (0.52, 0, back + 0.34), 0.17, 0.14)
    crown: Vector = (0.58, 0.0, back + 0.30 + 0.6 * head)
    s.ball(skull, look.main, crown, head)
    s.limb(skull, look.second, (0.68, 0, crown[2] - 0.06), (0.66 + 1.1 * head, 0, crown[2] - 0.10), 0.13, 0.095)
    s.ball(skull, DARK, (0.74 + 1.15 * head, 0, crown[2] - 0.04), 0.06)
    for side in SIDES:
        gaze = (0.9, 0.35 * side, 0.2)
        eye(s, skull, (0.58 + 0.76 * head, 0.46 * head * side, crown[2] + 0.34 * head), 0.062, gaze)
        ear = (0.52, 0.88 * head * side, crown[2] + 0.05)
        s.ellipsoid(skull, look.second, ear, (0.11, 0.05, 1.05 * head), rotation(FORWARD, 0.35 * side))
        for x, sign in ((0.34, side), (-0.36, -side)):
            hip = s.joint(body, (x, 0.6 * girth * side, back - 0.05), LEFT, Wave(0.62 * sign))
            y = 0.66 * girth * side
            s.limb(hip, look.main, (x, y, back - 0.06), (x, y, 0.10), 0.115, 0.075)
            s.ellipsoid(hip, look.second, (x + 0.05, y, 0.05), (0.12, 0.085, 0.07))
    s.limb(rump, look.main, (-0.50, 0, back + 0.10), (-0.72, 0, back + 0.46), 0.075, 0.05)
    s.ball(rump, look.second, (-0.73, 0, back + 0.49), 0.085)


def bird(s: Sculptor, look: Look) -> None:
    """A bird in flight flaps its wings."""
    girth, head = between(0.19, 0.27, look.girth), between(0.17, 0.22, look.head)
    span = between(0.62, 0.86, look.limbs)
    body = s.joint(None, (0, 0, 0), LEFT, Wave(0.07), UP, Wave(-0.09))
    skull = s.joint(body, (0.4, 0, 0.1), LEFT, Wave(-0.14))
    s.ellipsoid(body, look.main, (0, 0, 0), (0.46, girth, 0.9 * girth), pitched(-10))
    s.ellipsoid(body, look.second, (0.10, 0, -0.06), (0.33, 0.85 * girth, 0.82 * girth), pitched(-10))
    s.ball(skull, look.main, (0.46, 0, 0.19), head)
    s.cone(skull, plain("orange"), (0.46 + 0.8 * head, 0, 0.17), (0.50 + 2.0 * head, 0, 0.12), 0.085, 0.0)
    s.cone(skull, look.second, (0.40, 0, 0.15 + head), (0.22, 0, 0.34 + head), 0.08, 0.02, FORWARD, 0.35)
    tail = s.joint(body, (-0.4, 0, -0.05), LEFT, Wave(0.22))
    s.cone(tail, look.coat, (-0.34, 0, -0.06), (-0.80, 0, -0.08), 0.08, 0.24, LEFT, 0.16)
    s.cone(tail, look.second, (-0.78, 0, -0.08), (-0.88, 0, -0.085), 0.24, 0.25, LEFT, 0.17)
    for side in SIDES:
        eye(s, skull, (0.46 + 0.62 * head, 0.62 * head * side, 0.25), 0.068, (0.6, 0.8 * side, 0.0))
        inner = s.joint(body, (0, 0.6 * girth * side, 0.08), FORWARD, Wave(0.52 * side))
        outer = s.joint(inner, (0, (0.10 + 0.5 * span) * side, 0.10 + 0.4 * span), FORWARD, Wave(0.42 * side, -0.1))
        # The leading edge is raised, so that the wings' area shows from in front.
        raised, bent = (rotation(FORWARD, lift * side) @ pitched(-26) for lift in (0.62, 0.35))
        middle: Vector = (0.02, (0.10 + 0.28 * span) * side, 0.10 + 0.22 * span)
        end: Vector = (-0.06, (0.10 + 0.70 * span) * side, 0.14 + 0.44 * span)
        s.ellipsoid(inner, look.coat, middle, (0.29, 0.38 * span, 0.06), raised)
        s.ellipsoid(outer, look.coat, end, (0.23, 0.36 * span, 0.05), bent)
        s.limb(body, plain("orange"), (-0.12, 0.09 * side, -0.16), (-0.30, 0.09 * side, -0.26), 0.035, 0.03)


def caterpillar(s: Sculptor, look: Look) -> None:
    """A caterpillar crawls: a wave of arching runs through its rings."""
    girth, head = between(0.15, 0.20, look.girth), between(0.20, 0.27, look.head)
    rings = 6
    gap = between(1.05, 1.35, look.limbs) * girth
    base = s.joint(None, direction=FORWARD, slide=Wave(0.05, -0.25))
    for k in range(rings):
        x, shift = (rings / 2 - 0.5 - k) * gap, -0.16 * k
        ring = s.joint(base, (x, 0, 0), LEFT, Wave(0.15, shift + 0.25), UP, Wave(0.105, shift))
        radius = girth * (1.0 - 0.05 * k)
        s.ball(ring, look.main if k % 2 == 0 else look.coat, (x, 0, radius + 0.07), radius)
        for side in SIDES:
            s.limb(ring, look.second, (x, 0.6 * radius * side, 0.14), (x, 0.8 * radius * side, 0.04), 0.055, 0.05)
        if k in (1, 3):
            s.ellipsoid(ring, look.second, (x, 0, 2 * radius + 0.05), (0.07, 0.07, 0.06))
    x = rings / 2 * gap
    skull = s.joint(base, (x, 0, 0.3), LEFT, Wave(0.22), UP, Wave(0.105, 0.16))
    centre: Vector = (x + 0.02, 0.0, head + 0.14)
    s.ball(skull, look.second, centre, head)
    for side in SIDES:
        eye(s, skull, (x + 0.78 * head, 0.42 * head * side, centre[2] + 0.32 * head), 0.075, (0.9, 0.3 * side, 0.2))
        tip: Vector = (x + 0.10, 0.20 * side, centre[2] + head + 0.22)
        s.limb(skull, DARK, (x, 0.09 * side, centre[2] + 0.8 * head), tip, 0.03, 0.03)
        s.ball(skull, look.main, tip, 0.07)
    s.ellipsoid(skull, DARK, (x + 0.93 * head, 0, centre[2] - 0.30 * head), (0.06, 0.35 * head, 0.035))
    end = -(rings / 2 - 0.5) * gap
    s.cone(ring, look.second, (end - 0.10, 0, 0.24), (end - 0.36, 0, 0.36), 0.08, 0.0)
