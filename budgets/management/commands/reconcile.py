"""Check the books: every counter against the ledger and the holds."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from budgets.books.reconciling import reconcile
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = "Compare every counter with the ledger and the holds. Ends with 1 when one differs and was not repaired."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="set the counters that differ to what the ledger says"
        )
        parser.add_argument("--reason", default="by command", help="kept with the result")

    def handle(self, *_: Any, repair: bool, reason: str, **__: Any) -> None:
        result = reconcile(Change(reason=reason), repair)
        for each in result.differences:
            self.stdout.write(
                f"counter {each['counter']} ({each['limit']}, from {each['period_start']}):"
                f" spent {each['spent']} (ledger {each['spent_in_ledger']}),"
                f" reserved {each['reserved']} (holds {each['reserved_in_holds']})"
            )
        count = len(result.differences)
        if count and not result.is_repair:
            raise CommandError(f"{count} counters differ from the ledger or the holds.")
        self.stdout.write(
            f"{count} counters were set to their ledger entries and holds."
            if count
            else f"Every counter equals its ledger entries and holds ({result.counters} were compared)."
        )
