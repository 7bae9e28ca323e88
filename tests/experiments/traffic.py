"""A small made-up shop of three models, live as release 1 of both lines, and records of requests to it.

How the three score for coding, by complexity, at the default tuning (category x complexity factor x tier weight):

               USD per 1M tokens   mean   tier    simple   moderate   complex
acme:small     0.2 in, 0.4 out     0.3    cheap   25.2     30         18
acme:middle    0.5 in, 0.9 out     0.7    cheap   33.6     40         24
best:large     2 in, 6 out         4      mid     15.75    27         36

With cheap_below at 0.5 acme:middle is mid: 14, 24 and 32. For every category but coding each scores 70.
1,000 tokens in and 500 out cost 0.0004, 0.00095 and 0.005 USD.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from autorouter import availability_facts, seed_prompts
from autorouter.configuration import save, tables
from autorouter.configuration.release0 import BUNDLE
from autorouter.decision import decision_json
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.models import RouterConfiguration
from autorouter.types import Constraints
from experiments.replay.backtest import Pair, load
from experiments.replay.traffic import SHIPPED_EVERY
from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.types import Availability, Catalogue
from routerhub.releases import store
from tests.analytics.rows import insert, insert_many
from tests.autorouter.fakes import SANDBOXED, catalogue, model, task
from tests.cast import because
from tests.releases.toys import put_live

PLAIN = Constraints()
SMALL, MIDDLE, LARGE = "acme:small", "acme:middle", "best:large"
SHIPPED = -(-len(list(seed_prompts.rows())) // SHIPPED_EVERY)
"""So many built-in prompts there are."""
CODING = {SMALL: 60, MIDDLE: 80, LARGE: 90}


def goods() -> Catalogue:
    """The shop's models. The small one holds 10,000 tokens, the others 100,000."""
    return catalogue(
        model(SMALL, ("0.2", "0.4"), context_window=10_000),
        model(MIDDLE, ("0.5", "0.9")),
        model(LARGE, ("2", "6")),
    )


def score(value: float) -> dict[str, Any]:
    return {"value": value, "source": "made up", "dated": "2026-01-01", "is_estimated": False}


def policy(*models: str, **changes: Any) -> dict[str, Any]:
    values = {"version": 1, "title": "A policy", "max_cost_usd": None, "max_output_tokens": None, "temperature": None}
    return {**values, "models": list(models), **changes}


def router_bundle(**policies: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "config": {**BUNDLE["config"], "speed_bonuses": {"thinking": -5}},
        "profiles": {name: {"coding": score(value)} for name, value in CODING.items()},
        "policies": policies,
        "task_types": {},
    }


def open_shop(**policies: Mapping[str, Any]) -> None:
    """Release 1 of both lines is the shop; the router's tables say so too. Keyword arguments are policies."""
    put_live("catalogue", catalogue_bundles.to_bundle(goods()), because("opened"))
    tables.write(router_bundle(**policies), because("opened"))
    save.publish(because("opened"))


def tune(**values: Any) -> int:
    """Live from now on; the number of the router release."""
    row = RouterConfiguration.objects.get()
    for name, value in values.items():
        setattr(row, name, value)
    return save.change_row(row, because("tuned"))


def draft(**values: Any) -> int:
    """The number of a router release with these values that is live for nobody."""
    return store.draft("router", lambda: tune(**values), because("an idea"))


def request(
    constraints: Constraints = PLAIN,
    at: datetime | None = None,
    availability: Availability = SANDBOXED,
    asked: Any = None,
    **columns: Any,
) -> uuid.UUID:
    """One request decided by what is live, and recorded; 1,000 tokens in and 500 out. `asked` changes its task."""
    at = at or now()
    about = task(**(asked or {}))
    found, router = load(Pair())
    decision = decide(Rankings(catalogue=found, router=router, availability=availability), about, constraints, at)
    assert decision.chosen is not None, "the record of a request names a model"
    digest = availability_facts.keep(availability)
    values = {
        "model": decision.chosen.model, "category": about.category, "complexity": about.complexity,
        "priority": constraints.priority, "policy": constraints.policy or "", "created_at": at,
        "catalogue_release": found.release, "router_release": router.release,
        "decision": json.loads(decision_json.dumps(decision, digest)), "input_tokens": 1_000, "output_tokens": 500,
    }  # fmt: skip
    return insert(**{**values, **columns})


def answers(count: int, **columns: Any) -> list[uuid.UUID]:
    """So many equal records at once, without a decision; their ids."""
    return insert_many(count, **columns)


def failed(model_id: str, error: str = "upstream_error") -> dict[str, Any]:
    """One failed attempt, as a record keeps it."""
    place = {"deployment": f"sandbox/{model_id}", "model": model_id, "provider": "sandbox"}
    return {**place, "started_at": now().isoformat(), "latency_ms": 5, "ttft_ms": None, "status": 500, "error": error}
