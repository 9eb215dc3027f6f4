// What a viewer shows as the part of an address behind "#", and back: clips, frame, camera, points.
"use strict";
(function (vid3d) {
  const round = (value, digits) => String(Number(value.toFixed(digits)));

  // keys: of one clip or two; camera: {azimuth, elevation, radius}; points: whether splats are drawn as points.
  vid3d.address = ([clip, beside], frame, { azimuth, elevation, radius }, points = false) => {
    const parts = { clip, ...(beside && { beside }), frame, azimuth: round(azimuth, 1), elevation: round(elevation, 1) };
    return `#${new URLSearchParams({ ...parts, radius: round(radius, 2), ...(points && { points: 1 }) })}`;
  };

  // The parts of an address, or null where it names no clip.  What is not a number is left out.
  vid3d.readAddress = (hash) => {
    const parts = new URLSearchParams(hash.replace(/^#/, ""));
    if (!parts.get("clip")) return null;
    const number = (name) => {
      const value = Number.parseFloat(parts.get(name));
      return Number.isFinite(value) ? value : undefined;
    };
    const camera = { azimuth: number("azimuth"), elevation: number("elevation"), radius: number("radius") };
    const keys = [parts.get("clip"), parts.get("beside")].filter(Boolean);
    return { keys, frame: number("frame"), camera, points: parts.get("points") === "1" };
  };
})(globalThis.vid3d ??= {});
