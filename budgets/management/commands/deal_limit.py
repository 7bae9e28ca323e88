from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from budgets.errors import PlaceAway
from budgets.models import Limit
from budgets.shares import dealing
from budgets.shares.amounts import in_units
from routerhub.audit.change import Change
from routerhub.audit.errors import ChangeRefused


class Command(BaseCommand):
    help = "Deals a limit out over this database and those of PLACES, deals it out otherwise, or takes it back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("limit", type=int, help="its number, as its page has it in the address")
        parser.add_argument("shares", nargs="*", metavar="PLACE=AMOUNT", help="dollars, or a count; together the limit")
        parser.add_argument("--gather", action="store_true", help="take it back: this database has all of it again")
        parser.add_argument("--reason", required=True, help="kept in the history")

    def handle(self, *_: Any, **options: Any) -> None:
        limit = Limit.objects.filter(pk=options["limit"]).first()
        if limit is None:
            raise CommandError(f"There is no limit {options['limit']}.")
        change = Change(reason=options["reason"])
        try:
            if options["gather"]:
                dealing.gather(limit, change)
            else:
                dealing.deal(limit, dict(_share(limit, each) for each in options["shares"]), change)
        except (ChangeRefused, PlaceAway) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{limit} is {'whole again' if options['gather'] else 'dealt out'}.")


def _share(limit: Limit, text: str) -> tuple[str, int]:
    place, _, amount = text.partition("=")
    try:
        return place, in_units(limit, Decimal(amount))
    except (InvalidOperation, ValueError) as problem:
        raise CommandError(f"{text!r} is no share: write PLACE=AMOUNT, like west=12.50.") from problem
