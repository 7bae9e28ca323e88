// Find: Ctrl K or the field above opens it; results come as one types, arrows move through them, Enter opens the first.
const finder = document.getElementById("find");
const asked = finder.querySelector("input");
const found = finder.querySelector("[data-found]");
const counted = finder.querySelector("[data-counted]");
let waiting = 0;

async function find() {
  const mine = ++waiting;
  const url = `${asked.form.action}?q=${encodeURIComponent(asked.value)}`;
  const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
  if (mine !== waiting) return;
  if (!answer?.ok) return (counted.textContent = "The server did not answer. Try again.");
  found.innerHTML = await answer.text();
  const count = links().length;
  counted.textContent = `${count} ${count === 1 ? "result" : "results"}.`;
}

const links = () => [...found.querySelectorAll("a")];

function open() {
  finder.showModal();
  asked.select();
  find();
}

function move(step) {
  const all = [asked, ...links()];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
}

addEventListener("click", (event) => {
  if (event.target === finder) return finder.close();
  if (!event.target.closest("[data-finds]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  open();
});
addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!finder.open) open();
  }
});
finder.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(step);
});
asked.addEventListener("input", find);
asked.form.addEventListener("submit", (event) => {
  const [first] = links();
  if (!first) return;
  event.preventDefault();
  location.href = first.href;
});
