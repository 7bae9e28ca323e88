// Deeds on releases in a dialog: a link with data-dialog opens what its page asks for. Without this script it is that page.
const frame = document.createElement("div");
frame.className = "rh";
frame.innerHTML = '<dialog class="dlg" aria-labelledby="deed_title"></dialog>';
document.body.append(frame);
const dialog = frame.firstElementChild;
const ASKED = { headers: { "X-Requested-With": "fetch" }, redirect: "manual" };

async function show(url, options = {}) {
  const answer = await fetch(url, { ...ASKED, ...options });
  if (answer.type === "opaqueredirect") return location.assign(document.body.dataset.releases ?? "/admin/releases/");
  if (!answer.ok) return location.assign(url);
  dialog.innerHTML = await answer.text();
  // The theme's own script takes every file input for one of its kind, with a text beside it, unless it thinks it has seen it.
  for (const input of dialog.querySelectorAll("input[type=file]")) input.hasChangeListener = true;
  if (!dialog.open) dialog.showModal();
}

addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    show(link.href);
  }
  if (event.target.closest("dialog [data-close]")) event.preventDefault();
  for (const menu of document.querySelectorAll("details.more[open]")) if (!menu.contains(event.target) || link) menu.open = false;
});

const UNCHOSEN = ["csrfmiddlewaretoken", "reason", "seen", "action"];
const chosen = (written) => new URLSearchParams([...written].filter(([name]) => !UNCHOSEN.includes(name))).toString();

// What is chosen changes what will happen: it is asked for again, and what was written stays.
document.addEventListener("change", async (event) => {
  const form = event.target.closest("form[data-deed]");
  if (!form || event.target.name === "reason" || !form.elements.release || !form.elements.release.value) return;
  const written = () => new FormData(form);
  const asked = chosen(written());
  const host = form.parentElement;
  const focused = document.activeElement?.id;
  const answer = await fetch(`${form.getAttribute("action")}?${asked}`, ASKED);
  const text = answer.ok ? await answer.text() : "";
  // What was chosen while it was on its way is asked for by a change of its own.
  if (!text || !form.isConnected || chosen(written()) !== asked) return;
  const said = written().get("reason") ?? "";
  const folded = [...host.querySelectorAll("details")].map((each) => each.open);
  host.innerHTML = text;
  host.querySelectorAll("details").forEach((each, at) => { each.open ||= folded[at]; });
  const reason = host.querySelector("[name=reason]");
  if (reason) reason.value = said;
  if (focused) document.getElementById(focused)?.focus();
});

dialog.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const written = new FormData(form, event.submitter);
  const method = event.submitter?.getAttribute("formmethod") ?? form.method;
  if (method === "get") show(`${form.getAttribute("action")}?${new URLSearchParams(written)}`);
  else show(form.getAttribute("action"), { method: "POST", body: written });
});
