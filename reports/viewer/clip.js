// A clip: one set of splats per frame, each in a script of its own.  Pages opened from a disk may not read other files,
// but they may load scripts; such a script calls vid3d.frame(key, index, SPZ file in base64).
"use strict";
(function (vid3d) {
  const expected = new Map(); // frames on their way, by "key/index": {promise, resolve}

  vid3d.frame = (key, index, base64) => expected.get(`${key}/${index}`)?.resolve(base64);

  class Clip {
    // description: {key, folder, frames, ...} as vid3d/report/viewer.py describes it; onframe: called after each arrival.
    constructor(description, onframe) {
      this.description = description;
      this.frames = new Array(description.frames).fill(null); // decoded splats and their file; null until arrived
      this.onframe = onframe;
      this.released = false;
    }

    // Loads what is missing, frame by frame.  Throws a sentence for the reader.
    async load() {
      for (let index = 0; index < this.frames.length && !this.released; index++) {
        if (this.frames[index]) continue;
        const source = `${this.description.folder}/frame-${String(index).padStart(2, "0")}.js`;
        const base64 = await fetchFrame(source, `${this.description.key}/${index}`);
        const frame = await decode(base64).catch(() => {
          throw new Error(`${source} is damaged: make the page again`);
        });
        if (this.released) return;
        this.frames[index] = frame;
        this.onframe();
      }
    }

    // A clip with fewer frames than the time asks for stays at its last.
    at(time) {
      return this.frames[Math.min(time, this.frames.length - 1)];
    }

    // Stops loading, and frees the graphics processor's memory.
    release() {
      this.released = true;
      for (const frame of this.frames) if (frame) vid3d.renderer().release(frame);
    }
  }

  async function decode(base64) {
    const file = vid3d.spz.fromBase64(base64);
    return { ...await vid3d.spz.decode(file), file };
  }

  // The base64 of a frame, from the script that holds it.
  function fetchFrame(source, name) {
    if (expected.has(name)) return expected.get(name).promise;
    const script = document.createElement("script");
    let resolve;
    const promise = new Promise((accept, reject) => {
      resolve = accept;
      script.onload = script.onerror = () => {
        expected.delete(name);
        script.remove();
        reject(new Error(`${source} is missing: copy the page with its whole folder`)); // no effect once resolved
      };
    });
    expected.set(name, { promise, resolve });
    script.src = source;
    document.head.append(script);
    return promise;
  }

  vid3d.Clip = Clip;
})(globalThis.vid3d ??= {});
