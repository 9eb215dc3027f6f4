// The list of sections marks the one that is being read and keeps it in sight where the list is one line that scrolls.
"use strict";
(function () {
  const list = document.querySelector("nav ul");
  const links = new Map([...list.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();

  function mark() {
    const current = [...links.keys()].find((name) => seen.has(name)); // in the page's order
    for (const [name, link] of links) {
      if (name === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const link = links.get(current);
    if (link) list.scrollTo({ left: link.offsetLeft - list.offsetLeft - list.clientWidth / 3 });
  }

  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target.id);
      else seen.delete(target.id);
    }
    mark();
  }, { rootMargin: "-20% 0px -60% 0px" }); // what crosses the upper part of the screen is read

  for (const name of links.keys()) observer.observe(document.getElementById(name));
})();
