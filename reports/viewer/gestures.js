// Mouse, touch and keyboard on the pictures.
"use strict";
(function (vid3d) {
  const TURN = 180; // degrees for a drag across a picture
  const STEP = { turn: 10, rise: 5, zoom: 1.1 }; // of a key or button; degrees, degrees, factor
  const WHEEL = 0.0015; // zoom in natural logarithm for one pixel of scrolling

  // Drag with mouse or finger to turn, two fingers or the wheel with Ctrl or ⌘ held to zoom, as on maps: the wheel alone
  // and a finger that moves up or down scroll the page past the pictures (viewer.css), except on a full screen.
  function followPointers(element, orbit) {
    const pointers = new Map(); // positions, by identifier
    const distance = () => {
      const [a, b] = [...pointers.values()];
      return Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1);
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      element.focus({ preventScroll: true });
    });
    element.addEventListener("pointermove", (event) => {
      const last = pointers.get(event.pointerId);
      if (!last) return;
      const before = pointers.size === 2 ? distance() : 1;
      const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
      Object.assign(last, { x: event.clientX, y: event.clientY });
      if (pointers.size === 2) orbit.zoom(distance() / before);
      if (pointers.size !== 1) return;
      const scale = TURN / element.firstElementChild.clientWidth;
      orbit.move(-dx * scale, dy * scale); // the object follows the pointer
    });
    for (const end of ["pointerup", "pointercancel"]) {
      element.addEventListener(end, (event) => pointers.delete(event.pointerId));
    }
    element.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && !document.fullscreenElement) {
        if (document.activeElement === element) hint(element);
        return;
      }
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
      orbit.zoom(Math.exp(-pixels * WHEEL));
    }, { passive: false });
  }

  // For a moment the pictures say how the wheel zooms.
  function hint(element) {
    element.classList.add("viewer-hint");
    clearTimeout(hint.end);
    hint.end = setTimeout(() => element.classList.remove("viewer-hint"), 1200);
  }

  // Keys on the pictures: what each does.
  function followKeys(element, viewer) {
    const { orbit, player } = viewer;
    const points = () => {
      viewer.points = !viewer.points;
      viewer.redraw();
    };
    const actions = {
      ArrowLeft: () => orbit.move(-STEP.turn, 0),
      ArrowRight: () => orbit.move(STEP.turn, 0),
      ArrowUp: () => orbit.move(0, STEP.rise),
      ArrowDown: () => orbit.move(0, -STEP.rise),
      "+": () => orbit.zoom(STEP.zoom),
      "=": () => orbit.zoom(STEP.zoom), // the same key without shift
      "-": () => orbit.zoom(1 / STEP.zoom),
      " ": () => player.toggle(),
      ",": () => player.step(-1),
      ".": () => player.step(1),
      Home: () => orbit.reset(),
      p: points,
      P: points,
    };
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(actions, event.key)) return;
      event.preventDefault();
      actions[event.key]();
    });
  }

  Object.assign(vid3d, { followPointers, followKeys, STEP });
})(globalThis.vid3d ??= {});
