// The page of an import that is being worked on: how far it is, and the page anew once it has ended.

const EVERY_MS = 500;
const WORKING = ["waiting", "checking", "applying"];

const root = document.getElementById("progress");
const { url, state: first } = root.dataset;
const [bar, text] = [root.querySelector("[role=progressbar]"), root.querySelector("[role=status]")];

async function refresh() {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) return (text.textContent = "The server does not answer. This page asks again; the import goes on.");
  const { state, done, total } = await response.json();
  if (!WORKING.includes(state)) return location.reload();
  if (total) {
    const percent = Math.round((100 * done) / total);
    bar.firstElementChild.style.width = `${percent}%`;
    bar.setAttribute("aria-valuenow", percent);
    text.textContent = `${done.toLocaleString("en")} of ${total.toLocaleString("en")} steps`;
  } else if (state !== first) text.textContent = `${state} ...`;
}

setInterval(refresh, EVERY_MS);
