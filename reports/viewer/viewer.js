// A viewer: one clip, or two side by side that share camera and time.  Tests and pages may call:
//
//   const viewer = await vid3d.mount(element)      what a click on the poster does
//   viewer.show(key, otherKey), viewer.shown       which clips, by their keys; the clips' descriptions; the second may be
//                                                  a sheet of pictures (sheet.js), which has no pixels
//   await viewer.ready                             all frames of the clips shown have arrived
//   viewer.setCamera(azimuth, elevation, radius)   degrees and scene units as in vid3d/cameras.py; radius 2 if left out
//   viewer.camera                                  {azimuth, elevation, radius}
//   viewer.setTime(frame), viewer.time, viewer.frames
//   viewer.play(), viewer.pause(), viewer.playing; viewer.player.thereAndBack
//   viewer.spin.start(), viewer.spin.stop(), viewer.spin.on
//   viewer.dark                                    whether splats are drawn on dark in place of white, on which they were
//                                                  fitted; viewer.redraw() after setting it
//   viewer.points                                  whether splats are drawn as small opaque discs; likewise
//   viewer.pixels(pane, size)                      {width, height, data} of pane 0 or 1 drawn now, RGBA from the upper
//                                                  left corner; at its own size unless one is given
"use strict";
(function (vid3d) {
  const WHITE = 1, DARK = 0.09; // greys

  class Viewer {
    #scheduled = false;
    #pictures;
    #listeners = [];

    // data: what vid3d/report/viewer.py describes: {clips, home, rate}.  pictures: the element that the pictures go into.
    // Throws where there is no WebGL2.
    constructor(data, pictures) {
      vid3d.renderer().onRestored(() => this.redraw());
      this.data = data;
      this.#pictures = pictures;
      this.shown = [];
      this.panes = [];
      this.trouble = ""; // a sentence, when a frame is missing or damaged
      this.orbit = new vid3d.Orbit(data.home, () => this.redraw());
      this.spin = new vid3d.Spin(this.orbit);
      this.dark = false;
      this.points = false;
      this.player = new vid3d.Player(1, data.rate, (frame) => this.#arrived(frame), () => this.redraw());
      new ResizeObserver(() => this.redraw()).observe(pictures);
    }

    // Shows one clip or two; `ready` and `trouble` tell how loading goes.
    show(key, otherKey = null) {
      const shown = [key, otherKey].filter((k) => k !== null).map((k) => this.#description(k));
      for (const pane of this.panes) pane.clip.release();
      this.shown = shown;
      this.panes = shown.map((description) => (
        description.sheet ? new vid3d.SheetPane(description) : new vid3d.Pane(description, () => this.redraw())));
      this.player.count = Math.max(...shown.map((description) => description.frames));
      this.player.seek(Math.min(this.player.frame, this.player.count - 1));
      this.#pictures.replaceChildren(...this.panes.map((pane) => pane.element));
      this.trouble = "";
      const loading = Promise.all(this.panes.map((pane) => pane.clip.load()));
      this.ready = loading.then(() => {}, (error) => {
        if (this.shown === shown) this.trouble = error.message;
        throw error;
      });
      this.ready.catch(() => {}).finally(() => this.redraw()); // the trouble is told in the page
    }

    setCamera(azimuth, elevation, radius = 2) {
      this.orbit.set({ azimuth, elevation, radius });
    }

    get camera() {
      return this.orbit.pose;
    }

    setTime(frame) {
      this.player.seek(frame);
    }

    get time() {
      return this.player.frame;
    }

    get frames() {
      return this.player.count;
    }

    play() {
      this.player.play();
    }

    pause() {
      this.player.pause();
    }

    get playing() {
      return this.player.playing;
    }

    pixels(pane = 0, size = this.panes[pane].size) {
      const picture = this.panes[pane].picture(this.orbit, this.time, size, this.#look);
      if (!picture) throw new Error("nothing to draw yet");
      const context = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true });
      context.drawImage(picture, 0, 0);
      const { width, height, data } = context.getImageData(0, 0, size, size);
      return { width, height, data };
    }

    // Whether frames are still on their way.
    get loading() {
      return !this.trouble && this.panes.some((pane) => pane.clip.frames.includes(null));
    }

    // Calls `listener` after every change of what is shown, of camera, time or playing, and when frames arrive.
    onChange(listener) {
      this.#listeners.push(listener);
    }

    // Draws with the next picture of the screen, however many changes there are until then.
    redraw() {
      if (this.#scheduled) return;
      this.#scheduled = true;
      requestAnimationFrame(() => {
        this.#scheduled = false;
        for (const pane of this.panes) pane.draw(this.orbit, this.time, this.#look);
        for (const listener of this.#listeners) listener();
      });
    }

    get #look() {
      return { background: this.dark ? DARK : WHITE, points: this.points };
    }

    #arrived(frame) {
      return this.panes.every((pane) => pane.clip.at(frame));
    }

    #description(key) {
      const found = this.data.clips.find((clip) => clip.key === key);
      if (!found) throw new RangeError(`no clip ${key}`);
      return found;
    }
  }

  vid3d.Viewer = Viewer;
})(globalThis.vid3d ??= {});
