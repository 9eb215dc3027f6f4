// Pictures by fixed cameras beside a clip: the reference image, or the truth.  They lie on one sheet, a column for each
// camera (evenly spaced from azimuth 0, at elevation 0) and a row for each frame; the nearest camera is shown.
"use strict";
(function (vid3d) {
  // Which of `cameras` stands nearest to an azimuth in degrees.
  vid3d.nearest = (azimuth, cameras) => Math.round(azimuth / 360 * cameras) % cameras;

  class SheetPane {
    constructor(description) {
      this.clip = { description, frames: [], load: async () => {}, release: () => {}, at: () => true };
      this.element = vid3d.make("div", { className: "viewer-picture viewer-sheet" });
      this.element.setAttribute("role", "img");
      this.element.setAttribute("aria-label", vid3d.describe(description));
      const { sheet, cameras, frames } = description;
      Object.assign(this.element.style, {
        backgroundImage: `url("${sheet}")`,
        backgroundSize: `${100 * cameras}% ${100 * frames}%`,
      });
    }

    draw(orbit, time) {
      const { cameras, frames } = this.clip.description;
      const share = (place, count) => (count > 1 ? 100 * place / (count - 1) : 0);
      const across = share(vid3d.nearest(orbit.azimuth, cameras), cameras);
      this.element.style.backgroundPosition = `${across}% ${share(Math.min(time, frames - 1), frames)}%`;
    }

    picture() {
      return null;
    }
  }

  vid3d.SheetPane = SheetPane;
})(globalThis.vid3d ??= {});
