// The tuning page: a slider and a field for each value, kept in step, and the preview that follows them. Ranges and
// defaults are on the elements, as the server wrote them; live values and default lists in the facts beside them.

import { Preview, make, plural } from "./preview.js";

const CURVE_STEPS = 120; // positions of a slider whose steps grow
const shown = (value) => String(value);

// Where a value lies on a slider, 0 to 1. With a curve, steps stay small below it and grow beyond.
class Scale {
  constructor({ low, high, curve, step, whole, default: initial }) {
    Object.assign(this, { low: +low, high: +high, curve: +curve, step: +step, isWhole: whole !== undefined, initial: +initial });
  }
  at(value) {
    const { low, high, curve } = this;
    const inside = Math.min(Math.max(value, low), high) - low;
    return curve ? Math.log1p(inside / curve) / Math.log1p((high - low) / curve) : inside / (high - low);
  }
  value(at) {
    if (Math.abs(at - this.at(this.initial)) < 0.5 / CURVE_STEPS) return this.initial;
    const raw = this.low + this.curve * Math.expm1(at * Math.log1p((this.high - this.low) / this.curve));
    const round = Number(Math.min(Math.max(raw, this.low), this.high).toPrecision(2));
    return this.isWhole ? Math.round(round) : Number(round.toFixed(4));
  }
}

// A range and a number field that show the same value.
class Pair {
  constructor(root, scale, changed) {
    this.scale = scale;
    this.number = root.querySelector(".tn-number");
    this.range = root.querySelector("input[type=range]");
    this.track = root.querySelector(".tn-slider");
    this.number.style.width = `${Math.max(shown(scale.high).length + 3, 6.5)}ch`;
    if (scale.curve) Object.assign(this.range, { min: 0, max: CURVE_STEPS, step: 1 });
    this.track.style.setProperty("--default", scale.at(scale.initial));
    this.track.style.setProperty("--zero", scale.at(0));
    this.track.classList.toggle("tn-both", scale.low < 0);
    this.range.addEventListener("input", () => {
      this.number.value = shown(this.slid());
      this.paint();
      changed();
    });
    this.number.addEventListener("input", () => (this.follow(), changed()));
    this.follow();
  }
  slid() {
    return this.scale.curve ? this.scale.value(this.range.value / CURVE_STEPS) : +this.range.value;
  }
  follow() {
    if (!Number.isNaN(this.value)) this.range.value = this.scale.curve ? this.scale.at(this.value) * CURVE_STEPS : this.value;
    this.paint();
  }
  paint() {
    const at = Number.isNaN(this.value) ? this.scale.at(this.slid()) : this.scale.at(this.value);
    this.track.style.setProperty("--at", at);
    this.range.setAttribute("aria-valuetext", this.number.value);
  }
  get value() {
    return this.number.value.trim() === "" ? NaN : Number(this.number.value);
  }
  set value(value) {
    this.number.value = shown(value);
    this.follow();
  }
  problem() {
    const { low, high, isWhole } = this.scale;
    const kind = isWhole ? "whole number" : "number";
    const isFit = this.value >= low && this.value <= high && (!isWhole || Number.isInteger(this.value));
    return isFit ? "" : `Write a ${kind} from ${low} to ${high}.`;
  }
}

function mark(root, isChanged) {
  root.querySelector(".tn-dot").hidden = !isChanged;
}

function complain(node, control, text) {
  node.textContent = text;
  control.toggleAttribute("aria-invalid", Boolean(text));
}

class Knob {
  constructor(root, changed) {
    const { knob: name, path, label, live, notAbove, notAboveMeaning } = root.dataset;
    Object.assign(this, { root, name, path, label, notAbove, notAboveMeaning });
    this.live = live === "" ? NaN : +live;
    this.pair = new Pair(root, new Scale(root.dataset), () => ((this.isTouched = true), changed()));
    this.problemNode = root.querySelector(".tn-problem");
    this.reset = root.querySelector(".tn-reset");
    this.reset.addEventListener("click", () => ((this.isTouched = true), (this.pair.value = this.pair.scale.initial), changed()));
  }
  get value() {
    return this.pair.value;
  }
  // `extra` is what is wrong beside the range. What the server found stays until the value is touched.
  refresh(extra = "") {
    const problem = this.pair.problem() || extra;
    if (problem || this.isTouched) complain(this.problemNode, this.pair.number, problem);
    const isChanged = this.value !== this.live;
    mark(this.root, isChanged);
    this.reset.disabled = this.value === this.pair.scale.initial;
    this.root.querySelector(".tn-live").hidden = !isChanged || Number.isNaN(this.live);
    this.root.style.setProperty("--at", this.pair.scale.at(this.value || 0));
    return problem && `${this.label}: ${problem}`;
  }
  toLive() {
    this.isTouched = true;
    if (!Number.isNaN(this.live)) this.pair.value = this.live;
  }
  changes() {
    return this.value === this.live ? [] : [[this.label, Number.isNaN(this.live) ? "none" : this.live, this.value]];
  }
  get change() {
    return this.value === this.live ? undefined : this.value;
  }
}

// A switch, or a choice among words or models.
class Choice {
  constructor(root, facts, changed) {
    const { choice: name, path, label } = root.dataset;
    Object.assign(this, { root, path, label, live: facts.live[name] });
    this.control = root.querySelector("[name]");
    this.isSwitch = this.control.type === "checkbox";
    this.control.addEventListener("change", changed);
  }
  get value() {
    return this.isSwitch ? this.control.checked : this.control.value;
  }
  refresh() {
    mark(this.root, this.value !== this.live);
  }
  toLive() {
    if (this.isSwitch) this.control.checked = this.live;
    else this.control.value = this.live;
  }
  changes() {
    const worded = (value) => [...this.control.options].find((option) => option.value === value)?.text ?? value;
    const word = (value) => (this.isSwitch ? (value ? "on" : "off") : worded(value));
    return this.value === this.live ? [] : [[this.label, word(this.live), word(this.value)]];
  }
  get change() {
    return this.value === this.live ? undefined : this.value;
  }
}

// Points by pattern, as a list that grows and shrinks.
class Patterns {
  constructor(root, facts, changed) {
    const { patterns: name, path, label } = root.dataset;
    Object.assign(this, { root, path, label, changed, models: facts.models, live: facts.live[name], defaults: facts.defaults[name] });
    this.initial = +root.dataset.default;
    this.list = root.querySelector("ul");
    this.problemNode = root.querySelector(".tn-problem");
    this.rows = [...this.list.children].map((row) => this.wire(row));
    root.querySelector("[data-do=add]").addEventListener("click", () => this.add().pattern.focus());
    this.resetButton = root.querySelector(".tn-head [data-do=reset]");
    this.resetButton.addEventListener("click", () => this.set(this.defaults));
  }
  wire(root) {
    const touched = () => ((this.isTouched = true), this.changed());
    const { low, high, step, default: initial } = this.root.dataset;
    const pattern = root.querySelector(".tn-pattern");
    const row = { root, pattern, pair: new Pair(root, new Scale({ low, high, step, default: initial }), touched) };
    pattern.addEventListener("input", touched);
    root.querySelector("[data-do=remove]").addEventListener("click", () => {
      this.rows = this.rows.filter((each) => each !== row);
      root.remove();
      this.root.querySelector("[data-do=add]").focus();
      touched();
    });
    return row;
  }
  add(pattern = "", points = this.initial) {
    const root = this.root.querySelector("template").content.firstElementChild.cloneNode(true);
    this.list.append(root);
    const row = this.wire(root);
    this.rows.push(row);
    row.pattern.value = pattern;
    row.pair.value = points;
    this.isTouched = true;
    this.changed();
    return row;
  }
  set(bonuses) {
    this.list.replaceChildren();
    this.rows = [];
    for (const [pattern, points] of Object.entries(bonuses)) this.add(pattern, points);
    this.isTouched = true;
    this.changed();
  }
  // Empty rows count for nothing, as on the server.
  get value() {
    const filled = this.rows.filter((row) => row.pattern.value.trim() || row.pair.value);
    return Object.fromEntries(filled.map((row) => [row.pattern.value.trim(), row.pair.value]));
  }
  problem() {
    const seen = new Set();
    for (const { pattern, pair } of this.rows) {
      const name = pattern.value.trim();
      if (!name && !pair.value) continue;
      if (!name || name !== name.toLowerCase()) return `${name || "A row"}: a pattern is lower case and not empty.`;
      if (seen.has(name)) return `${name} is in the list twice.`;
      if (pair.problem()) return `${name}: ${pair.problem()}`;
      seen.add(name);
    }
    return "";
  }
  refresh() {
    const problem = this.problem();
    if (problem || this.isTouched) this.problemNode.textContent = problem;
    for (const { root, pattern, pair } of this.rows) {
      const name = pattern.value.trim();
      const initial = this.defaults[name];
      const matches = this.models.filter((model) => model.toLowerCase().includes(name)).length;
      const notes = [name ? plural(matches, "model") : "", initial === undefined ? "" : `default ${initial}`];
      root.querySelector(".tn-matches").textContent = notes.filter(Boolean).join(", ");
      pair.track.style.setProperty("--default", pair.scale.at(initial ?? this.initial));
      mark(root, this.live[name] !== pair.value);
    }
    mark(this.root.querySelector(".tn-head"), !this.isEqual(this.live));
    this.resetButton.disabled = this.isEqual(this.defaults);
    return problem;
  }
  isEqual(other) {
    const own = this.value;
    const names = new Set([...Object.keys(own), ...Object.keys(other)]);
    return [...names].every((name) => own[name] === other[name]);
  }
  toLive() {
    this.set(this.live);
  }
  changes() {
    const own = this.value;
    const names = [...new Set([...Object.keys(this.live), ...Object.keys(own)])].filter((name) => own[name] !== this.live[name]);
    return names.map((name) => [`${this.label}: ${name || "?"}`, this.live[name] ?? "none", own[name] ?? "none"]);
  }
  get change() {
    return this.isEqual(this.live) ? undefined : this.value;
  }
}

class TuningPage {
  constructor(form) {
    this.form = form;
    const facts = JSON.parse(document.getElementById("facts").textContent);
    this.dock = document.getElementById("dock");
    const token = form.elements.csrfmiddlewaretoken.value;
    this.preview = new Preview(document.getElementById("preview"), token, (text) => this.docked(text));
    const changed = () => this.isReady && this.refresh();
    const all = (selector, wire) => [...form.querySelectorAll(selector)].map(wire);
    this.knobs = all("[data-knob]", (root) => new Knob(root, changed));
    this.knob = Object.fromEntries(this.knobs.map((knob) => [knob.name, knob]));
    this.lists = all("[data-patterns]", (root) => new Patterns(root, facts, changed));
    this.choices = all("[data-choice]", (root) => new Choice(root, facts, changed));
    this.controls = [...this.knobs, ...this.lists, ...this.choices];
    document.getElementById("to_live").addEventListener("click", () => this.toLive());
    form.noValidate = true;
    form.addEventListener("submit", (event) => this.submit(event));
    form.querySelector(".tn-percent")?.addEventListener("input", () => (form.elements.how.value = "percent"));
    form.addEventListener("keydown", (event) => this.key(event));
    this.isReady = true;
    this.refresh();
    form.querySelector("[aria-invalid]")?.focus();
  }

  // Enter in a field is not a wish to save.
  key(event) {
    if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
  }

  // Marks, problems, the list of changes, and a new preview.
  refresh() {
    const found = this.knobs.map((knob) => knob.refresh(this.crossed(knob)));
    this.choices.forEach((choice) => choice.refresh());
    this.problems = [...found, ...this.lists.map((list) => list.refresh())].filter(Boolean);
    this.tiers(this.knob.cheap_below, this.knob.mid_below);
    const changes = this.controls.flatMap((control) => control.changes());
    this.list(changes);
    this.ask(changes);
  }

  // What is wrong with a value that may not be above another.
  crossed(knob) {
    const other = this.knob[knob.notAbove];
    return other && knob.value > other.value ? `${knob.value} is above ${knob.notAboveMeaning}, ${other.value}.` : "";
  }

  tiers(cheap, mid) {
    const strip = document.getElementById("tiers");
    const [first, second] = [cheap.pair.scale.at(cheap.value || 0), mid.pair.scale.at(mid.value || 0)];
    strip.style.gridTemplateColumns = `${first}fr ${Math.max(second - first, 0)}fr ${1 - Math.max(first, second)}fr`;
  }

  // Lists what differs from live: label, live value, new value.
  list(changes) {
    document.getElementById("to_live").hidden = !changes.length;
    const list = document.getElementById("changes");
    if (!list) return;
    const line = ([label, before, after]) =>
      make("li", {}, make("span", {}, label), make("span", { class: "tn-was" }, shown(before)), make("strong", {}, Number.isNaN(after) ? "?" : shown(after)));
    const none = make("li", { class: "rh-quiet" }, "Everything is as it is live.");
    list.replaceChildren(...(changes.length ? changes.map(line) : [none]));
    document.getElementById("save_button").textContent = changes.length ? `Save ${plural(changes.length, "change")}` : "Save";
  }

  ask(changes) {
    if (this.problems.length) this.preview.rest(`No preview while a value is not allowed. ${this.problems[0]}`, true);
    else if (changes.length) this.preview.ask({ config: this.config() });
    else this.preview.rest("Move a slider: what it would do to the last 10,000 requests shows here before anything is saved.");
  }

  // The part of a bundle's config that differs from live.
  config() {
    const found = {};
    for (const { path, change } of this.controls) {
      if (change === undefined) continue;
      const steps = path.split(".");
      const last = steps.pop();
      steps.reduce((inner, step) => (inner[step] ??= {}), found)[last] = change;
    }
    return found;
  }

  toLive() {
    this.isReady = false;
    for (const control of this.controls) control.toLive();
    this.isReady = true;
    this.refresh();
  }

  docked(text) {
    this.dock.hidden = !text;
    this.dock.textContent = text;
  }

  submit(event) {
    const { reason, how, percent } = this.form.elements;
    const isShare = how.value === "percent";
    const isFit = !isShare || (Number.isInteger(+percent.value) && +percent.value >= 1 && +percent.value <= 100);
    complain(document.getElementById("problem_how"), percent, isFit ? "" : "Write a whole number of percent from 1 to 100.");
    const hasReason = Boolean(reason.value.trim());
    complain(reason.closest("label").querySelector(".tn-problem"), reason, hasReason ? "" : "Say why: it is kept in the history, beside your name.");
    if (!this.problems.length && isFit && hasReason) return;
    event.preventDefault();
    const first = this.form.querySelector("[aria-invalid]") ?? this.form.querySelector(".tn-problem:not(:empty)");
    first?.scrollIntoView({ block: "center" });
    first?.focus?.();
  }
}

new TuningPage(document.getElementById("tuning"));
