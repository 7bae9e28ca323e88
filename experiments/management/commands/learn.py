from typing import Any

from django.core.management.base import BaseCommand

from experiments.learning import proposals


class Command(BaseCommand):
    help = "Looks at the records and the feedback of the last 30 days and proposes changes for a person to decide on."

    def handle(self, *_: Any, **__: Any) -> None:
        done = proposals.learn()
        self.stdout.write(done.verdict)
        for proposal in done.made.all():
            self.stdout.write(f"  {proposal}: {proposal.before} -> {proposal.after}: {proposal.summary}")
