// The page of exports that are being written: how far each is, and the page anew once one has ended.

const EVERY_MS = 1000;
const TOLD_EVERY_MS = 5000;
const WORKING = ["waiting", "running"];

const { url } = document.getElementById("exports").dataset;
const told = document.getElementById("told");
let said = 0;

async function refresh() {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) return (told.textContent = "The server does not answer. This page asks again; the export goes on.");
  const found = await response.json();
  let rows = 0;
  for (const row of document.querySelectorAll("tr[data-id]")) {
    const { state, rows: done, size } = found[row.dataset.id] ?? { state: "", rows: 0, size: 0 };
    if (WORKING.includes(row.dataset.state) && !WORKING.includes(state)) return location.reload();
    if (!WORKING.includes(state)) continue;
    rows += done;
    row.querySelector("[data-rows]").textContent = done.toLocaleString("en");
    row.querySelector("[data-size]").textContent = `${(size / 2 ** 20).toFixed(1)} MB`;
  }
  if (Date.now() - said < TOLD_EVERY_MS) return;
  said = Date.now();
  told.textContent = rows ? `${rows.toLocaleString("en")} rows are written.` : "Waiting for a worker ...";
}

setInterval(refresh, EVERY_MS);
