// Splats from SPZ files of version 3 (vid3d/report/spz.py states the format and the axes), decoded by the browser alone.
"use strict";
(function (vid3d) {
  const MAGIC = 0x5053474e, VERSION = 3, HEADER = 16;
  const SH_C0 = 0.28209479177387814;
  const COLOUR_SCALE = 0.15;
  const QUATERNION_STEP = Math.SQRT1_2 / 511;
  const FLOATS = 16; // of a splat, in four texels of four

  // A frame ready to draw: positions (3 count) in the study's world, and what the shader reads, FLOATS numbers a splat:
  // position, opacity | red, green, blue, unused | covariance xx, xy, xz, yy | covariance yz, zz, unused, unused.
  async function decode(file) {
    const bytes = await inflate(file);
    const header = new DataView(bytes.buffer);
    const count = bytes.length < HEADER ? -1 : header.getUint32(8, true);
    if (count < 0 || header.getUint32(0, true) !== MAGIC || header.getUint32(4, true) !== VERSION
        || bytes.length < HEADER + 20 * count) {
      throw new Error("not SPZ of version 3, or truncated");
    }
    const unit = 2 ** -bytes[13];
    const at = { position: HEADER, opacity: HEADER + 9 * count };
    at.colour = at.opacity + count;
    at.scale = at.colour + 3 * count;
    at.rotation = at.scale + 3 * count;
    const positions = new Float32Array(3 * count), values = new Float32Array(FLOATS * count);
    for (let i = 0; i < count; i++) {
      const fixed = (axis) => int24(bytes, at.position + 9 * i + 3 * axis) * unit;
      const position = [fixed(2), fixed(0), fixed(1)]; // the file's (y up) to the study's axes (z up)
      const colour = [0, 1, 2].map((c) => {
        const coefficient = (bytes[at.colour + 3 * i + c] / 255 - 0.5) / COLOUR_SCALE;
        return Math.max(0.5 + SH_C0 * coefficient, 0);
      });
      const scales = [0, 1, 2].map((axis) => Math.exp(bytes[at.scale + 3 * i + axis] / 16 - 10));
      const packed = header.getUint32(at.rotation + 4 * i, true);
      positions.set(position, 3 * i);
      values.set(position, FLOATS * i);
      values[FLOATS * i + 3] = bytes[at.opacity + i] / 255;
      values.set(colour, FLOATS * i + 4);
      values.set(covariance(quaternion(packed), scales), FLOATS * i + 8);
    }
    return { count, positions, values };
  }

  function fromBase64(text) {
    const binary = atob(text), bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  }

  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function int24(bytes, at) { // the shift to the right extends the sign
    return (bytes[at] << 8 | bytes[at + 1] << 16 | bytes[at + 2] << 24) >> 8;
  }

  // x, y, z, w of length 1 from its three smaller components, 10 bits each, and the index of the largest.
  function quaternion(packed) {
    const largest = packed >>> 30, q = [0, 0, 0, 0];
    let squares = 0;
    for (let k = 3; k >= 0; k--) {
      if (k === largest) continue;
      q[k] = (packed & 511) * QUATERNION_STEP * (packed & 512 ? -1 : 1);
      squares += q[k] * q[k];
      packed >>>= 10;
    }
    q[largest] = Math.sqrt(Math.max(1 - squares, 0));
    return q;
  }

  // xx, xy, xz, yy, yz, zz in the study's axes, whose (x, y, z) are the file's (z, x, y).
  function covariance([x, y, z, w], scales) {
    const rows = [
      [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
      [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
      [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ].map((row) => row.map((value, axis) => value * scales[axis]));
    const product = (a, b) => rows[a][0] * rows[b][0] + rows[a][1] * rows[b][1] + rows[a][2] * rows[b][2];
    return [product(2, 2), product(2, 0), product(2, 1), product(0, 0), product(0, 1), product(1, 1)];
  }

  vid3d.spz = { decode, fromBase64, FLOATS };
})(globalThis.vid3d ??= {});
