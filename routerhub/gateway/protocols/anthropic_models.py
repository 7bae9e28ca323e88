"""The list of models as Anthropic's clients read it: the same models as in OpenAI's, page by page.

GET /v1/models with the header `anthropic-version` takes ?limit= (1 to 1,000, by default 20), ?after_id= and ?before_id=.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from autorouter.types import RouterRelease
from budgets.types import Caller
from models_registry.types import Catalogue, Model
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX
from routerhub.gateway.protocols.openai_models import is_shown

HEADER = "anthropic-version"
DEFAULT_LIMIT, MAX_LIMIT = 20, 1_000
UNKNOWN = datetime.fromtimestamp(0, UTC).isoformat().replace("+00:00", "Z")
"""What stands for the day of a model's release, as Anthropic has it where that is not known."""


def listed(
    catalogue: Catalogue, router: RouterRelease, query: Mapping[str, str], caller: Caller, now: datetime
) -> dict[str, Any]:
    """A page: {"data": [...], "has_more", "first_id", "last_id"}. Raises BadRequest."""
    models = sorted(
        (each for each in catalogue.models.values() if each.kind == "chat" and is_shown(each, caller, now)),
        key=lambda each: each.id,
    )
    lines = [_entry(AUTO, "RouterHub chooses")]
    lines += [_entry(POLICY_PREFIX + name, f"Policy {name}") for name in router.policies]
    page, has_more = _page([*lines, *map(_model, models)], query)
    return {
        "data": page,
        "has_more": has_more,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def found(
    catalogue: Catalogue, router: RouterRelease, wanted: str, caller: Caller, now: datetime
) -> dict[str, Any] | None:
    """One line by its id, or a model's by any of its names; None where the caller is not offered it."""
    wanted = catalogue.names.get(wanted, wanted)
    every = listed(catalogue, router, {"limit": str(MAX_LIMIT)}, caller, now)["data"]
    return next((line for line in every if line["id"] == wanted), None)


def _page(lines: Sequence[dict[str, Any]], query: Mapping[str, str]) -> tuple[Sequence[dict[str, Any]], bool]:
    """The lines that are asked for, and whether there are more beyond them."""
    limit = _limit(query.get("limit"))
    if before := query.get("before_id"):
        earlier = lines[: _place(lines, before, "before_id")]
        return earlier[-limit:], len(earlier) > limit
    after = query.get("after_id")
    later = lines[_place(lines, after, "after_id") + 1 :] if after else lines
    return later[:limit], len(later) > limit


def _place(lines: Sequence[dict[str, Any]], wanted: str, param: str) -> int:
    for at, line in enumerate(lines):
        if line["id"] == wanted:
            return at
    raise BadRequest(f"{param}: {wanted!r} was given; allowed is the id of a model in the list.", param)


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MAX_LIMIT):
        raise BadRequest(
            f"limit: {given[:50]!r} was given; allowed is a whole number from 1 to {MAX_LIMIT:,}.", "limit"
        )
    return int(given)


def _model(model: Model) -> dict[str, Any]:
    return {**_entry(model.id, model.name), "max_input_tokens": model.context_window, "max_tokens": model.max_output}


def _entry(identifier: str, name: str) -> dict[str, Any]:
    return {"type": "model", "id": identifier, "display_name": name, "created_at": UNKNOWN, "lifecycle": "active"}
