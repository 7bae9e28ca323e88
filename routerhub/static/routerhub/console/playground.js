// The playground: what is typed is decided as it is typed; what is sent goes to the gateway itself, by a key of minutes that
// this script asks the console for and keeps in memory alone.
const by = (id) => document.getElementById(id);
const page = by("playground"), form = by("compose"), found = by("found"), panels = by("panels"), words = by("words").dataset;
const WAIT_MS = 250, SPARE_MS = 30_000, NEW_KEY_MS = 2_000, SIGNS_PER_TOKEN = 4;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const make = (tag, text = "", css = "") => Object.assign(document.createElement(tag), { textContent: text, className: css });

// --- figures, as design.md writes them

const money = (usd) => {
  const digits = Math.abs(usd) >= 1 || usd === 0 ? 2 : Math.min(12, 1 - Math.floor(Math.log10(Math.abs(usd))));
  return "$" + usd.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
};
const time = (ms) => ms < 999.5 ? `${ms.toFixed(0)}\u202fms` : ms < 9_950 ? `${(ms / 1000).toFixed(1)}\u202fs` : `${(ms / 1000).toFixed(0)}\u202fs`;

// --- the decision before anything is sent

let waiting = 0, asking = null;

async function look() {
  asking?.abort();
  asking = new AbortController();
  const late = setTimeout(() => found.classList.add("late"), 300);
  try {
    const answer = await fetch(page.dataset.candidates, { method: "POST", body: new FormData(form), signal: asking.signal });
    if (answer.redirected) return say(words.signedOut);
    if (!answer.ok) return;
    const opened = found.querySelector(".excluded")?.open;
    found.innerHTML = await answer.text();
    if (opened) found.querySelector(".excluded")?.setAttribute("open", "");
    say(decided()?.sentence ?? "");
  } catch (problem) {
    if (problem.name !== "AbortError") say(words.broke);
  } finally {
    clearTimeout(late);
    found.classList.remove("late");
  }
}

const decided = () => found.querySelector("[data-chosen]")?.dataset;
const say = (text) => { if (by("says").textContent !== text) by("says").textContent = text; };

form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, WAIT_MS); });
form.addEventListener("submit", (event) => { event.preventDefault(); look(); });
if (form.prompt.value.trim()) look();

// --- the key

let held = null;

async function key(isNew = false) {
  if (!isNew && held && held.until - Date.now() > SPARE_MS) return held.text;
  const body = new URLSearchParams({ csrfmiddlewaretoken: form.csrfmiddlewaretoken.value });
  const answer = await fetch(page.dataset.key, { method: "POST", body, cache: "no-store" });
  if (answer.redirected) throw new Error(words.signedOut);
  if (!answer.ok) throw new Error(words.noKey);
  const told = await answer.json();
  held = { text: told.key, until: Date.parse(told.expires_at) };
  return held.text;
}

// A key that was made a moment ago is known to every gateway within a second; one that another window has replaced is made anew.
async function call(body, signal) {
  const until = Date.now() + NEW_KEY_MS;
  for (let text = await key(); ; ) {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${text}` };
    const answer = await fetch("/v1/chat/completions", { method: "POST", headers, body, signal, credentials: "omit" });
    if (answer.status !== 401) return answer;
    if (Date.now() > until) { held = null; return answer; }
    const told = (await answer.json()).error?.code;
    if (told === "key_rotated" || told === "key_expired") text = await key(true);
    await sleep(100);
  }
}

// --- what is sent

const asData = (file) => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.onload = () => done({ type: "image_url", image_url: { url: reader.result } });
  reader.onerror = () => fail(reader.error);
  reader.readAsDataURL(file);
});

by("files")?.addEventListener("change", () => { by("pictures").value = by("files").files.length; look(); });

async function request(model) {
  const pictures = await Promise.all([...(by("files")?.files ?? [])].map(asData));
  const text = form.prompt.value;
  const said = pictures.length ? [{ type: "text", text }, ...pictures] : text;
  const system = form.system.value.trim() ? [{ role: "system", content: form.system.value }] : [];
  const body = {
    model, stream: true, stream_options: { include_usage: true }, messages: [...system, { role: "user", content: said }],
    routerhub: { priority: form.priority.value },
  };
  if (form.max_output_tokens.value) body.max_tokens = Number(form.max_output_tokens.value);
  if (form.max_cost_usd.value) body.routerhub.max_cost_usd = form.max_cost_usd.value;
  return JSON.stringify(body);
}

const compares = () => by("compare").getAttribute("aria-pressed") === "true";

by("compare").addEventListener("click", () => {
  by("compare").setAttribute("aria-pressed", !compares());
  by("second-label").hidden = !compares();
  by("answers").hidden = false;
});
by("send").addEventListener("click", send);
addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(); });

let running = [];

async function send() {
  if (by("send").disabled) return;
  if (!form.prompt.value.trim()) { say(words.type); return form.prompt.focus(); }
  running.forEach((each) => each.stop());
  clearTimeout(waiting);
  if (compares()) await look();
  const models = [form.model.value, ...(compares() ? [by("second").value || decided()?.second].filter(Boolean) : [])];
  by("answers").hidden = false;
  by("answers-title").textContent = models.length > 1 ? words.two : words.one;
  running = models.map((model) => new Answer(model));
  panels.replaceChildren(...running.map((each) => each.panel));
  by("answers").scrollIntoView({ block: "nearest" });
  await Promise.all(running.map((each) => each.run()));
  if (running.length > 1 && running.every((each) => each.operation)) running.forEach((each) => each.askBetter());
}

// --- one answer

class Answer {
  constructor(model) {
    this.model = model;
    this.panel = by("answer").content.firstElementChild.cloneNode(true);
    this.part = (name) => this.panel.querySelector(`[data-${name}]`);
    this.text = "";
    this.abort = new AbortController();
    this.part("model").textContent = model;
    this.part("text").setAttribute("aria-label", model);
    this.part("stop").addEventListener("click", () => this.stop());
  }

  stop() { this.isStopped = true; this.abort.abort(); }

  async run() {
    this.began = performance.now();
    const ticks = setInterval(() => { this.part("time").textContent = time(performance.now() - this.began); }, 100);
    try {
      const answer = await call(await request(this.model), this.abort.signal);
      this.operation = answer.headers.get("x-routerhub-operation-id");
      if (answer.ok) await this.read(answer); else this.refuse((await answer.json()).error ?? {}, answer.status);
    } catch (problem) {
      if (this.isStopped) this.end("", words.stopped, this.text ? words.stoppedWhy : "");
      else this.end("bad", words.failed, problem instanceof TypeError ? words.broke : problem.message);
    } finally {
      clearInterval(ticks);
      this.part("time").textContent = time(performance.now() - this.began);
      this.part("time-word").textContent = words.inAll;
      this.part("stop").remove();
      this.link();
    }
  }

  async read(answer) {
    this.name(answer.headers.get("x-routerhub-model") ?? this.model);
    this.state("live", words.streaming, "pulse");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const events = (rest + piece.value).split(/\r?\n\r?\n/);
      rest = events.pop();
      for (const event of events) this.take(event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join(""));
    }
    if (!this.told && !this.hasFailed) throw new TypeError("The stream has no end.");
  }

  take(data) {
    if (!data || data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) { this.hasFailed = true; return this.refuse(chunk.error, 200); }
    const more = chunk.choices?.[0]?.delta?.content;
    if (more) this.write(more);
    if (chunk.routerhub?.cost_usd !== undefined) this.settle(chunk);
  }

  write(more) {
    if (!this.text) this.part("first").textContent = time(performance.now() - this.began);
    this.text += more;
    this.draw(true);
    const tokens = Math.ceil(this.text.length / SIGNS_PER_TOKEN);
    this.part("tokens").textContent = `≈ ${tokens.toLocaleString("en")}`;
    const cost = this.costOf(tokens);
    if (cost !== null) this.part("cost").textContent = `≈ ${money(cost)}`;
  }

  costOf(tokens) {
    const rates = [...form.model.options].find((each) => each.value === this.name_)?.dataset;
    if (!rates?.output) return null;
    const input = Math.ceil((form.prompt.value.length + form.system.value.length) / SIGNS_PER_TOKEN);
    return input * Number(rates.input) + tokens * Number(rates.output);
  }

  settle(chunk) {
    this.told = chunk.routerhub;
    if (chunk.usage) this.part("tokens").textContent = chunk.usage.completion_tokens.toLocaleString("en");
    this.part("cost").textContent = money(Number(this.told.cost_usd));
    this.part("cost-word").textContent = words.cost;
    this.name(this.told.model);
    const left = this.told.remaining_usd === null ? "" : ` ${money(Number(this.told.remaining_usd))} ${words.left}.`;
    this.end("ok", words.answered, `${this.told.why}${left}`, "check");
  }

  refuse(error, status) {
    const isRefused = status >= 400 && status < 500;
    this.end("bad", isRefused ? words.refused : words.failed, "", "block");
    this.part("text").append(make("p", error.message ?? "", "refusal"));
    if (error.budget) this.part("text").append(figures(error.budget));
  }

  end(css, word, why, icon = "") {
    this.draw(false);
    this.state(css, word, "i", icon);
    this.part("foot").replaceChildren(...(why ? [make("span", why)] : []));
  }

  state(css, word, mark, icon = "") {
    const sign = make("span", icon, mark);
    sign.ariaHidden = "true";
    this.part("state").className = `state ${css}`;
    this.part("state").replaceChildren(...(mark === "pulse" || icon ? [sign] : []), word);
    say(`${this.name_ ?? this.model}: ${word}`);
  }

  name(model) {
    this.name_ = model;
    const [maker, ...rest] = model.split(":");
    this.part("model").replaceChildren(make("span", `${maker}:`, "p"), rest.join(":"));
    this.part("text").setAttribute("aria-label", model);
  }

  // Words, and code between fences. Nothing that a model says becomes markup.
  draw(isOpen) {
    const box = this.part("text"), isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    const parts = this.text.split(/^```[^\n]*\n?/m).map((part, at) => {
      const node = make(at % 2 ? "pre" : "p", at % 2 ? part.replace(/\n$/, "") : part.trim());
      if (at % 2) node.tabIndex = 0;
      return node;
    }).filter((node) => node.textContent);
    if (isOpen) (parts.at(-1) ?? box).append(make("span", "", "caret"));
    box.replaceChildren(...parts);
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  }

  link() {
    if (!this.operation) return;
    const link = make("a", words.open);
    link.href = `${page.dataset.activity}${this.operation}/`;
    this.part("foot").append(link);
  }

  askBetter() {
    if (!this.told) return;
    const button = make("button", words.this, "b sm push");
    button.type = "button";
    button.ariaLabel = `${words.better} ${this.name_}`;
    button.addEventListener("click", async () => {
      const headers = { "Content-Type": "application/json", "X-CSRFToken": form.csrfmiddlewaretoken.value };
      const body = JSON.stringify({ operation_id: this.operation, thumbs: "up" });
      const answer = await fetch("/api/feedback", { method: "POST", headers, body });
      if (answer.ok) { panels.querySelectorAll(".foot button").forEach((each) => each.remove()); this.part("foot").append(make("span", words.thanks, "push")); say(words.thanks); }
    });
    this.part("foot").append(button);
  }
}

function figures(budget) {
  const line = make("p", "", "figures");
  const isMoney = "limit_usd" in budget;
  for (const name of ["limit", "spent", "reserved", "asked"]) {
    const value = Number(isMoney ? budget[`${name}_usd`] : budget[name]);
    const part = make("span", `${words[name]} `);
    part.append(make("b", isMoney ? money(value) : value.toLocaleString("en")));
    line.append(part);
  }
  if (budget.resets_at) {
    const told = { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" };
    const part = make("span", `${words.resets} `), moment = make("time", new Date(budget.resets_at).toLocaleString("en-GB", told));
    moment.dateTime = budget.resets_at;
    part.append(moment);
    line.append(part);
  }
  return line;
}
