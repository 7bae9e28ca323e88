// What unsaved values would do to the last requests: asked of POST /api/router/preview, drawn as figures, flows and a
// list. Values come from the server and are written as text, never as markup.

const DEBOUNCE_MS = 250;
const PATIENCE_MS = 120; // a quick answer shows no progress bar
const MAX_RIBBONS = 8;
const MAX_LISTED = 6;
const SVG = "http://www.w3.org/2000/svg";

export function make(tag, attributes = {}, ...children) {
  const node = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const count = (value) => new Intl.NumberFormat("en").format(value);
export const plural = (value, one) => `${count(value)} ${one}${value === 1 ? "" : "s"}`;
const signed = (text, value) => (value > 0 ? `+${text}` : value < 0 ? `−${text}` : text);
const figure = (value, digits = 3) =>
  new Intl.NumberFormat("en", { maximumSignificantDigits: digits }).format(Math.abs(value));
const dollars = (value) => signed(`$${figure(value)}`, value);
const share = (value) => signed(`${figure(value * 100)} %`, value);
const short = (model) => (model === null ? "refused" : model.slice(model.indexOf(":") + 1));
const full = (model) => model ?? "no model could take it";

export class Preview {
  #panel; #part = {}; #timer = 0; #running = null; #shown;

  // `shown` is called with one line of what the panel shows, or "" for nothing.
  constructor(panel, token, shown = () => {}) {
    this.#panel = panel;
    this.token = token;
    this.#shown = shown;
    for (const node of panel.querySelectorAll("[data-part]")) this.#part[node.dataset.part] = node;
  }

  // Ask what `changes` (a part of a router bundle) would do, once nothing moved for a moment.
  ask(changes) {
    this.#stop();
    this.#panel.classList.add("tn-stale");
    this.#timer = setTimeout(() => this.#fetch(changes), DEBOUNCE_MS);
  }

  // Ask nothing and say why.
  rest(text, isProblem = false) {
    this.#stop();
    this.#panel.classList.remove("tn-stale");
    this.#part.time.textContent = "";
    this.#draw(make("p", { class: isProblem ? "rh-note rh-bad" : "rh-empty" }, text));
    this.#shown(isProblem ? text : "");
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = null;
    this.#panel.classList.remove("tn-waiting");
  }

  async #fetch(changes) {
    const running = (this.#running = new AbortController());
    const began = performance.now();
    const patience = setTimeout(() => this.#panel.classList.add("tn-waiting"), PATIENCE_MS);
    try {
      const report = await this.#post(changes, running.signal);
      if (running !== this.#running) return;
      const seconds = (performance.now() - began) / 1000;
      this.#part.time.textContent = `${count(report.requests)} replayed in ${seconds.toFixed(2)} s`;
      this.#draw(...drawn(report));
      this.#shown(summary(report));
    } catch (problem) {
      if (problem.name === "AbortError" || running !== this.#running) return;
      this.rest(problem.message, true);
    } finally {
      clearTimeout(patience);
      if (running === this.#running) this.#stop(), this.#panel.classList.remove("tn-stale");
    }
  }

  async #post(changes, signal) {
    const { url, limit } = this.#panel.dataset;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    const body = JSON.stringify({ changes, limit: Number(limit) });
    const response = await fetch(url, { method: "POST", headers, body, signal, credentials: "same-origin" }).catch((cause) => {
      if (cause.name === "AbortError") throw cause;
      throw new Error("The server does not answer. The preview comes back with the next change.");
    });
    const answer = await response.json().catch(() => null);
    if (response.ok && answer) return answer;
    if (response.status === 401 || response.status === 403)
      throw new Error("You are signed out, or may not preview. Sign in again in another tab; nothing here is lost.");
    throw new Error(answer?.detail ?? `The preview failed: the server answered ${response.status}.`);
  }

  #draw(...nodes) {
    this.#part.body.replaceChildren(...nodes);
  }
}

function summary(report) {
  const cost = report.cost_usd.relative;
  const moved = `${count(report.moved)} of ${count(report.requests)} would go elsewhere`;
  return report.moved && cost !== null ? `${moved}, cost ${share(cost)}` : moved;
}

function drawn(report) {
  const { requests, moved } = report;
  const part = requests ? moved / requests : 0;
  const nodes = [
    make("p", { class: "tn-moved" }, make("strong", {}, count(moved)), ` of ${count(requests)} would go elsewhere`,
      make("span", { class: "tn-share" }, `${figure(part * 100)} %`)),
    make("div", { class: "tn-meter", role: "img", "aria-label": `${figure(part * 100)} % would go elsewhere` },
      make("span", { style: `width:${moved ? Math.max(part * 100, 0.7) : 0}%` })),
  ];
  if (!report.recorded)
    nodes.push(make("p", { class: "rh-note tn-small" }, "There are no records yet: these are the prompts that ship with the router."));
  if (report.flows.length) nodes.push(sankey(report.flows), listed(report.flows));
  nodes.push(make("dl", { class: "tn-effects" }, ...effects(report)));
  return nodes;
}

// --- figures with their intervals

function effects(report) {
  const { cost_usd: cost, quality, latency_ms: latency, refused } = report;
  const ms = (value) => signed(`${figure(value)} ms`, value);
  const points = (value) => signed(`${figure(value, 2)} points`, value);
  return [
    effect("Estimated cost", cost, dollars, -1, "per request"),
    effect("Mean profile quality", quality, points, 1, "of 100"),
    latency
      ? effect("Latency", latency, ms, -1, `measured for ${count(report.latency_known_for)}`)
      : row("Latency", "not measured", "for these models", "", ""),
    row("Refused", count(refused.after), `${count(refused.before)} before`, tone(refused.before - refused.after), ""),
  ];
}

const tone = (value) => (value > 0 ? "tn-good" : value < 0 ? "tn-worse" : "");

// `better` is 1 where more is better, else -1.
function effect(name, { mean, interval: [low, high], relative }, format, better, note) {
  const isClear = low > 0 || high < 0;
  const headline = name === "Mean profile quality" || relative === null ? format(mean) : share(relative);
  const detail = headline === format(mean) ? note : `${format(mean)} ${note}`;
  const range = mean === 0 && low === 0 && high === 0 ? "no change" : `95 %: ${format(low)} to ${format(high)}${isClear ? "" : ", may be none"}`;
  return row(name, headline, `${detail}; ${range}`, isClear ? tone(mean * better) : "", strip(mean, low, high));
}

function row(name, headline, detail, kind, picture) {
  return make("div", {}, make("dt", {}, name), make("dd", { class: kind }, make("strong", {}, headline), picture,
    make("span", { class: "rh-quiet" }, detail)));
}

// The interval around nothing, in the middle.
function strip(mean, low, high) {
  const reach = Math.max(Math.abs(low), Math.abs(high)) * 1.2 || 1;
  const at = (value) => `${50 + (value / reach) * 50}%`;
  return make("span", { class: "tn-strip", "aria-hidden": "true" },
    make("i", { style: `left:${at(low)};right:calc(100% - ${at(high)})` }), make("b", { style: `left:${at(mean)}` }));
}

// --- flows

const paint = (flow) => (flow.cost_change_usd < 0 ? "tn-cheaper" : flow.cost_change_usd > 0 ? "tn-dearer" : "tn-same");

// Two columns of models and ribbons between them, as thick as the requests that move.
function sankey(flows) {
  const shown = flows.slice(0, MAX_RIBBONS);
  const [width, slot, gap, bar] = [340, 17, 6, 5];
  const total = shown.reduce((sum, flow) => sum + flow.requests, 0);
  const sides = ["before", "after"].map((side) => stacked(shown, side, (150 * 1) / total, slot, gap));
  const height = Math.max(...sides.map((side) => side.height));
  const svg = make("svg:svg", { class: "tn-sankey", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (const flow of shown) {
    const thick = Math.max((flow.requests * 150) / total, 1.5);
    const [y0, y1] = [sides[0].take(flow.before, thick), sides[1].take(flow.after, thick)];
    const [x0, x1, mid] = [bar, width - bar, width / 2];
    const path = `M${x0},${y0} C${mid},${y0} ${mid},${y1} ${x1},${y1} V${y1 + thick} C${mid},${y1 + thick} ${mid},${y0 + thick} ${x0},${y0 + thick} Z`;
    const title = `${full(flow.before)} → ${full(flow.after)}: ${count(flow.requests)}, ${dollars(flow.cost_change_usd)}`;
    svg.append(make("svg:path", { d: path, class: `tn-ribbon ${paint(flow)}` }, make("svg:title", {}, title)));
  }
  sides.forEach((side, at) => side.draw(svg, at ? width - bar : 0, bar, at ? width - bar - 5 : bar + 5, at ? "end" : "start"));
  return svg;
}

function stacked(flows, side, scale, slot, gap) {
  const sums = new Map();
  for (const flow of flows) sums.set(flow[side], (sums.get(flow[side]) ?? 0) + flow.requests);
  const nodes = new Map();
  let y = 1;
  for (const [model, requests] of sums) {
    const tall = Math.max(requests * scale, 1.5);
    nodes.set(model, { y, tall, requests, taken: 0, room: Math.max(tall, slot) });
    y += Math.max(tall, slot) + gap;
  }
  return {
    height: y,
    take(model, thick) {
      const node = nodes.get(model);
      const start = node.y + (node.room - node.tall) / 2 + node.taken;
      node.taken += thick;
      return start;
    },
    draw(svg, x, bar, textX, anchor) {
      for (const [model, node] of nodes) {
        const top = node.y + (node.room - node.tall) / 2;
        svg.append(make("svg:rect", { x, y: top, width: bar, height: node.tall, rx: 2, class: "tn-node" }));
        const text = `${short(model)} ${count(node.requests)}`;
        svg.append(make("svg:text", { x: textX, y: node.y + node.room / 2 + 4, "text-anchor": anchor }, text));
      }
    },
  };
}

function listed(flows) {
  const largest = flows[0].requests;
  const line = (flow) =>
    make("li", { title: `${full(flow.before)} → ${full(flow.after)}` },
      make("span", { class: "tn-from" }, short(flow.before), make("i", { "aria-label": "to" }, " → "), short(flow.after)),
      make("span", { class: "tn-count" }, count(flow.requests)),
      make("span", { class: `tn-cost ${paint(flow)}` }, dollars(flow.cost_change_usd)),
      make("span", { class: `tn-flow ${paint(flow)}`, style: `width:${(flow.requests / largest) * 100}%` }));
  const list = make("ol", { class: "tn-flows" }, ...flows.slice(0, MAX_LISTED).map(line));
  if (flows.length <= MAX_LISTED) return list;
  const rest = make("details", { class: "tn-more" }, make("summary", {}, `${plural(flows.length - MAX_LISTED, "more flow")}`),
    make("ol", { class: "tn-flows" }, ...flows.slice(MAX_LISTED).map(line)));
  return make("div", {}, list, rest);
}
