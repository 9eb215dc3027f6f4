// The table of images: sorted by a click on a head, and a map of each clip's scores, whose cells open the viewer there.
"use strict";
(function (vid3d) {
  const CELL = 12, SHADES = [[0, 32, 77], [124, 123, 120], [255, 234, 70]]; // pixels; cividis at its ends and middle

  const scores = new Map(); // frames of cameras, by the clip's key
  for (const data of document.querySelectorAll(".viewer script[type='application/json']")) {
    for (const clip of JSON.parse(data.textContent).clips) if (clip.scores?.length) scores.set(clip.key, clip.scores);
  }

  for (const table of document.querySelectorAll(".by-image")) {
    const cells = [...table.querySelectorAll("[data-map]")].filter((cell) => scores.has(cell.dataset.map));
    const values = cells.flatMap((cell) => scores.get(cell.dataset.map).flat());
    const scale = [Math.min(...values), Math.max(...values)];
    for (const cell of cells) cell.append(map(cell.dataset.map, scale));
    [...table.tHead.rows[0].cells].forEach((head, column) => { if (!("unsorted" in head.dataset)) sorter(table, head, column); });
  }

  // A canvas: azimuth to the right, time downwards, one colour scale for the whole table.
  function map(key, [low, high]) {
    const table = scores.get(key), canvas = document.createElement("canvas");
    const tall = Math.max(Math.min(CELL, Math.round(60 / table.length)), 3); // long clips have flat cells
    [canvas.width, canvas.height] = [table[0].length * CELL, table.length * tall];
    const context = canvas.getContext("2d");
    table.forEach((row, frame) => row.forEach((value, camera) => {
      context.fillStyle = shade(high > low ? (value - low) / (high - low) : 1);
      context.fillRect(camera * CELL, frame * tall, CELL, tall);
    }));
    const at = ({ offsetX, offsetY }) => ({
      camera: Math.min(Math.floor(offsetX / canvas.clientWidth * table[0].length), table[0].length - 1),
      frame: Math.min(Math.floor(offsetY / canvas.clientHeight * table.length), table.length - 1),
    });
    const words = ({ camera, frame }) => `${table[frame][camera].toFixed(3)} at ${360 * camera / table[0].length}°, frame ${frame}`;
    const all = table.flat();
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `CLIP-I by camera and frame, ${Math.min(...all).toFixed(3)} to ${Math.max(...all).toFixed(3)}`);
    canvas.addEventListener("mousemove", (event) => { canvas.title = words(at(event)); });
    canvas.addEventListener("click", (event) => {
      const { camera, frame } = at(event);
      vid3d.open(vid3d.address([key], frame, { azimuth: 360 * camera / table[0].length, elevation: 0, radius: 2 }));
    });
    return canvas;
  }

  function shade(share) {
    const place = Math.min(Math.max(share, 0), 1) * (SHADES.length - 1), from = Math.min(Math.floor(place), SHADES.length - 2);
    const mixed = SHADES[from].map((value, i) => Math.round(value + (SHADES[from + 1][i] - value) * (place - from)));
    return `rgb(${mixed.join(" ")})`;
  }

  // A button in a head: the first click sorts upwards, the next downwards.
  function sorter(table, head, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending", body = table.tBodies[0];
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const text = row.cells[column].textContent.trim().replace("−", "-");
        return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
      };
      const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
      const rows = [...body.rows].sort((a, b) => (down ? -1 : 1) * order(key(a), key(b)));
      body.append(...rows);
    });
  }
})(globalThis.vid3d ??= {});
