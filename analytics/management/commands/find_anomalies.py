"""What is unusual in spend, latency and errors of the last whole hour."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.timezone import now

from analytics.anomalies import telling
from budgets.alerts.raising import raise_alert


class Command(BaseCommand):
    help = "Look for unusual spend, latency and errors in the last whole hour, and print what was found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tell", action="store_true", help="raise alerts too, as the beat does every quarter of an hour"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        found = list(telling.look(now()))
        for each in found:
            told = options["tell"] and raise_alert(telling.finding_of(each))
            self.stdout.write(
                f"{telling.sentence(each)} ({each.anomaly.score:.1f} deviations){', told' if told else ''}"
            )
        if not found:
            self.stdout.write("Nothing is unusual.")
