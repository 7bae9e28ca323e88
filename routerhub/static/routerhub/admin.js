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

// Fields in a table are called what their column is called, and pickers what their field is called.
addEventListener("load", () => {
  document.querySelectorAll("table td :is(input, select, textarea):not([type=hidden])").forEach((field) => {
    const cell = field.closest("td"), head = cell.closest("table").tHead?.rows[0]?.cells[cell.cellIndex];
    const word = head?.innerText.trim() || field.name.split("-").pop();
    if (!field.labels?.length && !field.ariaLabel) field.ariaLabel = word.replaceAll("_", " ");
  });
  document.querySelectorAll(".select2-selection[role=combobox]").forEach((box) => {
    const select = box.closest(".select2-container").previousElementSibling;
    const word = select?.labels?.[0]?.innerText.replace("*", "").trim() || select?.ariaLabel || select?.name;
    [box, ...box.querySelectorAll("[role=textbox]")].forEach((part) => { part.ariaLabel ??= word; });
  });
});
