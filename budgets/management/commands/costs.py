"""What was spent, by any dimension."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from budgets.books.costs import DIMENSIONS, Asked, Costs, costs, this_month
from budgets.books.months import zone_of
from budgets.management.options import account_of, day_of
from budgets.money import dollars, dollars_of_both


class Command(BaseCommand):
    help = "Sum what was spent by any dimension, over any range of days. Without days, this month."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--by", action="append", default=[], choices=list(DIMENSIONS), help="may be repeated")
        parser.add_argument("--since", help="the first day")
        parser.add_argument("--until", help="the last day")
        parser.add_argument("--account", help="slug of the one account; days are then those of its zone")
        parser.add_argument("--json", action="store_true", help="print an object for programs")

    def handle(self, *_: Any, **options: Any) -> None:
        account = account_of(options["account"]) if options["account"] else None
        zone = zone_of(account)
        first, today = this_month(timezone.now(), zone)
        until = day_of("--until", options["until"]) if options["until"] else today
        since = day_of("--since", options["since"]) if options["since"] else min(first, until)
        asked = Asked(
            since=since, until=until, zone=zone, group_by=options["by"], account_id=account.pk if account else None
        )
        try:
            found = costs(asked)
        except ValidationError as refused:
            raise CommandError("; ".join(refused.messages)) from refused
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), default=str))
        else:
            self._table(found)

    def _table(self, found: Costs) -> None:
        names = found.asked.group_by
        for row in found.rows:
            shown = dollars_of_both(row["cost_nano"], row["sandbox_nano"])
            self.stdout.write("\t".join([*(str(row[name] or "none") for name in names), shown]))
        total = found.total
        self.stdout.write(
            "\t".join(["in all", dollars(total["cost_nano"]), f"{dollars(total['sandbox_nano'])} (sandbox)"])
        )
