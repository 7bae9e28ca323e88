// The page Requests: a row opens beside the list, new requests come in by themselves while somebody follows them, and what the
// filters know is fetched when they are opened.

import { plural } from "./preview.js";

const EVERY_MS = 5000;

const root = document.getElementById("requests");
const [beside, sides, rows] = ["beside", "sides", "rows"].map((id) => document.getElementById(id));
const [told, live, more] = ["told", "live", "more"].map((id) => document.getElementById(id));
const query = () => new URLSearchParams(location.search);

async function fetched(url) {
  const response = await fetch(url).catch(() => null);
  return response?.ok ? response.text() : null;
}

// --- one request beside the list

async function open(link) {
  const html = await fetched(link.dataset.beside);
  if (html === null) return (told.textContent = "The server did not answer. Try again.");
  mark(link.closest("tr"));
  beside.innerHTML = html;
  beside.hidden = false;
  sides.classList.add("rq-two");
  history.replaceState(null, "", link.href);
  document.getElementById("one").focus();
}

function close() {
  const row = rows?.querySelector(".rq-open");
  mark(null);
  beside.hidden = true;
  sides.classList.remove("rq-two");
  const asked = query();
  asked.delete("open");
  history.replaceState(null, "", `${root.dataset.list ?? ""}?${asked}`);
  row?.querySelector("a").focus();
}

function mark(row) {
  for (const each of rows?.querySelectorAll(".rq-open") ?? []) each.classList.remove("rq-open");
  row?.classList.add("rq-open");
}

rows?.addEventListener("click", (event) => {
  const link = event.target.closest("tr")?.querySelector("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link);
});
beside?.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  close();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const sheet = document.querySelector(".rq-drop[open]");
  if (sheet) {
    sheet.open = false;
    sheet.querySelector("summary").focus();
  } else if (beside && !beside.hidden) close();
});

// --- requests as they come in

let timer = null;

async function refresh() {
  if (document.hidden) return;
  const html = await fetched(`${root.dataset.newest}?${query()}`);
  if (html === null) return (told.textContent = "The server does not answer. This page asks again.");
  const found = document.createElement("tbody");
  found.innerHTML = html;
  if (!rows) return found.firstElementChild && location.reload();
  const known = new Set([...rows.children].map((row) => row.dataset.id));
  const fresh = [...found.children].filter((row) => !known.has(row.dataset.id));
  if (!fresh.length) return;
  for (const row of fresh) row.classList.add("rq-new");
  rows.prepend(...fresh);
  told.textContent = `${plural(fresh.length, "new request")}: ${counted(fresh)}.`;
}

function counted(fresh) {
  const words = {};
  for (const row of fresh) words[row.dataset.word] = (words[row.dataset.word] ?? 0) + 1;
  return Object.entries(words).map(([word, count]) => `${count} ${word}`).join(", ");
}

live?.addEventListener("click", () => {
  const isOn = timer === null;
  if (isOn) timer = setInterval(refresh, EVERY_MS);
  else timer = void clearInterval(timer) ?? null;
  live.setAttribute("aria-pressed", isOn);
  live.firstElementChild.textContent = isOn ? "pause" : "play_arrow";
  live.lastElementChild.textContent = isOn ? "Pause" : "Follow live";
  told.textContent = isOn ? "New requests are shown as they come." : "Paused.";
  if (isOn) refresh();
});

// --- filters

more.addEventListener("toggle", async () => {
  const words = document.getElementById("words");
  if (more.open && !words.firstChild) words.innerHTML = (await fetched(root.dataset.words)) ?? "";
});

// What is empty need not stand in the address.
document.getElementById("filters").addEventListener("submit", (event) => {
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
