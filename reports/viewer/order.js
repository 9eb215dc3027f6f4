// The order in which splats are drawn: from the farthest to the nearest.
"use strict";
(function (vid3d) {
  const BITS = 11, BUCKETS = 1 << BITS, PASSES = 3; // 33 bits hold the 32 of a float

  // A radix sort on the bits of the depths, since floats that are not negative order like their bits.  It is the
  // reverse of vid3d/splatting's order, ties included, so that a picture does not depend on what was drawn before it.
  class DepthOrder {
    #keys = [];
    #indices = [];
    #starts = new Uint32Array(BUCKETS);

    // positions: 3 a splat; forward: the camera's axis; radius: its distance to the world's origin, which it looks at.
    // Returns indices, valid until the next call, in an array of at least `capacity`.
    sort(positions, forward, radius, capacity) {
      if (!this.#keys.length || this.#keys[0].length < capacity) {
        const empty = () => [new Uint32Array(capacity), new Uint32Array(capacity)];
        [this.#keys, this.#indices] = [empty(), empty()];
      }
      const count = positions.length / 3, [x, y, z] = forward;
      const depths = new Float32Array(this.#keys[0].buffer), indices = this.#indices[0];
      for (let i = 0; i < count; i++) {
        const depth = x * positions[3 * i] + y * positions[3 * i + 1] + z * positions[3 * i + 2] + radius;
        depths[count - 1 - i] = Math.max(depth, 0); // what lies behind the camera is not drawn, in any order
        indices[count - 1 - i] = i;
      }
      for (let pass = 0; pass < PASSES; pass++) this.#pass(count, BITS * pass);
      return this.#indices[0];
    }

    // One stable pass over the keys in [0], larger digits first, into [1], which becomes [0].
    #pass(count, shift) {
      const [keys, sortedKeys] = this.#keys, [indices, sortedIndices] = this.#indices;
      const starts = this.#starts.fill(0);
      for (let i = 0; i < count; i++) starts[(keys[i] >>> shift) & (BUCKETS - 1)]++;
      for (let digit = BUCKETS - 1, total = 0; digit >= 0; digit--) {
        total += starts[digit];
        starts[digit] = total - starts[digit];
      }
      for (let i = 0; i < count; i++) {
        const to = starts[(keys[i] >>> shift) & (BUCKETS - 1)]++;
        sortedKeys[to] = keys[i];
        sortedIndices[to] = indices[i];
      }
      this.#keys.reverse();
      this.#indices.reverse();
    }
  }

  vid3d.DepthOrder = DepthOrder;
})(globalThis.vid3d ??= {});
