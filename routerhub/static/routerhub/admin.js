// The sidebar keeps which sections were opened or closed, beside the one that is shown.
document.addEventListener("DOMContentLoaded", () => {
  const kept = JSON.parse(localStorage.getItem("sections") ?? "{}");
  document.querySelectorAll("details[data-section]").forEach((section) => {
    const name = section.dataset.section;
    if (name in kept && !section.querySelector("[aria-current]")) section.open = kept[name];
    section.addEventListener("toggle", () => {
      kept[name] = section.open;
      localStorage.setItem("sections", JSON.stringify(kept));
    });
  });
});
