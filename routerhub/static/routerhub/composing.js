// Turns the JSON of a dashboard's tiles into rows: what each shows, in which order. The text stays the value that is sent, so
// that nothing is lost where this script does not run.
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) name in element ? (element[name] = value) : element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const icon = (name) => make("span", { className: "i", ariaHidden: "true" }, name);

function compose(area) {
  const offered = JSON.parse(area.dataset.tiles);
  let tiles;
  try { tiles = JSON.parse(area.value || "[]"); } catch { return; }
  if (!Array.isArray(tiles)) return;
  const rows = make("ol", { className: "composed" });
  const status = make("p", { className: "vh", role: "status" });
  const add = make("button", { type: "button", className: "b" }, icon("add"), "Add a tile");
  const host = make("div", { className: "rh" }, rows, add, status);
  area.before(host);
  area.hidden = true;

  const store = () => { area.value = JSON.stringify(tiles, null, 1); };
  const choose = (label, options, chosen, changed) => {
    const select = make("select", { className: "in" }, ...options.map(([value, word]) => make("option", { value, selected: value === chosen }, word)));
    select.addEventListener("change", () => { changed(select.value); store(); });
    return make("label", { className: "f" }, label, select);
  };
  const set = (tile, name, value) => { if (value && value.length) tile[name] = value; else delete tile[name]; };
  const word = (dimensions) => dimensions.map((each) => offered.words[each]).join(", then ");

  function move(place, by) {
    const to = place + by;
    if (to < 0 || to >= tiles.length) return;
    [tiles[place], tiles[to]] = [tiles[to], tiles[place]];
    draw(to);
    status.textContent = `Moved to place ${to + 1} of ${tiles.length}.`;
  }

  function row(tile, place) {
    const kind = offered.kinds[tile.kind] ?? { by: [], measures: [], says: "", title: tile.kind };
    const title = make("input", { className: "in", value: tile.title ?? "", placeholder: kind.title, maxLength: 100 });
    title.addEventListener("input", () => { set(tile, "title", title.value); store(); });
    const deed = (name, label, act, disabled = false) => {
      const button = make("button", { type: "button", className: "b sm", ariaLabel: `${label} tile ${place + 1}`, title: label, disabled }, icon(name));
      button.addEventListener("click", act);
      return button;
    };
    const fields = [
      choose("Shows", Object.entries(offered.kinds).map(([name, each]) => [name, each.title]), tile.kind, (value) => {
        tiles[place] = { kind: value };
        draw(place);
      }),
      make("label", { className: "f" }, "Title", title),
    ];
    if (kind.by.length) fields.push(choose("By", kind.by.map((each) => [each.join(), word(each)]), (tile.by ?? []).join(), (value) => set(tile, "by", value.split(","))));
    if (kind.measures.length) fields.push(choose("Of", kind.measures.map((each) => [each, each.replace("_", " ")]), tile.measure, (value) => set(tile, "measure", value)));
    fields.push(choose("Range", [["", "the page's"], ...Object.entries(offered.ranges)], tile.range ?? "", (value) => set(tile, "range", value)));
    fields.push(choose("Width", [["", "usual"], ...offered.widths.map((each) => [each, each])], tile.width ?? "", (value) => set(tile, "width", value)));
    const deeds = make("span", { className: "deeds" },
      deed("arrow_upward", "Move up", () => move(place, -1), place === 0),
      deed("arrow_downward", "Move down", () => move(place, 1), place === tiles.length - 1),
      deed("close", "Remove", () => { tiles.splice(place, 1); draw(Math.min(place, tiles.length - 1)); status.textContent = `Removed; ${tiles.length} left.`; }));
    return make("li", { className: "panel", tabIndex: -1 }, make("p", { className: "small q" }, `${place + 1}. ${kind.says}`), make("div", { className: "fields" }, ...fields, deeds));
  }

  function draw(focused) {
    rows.replaceChildren(...tiles.map(row));
    add.disabled = tiles.length >= offered.max_tiles;
    store();
    if (focused !== undefined) (rows.children[focused] ?? add).focus();
  }
  add.addEventListener("click", () => {
    tiles.push({ kind: Object.keys(offered.kinds)[0] });
    draw(tiles.length - 1);
  });
  draw();
}

addEventListener("DOMContentLoaded", () => document.querySelectorAll("textarea[data-tiles]").forEach(compose));
