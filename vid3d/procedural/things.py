"""Classes without life: each function sculpts one in its rest pose and hangs it on joints."""

import math

from vid3d.procedural.animals import FORWARD, LEFT, SIDES, UP
from vid3d.procedural.look import DARK, GLASS, LEAF, METAL, PALE, WOOD, Look, between, plain
from vid3d.procedural.rig import Sculptor, Vector, Wave, rotation


def windmill(s: Sculptor, look: Look) -> None:
    """A tower mill turns its four sails; a vane behind."""
    foot, cap = between(0.28, 0.38, look.girth), between(0.22, 0.30, look.head)
    sail = between(0.70, 0.86, look.limbs)
    tower = s.joint(None)
    top = 1.10
    s.cone(tower, look.striped_across(UP), (0, 0, 0), (0, 0, top), foot, 0.66 * foot)
    s.cone(tower, look.second, (0, 0, top), (0, 0, top + 1.3 * cap), 1.08 * cap, 0.02)
    s.box(tower, WOOD, (0.86 * foot, 0, 0.17), (0.12, 0.13, 0.17))
    s.ball(tower, GLASS, (0.72 * foot, 0, 0.62), 0.10)
    vane = s.joint(tower, (0, 0, top + 0.1), UP, Wave(0.20))
    s.limb(vane, WOOD, (-0.15, 0, top + 0.08), (-0.62, 0, top + 0.16), 0.03, 0.03)
    s.box(vane, look.second, (-0.68, 0, top + 0.18), (0.14, 0.02, 0.15))
    hub = 0.66 * foot + 0.20
    axle = s.joint(tower, (0, 0, top), FORWARD, Wave(0.19, turning=True))
    s.limb(tower, WOOD, (0, 0, top), (hub, 0, top), 0.07, 0.05)
    s.ball(axle, look.main, (hub + 0.02, 0, top), 0.11)
    for k in range(4):
        angle = math.radians(90.0 * k + 28.0)
        y, z = math.cos(angle), math.sin(angle)
        s.limb(axle, WOOD, (hub, 0, top), (hub, sail * y, top + sail * z), 0.03, 0.02)
        # The cloth hangs on one side of its spar, which shows which way the mill turns.
        along, side = 0.60 * sail, 0.11
        centre: Vector = (hub, along * y - side * z, top + along * z + side * y)
        cloth = look.second if k % 2 == 0 else look.main
        s.box(axle, cloth, centre, (0.015, 0.36 * sail, 0.115), rotation(FORWARD, angle))


def flower(s: Sculptor, look: Look) -> None:
    """A potted flower nods and its leaves bob."""
    pot, eye_size = between(0.20, 0.30, look.girth), between(0.13, 0.20, look.head)
    petal = between(0.17, 0.25, look.limbs)
    base = s.joint(None, direction=LEFT, slide=Wave(0.025))
    stem = s.joint(base, (0, 0, 0.4), FORWARD, Wave(0.17))
    upper = s.joint(stem, (0.02, 0, 0.75), FORWARD, Wave(0.20))
    bloom = s.joint(upper, (0.08, 0, 1.15), LEFT, Wave(0.42), UP, Wave(0.03))
    s.cone(base, look.striped_across(UP), (0, 0, 0), (0, 0, 0.36), 0.72 * pot, pot)
    s.cone(base, look.second, (0, 0, 0.32), (0, 0, 0.42), 1.12 * pot, 1.12 * pot)
    s.ellipsoid(base, WOOD, (0, 0, 0.42), (0.9 * pot, 0.9 * pot, 0.03))
    s.limb(stem, LEAF, (0, 0, 0.40), (0.02, 0, 0.76), 0.045, 0.04)
    s.limb(upper, LEAF, (0.02, 0, 0.76), (0.08, 0, 1.16), 0.04, 0.035)
    for side in SIDES:
        leaf = s.joint(stem, (0, 0, 0.5), FORWARD, Wave(-0.35 * side))
        tilt = rotation(FORWARD, 0.5 * side)
        s.ellipsoid(leaf, LEAF, (0.0, 0.24 * side, 0.62), (0.09, 0.23, 0.03), tilt)
    face, petals = rotation(LEFT, -0.30), look.striped_across(UP)
    centre: Vector = (0.13, 0.0, 1.24)
    ring = eye_size + 0.62 * petal
    for k in range(7):
        angle = 2.0 * math.pi * k / 7 + 0.3
        offset = face @ (0.0, ring * math.cos(angle), ring * math.sin(angle))
        turned = face @ rotation(FORWARD, angle)
        x, y, z = offset + centre
        s.ellipsoid(bloom, petals, (x, y, z), (0.045, petal, 0.13), turned)
    s.ellipsoid(bloom, look.second, centre, (0.10, eye_size, eye_size), face)
    s.cone(bloom, LEAF, (0.09, 0, 1.23), (0.0, 0, 1.20), 0.20, 0.05)


def truck(s: Sculptor, look: Look) -> None:
    """A toy truck rolls to and fro, its load bouncing."""
    width, cab = between(0.24, 0.34, look.girth), between(0.20, 0.30, look.head)
    wheel = between(0.15, 0.22, look.limbs)
    swing = 0.19
    chassis = s.joint(None, direction=FORWARD, slide=Wave(swing))
    body = s.joint(chassis, (0, 0, wheel), LEFT, Wave(-0.06, 0.25))
    deck = 1.5 * wheel
    s.box(body, METAL, (0, 0, deck), (0.72, 0.9 * width, 0.05))
    s.box(body, look.coat, (-0.24, 0, deck + 0.22), (0.46, width, 0.18))
    s.box(body, look.second, (-0.71, 0, deck + 0.18), (0.025, 0.8 * width, 0.13))
    s.box(body, look.main, (0.46, 0, deck + 0.17), (0.22, width, 0.14))
    s.box(body, look.main, (0.40, 0, deck + 0.28 + cab), (0.18, 0.92 * width, cab))
    s.box(body, GLASS, (0.575, 0, deck + 0.34 + cab), (0.015, 0.74 * width, 0.55 * cab))
    for side in SIDES:
        s.box(body, GLASS, (0.42, 0.925 * width * side, deck + 0.34 + cab), (0.11, 0.01, 0.5 * cab))
        s.ball(body, plain("yellow"), (0.68, 0.65 * width * side, deck + 0.16), 0.065)
        for x in (0.44, -0.42):
            axle = s.joint(chassis, (x, 0, wheel), LEFT, Wave(swing / wheel))
            start: Vector = (x, (width - 0.06) * side, wheel)
            s.cone(axle, DARK, start, (x, (width + 0.06) * side, wheel), wheel, wheel)
            s.cone(axle, look.second, start, (x, (width + 0.075) * side, wheel), 0.55 * wheel, 0.55 * wheel)
            spoke: Vector = (x + 0.3 * wheel, (width + 0.07) * side, wheel)
            s.ball(axle, DARK, spoke, 0.16 * wheel)
    load = s.joint(body, direction=UP, slide=Wave(0.08, -0.25, 2))
    s.ball(load, look.second, (-0.40, 0, deck + 0.50), 0.21)
    s.ball(load, look.second, (-0.06, 0.05, deck + 0.48), 0.17)


def helicopter(s: Sculptor, look: Look) -> None:
    """A helicopter hovers with its rotor turning."""
    girth, nose = between(0.24, 0.32, look.girth), between(0.16, 0.24, look.head)
    blade = between(0.62, 0.82, look.limbs)
    body = s.joint(None, (0, 0, 0), LEFT, Wave(0.10), UP, Wave(0.07, 0.1))
    s.ellipsoid(body, look.coat, (0.06, 0, 0), (0.48, girth, 1.05 * girth))
    s.ellipsoid(body, GLASS, (0.34, 0, 0.06), (nose, 0.82 * girth, 0.75 * girth))
    s.limb(body, look.main, (-0.30, 0, 0.04), (-0.88, 0, 0.12), 0.11, 0.05)
    s.cone(body, look.second, (-0.82, 0, 0.06), (-0.98, 0, 0.40), 0.13, 0.06, FORWARD, 0.25)
    s.limb(body, METAL, (0, 0, 0.9 * girth), (0, 0, girth + 0.17), 0.06, 0.05)
    top = girth + 0.19
    rotor = s.joint(body, (0, 0, top), UP, Wave(0.24, turning=True))
    s.ball(rotor, look.second, (0, 0, top), 0.09)
    for k in range(4):
        angle = math.pi / 2 * k + 0.5
        x, y = math.cos(angle), math.sin(angle)
        centre: Vector = (0.55 * blade * x, 0.55 * blade * y, top)
        paint = look.second if k % 2 == 0 else look.main
        s.box(rotor, paint, centre, (0.48 * blade, 0.085, 0.03), rotation(UP, angle))
    tail = s.joint(body, (-0.92, 0.07, 0.2), LEFT, Wave(0.24, turning=True))
    for k in range(2):
        s.box(tail, DARK, (-0.92, 0.08, 0.2), (0.19, 0.015, 0.035), rotation(LEFT, math.pi / 2 * k + 0.4))
    for side in SIDES:
        y = 0.95 * girth * side
        s.limb(body, METAL, (-0.36, y, -girth - 0.16), (0.44, y, -girth - 0.16), 0.035, 0.035)
        for x in (-0.12, 0.2):
            s.limb(body, METAL, (x, 0.6 * girth * side, -0.8 * girth), (x, y, -girth - 0.16), 0.03, 0.03)
        s.box(body, look.second, (-0.02, 0.965 * girth * side, -0.02), (0.10, 0.03, 0.14))


def sailboat(s: Sculptor, look: Look) -> None:
    """A sailboat rocks on the waves."""
    hull, jib = between(0.22, 0.32, look.girth), between(0.7, 1.0, look.head)
    mast = between(0.92, 1.18, look.limbs)
    boat = s.joint(None, (0, 0, 0.35), FORWARD, Wave(0.20), UP, Wave(0.05, -0.1))
    deep = s.joint(boat, (0, 0, 0.35), LEFT, Wave(0.11, 0.3), FORWARD, Wave(0.07))
    s.cone(deep, look.second, (0, 0, 0.02), (0, 0, 0.16), 0.50, 0.58, FORWARD, hull / 0.56)
    s.cone(deep, WOOD, (0, 0, 0.16), (0, 0, 0.20), 0.60, 0.60, FORWARD, hull / 0.58)
    s.box(deep, look.main, (-0.30, 0, 0.27), (0.18, 0.6 * hull, 0.10))
    s.limb(deep, WOOD, (0.08, 0, 0.15), (0.08, 0, 0.30 + mast), 0.035, 0.025)
    sails = s.joint(deep, (0.08, 0, 0.3), UP, Wave(0.13, 0.15))
    canvas = look.striped_across(UP)
    s.cone(sails, canvas, (-0.26, 0.02, 0.34), (0.03, 0.02, 0.28 + mast), 0.32, 0.0, FORWARD, 0.16)
    foresail = s.joint(deep, (0.12, 0, 0.3), UP, Wave(-0.12, 0.15))
    s.cone(foresail, look.second, (0.33, 0, 0.34), (0.13, 0, 0.34 + 0.75 * mast * jib), 0.19, 0.0, FORWARD, 0.2)
    flag = s.joint(deep, (0.08, 0, 0.3 + mast), UP, Wave(0.7, 0.2))
    s.box(flag, look.main, (-0.05, 0, 0.30 + mast), (0.13, 0.025, 0.07))
    s.limb(deep, DARK, (-0.50, 0, 0.20), (-0.57, 0, 0.02), 0.05, 0.04)
    s.ball(deep, PALE, (-0.36, 0.6 * hull, 0.28), 0.06)
    s.ball(deep, PALE, (-0.36, -0.6 * hull, 0.28), 0.06)


def robot(s: Sculptor, look: Look) -> None:
    """A robot dances: it bends its knees, swings its arms and turns its head."""
    chest, head = between(0.24, 0.34, look.girth), between(0.17, 0.25, look.head)
    arm = between(0.34, 0.50, look.limbs)
    base = s.joint(None, (0, 0, 0), UP, Wave(0.22))
    body = s.joint(base, (0, 0, 0.4), FORWARD, Wave(0.10), UP, Wave(-0.05, -0.25, 2))
    skull = s.joint(body, (0, 0, 1.0), UP, Wave(0.42, 0.0))
    for side in SIDES:
        y = 0.55 * chest * side
        s.limb(base, METAL, (0, y, 0.42), (0, y, 0.12), 0.075, 0.075)
        s.box(base, look.second, (0.05, y, 0.06), (0.17, 0.45 * chest, 0.06))
    s.box(body, look.striped_across(UP), (0, 0, 0.66), (0.22, chest, 0.28))
    s.box(body, PALE, (0.21, 0, 0.73), (0.03, 0.56 * chest, 0.10))
    for y, colour in ((-0.32, "red"), (0.0, "yellow"), (0.32, "green")):
        s.ball(body, plain(colour), (0.25, y * chest, 0.74), 0.055)
    s.box(body, look.second, (-0.25, 0, 0.66), (0.07, 0.6 * chest, 0.18))
    s.ball(body, DARK, (-0.32, 0, 0.66), 0.09)
    s.limb(body, METAL, (0, 0, 0.9), (0, 0, 1.02), 0.08, 0.08)
    crown = 0.98 + head
    s.box(skull, look.main, (0, 0, crown), (0.85 * head, 1.1 * head, 0.8 * head))
    s.box(skull, DARK, (0.83 * head, 0, crown + 0.12 * head), (0.04, 0.86 * head, 0.34 * head))
    s.limb(skull, METAL, (0, 0, crown + 0.8 * head), (0, 0, crown + 1.5 * head), 0.03, 0.03)
    s.ball(skull, look.second, (0, 0, crown + 1.6 * head), 0.075)
    for side in SIDES:
        s.ball(skull, GLASS, (0.83 * head + 0.03, 0.42 * head * side, crown + 0.14 * head), 0.26 * head)
        s.cone(skull, look.second, (0, head * side, crown), (0, 1.3 * head * side, crown), 0.08, 0.06)
        shoulder: Vector = (0.0, (chest + 0.09) * side, 0.84)
        swing = s.joint(body, shoulder, LEFT, Wave(0.75 * side))
        elbow: Vector = (0.08, (chest + 0.16) * side, 0.84 - 0.6 * arm)
        hand: Vector = (0.12 + 0.55 * arm, (chest + 0.16) * side, 0.84 - 0.62 * arm)
        s.ball(swing, look.second, shoulder, 0.11)
        s.limb(swing, METAL, shoulder, elbow, 0.065, 0.065)
        lower = s.joint(swing, elbow, LEFT, Wave(0.40 * side))
        s.limb(lower, look.main, elbow, hand, 0.085, 0.085)
        s.ball(lower, look.second, hand, 0.105)
