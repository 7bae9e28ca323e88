// The page of a policy: what it would do as the form has it, before it is saved.

import { Preview } from "./preview.js";

const page = document.querySelector("[data-policy]");
const form = document.getElementById("policy_form");
const preview = new Preview(document.getElementById("preview"), form.elements.csrfmiddlewaretoken.value);

// What of the form decides where requests go; as a router bundle spells it.
function written() {
  const { model_ids, orders_by_complexity, max_cost_usd } = form.elements;
  const models = model_ids.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const limit = max_cost_usd.value.trim();
  return { models, orders_by_complexity: orders_by_complexity.checked, max_cost_usd: limit === "" ? null : limit };
}

const saved = JSON.stringify(written());
const idle = page.querySelector("[data-part=body]").textContent;

form.addEventListener("input", () => {
  const values = written();
  if (JSON.stringify(values) === saved) preview.rest(idle);
  else preview.ask({ policies: { [page.dataset.policy]: values } });
});
