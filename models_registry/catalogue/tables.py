"""From a bundle back to the editable tables: one writer for seeds, imports, synchronised prices, copies and rollbacks.

Only what differs is written, in few statements, each row with a version in the history. Nothing is published here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from models_registry.catalogue import bundles, compiler
from models_registry.errors import InvalidCatalogue
from models_registry.models import Deployment, Model, Price, Provider
from models_registry.prices.quarantine import doubts, tier_rates
from models_registry.types import Rates
from routerhub.audit import history
from routerhub.audit.change import Change

MAX_DOUBT = 500
MANY = 500
"""Changed models from which on the planner is told."""
Facts = dict[str, Any]
Place = tuple[str, str, str]
"""Model id, provider, the model's name there."""


@dataclass(frozen=True, kw_only=True)
class Pen:
    """In whose name rows are written, and whether doubtful prices wait for approval or are trusted."""

    change: Change
    trusts_prices: bool

    def create(self, rows: list[Any]) -> list[Any]:
        return history.create(rows, self.change)

    def update(self, rows: list[Any], fields: list[str]) -> None:
        history.update(rows, fields, self.change)

    def delete(self, rows: list[Any]) -> None:
        history.delete(rows, self.change)


@transaction.atomic
def write(
    target: Facts,
    change: Change,
    trusts_prices: bool = False,
) -> int:
    """Make the tables say what `target` says. Raises InvalidRelease; nothing is written then.

    Prices that wait for approval are left alone. A new price that raises doubts waits too, unless prices are trusted.
    Returns how many of the new ones wait.
    """
    bundles.read(target, number=0)
    before = compiler.compile_bundle()
    _demand_fields(before, target)
    pen = Pen(change=change, trusts_prices=trusts_prices)
    _write_providers(before["providers"], target["providers"], pen)
    changed = {name: facts for name, facts in target["models"].items() if _differs(facts, before["models"].get(name))}
    own = {name: facts for name, facts in changed.items() if _differs(_own(facts), before["models"].get(name))}
    rows = _write_models(changed, own, pen)
    waiting = _write_deployments(changed, rows, pen)
    if len(changed) > MANY:
        _tell_planner()
    pen.delete(list(Model.objects.filter(identifier__in=before["models"].keys() - target["models"].keys())))
    pen.delete(list(Provider.objects.filter(name__in=before["providers"].keys() - target["providers"].keys())))
    return waiting


def _tell_planner() -> None:
    """After so many new rows PostgreSQL's picture of the tables is old, and its plans for reading them are hopeless."""
    with connection.cursor() as cursor:
        for table in compiler.TABLES:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table._meta.db_table)}")


def _demand_fields(before: Facts, target: Facts) -> None:
    """What a column cannot hold is said before anything is written. Raises InvalidRelease."""
    problems = {
        f"{kind}.{name}.{field}": message
        for kind in ("providers", "models")
        for name, facts in target[kind].items()
        if _differs(facts, before[kind].get(name))
        for field, message in field_problems(kind, name, facts).items()
    }
    if problems:
        raise InvalidCatalogue(problems)


def field_problems(kind: str, name: str, facts: Facts) -> dict[str, str]:
    """What the columns say of one entry, by field: lengths, choices, patterns."""
    row: Model | Provider
    try:
        if kind == "providers":
            row = Provider(name=name, **facts)
            row.clean_fields()
        else:
            row = _model(Model(identifier=name), facts, {})
            row.clean_fields(exclude=["provider", "successor"])
            return dict(_deployment_problems(facts.get("deployments", ())))
    except ValidationError as invalid:
        return {
            "id" if field == "identifier" else field: " ".join(texts) for field, texts in invalid.message_dict.items()
        }
    except (TypeError, ValueError, KeyError) as problem:
        return {"": f"cannot be read: {problem!r}."}
    return {}


def _deployment_problems(deployments: Sequence[Facts]) -> Iterator[tuple[str, str]]:
    """What the columns of deployments and prices say, by the path within the model."""
    for at, place in enumerate(deployments):
        deployment = Deployment(
            upstream_model=place.get("upstream_model", ""),
            status=place.get("status", "available"),
            regions=place.get("regions", []),
        )
        yield from _column_problems(deployment, ["model", "provider"], f"deployments[{at}]")
        for number, facts in enumerate(place.get("prices", ())):
            path = f"deployments[{at}].prices[{number}]"
            try:
                yield from _column_problems(price_row(deployment, facts), ["deployment"], path)
            except (TypeError, ValueError, KeyError, ArithmeticError) as problem:
                yield path, f"cannot be read: {problem!r}."


def _column_problems(row: Deployment | Price, exclude: list[str], path: str) -> Iterator[tuple[str, str]]:
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as invalid:
        for field, texts in invalid.message_dict.items():
            yield f"{path}.{field}", " ".join(texts)


def _differs(facts: Facts, before: Facts | None) -> bool:
    return before is None or any(before.get(name) != value for name, value in facts.items())


def _write_providers(before: Mapping[str, Facts], target: Mapping[str, Facts], pen: Pen) -> None:
    pen.create([Provider(name=name, **facts) for name, facts in target.items() if name not in before])
    changed = [name for name, facts in target.items() if name in before and _differs(facts, before[name])]
    rows = list(Provider.objects.filter(name__in=changed))
    for row in rows:
        _set(row, target[row.name])
    pen.update(rows, list(compiler.PROVIDER_FIELDS))


def _own(facts: Facts) -> Facts:
    """What stands in a model's own row."""
    return {name: value for name, value in facts.items() if name != "deployments"}


def _write_models(changed: Mapping[str, Facts], own: Mapping[str, Facts], pen: Pen) -> dict[str, Model]:
    """The rows of the changed models, by id; those saved whose `own` row differs, those that a successor needs first."""
    named = {*changed, *(facts.get("successor", "") for facts in changed.values())}
    rows = {row.identifier: row for row in Model.objects.filter(identifier__in=named)}
    there = set(rows)
    waiting = [identifier for identifier in changed if identifier not in there]
    while waiting:
        ready = [each for each in waiting if changed[each].get("successor", "") not in waiting] or waiting[:1]
        fresh = pen.create([_model(Model(identifier=each), changed[each], rows) for each in ready])
        rows |= {row.identifier: row for row in fresh}
        waiting = [each for each in waiting if each not in rows]
    known = [_model(rows[each], facts, rows) for each, facts in own.items() if each in there]
    pen.update(known, [*compiler.MODEL_FIELDS, "provider", "capabilities", "deprecated_from", "successor"])
    late = [row for row in rows.values() if row.successor is None and own.get(row.identifier, {}).get("successor")]
    pen.update([_model(row, changed[row.identifier], rows) for row in late], ["successor"])
    return rows


def _model(row: Model, facts: Facts, rows: Mapping[str, Model]) -> Model:
    deprecated = facts.get("deprecated_from")
    _set(row, {name: facts[name] for name in compiler.MODEL_FIELDS if name in facts})
    row.provider_id = facts["provider"]
    row.capabilities = sorted(facts.get("capabilities", ()))
    row.deprecated_from = date.fromisoformat(deprecated) if deprecated else None
    row.successor = rows.get(facts.get("successor", ""))
    return row


def _set(row: Any, facts: Facts) -> None:
    for name, value in facts.items():
        setattr(row, name, value)


def _write_deployments(changed: Mapping[str, Facts], models: Mapping[str, Model], pen: Pen) -> int:
    """Deployments and prices of the changed models. Returns how many new prices wait for approval."""
    rows = {
        (row.model.identifier, row.provider_id, row.upstream_model): row
        for row in Deployment.objects.filter(model__identifier__in=changed).select_related("model").order_by()
    }
    wanted: dict[Place, tuple[int, Facts]] = {
        (identifier, place["provider"], place["upstream_model"]): (at, place)
        for identifier, facts in changed.items()
        for at, place in enumerate(facts.get("deployments", ()))
    }
    pen.delete([row for place, row in rows.items() if place not in wanted])
    fresh, moved = [], []
    for place, (position, facts) in wanted.items():
        row = rows.get(place)
        own = {"position": position, "status": facts.get("status", "available"), "regions": facts.get("regions", [])}
        if row is None:
            fresh.append(Deployment(model=models[place[0]], provider_id=place[1], upstream_model=place[2], **own))
        elif any(getattr(row, name) != value for name, value in own.items()):
            _set(row, own)
            moved.append(row)
    for row in pen.create(fresh):
        rows[row.model.identifier, row.provider_id, row.upstream_model] = row
    pen.update(moved, ["position", "status", "regions"])
    return _write_prices({place: facts.get("prices", ()) for place, (_, facts) in wanted.items()}, rows, pen)


def _write_prices(wanted: Mapping[Place, Any], rows: Mapping[Place, Deployment], pen: Pen) -> int:
    """Prices are added, and by a rollback taken away or put back as they were, but never edited. Returns how many wait."""
    deployments = [rows[place] for place in wanted]
    there: dict[tuple[int, datetime], Price] = {
        (row.deployment_id, row.effective_from): row
        for row in Price.objects.filter(deployment__in=deployments).order_by()
    }
    fresh: list[Price] = []
    unchanged: set[int] = set()
    superseded: list[Price] = []
    problems: dict[str, str] = {}
    for place, prices in wanted.items():
        earlier: Rates | None = None
        for facts in prices:
            row = price_row(rows[place], facts)
            old = there.get((row.deployment_id, row.effective_from))
            if old is None:
                fresh.append(_doubted(row, earlier, pen))
            elif compiler.price_json(old) == compiler.price_json(row):
                unchanged.add(old.pk)
            elif old.waits_because or pen.trusts_prices:
                superseded.append(old)
                fresh.append(_doubted(row, earlier, pen))
            else:
                problems[f"models.{place[0]}.deployments.{place[1]}/{place[2]}.prices"] = (
                    f"the price of {row.effective_from:%Y-%m-%d %H:%M} is never edited: "
                    "add one that is effective from a later moment."
                )
            earlier = row.rates
    if problems:
        raise InvalidCatalogue(problems)
    replaced = {row.pk for row in superseded}
    gone = [row for row in there.values() if row.pk not in unchanged | replaced and not row.waits_because]
    pen.delete([*gone, *superseded])
    return sum(bool(row.waits_because) for row in pen.create(fresh))


def _doubted(row: Price, earlier: Rates | None, pen: Pen) -> Price:
    """A new row, waiting for approval where it raises doubts and is not trusted."""
    found = () if pen.trusts_prices else doubts(earlier, row.rates, row.source, tier_rates(row.tiers))
    row.waits_because = "; ".join(found)[:MAX_DOUBT]
    return row


def price_row(deployment: Deployment, facts: Facts) -> Price:
    """A price row, unsaved, out of a bundle's price."""
    return Price(
        deployment=deployment,
        effective_from=bundles.moment(facts["effective_from"]),
        tiers=[
            {
                "above_input_tokens": tier["above_input_tokens"],
                **{name: str(rate) for name, rate in tier["rates"].items()},
            }
            for tier in facts.get("tiers", ())
        ],
        source=facts["source"],
        dated=date.fromisoformat(facts["dated"]),
        **{name: Decimal(str(value)) for name, value in facts["rates"].items() if value is not None},
    )
