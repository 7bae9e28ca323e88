"""Close the months that are over."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from budgets.books.billing import close, close_all
from budgets.management.options import account_of
from budgets.money import dollars
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = "Make billing records of the months that are over, of one account or of all. What is closed already stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", help="slug of the one account")
        parser.add_argument("--reason", default="by command", help="kept with the records")

    def handle(self, *_: Any, account: str | None, reason: str, **__: Any) -> None:
        change = Change(reason=reason)
        made = close(account_of(account), change) if account else close_all(change, timezone.now())
        for record in made:
            start, _end = record.period
            self.stdout.write(f"{record}: {start:%Y-%m}, {dollars(record.total_nano)}")
        if not made:
            self.stdout.write("No month with entries is over and open.")
