"""Look once for what is to be told."""

from typing import Any

from django.core.management.base import BaseCommand

from budgets.alerts import watching


class Command(BaseCommand):
    help = "Look which limits and own spends have passed a mark, and raise alerts. Beat does it every 5 seconds."

    def handle(self, *_: Any, **__: Any) -> None:
        told = watching.check()
        self.stdout.write("Another process is looking." if told is None else f"{told} alerts raised.")
