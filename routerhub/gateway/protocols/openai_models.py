"""The list of what can be asked for: the router itself, its policies, and the models of the caller's catalogue.

GET /v1/models takes ?search=, ?provider=, ?capability=, ?order= (id, name, context_window, price, with - before it for
the other way), ?limit= and ?offset=. Without any of them it lists all, as OpenAI's does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

from autorouter.types import RouterRelease
from budgets.types import Caller
from models_registry.errors import UnknownPrice
from models_registry.prices.pricing import known, mean_price, price_at
from models_registry.types import Capability, Catalogue, Model
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX

UNPRICED = Decimal("Infinity")
"""Where a model without a price stands in an order by price: last."""
MOST = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What of the list is wanted, as the query says."""

    words: tuple[str, ...]
    provider: str
    capability: Capability | None
    order: str
    limit: int | None
    offset: int

    @property
    def is_filtered(self) -> bool:
        return bool(self.words or self.provider or self.capability)


def read(query: Mapping[str, str]) -> Asked:
    """What a query asks for. Raises BadRequest. What it does not know is left to others, as OpenAI's does."""
    capability = query.get("capability") or None
    allowed = get_args(Capability)
    if capability is not None and capability not in allowed:
        raise BadRequest(f"{capability!r} is not one of {', '.join(allowed)}.", "capability")
    order = query.get("order", "id")
    if order.removeprefix("-") not in _ORDERS:
        raise BadRequest(f"{order!r} is not one of {', '.join(_ORDERS)}, with or without - before it.", "order")
    return Asked(
        words=tuple(query.get("search", "").lower().split()),
        provider=query.get("provider", ""),
        capability=capability,  # type: ignore[arg-type]  # it is among the allowed
        order=order,
        limit=_count(query.get("limit"), "limit"),
        offset=_count(query.get("offset"), "offset") or 0,
    )


def _count(given: str | None, name: str) -> int | None:
    return None if given is None else fields.whole(fields.digits(given), name, MOST, least=0)


def listed(
    catalogue: Catalogue, router: RouterRelease, query: Mapping[str, str], caller: Caller, now: datetime
) -> dict[str, Any]:
    """The answer's body: {"object": "list", "data": [...], "total": n}. Raises BadRequest."""
    asked = read(query)
    models = [model for model in catalogue.models.values() if is_shown(model, caller, now) and fits(model, asked)]
    models.sort(key=lambda model: model.id)
    key = _ORDERS[asked.order.removeprefix("-")]
    models.sort(key=lambda model: key(model, now), reverse=asked.order.startswith("-"))
    own = [] if asked.is_filtered else [AUTO, *(POLICY_PREFIX + name for name in router.policies)]
    entries = [*(entry(each, "routerhub") for each in own), *(model_entry(each) for each in models)]
    end = None if asked.limit is None else asked.offset + asked.limit
    return {"object": "list", "data": entries[asked.offset : end], "total": len(entries)}


def found(
    catalogue: Catalogue, router: RouterRelease, wanted: str, caller: Caller, now: datetime
) -> dict[str, Any] | None:
    """One line of the list by its id, or a model's by any of its names; None where the caller is not offered it."""
    if wanted == AUTO or wanted.removeprefix(POLICY_PREFIX) in router.policies:
        return entry(wanted, "routerhub")
    model = catalogue.models.get(catalogue.names.get(wanted, ""))
    return model_entry(model) if model is not None and is_shown(model, caller, now) else None


def is_shown(model: Model, caller: Caller, now: datetime) -> bool:
    """Deprecated models are not offered any more; internal ones to staff alone, pro ones to accounts marked for them."""
    sees_internal = "admin" in caller.permissions
    is_offered = (sees_internal or not model.is_internal_only) and (caller.is_pro or not model.is_pro)
    return is_offered and not model.is_deprecated(now.date())


def fits(model: Model, asked: Asked) -> bool:
    """Whether a model is among what is asked for."""
    told = (model.id, model.name, *model.aliases, model.best_for, model.description, model.user_description)
    text = " ".join(told).lower()
    return (
        all(word in text for word in asked.words)
        and asked.provider in {"", model.provider}
        and (asked.capability is None or model.has(asked.capability))
    )


def _mean_price(model: Model, now: datetime) -> Decimal:
    try:
        price = price_at(model.deployments[0].prices if model.deployments else (), now)
        if model.kind == "embedding":
            return known(price.rates.input, "input")
        return mean_price(price)
    except UnknownPrice:
        return UNPRICED


_ORDERS: Mapping[str, Callable[[Model, datetime], Any]] = {
    "id": lambda model, _: model.id,
    "name": lambda model, _: model.name.lower(),
    "context_window": lambda model, _: model.context_window,
    "price": _mean_price,
}


def entry(identifier: str, owner: str) -> dict[str, Any]:
    """One line of the list, as OpenAI's clients read it."""
    return {"id": identifier, "object": "model", "created": 0, "owned_by": owner}


def model_entry(model: Model) -> dict[str, Any]:
    """A model's line, with what a picker shows in `routerhub`."""
    facts = {
        "kind": model.kind,
        "name": model.name,
        "aliases": list(model.aliases),
        "description": model.user_description,
        "best_for": model.best_for,
        "context_window": model.context_window,
        "max_output": model.max_output,
        "capabilities": sorted(model.capabilities),
        "supports_reasoning": model.supports_reasoning,
        "speed_tier": model.speed_tier,
        "is_pro": model.is_pro,
        "is_experimental": model.is_experimental,
    }
    return {**entry(model.id, model.provider), "routerhub": facts}
