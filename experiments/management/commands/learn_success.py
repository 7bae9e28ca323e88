from typing import Any

from django.core.management.base import BaseCommand

from experiments.learning.success import proposing


class Command(BaseCommand):
    help = (
        "One round of learning models' success from outcomes; a proposal for each of which they surely say something."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        done = proposing.learn()
        self.stdout.write(done.verdict)
        for proposal in done.made.order_by("subject"):
            self.stdout.write(f"{proposal.pk}: {proposal.subject}: {proposal.summary}")
