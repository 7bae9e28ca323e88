// The columns of a chart say their figures: to a pointer, to a finger, and to arrow keys. Without this, a title of each does.
for (const plot of document.querySelectorAll(".rh .plot:has(.hit)")) {
  const hits = [...plot.querySelectorAll(".hit")];
  const words = hits.map((hit) => hit.firstElementChild.textContent.replaceAll("; ", "\n"));
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true, role: "status" });
  let at = -1;
  const show = (place) => {
    hits[at]?.classList.remove("on");
    at = place;
    tip.hidden = place < 0;
    if (place < 0) return;
    hits[place].classList.add("on");
    const middle = (100 * (place + 0.5)) / hits.length;
    tip.style.left = `${middle}%`;
    tip.className = middle < 25 ? "tip left" : middle > 75 ? "tip right" : "tip";
    tip.textContent = words[place];
  };
  hits.forEach((hit, place) => {
    hit.firstElementChild.remove();
    hit.addEventListener("pointerenter", () => show(place));
  });
  plot.append(tip);
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", `${plot.querySelector("svg").getAttribute("aria-label")} Arrow keys read it column by column.`);
  plot.addEventListener("pointerleave", () => show(-1));
  plot.addEventListener("blur", () => show(-1));
  plot.addEventListener("keydown", (event) => {
    const last = hits.length - 1;
    const next = { ArrowRight: Math.min(at + 1, last), ArrowLeft: Math.max(at - 1, 0), Home: 0, End: last, Escape: -1 }[event.key];
    if (next === undefined || event.target !== plot) return;
    event.preventDefault();
    show(next);
  });
}
