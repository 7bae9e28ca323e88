// The price lines that are ticked, counted on the button that applies them.

import { plural } from "./preview.js";

const form = document.getElementById("changes");
const button = document.getElementById("apply");

// Keys of new models begin with "new", see PriceChange.key.
function label() {
  const keys = [...form.querySelectorAll("[name=key]:checked")].map((box) => box.value);
  const added = keys.filter((key) => key.startsWith("new ")).length;
  const changed = keys.length - added;
  const parts = [changed ? `Apply ${plural(changed, "price change")}` : "", added ? `Add ${plural(added, "model")}` : ""];
  button.textContent = keys.length ? parts.filter(Boolean).join(", ") : "Apply the ticked price changes";
  button.disabled = !keys.length;
}

for (const all of form.querySelectorAll("[data-all]"))
  all.addEventListener("change", () => {
    for (const box of all.closest("table").querySelectorAll("[name=key]:enabled")) box.checked = all.checked;
  });
form.addEventListener("change", label);
label();
