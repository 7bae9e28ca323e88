// Turns the JSON of custom rules into a form: one card a rule, its conditions and its one effect. The text stays the value
// that is sent, so that nothing is lost where this script does not run.
const CATEGORIES = ["coding", "reasoning", "creative", "factual", "analysis", "conversation", "multimodal", "research"]
const COMPLEXITIES = ["simple", "moderate", "complex"]
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
const EFFECTS = { block: "block", allow: "allow only", prefer: "prefer", policy: "use the policy" }

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) name in element ? (element[name] = value) : element.setAttribute(name, value)
  element.append(...children)
  return element
}
const field = (label, input) => make("label", { className: "rh-field" }, label, input)
const list = text => text.split(",").map(each => each.trim()).filter(Boolean)

function choices(options, chosen, changed) {
  const box = make("span", { className: "rh-chips" })
  for (const option of options) {
    const input = make("input", { type: "checkbox", checked: chosen.includes(option), value: option })
    input.addEventListener("change", () => changed([...box.querySelectorAll("input:checked")].map(each => each.value)))
    box.append(make("label", { className: "rh-chip" }, input, option))
  }
  return box
}

function text(value, placeholder, changed, type = "text") {
  const input = make("input", { type, value: value ?? "", placeholder })
  input.addEventListener("input", () => changed(input.value))
  return input
}

function edit(area) {
  let rules
  try { rules = JSON.parse(area.value || "[]") } catch { return }
  if (!Array.isArray(rules)) return
  const host = make("div", { className: "rh-rules" })
  area.before(host)
  area.hidden = true
  const store = () => { area.value = JSON.stringify(rules, null, 1) }

  const set = (object, name, value) => {
    const empty = value === "" || value === null || (Array.isArray(value) && !value.length)
    if (empty) delete object[name]
    else object[name] = value
    store()
  }
  const number = value => (value === "" ? "" : Number(value))

  function card(rule, at) {
    rule.when ??= {}
    rule.then ??= { block: { providers: [] } }
    const kind = Object.keys(rule.then)[0] ?? "block"
    const target = rule.then[kind]
    const select = make("select", {}, ...Object.entries(EFFECTS).map(([value, label]) => make("option", { value, selected: value === kind }, label)))
    select.addEventListener("change", () => { rule.then = { [select.value]: select.value === "policy" ? "" : { providers: [] } }; store(); draw() })
    const remove = make("button", { type: "button", className: "rh-button rh-plain" }, "Remove")
    remove.addEventListener("click", () => { rules.splice(at, 1); store(); draw() })
    const effect = kind === "policy"
      ? [field("Policy", text(target, "e.g. code", value => { rule.then.policy = value; store() }))]
      : ["providers", "models"].map(name => field(name, text((target[name] ?? []).join(", "), name === "providers" ? "e.g. openai, mistral" : "e.g. openai:gpt-6-luna", value => set(target, name, list(value)))))
    return make("fieldset", { className: "rh-card rh-stack" },
      make("div", { className: "rh-row" }, field("Name of the rule", text(rule.name, "e.g. no code to acme", value => set(rule, "name", value))), field("Then", select), ...effect, remove),
      make("div", { className: "rh-row" },
        field("When the category is (none: any)", choices(CATEGORIES, [].concat(rule.when.category ?? []), value => set(rule.when, "category", value))),
        field("complexity", choices(COMPLEXITIES, [].concat(rule.when.complexity ?? []), value => set(rule.when, "complexity", value))),
        field("on", choices(WEEKDAYS, [].concat(rule.when.weekday ?? []), value => set(rule.when, "weekday", value)))),
      make("div", { className: "rh-row" },
        field("from tokens", text(rule.when.min_tokens, "any", value => set(rule.when, "min_tokens", number(value)), "number")),
        field("to tokens", text(rule.when.max_tokens, "any", value => set(rule.when, "max_tokens", number(value)), "number")),
        field("from hour (UTC)", text(rule.when.from_hour, "any", value => set(rule.when, "from_hour", number(value)), "number")),
        field("until hour (UTC)", text(rule.when.until_hour, "any", value => set(rule.when, "until_hour", number(value)), "number")),
        field("with one of the tags", text([].concat(rule.when.tag ?? []).join(", "), "any", value => set(rule.when, "tag", list(value))))))
  }

  function draw() {
    const add = make("button", { type: "button", className: "rh-button rh-plain" }, "Add a rule")
    add.addEventListener("click", () => { rules.push({ name: `rule ${rules.length + 1}`, when: {}, then: { block: { providers: [] } } }); store(); draw() })
    host.replaceChildren(...rules.map(card), add)
  }
  draw()
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("textarea[data-rules]").forEach(edit))
