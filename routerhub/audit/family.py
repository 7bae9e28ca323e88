"""What was written together with a row below it: the prices and deployments that were saved on a model's page."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models

from routerhub.audit.models import Audited

Ancestors = Mapping[Any, Any]
"""By the primary key of a row, that of the row that it hangs on, maybe by others in between."""


def written_below(model: type[models.Model], entries: Sequence[Any]) -> dict[Any, list[Any]]:
    """By each of these versions of rows of a table, the versions of what hangs on its row and was written by the same
    change: in one transaction, for one reason."""
    found: dict[Any, list[Any]] = {entry: [] for entry in entries}
    of = {(entry.transaction, entry.instance.pk): entry for entry in entries}
    levels: list[tuple[type[models.Model], Ancestors]] = [(model, {pk: pk for _, pk in of})] if of else []
    while levels:
        parent, ancestors = levels.pop()
        for relation in parent._meta.related_objects:
            child: Any = relation.related_model
            if relation.on_delete is not models.CASCADE or not issubclass(child, Audited) or child is parent:
                continue
            on = relation.field.attname
            history = child.history.filter(**{f"{on}__in": list(ancestors)})
            written = history.filter(transaction__in={transaction for transaction, _ in of})
            for each in written.order_by("history_id"):
                entry = of.get((each.transaction, ancestors[getattr(each, on)]))
                if entry is not None and entry.history_change_reason == each.history_change_reason:
                    found[entry].append(each)
            known = history.order_by().values_list(child._meta.pk.attname, on).distinct()
            levels.append((child, {pk: ancestors[above] for pk, above in known}))
    return found
