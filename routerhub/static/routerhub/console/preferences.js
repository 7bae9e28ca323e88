// Live parts of the preferences page: what is not saved is named at once, providers are found by typing, and the dialog of saving
// is a modal one. Without this script every button still does what it says.
const form = document.getElementById("draft");
const named = new Set();
const bar = document.querySelector("[data-bar]");

form?.addEventListener("input", (event) => {
  const label = event.target.closest("[data-field]")?.dataset.field;
  if (!label || !bar) return;
  named.add(label);
  bar.querySelector("[data-said]").textContent = `${bar.dataset.words}: ${[...named].join(", ")}`;
});
addEventListener("load", () => {
  if (form?.dataset.dirty !== undefined) form.dispatchEvent(new Event("input"));
  document.getElementById("trial")?.scrollIntoView({ block: "center" });
});
document.querySelector("[data-discard]")?.addEventListener("click", () => form.dispatchEvent(new Event("reset")));

const review = document.querySelector("dialog[data-review]");
if (review) { review.close(); review.showModal(); }

const find = document.querySelector("[data-find]");
if (find) {
  find.closest("[hidden]").hidden = false;
  find.addEventListener("input", () => {
    const text = find.value.trim().toLowerCase();
    document.querySelectorAll(".providers li").forEach((item) => { item.hidden = !item.dataset.title.includes(text); });
  });
}
