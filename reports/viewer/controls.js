// What stands around the pictures: which clips are shown, captions with downloads, the bar below, and words for readers
// who do not see.
"use strict";
(function (vid3d) {
  let made = 0; // viewers on this page, for identifiers

  // An element with the given properties.
  vid3d.make = (name, properties = {}) => Object.assign(document.createElement(name), properties);

  // A clip in words.
  vid3d.describe = ({ subject, label }) => `${subject}, ${label}`;

  // Builds a viewer with its controls in place of what `stage` holds; returns it.
  // Throws where there is no WebGL2.
  vid3d.build = (stage, status, data) => {
    const { make } = vid3d, identifier = `viewer-help-${made++}`;
    const pictures = make("div", { className: "viewer-pictures", tabIndex: 0 });
    pictures.setAttribute("role", "application");
    pictures.setAttribute("aria-roledescription", "3D view");
    pictures.setAttribute("aria-describedby", identifier);
    const viewer = new vid3d.Viewer(data, pictures);
    const captions = make("div", { className: "viewer-captions" });
    const help = make("p", {
      id: identifier,
      className: "note viewer-help",
      textContent: "Drag, or press the arrow keys, to turn. Pinch, scroll with Ctrl or ⌘ held, or press + or − to zoom. "
        + "Space plays and pauses, comma and full stop step through time, Home goes back to the first view, "
        + "P draws splats as points.",
    });
    stage.replaceChildren(choices(viewer), pictures, captions, bar(viewer, stage), help);
    vid3d.followPointers(pictures, viewer.orbit);
    vid3d.followKeys(pictures, viewer);
    let last = [];
    viewer.onChange(() => {
      status.textContent = viewer.trouble || (viewer.loading ? "Loading…" : "");
      [...captions.children].forEach((element, pane) => { // of the clips told last, until they are told anew below
        if (last === viewer.shown) element.querySelector(".viewer-here").textContent = here(viewer, pane);
      });
      if (viewer.shown === last) return;
      last = viewer.shown;
      stage.classList.toggle("viewer-two", last.length === 2);
      pictures.setAttribute("aria-label", last.map(vid3d.describe).join(" beside "));
      captions.replaceChildren(...last.map((clip, pane) => caption(clip, viewer, pane)));
      viewer.redraw(); // which tells what is in view
    });
    viewer.show(data.clips[0].key);
    return viewer;
  };

  // Lists of subjects, of clips of the subject chosen, and of clips beside it.
  function choices(viewer) {
    const { clips } = viewer.data, subjects = [...new Set(clips.map((clip) => clip.subject))];
    const element = vid3d.make("div", { className: "viewer-choices" });
    const subject = select("Object"), left = select("Show"), right = select("Beside it");
    const fill = (list, values, chosen) => {
      list.replaceChildren(...values.map((value) => new Option(value || "nothing", value, false, value === chosen)));
    };
    const of = (name) => clips.filter((clip) => clip.subject === name).map((clip) => clip.label);
    const turned = (name) => clips.filter((clip) => clip.subject === name && !clip.sheet).map((clip) => clip.label);
    const key = (label) => clips.find((clip) => clip.subject === subject.value && clip.label === label)?.key;
    for (const list of [subject, left, right]) {
      list.addEventListener("change", () => { // another subject keeps the conditions, where it has them
        const first = key(left.value) ?? key(turned(subject.value)[0]), second = key(right.value) ?? null;
        viewer.show(first, second === first ? null : second);
      });
    }
    let last = [];
    viewer.onChange(() => {
      if (viewer.shown === last) return;
      last = viewer.shown;
      const [shown, other] = last;
      fill(subject, subjects, shown.subject);
      fill(left, turned(shown.subject), shown.label);
      fill(right, ["", ...of(shown.subject).filter((label) => label !== shown.label)], other?.label ?? "");
    });
    const useful = [subjects.length > 1 && subject, clips.length > subjects.length && [left, right]];
    element.append(...useful.flat().filter(Boolean).map((list) => list.parentElement));
    return element;
  }

  function select(name) {
    const list = vid3d.make("select");
    vid3d.make("label", { textContent: `${name} ` }).append(list);
    return list;
  }

  // What a picture shows, and its files.
  function caption(clip, viewer, pane) {
    const { make } = vid3d, element = make("p", { className: "note viewer-files" });
    element.append(make("b", { textContent: clip.label }));
    if (clip.fitted) element.append(make("span", { textContent: `fitted at ${clip.fitted} px` }));
    element.append(make("span", { className: "viewer-here" }));
    if (clip.sheet) return element;
    for (const { label, file, size } of clip.downloads) {
      const offered = make("span");
      offered.append(make("a", { href: file, download: "", target: "_blank", rel: "noopener", textContent: label }), ` ${size}`);
      element.append(offered);
    }
    const frame = make("button", { type: "button", className: "viewer-link", textContent: "this frame as SPZ" });
    frame.addEventListener("click", () => {
      const shown = viewer.panes[pane].clip.at(viewer.time);
      if (shown) save(shown.file, `${clip.key}-frame-${String(viewer.time).padStart(2, "0")}.spz`);
    });
    element.append(frame);
    if (clip.place) {
      const place = make("span", { className: "viewer-place", textContent: "PLYs: " });
      place.append(make("span", { className: "path", textContent: clip.place }));
      element.append(place);
    }
    return element;
  }

  // What is in view beyond the label: from where pictures of fixed cameras are, and what a clip scores there.
  function here({ shown, orbit, time }, pane) {
    const { sheet, cameras, scores, frames } = shown[pane];
    const count = sheet ? cameras : scores?.[0]?.length ?? 0;
    if (count < 2) return "";
    const camera = vid3d.nearest(orbit.azimuth, count), azimuth = 360 * camera / count;
    if (sheet) return `nearest of ${count} fixed cameras: ${azimuth}°`;
    const score = scores[Math.min(time, frames - 1)][camera].toFixed(3);
    const exact = orbit.azimuth === azimuth && orbit.elevation === 0 && orbit.radius === 2;
    return exact ? `CLIP-I of this picture ${score}` : `CLIP-I at the nearest scored camera, ${azimuth}°: ${score}`;
  }

  function save(bytes, name) {
    const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    vid3d.make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000); // when the browser has long read it
  }

  // Play, time, zoom, the first view, the whole screen, the address of what is in view, and what can be switched on.
  function bar(viewer, stage) {
    const { make, STEP } = vid3d, { orbit, player } = viewer;
    const button = (textContent, name, onclick) => {
      const element = make("button", { type: "button", textContent, onclick });
      if (name) element.setAttribute("aria-label", name);
      return element;
    };
    const play = button("Play", "", () => player.toggle());
    play.className = "viewer-play";
    const slider = make("input", { type: "range", min: 0, step: 1, value: 0 });
    slider.setAttribute("aria-label", "Time");
    slider.addEventListener("input", () => {
      player.pause();
      player.seek(Number(slider.value));
    });
    const time = make("output");
    time.setAttribute("aria-hidden", "true"); // the slider says it
    viewer.onChange(() => {
      play.textContent = player.playing ? "Pause" : "Play";
      slider.max = player.count - 1;
      slider.value = player.frame;
      slider.setAttribute("aria-valuetext", `frame ${player.frame + 1} of ${player.count}`);
      time.textContent = `${player.frame + 1} / ${player.count}`;
    });
    const element = make("div", { className: "viewer-bar" }), zoom = make("div");
    element.append(play, slider, time, zoom, habits(button, viewer));
    zoom.append(
      button("−", "Zoom out", () => orbit.zoom(1 / STEP.zoom)),
      button("+", "Zoom in", () => orbit.zoom(STEP.zoom)),
      button("First view", "", () => orbit.reset()),
    );
    if (document.fullscreenEnabled) zoom.append(wholeScreen(button, stage, viewer));
    const link = make("a", { textContent: "Link to this view" });
    viewer.onChange(() => {
      link.href = vid3d.address(viewer.shown.map((clip) => clip.key), player.frame, orbit.pose, viewer.points);
    });
    zoom.append(link);
    return element;
  }

  // What stays on until it is switched off: how time goes on, turning without a hand, and the background.
  function habits(button, viewer) {
    const { player, spin } = viewer, element = vid3d.make("div");
    const toggle = (words, isOn, set) => {
      const one = button(words, "", () => {
        set(!isOn());
        viewer.redraw();
      });
      one.className = "viewer-toggle";
      const tell = () => one.setAttribute("aria-pressed", isOn());
      viewer.onChange(tell);
      tell();
      element.append(one);
    };
    toggle("There and back", () => player.thereAndBack, (on) => { player.thereAndBack = on; });
    toggle("Keep turning", () => spin.on, (on) => (on ? spin.start() : spin.stop()));
    toggle("Splats as points", () => viewer.points, (on) => { viewer.points = on; });
    toggle("Dark background", () => viewer.dark, (on) => { viewer.dark = on; });
    return element;
  }

  function wholeScreen(button, stage, viewer) {
    const element = button("Full screen", "", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else stage.requestFullscreen();
    });
    document.addEventListener("fullscreenchange", () => {
      element.textContent = document.fullscreenElement === stage ? "Leave full screen" : "Full screen";
      viewer.redraw();
    });
    return element;
  }
})(globalThis.vid3d ??= {});
