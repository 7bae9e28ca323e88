"""Check the books: every counter against the ledger and the holds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from budgets.books.sweeping import differences


class Command(BaseCommand):
    help = "Compare every counter with the ledger and the holds. Ends with 1 when one differs."

    def handle(self, *_: Any, **__: Any) -> None:
        found = differences()
        for each in found:
            self.stdout.write(
                f"counter {each['counter']}: spent {each['spent']} (ledger {each['spent_in_ledger']}),"
                f" reserved {each['reserved']} (holds {each['reserved_in_holds']})"
            )
        if found:
            raise CommandError(f"{len(found)} counters differ from the ledger or the holds.")
        self.stdout.write("Every counter equals its ledger entries and holds.")
