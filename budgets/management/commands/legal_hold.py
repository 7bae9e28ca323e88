"""Put accounts under legal hold, end that, or list them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from budgets.management.options import account_of
from budgets.models import Account
from budgets.people import legal_holds
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = (
        "Keep what is recorded of an account while it is under legal hold. Without --on and --off, list those that are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", help="slug of the account")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--on", action="store_true")
        what.add_argument("--off", action="store_true", help="what is past its time goes with the next run of prune")
        parser.add_argument("--reason", help="kept in the history")

    def handle(self, *_: Any, **options: Any) -> None:
        if not (options["on"] or options["off"]):
            for row in Account.objects.filter(legal_hold=True):
                self.stdout.write(row.slug)
            return
        if not options["account"] or not options["reason"]:
            raise CommandError("Say of which --account, and for what --reason.")
        row = account_of(options["account"])
        is_new = legal_holds.put(row, options["on"], Change(reason=options["reason"]))
        state = "under legal hold" if options["on"] else "not under legal hold"
        self.stdout.write(f"{row.slug}: {state}{'' if is_new else ' already'}")
