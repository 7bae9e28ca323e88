"""Which model a name stands for today, whoever asks: by its id, an alias or its plain name, and for a retired one its successor.

Nearly every name is one look-up in a dictionary of the release; what takes longer is for names that nobody has any more.
"""

from collections.abc import Callable
from datetime import date

from autorouter.errors import RetiredModel, UnknownModel, WrongKind
from models_registry import names
from models_registry.succession import succession
from models_registry.types import Catalogue, Kind, Model

Named = tuple[Model, bool]
"""A model, and whether it stands in for the one that was named."""


def named(catalogue: Catalogue, name: str, today: date, kind: Kind = "chat", field: str = "model") -> Named:
    """Who answers to a name. Raises UnknownModel, WrongKind; both name the field."""
    identifier, stands_in = catalogue.names.get(name), False
    if identifier is None:
        identifier, stands_in = _of_snapshot(catalogue, name, kind, field), True
    model = catalogue.models[identifier]
    if model.kind != kind:
        raise WrongKind(name, model.kind, field)
    if model.deprecated_from is not None and model.is_deprecated(today):
        successor = _successor(catalogue, model, today)
        return successor, stands_in or successor is not model
    return model, stands_in


def refusal(catalogue: Catalogue, name: str, answers: Model, field: str = "model") -> Exception:
    """What an account that takes no stand-ins is told where `answers` would stand in for the one that is named."""
    asked = catalogue.models.get(catalogue.names.get(name, ""))
    if asked is None or asked.deprecated_from is None:
        return UnknownModel(name, field, (answers.id,))
    return RetiredModel(name, asked.deprecated_from, answers.id, field)


def _of_snapshot(catalogue: Catalogue, name: str, kind: Kind, field: str) -> str:
    """The model that a dated snapshot which no list has is of, by the name without the date. Raises UnknownModel."""
    found = catalogue.names.get(names.without_date(name))
    if found is None:
        raise UnknownModel(name, field, nearest(catalogue, name, lambda model: model.kind == kind))
    return found


def nearest(catalogue: Catalogue, name: str, is_offered: Callable[[Model], bool]) -> tuple[str, ...]:
    """Ids of models with names like this one, of those that anybody is offered."""
    offered = {
        each: identifier
        for each, identifier in catalogue.names.items()
        if not (model := catalogue.models[identifier]).is_internal_only and not model.is_pro and is_offered(model)
    }
    return tuple(dict.fromkeys(offered[each] for each in names.nearest(name, offered)))


def _successor(catalogue: Catalogue, model: Model, today: date) -> Model:
    """The first of its line that is not retired; the model itself where there is none."""
    retired = {name: each.successor for name, each in catalogue.models.items() if each.is_deprecated(today)}
    last = catalogue.models.get(succession(model.id, retired)[-1], model)
    return model if last.id in retired or last.kind != model.kind else last
