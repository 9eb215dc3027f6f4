// Time: which frame is shown, and playing.
"use strict";
(function (vid3d) {
  class Player {
    // count: frames; rate: frames a second; arrived(frame): whether it can be shown; onchange: after every change.
    constructor(count, rate, arrived, onchange) {
      Object.assign(this, { count, rate, arrived, onchange, frame: 0, playing: false });
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
        if (now >= due && this.arrived((this.frame + 1) % this.count)) { // what has not arrived is waited for
          due = Math.max(due + 1000 / this.rate, now);
          this.seek(this.frame + 1);
        }
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
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
