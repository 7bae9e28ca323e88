"""What the pages of a request show of its decision. Who can make it again adds a panel here; analytics does not know how."""

from collections.abc import Callable

from django.utils.safestring import SafeString

from analytics.models import Record

DECISION_PANELS: list[Callable[[Record], SafeString]] = []
