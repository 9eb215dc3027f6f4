// One picture of a clip: its poster until the first frame has arrived, then a canvas.
"use strict";
(function (vid3d) {
  const SHARPEST = 2, LARGEST = 1024; // canvas pixels: of a CSS pixel, of an edge

  class Pane {
    // description: of the clip; onframe: called after each frame that arrives.
    constructor(description, onframe) {
      this.clip = new vid3d.Clip(description, onframe);
      this.element = vid3d.make("div", { className: "viewer-picture" });
      this.canvas = vid3d.make("canvas", { hidden: true });
      this.canvas.setAttribute("role", "img");
      this.canvas.setAttribute("aria-label", vid3d.describe(description));
      this.element.append(vid3d.make("img", { src: description.poster, alt: "" }), this.canvas);
    }

    // Draws the clip at a time as `orbit` sees it, with a look (renderer.js), once its frame is there.
    draw(orbit, time, look) {
      const picture = this.picture(orbit, time, this.size, look);
      if (!picture) return;
      this.canvas.getContext("bitmaprenderer").transferFromImageBitmap(picture);
      this.canvas.hidden = false;
    }

    // An ImageBitmap of the clip, or null while its frame has not arrived or nothing can be drawn.
    picture(orbit, time, size, look) {
      const frame = this.clip.at(time);
      if (!frame) return null;
      const lowPass = vid3d.lowPass(size, this.clip.description.fitted, orbit.radius);
      return vid3d.renderer().draw(frame, orbit.view, size, lowPass, look);
    }

    // Edge of the picture in canvas pixels.
    get size() {
      const pixels = this.element.clientWidth * Math.min(devicePixelRatio || 1, SHARPEST);
      return Math.min(Math.max(Math.round(pixels), 16), LARGEST);
    }
  }

  vid3d.Pane = Pane;
})(globalThis.vid3d ??= {});
