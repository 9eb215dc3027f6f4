// Buttons that put two conditions of the object shown side by side in the viewer below them.
"use strict";
(function (vid3d) {
  for (const group of document.querySelectorAll(".pairs")) {
    const element = group.parentElement.querySelector(".viewer");
    for (const button of group.querySelectorAll("button")) {
      const clips = JSON.parse(button.dataset.clips); // by object, two keys
      button.addEventListener("click", () => show(element, clips).catch(() => { group.hidden = true; })); // no WebGL2
    }
    group.hidden = false;
  }

  async function show(element, clips) {
    const viewer = await vid3d.mount(element);
    const subject = viewer.shown[0].subject in clips ? viewer.shown[0].subject : Object.keys(clips)[0];
    viewer.show(...clips[subject]);
  }
})(globalThis.vid3d ??= {});
