// Parts that need a few lines: dialogs, tabs, what is copied, and values that are not saved. Pages can be read without them.
const all = (selector, run, within = document) => within.querySelectorAll(selector).forEach(run);

// A button with data-opens="ID" opens that dialog, with what data-fills says in its fields; one with data-shown (a form that came back with problems) is open at once.
addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    for (const [name, value] of Object.entries(JSON.parse(opener.dataset.fills ?? "{}"))) dialog.querySelector(`[name="${name}"]`).value = value;
    dialog.showModal();
  }
  if (event.target.closest("dialog [data-close]")) event.target.closest("dialog").close();
});
all("dialog[data-shown]", (dialog) => dialog.showModal());

// Tabs: arrow keys move, as the pattern asks.
all("[role=tablist]", (list) => {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const choose = (tab) => tabs.forEach((each) => {
    each.setAttribute("aria-selected", each === tab);
    each.tabIndex = each === tab ? 0 : -1;
    document.getElementById(each.getAttribute("aria-controls")).hidden = each !== tab;
  });
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      choose(next);
      next.focus();
    });
  });
});

// data-copies="ID" copies the text of that element, and says so on the button.
addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
  const said = button.querySelector("[data-said]") ?? button;
  const before = said.textContent;
  said.textContent = button.dataset.copied ?? "Copied";
  setTimeout(() => { said.textContent = before; }, 2000);
});

// Values that are not saved are not left by accident.
let unsaved = false;
all("form[data-guard]", (form) => {
  form.addEventListener("input", () => { unsaved = true; form.querySelector("[data-unsaved]")?.removeAttribute("hidden"); });
  form.addEventListener("submit", () => { unsaved = false; });
  form.addEventListener("reset", () => { unsaved = false; form.querySelector("[data-unsaved]")?.setAttribute("hidden", ""); });
});
addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// A part with data-live="URL" is fetched again every data-every seconds (5 unless it says otherwise), while it can be seen.
all("[data-live]", (part) => {
  const every = 1000 * (part.dataset.every ?? 5);
  setInterval(async () => {
    if (document.hidden || part.dataset.paused !== undefined || part.contains(document.activeElement)) return;
    const answer = await fetch(part.dataset.live, { headers: { "X-Requested-With": "fetch" } });
    if (answer.ok) part.innerHTML = await answer.text();
  }, every);
});

// data-pauses="ID" holds such a part as it is, and lets it go on.
addEventListener("click", (event) => {
  const button = event.target.closest("[data-pauses]");
  if (!button) return;
  const isPaused = document.getElementById(button.dataset.pauses).toggleAttribute("data-paused");
  button.setAttribute("aria-pressed", isPaused);
  button.querySelector(".i").textContent = isPaused ? "play_circle" : "pause_circle";
  const word = button.parentElement.querySelector("[data-paused-word]");
  if (word) [word.textContent, word.dataset.pausedWord] = [word.dataset.pausedWord, word.textContent];
});
