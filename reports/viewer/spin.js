// Turning without a hand: while it is on, the camera goes round the object, as high and as far as it stands.
"use strict";
(function (vid3d) {
  const SPEED = 30; // degrees a second

  class Spin {
    #request = 0;

    constructor(orbit) {
      Object.assign(this, { orbit, on: false });
    }

    start() {
      if (this.on) return;
      this.on = true;
      let last = performance.now();
      const tick = (now) => {
        this.orbit.set({ azimuth: this.orbit.azimuth + SPEED * Math.max(now - last, 0) / 1000 });
        last = now;
        this.#request = requestAnimationFrame(tick);
      };
      this.#request = requestAnimationFrame(tick);
    }

    stop() {
      this.on = false;
      cancelAnimationFrame(this.#request);
    }
  }

  vid3d.Spin = Spin;
})(globalThis.vid3d ??= {});
