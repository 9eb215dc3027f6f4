// Puts a button on each poster of the page; pressing it makes the viewer (viewer.js says what that can do).
"use strict";
(function (vid3d) {
  const NOTHING = "This browser has no WebGL2, so the clip cannot be turned here; the turntable video shows it.";
  const viewers = new Map(); // by element

  // Makes the viewer of an element of class "viewer" and starts to play, unless less motion is asked for.
  // Rejects where there is no WebGL2 or DecompressionStream, and says so in the page.
  vid3d.mount = async (element) => {
    if (!viewers.has(element)) viewers.set(element, mount(element));
    return viewers.get(element);
  };

  function mount(element) {
    const stage = element.querySelector(".viewer-stage"), status = element.querySelector("[role=status]");
    const data = JSON.parse(element.querySelector("script[type='application/json']").textContent);
    let viewer;
    try {
      if (!globalThis.DecompressionStream) throw new Error("no DecompressionStream");
      viewer = vid3d.build(stage, status, data);
    } catch (error) {
      status.textContent = NOTHING;
      throw error;
    }
    element.querySelector(".viewer-before")?.remove();
    stage.querySelector(".viewer-pictures").focus({ preventScroll: true });
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) viewer.play();
    return viewer;
  }

  for (const element of document.querySelectorAll(".viewer")) {
    const start = vid3d.make("button", { type: "button", className: "viewer-start" }); // covers the poster
    start.append(vid3d.make("span", { textContent: "Turn and play" }));
    start.addEventListener("click", () => vid3d.mount(element).catch(() => start.remove()));
    element.querySelector(".viewer-stage").append(start);
  }
})(globalThis.vid3d ??= {});
