// Time: which frame is shown, and playing.
"use strict";
(function (vid3d) {
  class Player {
    #direction = 1; // of playing there and back

    // count: frames; rate: frames a second; arrived(frame): whether it can be shown; onchange: after every change.
    // thereAndBack: whether playing turns round at both ends instead of beginning again.
    constructor(count, rate, arrived, onchange) {
      Object.assign(this, { count, rate, arrived, onchange, frame: 0, playing: false, thereAndBack: false });
    }

    seek(frame) {
      this.frame = ((Math.round(frame) % this.count) + this.count) % this.count;
      this.onchange();
    }

    step(frames) {
      this.pause();
      this.seek(this.frame + frames);
    }

    play() {
      if (this.playing) return;
      this.playing = true;
      this.onchange();
      let due = performance.now() + 1000 / this.rate;
      const tick = (now) => {
        if (!this.playing) return;
        const next = this.#next();
        if (now >= due && this.arrived(next)) { // what has not arrived is waited for
          due = Math.max(due + 1000 / this.rate, now);
          this.seek(next);
        }
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    }

    #next() {
      if (!this.thereAndBack) return (this.frame + 1) % this.count;
      if (this.frame === 0) this.#direction = 1;
      else if (this.frame === this.count - 1) this.#direction = -1;
      return Math.min(this.frame + this.#direction, this.count - 1); // a clip of one frame stays
    }

    pause() {
      if (!this.playing) return;
      this.playing = false;
      this.onchange();
    }

    toggle() {
      if (this.playing) this.pause();
      else this.play();
    }
  }

  vid3d.Player = Player;
})(globalThis.vid3d ??= {});
