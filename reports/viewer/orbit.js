// The camera: on a sphere around the origin, with the study's axes, angles and field of view (vid3d/cameras.py).
"use strict";
(function (vid3d) {
  const FIELD_OF_VIEW = 60, RADIUS = 2; // degrees, scene units
  const NEAREST = 0.8, FARTHEST = 6; // scene units
  const HIGHEST = 85; // degrees that a reader reaches; straight from above, "up" has no direction
  const radians = Math.PI / 180;

  class Orbit {
    // home: {azimuth, elevation, radius} in degrees and scene units; onchange: called after every change.
    constructor(home, onchange) {
      this.home = { radius: RADIUS, ...home };
      this.onchange = onchange;
      Object.assign(this, this.home);
    }

    get pose() {
      return { azimuth: this.azimuth, elevation: this.elevation, radius: this.radius };
    }

    set({ azimuth = this.azimuth, elevation = this.elevation, radius = this.radius }) {
      if (!(Math.abs(elevation) < 90) || !(radius > 0) || !Number.isFinite(azimuth)) {
        throw new RangeError(`no camera at azimuth ${azimuth}, elevation ${elevation}, radius ${radius}`);
      }
      Object.assign(this, { azimuth: ((azimuth % 360) + 360) % 360, elevation, radius });
      this.onchange();
    }

    // Degrees: to the right, and up.
    move(right, up) {
      const elevation = Math.min(Math.max(this.elevation + up, -HIGHEST), HIGHEST);
      this.set({ azimuth: this.azimuth + right, elevation });
    }

    // Above 1 goes nearer.
    zoom(factor) {
      this.set({ radius: Math.min(Math.max(this.radius / factor, NEAREST), FARTHEST) });
    }

    reset() {
      this.set(this.home);
    }

    // The camera's axes right, down, forward in the world, and its distance to the origin.
    get view() {
      const a = this.azimuth * radians, e = this.elevation * radians;
      const right = [-Math.sin(a), Math.cos(a), 0];
      const forward = [-Math.cos(e) * Math.cos(a), -Math.cos(e) * Math.sin(a), -Math.sin(e)];
      const down = [
        forward[1] * right[2] - forward[2] * right[1],
        forward[2] * right[0] - forward[0] * right[2],
        forward[0] * right[1] - forward[1] * right[0],
      ];
      return { right, down, forward, radius: this.radius };
    }
  }

  // Focal length in pixels of a square picture.
  function focal(size) {
    return size / 2 / Math.tan(FIELD_OF_VIEW / 2 * radians);
  }

  // The low-pass filter of a picture in pixels squared.  A fit knows its splats only as seen through the filter of its
  // own views (0.3 pixels squared at `fitted` pixels and the orbit's radius): thin ones would fall apart if the filter
  // did not grow with the picture.  Never less than the rasterizer's own 0.3.
  function lowPass(size, fitted, radius) {
    const scale = fitted ? size / fitted * (RADIUS / radius) : 1;
    return 0.3 * Math.max(scale, 1) ** 2;
  }

  Object.assign(vid3d, { Orbit, focal, lowPass });
})(globalThis.vid3d ??= {});
