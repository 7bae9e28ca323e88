"""What makes a changed table count: whoever owns a table registers it here, whoever writes it publishes through here."""

from collections.abc import Callable, Iterable

from django.db import models

from routerhub.audit.change import Change

Publisher = Callable[[Change], object]
_publishers: dict[str, Publisher] = {}


def register(tables: Iterable[str], publisher: Publisher) -> None:
    """From now on a change of one of these tables ("app.model") is made live by `publisher`."""
    _publishers.update((table.lower(), publisher) for table in tables)


def publish(table: type[models.Model], change: Change) -> None:
    """Make the table's state live. One that nobody publishes counts as it stands."""
    publisher = _publishers.get(table._meta.label_lower)
    if publisher is not None:
        publisher(change)
