"""Give an account money back."""

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from budgets.books.credits import Credit, give
from budgets.management.options import account_of, dollars_of
from budgets.money import dollars
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = "Credit an account: an entry of the ledger with a reason, for one operation or for the account as a whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="slug of the account")
        parser.add_argument("amount", help="US dollars")
        parser.add_argument("--reason", required=True, help="kept with the entry")
        parser.add_argument("--operation", type=uuid.UUID, help="the operation that it is for")
        parser.add_argument("--gives-room", action="store_true", help="limits of the running periods have it back too")
        parser.add_argument(
            "--id", type=uuid.UUID, default=None, help="your name for it: the same one twice is one credit"
        )

    def handle(self, *_: Any, account: str, amount: str, **options: Any) -> None:
        credit = Credit(
            account=account_of(account), amount_nano=dollars_of("amount", amount), operation_id=options["operation"],
            gives_room=options["gives_room"], id=options["id"] or uuid.uuid4(),
        )  # fmt: skip
        try:
            entry = give(credit, Change(reason=options["reason"]))
        except ValidationError as refused:
            raise CommandError("; ".join(refused.messages)) from refused
        self.stdout.write(
            f"{dollars(credit.amount_nano)} credited to {account}: entry {entry.pk}, {entry.operation_id}."
        )
