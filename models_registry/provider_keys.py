"""Keys by which providers are called, kept sealed in rows. They come before the key of the environment, and are never shown.

Whoever calls providers reads them with `read` and hands them to models_registry.availability.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils.timezone import now

from models_registry import availability
from models_registry.circuits import rows as circuits
from models_registry.models import Circuit
from models_registry.models import ProviderKey as Row
from models_registry.types import ProviderKey
from routerhub.releases import notify
from routerhub.sealing import Sealer, Unreadable

logger = logging.getLogger(__name__)
ANNOUNCED = "provider_keys"
MAX_SECRET = 500
SECRET = re.compile(r"[\x21-\x7e]+")


def seal(row: Row, secret: str) -> None:
    """Give a row its secret, the first one or a new one. Saving it is up to the caller. Raises ValidationError."""
    if not SECRET.fullmatch(secret) or len(secret) > MAX_SECRET:
        raise ValidationError(
            {"secret": f"Write the key alone: 1 to {MAX_SECRET} letters, digits and signs, without spaces."}
        )
    row.origin = availability.origin(row.provider.base_url)
    row.sealed = _sealer().seal(_name(row), secret.encode())
    row.mark = availability.key_of(row.provider_id, row.label, secret).mark
    row.rotated_at = now()


def read() -> Mapping[str, tuple[ProviderKey, ...]]:
    """Every key that is enabled and can be read, by provider, in the order in which they are tried. Raises DatabaseError."""
    found: dict[str, list[ProviderKey]] = defaultdict(list)
    for row in Row.objects.filter(is_enabled=True).order_by("provider_id", "position", "pk"):
        try:
            secret = _sealer().open(_name(row), bytes(row.sealed)).decode()
        except Unreadable as problem:
            logger.warning(
                "action=read_provider_key provider=%s key=%s problem=%s", row.provider_id, row.label, problem
            )
            continue
        found[row.provider_id].append(availability.key_of(row.provider_id, row.label, secret, row.origin))
    return {name: tuple(keys) for name, keys in found.items()}


def is_for_another_address(row: Row) -> bool:
    """Whether its provider is elsewhere since it was given: then it is not used."""
    return row.origin != availability.origin(row.provider.base_url)


def changed(instance: Row, **_: object) -> None:
    """Tell every process, when the transaction commits. What was found of an earlier secret is over."""
    stale = Circuit.objects.filter(subject__contains=f"{instance.provider_id} key {instance.label} ")
    circuits.close(stale.exclude(subject__endswith=f" {instance.mark}").values_list("subject", flat=True))
    notify.announce(ANNOUNCED)


def with_circuit(keys: QuerySet[Row]) -> QuerySet[Row]:
    """Adds `circuit_since` and `circuit_reason` where a key is out, be it at one deployment."""
    name = Concat(F("provider_id"), Value(" key "), F("label"), Value(" "), F("mark"), output_field=CharField())
    own = circuits.living().filter(subject__endswith=OuterRef("key_id")).order_by("subject")
    return keys.annotate(key_id=name).annotate(
        circuit_since=Subquery(own.values("since")[:1]), circuit_reason=Subquery(own.values("reason")[:1])
    )


def _sealer() -> Sealer:
    return Sealer(settings.STORAGE_KEYS)


def _name(row: Row) -> str:
    """What a secret is sealed for: it opens in no other row, and for no other address."""
    return f"provider key {row.provider_id}/{row.label} for {row.origin}"
