import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from budgets.limits.names import named
from budgets.models import Limit, Share
from budgets.shares.rebalancing import rebalance


class Command(BaseCommand):
    help = "Brings free room of limits that are dealt out over several databases to where it is used. Beat does so every 5 s."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="again and again, until it is stopped")

    def handle(self, *_: Any, **options: Any) -> None:
        while True:
            made = rebalance()
            self.stdout.write(
                f"{Limit.objects.exclude(shared_as=None).count()} limits are dealt out, {made} transfers."
            )
            shares = list(Share.objects.select_related("limit"))
            named(share.limit for share in shares)
            for share in shares:
                says = f": {share.problem}" if share.problem else ""
                self.stdout.write(f"{share.limit} at {share.place}: {share.amount:,}, used {share.used:,}{says}")
            if options["every"] is None:
                return
            time.sleep(options["every"])
