// Videos play while they are in sight, muted and in a loop, in place of a player's controls that would cover them.
// Buttons stop them all, a click or the space bar stops one; nothing plays by itself where less motion is asked for.
const videos = [...document.querySelectorAll("video")];
const buttons = [...document.querySelectorAll("button.playback")];
let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;

function show(video, play) {
  if (play) video.play().catch(() => { video.controls = true; });
  else video.pause();
}

function label() {
  for (const button of buttons) button.textContent = playing ? "Pause all videos" : "Play all videos";
}

const inSight = new Set();
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) inSight.add(target);
    else inSight.delete(target);
    show(target, playing && isIntersecting);
  }
});

for (const video of videos) {
  video.controls = false;
  video.tabIndex = 0;
  video.addEventListener("click", () => show(video, video.paused));
  video.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    show(video, video.paused);
  });
  observer.observe(video);
}

if (videos.length) {
  label();
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => {
      playing = !playing;
      label();
      for (const video of videos) show(video, playing && inSight.has(video));
    });
  }
}
