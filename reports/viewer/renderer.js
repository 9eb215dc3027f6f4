// Draws splats as vid3d/splatting does, on a graphics processor.  One renderer with one WebGL2 context serves all
// viewers of a page, since browsers allow only a few contexts.
"use strict";
(function (vid3d) {
  const WIDTH = 2048; // texels in a row of a texture
  const TEXELS = vid3d.spz.FLOATS / 4; // of a splat
  const DISC = 1 / 256, SMALLEST_DISC = 1; // radius of a point: of the picture's edge; in pixels

  // Each splat is two triangles around its ellipse (vid3d/splatting/core/projection.hpp has the formulas).  They are
  // indexed by gl_VertexID instead of being instances, which software renderers draw slowly.
  const VERTEX = `#version 300 es
    precision highp float;
    precision highp int;
    precision highp sampler2D;
    precision highp usampler2D;
    uniform sampler2D splats;
    uniform usampler2D order;
    uniform mat3 rotation;                // world to camera: x right, y down, z forward
    uniform float radius, focal, size, lowPass;
    uniform float disc;                   // radius in pixels of opaque discs at the centres; 0 draws Gaussians
    out vec3 colour;
    out float opacity;
    out vec2 offset;                      // from the centre, in units in which alpha falls as exp(-|offset|^2); of a
                                          // disc in pixels

    const float NEAR = 0.2, LIMIT = 1.3;

    vec4 texel(int splat, int k) {
      int at = splat * ${TEXELS} + k;
      return texelFetch(splats, ivec2(at % ${WIDTH}, at / ${WIDTH}), 0);
    }

    void main() {
      gl_Position = vec4(0.0, 0.0, 2.0, 1.0);   // not drawn
      int rank = gl_VertexID / 6;
      int splat = int(texelFetch(order, ivec2(rank % ${WIDTH}, rank / ${WIDTH}), 0).r);
      vec4 first = texel(splat, 0), second = texel(splat, 1), third = texel(splat, 2), fourth = texel(splat, 3);
      opacity = first.a;
      colour = second.rgb;
      vec3 p = rotation * first.xyz + vec3(0.0, 0.0, radius);
      if (p.z <= NEAR || opacity < 1.0 / 255.0) return;

      int corner = gl_VertexID % 6;             // 0 1 2, 2 1 3 of a square's corners
      int square = corner < 3 ? corner : corner == 3 ? 2 : corner == 4 ? 1 : 3;
      vec2 outwards = vec2(square % 2 == 0 ? -1.0 : 1.0, square < 2 ? -1.0 : 1.0);
      vec2 slope = p.xy / p.z;
      if (disc > 0.0) {
        offset = (disc + 0.5) * outwards;
        gl_Position = vec4((focal * slope + offset) * vec2(2.0, -2.0) / size, 0.0, 1.0);
        return;
      }

      mat3 axes = transpose(rotation);          // its columns: the camera's axes in the world
      vec2 bounded = clamp(slope, -LIMIT * 0.5 * size / focal, LIMIT * 0.5 * size / focal);
      vec3 across = focal / p.z * (axes[0] - bounded.x * axes[2]);
      vec3 along = focal / p.z * (axes[1] - bounded.y * axes[2]);
      mat3 covariance = mat3(third.xyz, third.y, third.w, fourth.x, third.z, fourth.xy);
      float a = dot(across, covariance * across) + lowPass;
      float b = dot(across, covariance * along);
      float c = dot(along, covariance * along) + lowPass;

      float half_difference = 0.5 * (a - c), spread = length(vec2(half_difference, b));
      float major = 0.5 * (a + c) + spread, minor = max(0.5 * (a + c) - spread, lowPass);
      float angle = spread > 0.0 ? 0.5 * atan(b, half_difference) : 0.0;
      vec2 direction = vec2(cos(angle), sin(angle));

      float reach = sqrt(log(255.0 * opacity) + 1e-3);  // beyond it, alpha is below 1/255
      offset = reach * outwards;
      vec2 pixels = focal * slope + offset.x * sqrt(2.0 * major) * direction
        + offset.y * sqrt(2.0 * minor) * vec2(-direction.y, direction.x);
      gl_Position = vec4(pixels * vec2(2.0, -2.0) / size, 0.0, 1.0);
    }`;

  const FRAGMENT = `#version 300 es
    precision highp float;
    in vec3 colour;
    in float opacity;
    in vec2 offset;
    uniform float disc;
    out vec4 drawn;

    void main() {
      float alpha = disc > 0.0
        ? clamp(disc + 0.5 - length(offset), 0.0, 1.0)  // its rim is as wide as a pixel
        : min(opacity * exp(-dot(offset, offset)), 0.99);
      if (alpha < 1.0 / 255.0) discard;
      drawn = vec4(colour * alpha, alpha);
    }`;

  class Renderer {
    #canvas;
    #gl;
    #uniforms;
    #order = new vid3d.DepthOrder();
    #orderTexture;
    #textures = new Map(); // by frame
    #listeners = new Set();

    // Throws where there is no WebGL2.
    constructor() {
      this.#canvas = new OffscreenCanvas(1, 1);
      this.#gl = this.#canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
      if (!this.#gl) throw new Error("no WebGL2");
      this.#canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
      this.#canvas.addEventListener("webglcontextrestored", () => {
        this.#prepare();
        for (const listener of this.#listeners) listener();
      });
      this.#prepare();
    }

    // Calls `listener` when the graphics processor was lost and is back, so that pictures can be drawn again.
    onRestored(listener) {
      this.#listeners.add(listener);
    }

    // Draws a frame (vid3d.spz.decode); returns an ImageBitmap of size x size pixels, or null while the graphics
    // processor is lost.  view: an orbit's; lowPass: in pixels squared; look: background, a grey from 0 to 1, which is
    // white, and points, whether splats are drawn as small opaque discs in place of Gaussians.
    draw(frame, view, size, lowPass, { background, points }) {
      const gl = this.#gl, uniforms = this.#uniforms, canvas = this.#canvas;
      if (gl.isContextLost()) return null;
      if (canvas.width !== size) canvas.width = canvas.height = size;
      gl.viewport(0, 0, size, size);
      gl.clearColor(background, background, background, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniformMatrix3fv(uniforms.rotation, true, [...view.right, ...view.down, ...view.forward]);
      gl.uniform1f(uniforms.radius, view.radius);
      gl.uniform1f(uniforms.focal, vid3d.focal(size));
      gl.uniform1f(uniforms.size, size);
      gl.uniform1f(uniforms.lowPass, lowPass);
      gl.uniform1f(uniforms.disc, points ? Math.max(DISC * size, SMALLEST_DISC) : 0);
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, this.#texture(frame));
      const rows = Math.max(Math.ceil(frame.count / WIDTH), 1);
      const order = this.#order.sort(frame.positions, view.forward, view.radius, rows * WIDTH);
      gl.activeTexture(gl.TEXTURE1);
      gl.bindTexture(gl.TEXTURE_2D, this.#orderTexture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32UI, WIDTH, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_INT, order);
      gl.drawArrays(gl.TRIANGLES, 0, 6 * frame.count);
      return canvas.transferToImageBitmap();
    }

    // Frees what a frame holds on the graphics processor.
    release(frame) {
      this.#gl.deleteTexture(this.#textures.get(frame) ?? null);
      this.#textures.delete(frame);
    }

    #prepare() {
      const gl = this.#gl, program = gl.createProgram();
      for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
        const shader = gl.createShader(kind);
        gl.shaderSource(shader, source);
        gl.compileShader(shader);
        gl.attachShader(program, shader);
      }
      gl.linkProgram(program);
      if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
        const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
        throw new Error(`shaders: ${[gl.getProgramInfoLog(program), ...logs].join(" ")}`);
      }
      gl.useProgram(program);
      const names = ["splats", "order", "rotation", "radius", "focal", "size", "lowPass", "disc"];
      this.#uniforms = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
      gl.uniform1i(this.#uniforms.splats, 0);
      gl.uniform1i(this.#uniforms.order, 1);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA); // colours come multiplied by alpha, the farthest first
      this.#textures.clear();
      this.#orderTexture = this.#newTexture();
    }

    #texture(frame) {
      const gl = this.#gl;
      if (!this.#textures.has(frame)) {
        const rows = Math.max(Math.ceil(frame.count * TEXELS / WIDTH), 1);
        const values = new Float32Array(rows * WIDTH * 4);
        values.set(frame.values);
        this.#textures.set(frame, this.#newTexture());
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, WIDTH, rows, 0, gl.RGBA, gl.FLOAT, values);
      }
      return this.#textures.get(frame);
    }

    #newTexture() {
      const gl = this.#gl, texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      return texture;
    }
  }

  let shared = null;

  // The page's renderer; throws where there is no WebGL2.
  vid3d.renderer = () => (shared ??= new Renderer());
})(globalThis.vid3d ??= {});
