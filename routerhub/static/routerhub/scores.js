// The score matrix: a grid that is moved in with the keyboard and edited in place. Edits are kept by model and dimension
// and sent in one field.

import { Preview, make, plural } from "./preview.js";

const DECIMALS = 2;

const read = (text) => (text.trim() === "" ? NaN : Number(text.trim().replace(",", ".")));

class Cell {
  constructor(node, limits) {
    Object.assign(this, { node, limits, model: node.dataset.model, dimension: node.dataset.dimension });
    this.saved = node.dataset.value === "" ? null : +node.dataset.value;
    this.edit = null;
    this.paint();
  }
  get value() {
    return this.edit ?? this.saved;
  }
  // What is wrong with a typed value, or "".
  problem(text) {
    const value = read(text);
    const { low, high } = this.limits;
    const isFit = text.trim() === "" || (value >= low && value <= high && Number(value.toFixed(DECIMALS)) === value);
    return isFit ? "" : `Write a number from ${low} to ${high} with at most two decimals.`;
  }
  // Take a typed value that is right; an empty one and the saved one take the edit back.
  take(text) {
    const value = read(text);
    this.edit = text.trim() === "" || value === this.saved ? null : value;
    this.paint();
  }
  drop() {
    this.edit = null;
    this.paint();
  }
  paint() {
    const { dim, high, middle } = this.limits;
    const { node, value } = this;
    const side = value === null ? "none" : value < middle ? "low" : "high";
    const reach = side === "low" ? middle - dim : high - middle;
    node.dataset.side = side;
    node.style.setProperty("--far", value === null ? 0 : Math.min(Math.abs(value - middle) / reach, 1));
    node.textContent = value === null ? "–" : Number(value.toFixed(1));
    node.toggleAttribute("data-edited", this.edit !== null);
    node.removeAttribute("aria-invalid");
  }
}

class Matrix {
  constructor(form) {
    const { low, high, dim, default: middle } = form.dataset;
    this.form = form;
    this.limits = { low: +low, high: +high, dim: +dim, middle: +middle };
    this.body = document.getElementById("rows");
    this.rows = [...this.body.rows];
    this.cells = new Map([...this.body.querySelectorAll(".sm-cell")].map((node) => [node, new Cell(node, this.limits)]));
    this.about = document.getElementById("about");
    this.dock = document.getElementById("dock");
    this.canEdit = !("reads" in form.dataset);
    this.preview = new Preview(document.getElementById("preview"), form.elements.csrfmiddlewaretoken.value, (text) => {
      this.dock.hidden = !text;
      this.dock.textContent = text;
    });
    this.listen();
    this.restore();
    this.filter();
    this.body.querySelector(".sm-cell").tabIndex = 0;
  }

  listen() {
    this.body.addEventListener("focusin", (event) => this.focused(event.target.closest(".sm-cell")));
    this.body.addEventListener("mousedown", (event) => this.pressed(event));
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("mouseover", (event) => this.hovered(event.target.closest(".sm-cell")));
    for (const id of ["filter", "provider"]) document.getElementById(id).addEventListener("input", () => this.filter());
    document.getElementById("filter").addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    for (const button of this.form.querySelectorAll(".sm-sort")) button.addEventListener("click", () => this.sort(button));
    document.getElementById("drop")?.addEventListener("click", () => this.dropAll());
    if (!this.canEdit) return;
    this.form.noValidate = true;
    this.form.addEventListener("submit", (event) => this.submit(event));
    for (const name of ["source", "dated", "is_estimated"]) this.form.elements[name].addEventListener("change", () => this.describe());
  }

  // Edits that the server refused come back, but for values that no cell can have.
  restore() {
    const sent = JSON.parse(document.getElementById("edits").textContent);
    let edits = {};
    try {
      edits = sent ? JSON.parse(sent) : {};
    } catch {
      return; // not of this page's making
    }
    for (const cell of this.cells.values()) {
      const value = edits[cell.model]?.[cell.dimension];
      if (value === undefined) continue;
      if (!cell.problem(String(value))) cell.take(String(value));
    }
    if (sent) this.changed();
  }

  // --- moving

  visible() {
    return [...this.body.rows].filter((row) => !row.hidden);
  }

  step(node, down, right) {
    const rows = this.visible();
    const row = rows[Math.min(Math.max(rows.indexOf(node.parentElement) + down, 0), rows.length - 1)];
    const column = Math.min(Math.max(node.cellIndex + right, 1), row.cells.length - 1);
    this.go(row.cells[column]);
  }

  go(node) {
    node.focus();
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  focused(node) {
    if (!node) return;
    for (const each of this.body.querySelectorAll("[tabindex='0']")) each.tabIndex = -1;
    node.tabIndex = 0;
    this.current = node;
    this.describe();
  }

  hovered(node) {
    if (node && !this.body.contains(document.activeElement)) this.describe(node);
  }

  key(event) {
    const node = event.target.closest(".sm-cell");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.tagName === "INPUT") return this.editingKey(event, node);
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -99], End: [0, 99] };
    if (moves[event.key]) this.step(node, ...moves[event.key]);
    else if (!this.canEdit) return;
    else if (event.key === "Enter" || event.key === "F2") this.open(node);
    else if (event.key === "Delete" || event.key === "Backspace") this.cells.get(node).drop(), this.changed();
    else if (/^[0-9.,]$/.test(event.key)) this.open(node, event.key);
    else return;
    event.preventDefault();
  }

  pressed(event) {
    const node = event.target.closest(".sm-cell");
    if (!node || event.target.tagName === "INPUT") return;
    if (this.canEdit && (node === document.activeElement || event.detail > 1)) {
      event.preventDefault();
      this.open(node);
    }
  }

  // --- editing

  open(node, typed) {
    const cell = this.cells.get(node);
    const name = `${cell.model}, ${cell.dimension}`;
    const field = make("input", { inputmode: "decimal", "aria-label": name, maxlength: "6" });
    field.value = typed ?? cell.value ?? "";
    node.append(field);
    field.focus();
    if (!typed) field.select();
    field.addEventListener("blur", () => this.close(node, field));
  }

  editingKey(event, node) {
    const moves = { Enter: [event.shiftKey ? -1 : 1, 0], Tab: [0, event.shiftKey ? -1 : 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const field = event.target;
    const cell = this.cells.get(node);
    if (event.key === "Escape") field.value = cell.value ?? "", node.focus();
    else if (!moves[event.key]) return;
    else if (cell.problem(field.value)) this.refuse(node, field);
    else node.focus(), this.step(node, ...moves[event.key]);
    event.preventDefault();
  }

  // What is typed stays while it is wrong, unless one goes elsewhere: then the cell is as before.
  refuse(node, field) {
    node.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-invalid", "true");
    this.describe(node, `${field.value}: ${this.cells.get(node).problem(field.value)}`);
  }

  close(node, field) {
    if (!field.isConnected) return;
    const cell = this.cells.get(node);
    const text = cell.problem(field.value) ? String(cell.value ?? "") : field.value;
    field.remove();
    cell.take(text);
    this.changed();
  }

  dropAll() {
    for (const cell of this.cells.values()) cell.drop();
    this.changed();
  }

  edited() {
    return [...this.cells.values()].filter((cell) => cell.edit !== null);
  }

  changed() {
    const edited = this.edited();
    this.describe();
    if (!this.canEdit) return;
    const line = ({ model, dimension, saved, edit }) =>
      make("li", {}, make("span", {}, `${model} ${dimension}`), make("span", { class: "tn-was" }, saved ?? "none"), make("strong", {}, edit));
    const none = make("li", { class: "rh-quiet" }, "No score is edited.");
    document.getElementById("changes_list").replaceChildren(...(edited.length ? edited.map(line) : [none]));
    const button = document.getElementById("save_button");
    button.textContent = edited.length ? `Save ${plural(edited.length, "score")}` : "Save";
    button.disabled = !edited.length;
    document.getElementById("drop").hidden = !edited.length;
    this.form.elements.changes.value = edited.length ? JSON.stringify(this.byModel((cell) => cell.edit)) : "";
    if (edited.length) this.preview.ask({ profiles: this.byModel((cell) => this.facts(cell)) });
    else this.preview.rest("Edit a score: what it would do to the last 10,000 requests shows here before anything is saved.");
  }

  byModel(valueOf) {
    const found = {};
    for (const cell of this.edited()) (found[cell.model] ??= {})[cell.dimension] = valueOf(cell);
    return found;
  }

  // A score as a bundle spells it. What is not filled in yet does not change a decision.
  facts(cell) {
    const { source, dated, is_estimated: estimated } = this.form.elements;
    return { value: cell.edit, source: source.value || "preview", dated: dated.value || "1970-01-01", is_estimated: estimated.checked };
  }

  // --- the panel

  describe(node = this.current, problem = "") {
    if (!node) return;
    const cell = this.cells.get(node);
    const { source, dated } = node.dataset;
    const isEstimate = "estimated" in node.dataset;
    const lines = [make("strong", {}, `${cell.model}, ${cell.dimension}`)];
    if (problem) lines.push(make("p", { class: "tn-problem" }, problem));
    if (cell.edit !== null) lines.push(make("p", {}, `Edited: ${cell.saved ?? "none"} → `, make("strong", {}, cell.edit), ", not saved yet"));
    if (cell.saved === null) lines.push(make("p", { class: "rh-quiet" }, `No score: it counts as ${this.limits.middle}.`));
    else {
      const kind = isEstimate ? "an estimate" : "measured";
      lines.push(make("p", {}, `${cell.saved}, ${kind}, as of ${dated}`), make("p", { class: "rh-quiet" }, source));
    }
    this.about.replaceChildren(...lines);
  }

  // --- finding

  filter() {
    const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const provider = document.getElementById("provider").value;
    let found = 0;
    for (const row of this.rows) {
      const fits = (!provider || row.dataset.provider === provider) && words.every((word) => row.dataset.model.toLowerCase().includes(word));
      row.hidden = !fits;
      found += fits;
    }
    document.getElementById("none").hidden = found > 0;
    document.getElementById("found").textContent = found === this.rows.length ? plural(found, "model") : `${found} of ${plural(this.rows.length, "model")}`;
  }

  sort(button) {
    const head = button.parentElement;
    const name = button.dataset.sort;
    const first = name === "model" ? "ascending" : "descending";
    const second = first === "ascending" ? "descending" : "ascending";
    const way = head.getAttribute("aria-sort") === first ? second : first;
    for (const each of this.form.querySelectorAll("[aria-sort]")) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way);
    const sign = way === "ascending" ? 1 : -1;
    const figure = (row) => this.cells.get(row.cells[head.cellIndex]).value;
    const byModel = (one, two) => one.dataset.model.localeCompare(two.dataset.model);
    const byFigure = (one, two) => {
      const [left, right] = [figure(one), figure(two)];
      if (left === null || right === null) return (left === null) - (right === null) || byModel(one, two); // empty ones last
      return sign * (left - right) || byModel(one, two);
    };
    this.body.append(...this.rows.toSorted(name === "model" ? (one, two) => sign * byModel(one, two) : byFigure));
  }

  submit(event) {
    const problems = { source: "Say where the figures are from.", dated: "Say of which day the figures are.", reason: "Say why: it is kept in the history, beside your name." };
    let first = null;
    for (const [name, text] of Object.entries(problems)) {
      const field = this.form.elements[name];
      const isMissing = !field.value.trim();
      field.toggleAttribute("aria-invalid", isMissing);
      field.closest("label").querySelector(".tn-problem").textContent = isMissing ? text : "";
      first ??= isMissing ? field : null;
    }
    if (!first && this.edited().length) return;
    event.preventDefault();
    first?.focus();
  }
}

new Matrix(document.getElementById("matrix"));
