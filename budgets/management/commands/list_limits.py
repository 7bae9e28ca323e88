"""Show limits and where they stand."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from budgets.choices import ScopeKind
from budgets.models import Limit
from budgets.serializers.limits import LimitSerializer, context_of

COLUMNS = (
    "id",
    "scope",
    "subject",
    "account",
    "measure",
    "period",
    "mode",
    "amount",
    "spent",
    "reserved",
    "left",
    "state",
)


class Command(BaseCommand):
    help = "Show every limit: what is spent, reserved and left in the period that runs, and when the next one begins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scope", choices=ScopeKind.values)
        parser.add_argument("--account", help="slug of the account whose limits they are")
        parser.add_argument("--json", action="store_true", help="print what /api/budgets answers")

    def handle(self, *_: Any, **options: Any) -> None:
        rows = Limit.objects.select_related("account")
        rows = rows.filter(kind=options["scope"]) if options["scope"] else rows
        limits = list(rows.filter(account__slug=options["account"]) if options["account"] else rows)
        shown = LimitSerializer(limits, many=True, context=context_of(limits)).data
        if options["json"]:
            self.stdout.write(json.dumps(shown, default=str))
            return
        lines = [[*COLUMNS, "resets_at"], *([_text(each[name]) for name in (*COLUMNS, "resets_at")] for each in shown)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return f"{value:%Y-%m-%d %H:%M}Z" if hasattr(value, "hour") else str(value)
