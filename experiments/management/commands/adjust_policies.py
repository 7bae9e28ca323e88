from typing import Any

from django.core.management.base import BaseCommand

from experiments.learning import adjusting


class Command(BaseCommand):
    help = "One round of adjusting the policies' orders by measured performance, within the bounds that staff set."

    def handle(self, *_: Any, **__: Any) -> None:
        rounds = adjusting.adjust_all()
        for each in rounds:
            for model, shift in each.shifts.items():
                self.stdout.write(f"{each.policy}: {model} {shift.places:+d}: {shift.reason}")
        if not rounds:
            self.stdout.write("no order changes")
