// On paper plots are dark on white, whatever the screen shows.  A print does not wait for a picture to load, so that those
// for paper are loaded beforehand where others are shown.
"use strict";
(function () {
  const sources = [...document.querySelectorAll(".sheet source")];
  const shown = sources.map((source) => source.media);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const kept = []; // as long as they are, the browser takes them at once

  function load() {
    if (!scheme.matches || kept.length) return;
    for (const source of sources) {
      const picture = new Image();
      picture.src = source.parentElement.querySelector("img").src;
      kept.push(picture);
    }
  }

  scheme.addEventListener("change", load);
  addEventListener("load", load);
  addEventListener("beforeprint", () => sources.forEach((source) => { source.media = "not all"; }));
  addEventListener("afterprint", () => sources.forEach((source, index) => { source.media = shown[index]; }));
})();
