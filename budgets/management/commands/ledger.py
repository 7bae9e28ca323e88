"""The newest entries of the ledger, one a line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from budgets.choices import EntryKind
from budgets.management.options import account_of
from budgets.models import LedgerEntry
from budgets.serializers.books import LedgerEntrySerializer

MAX_ENTRIES = 10_000


class Command(BaseCommand):
    help = "Print the newest entries of the ledger, each as an object of JSON on a line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", help="slug of the one account")
        parser.add_argument("--kind", choices=EntryKind.values)
        parser.add_argument("--operation", help="id of the one operation")
        parser.add_argument(
            "--limit", type=int, default=100, choices=range(1, MAX_ENTRIES + 1), metavar=f"1..{MAX_ENTRIES}"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        wanted: dict[str, Any] = {"kind": options["kind"], "operation_id": options["operation"]}
        if options["account"]:
            wanted["account_id"] = account_of(options["account"]).pk
        found = LedgerEntry.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
        for entry in found[: options["limit"]]:
            self.stdout.write(json.dumps(LedgerEntrySerializer(entry).data, default=str))
