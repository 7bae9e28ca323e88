// A form that asks for other figures: what it takes longer than 300 ms to find stands as grey bones, as high as what was there.
for (const form of document.querySelectorAll("form[data-busy]")) {
  const figures = document.getElementById(form.dataset.busy);
  const wait = () => {
    figures.style.minHeight = `${figures.offsetHeight}px`;
    figures.setAttribute("aria-busy", "true");
    const bones = Array.from({ length: 6 }, (_, place) => {
      const bone = Object.assign(document.createElement("span"), { className: "bone" });
      bone.style.cssText = `width:${90 - 9 * place}%;margin:18px`;
      return bone;
    });
    const said = Object.assign(document.createElement("p"), { className: "vh", role: "status", textContent: "Loading" });
    figures.replaceChildren(said, ...bones);
  };
  form.addEventListener("submit", () => setTimeout(wait, 300));
}
