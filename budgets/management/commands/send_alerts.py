"""Send what is due to be told."""

from typing import Any

from django.core.management.base import BaseCommand

from budgets.alerts import outbox


class Command(BaseCommand):
    help = "Send the messages that are due, those of a stopped process among them. Beat does it every 5 seconds."

    def handle(self, *_: Any, **__: Any) -> None:
        self.stdout.write(f"{outbox.send_due()} tries made; how each went stands in the delivery log.")
