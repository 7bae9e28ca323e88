"""Fill empty tables with the catalogue and the router configuration that ship with the code."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from autorouter.configuration import seeding as router_seeding
from models_registry.catalogue import seeding as catalogue_seeding


class Command(BaseCommand):
    help = "Add providers, models, prices, profiles, policies and configuration that are missing; change nothing else."

    @transaction.atomic
    def handle(self, *_: Any, **__: Any) -> None:
        for line, seed in (("catalogue", catalogue_seeding.seed), ("router", router_seeding.seed)):
            counts = seed()
            release = counts.pop("release")
            added = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing"
            self.stdout.write(f"{line}: added {added}; release {release} is live")
