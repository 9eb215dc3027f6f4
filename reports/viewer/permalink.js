// Addresses that name a clip open the viewer that has it: when the page is opened, and whenever the address changes.
"use strict";
(function (vid3d) {
  // Opens an address of vid3d.address; one that names no clip of this page does nothing.
  vid3d.open = (address) => {
    if (location.hash === address) follow();
    else location.hash = address;
  };

  function follow() {
    const wanted = vid3d.readAddress(location.hash);
    for (const element of wanted ? document.querySelectorAll(".viewer") : []) {
      const { clips } = JSON.parse(element.querySelector("script[type='application/json']").textContent);
      if (wanted.keys.every((key) => clips.some((clip) => clip.key === key))) show(element, wanted).catch(() => {});
    }
  }

  async function show(element, { keys, frame, camera, points }) {
    element.scrollIntoView({ block: "start" });
    const viewer = await vid3d.mount(element);
    viewer.pause();
    viewer.spin.stop();
    if (viewer.shown.map((clip) => clip.key).join() !== keys.join()) viewer.show(...keys);
    viewer.points = points;
    viewer.setTime(frame ?? 0);
    try {
      viewer.orbit.set(camera);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // a camera that does not exist: the one before stays
    }
  }

  addEventListener("hashchange", follow);
  addEventListener("click", (event) => { // a link to where one is changes no address
    const link = event.target.closest?.("a[href^='#clip=']");
    if (link && link.hash === location.hash) follow();
  });
  follow();
})(globalThis.vid3d ??= {});
