"""Delete what an account said, or what it does not want kept any longer."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from analytics.bodies import reading, retention
from budgets.management.options import account_of
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = "Delete what is past the time that its account keeps what is said; with --account, all that one said."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", help="slug of the account")
        parser.add_argument("--reason", help="kept in the audit log")

    def handle(self, *_: Any, account: str | None, reason: str | None, **__: Any) -> None:
        count = self._delete_of(account, reason) if account else retention.forget_old(now())
        self.stdout.write(f"What {count} requests said is deleted.")

    def _delete_of(self, account: str, reason: str | None) -> int:
        if not reason:
            raise CommandError("Say for what --reason.")
        try:
            return reading.delete_of_account(account_of(account).pk, Change(reason=reason))
        except ValidationError as held:
            raise CommandError(held.messages[0]) from held
