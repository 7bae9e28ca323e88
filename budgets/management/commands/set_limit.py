"""Make or change a limit."""

from argparse import ArgumentParser
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from budgets.choices import MaxTier, Measure, Mode, Period, ScopeKind
from budgets.limits.names import named, subject_of
from budgets.limits.setting import owner_of, set_limit
from budgets.models import Account, Limit
from routerhub import numerals
from routerhub.audit.change import Change

FIELDS = ("measure", "period", "mode", "every_days", "starts_on", "ends_on")
"""What tells a scope's limits apart: where there is one of these, it is changed."""


class Command(BaseCommand):
    help = "Make a limit, or change the one of the same scope, measure, period and mode. It counts at once, in every process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scope", choices=[kind for kind in ScopeKind.values if kind != ScopeKind.POLICY_TASK])
        parser.add_argument("subject", nargs="?", default="", help="its name; * for each; nothing for site")
        parser.add_argument("--amount", required=True, help="US dollars for money, else a whole number")
        parser.add_argument(
            "--account", help="slug of the account whose limit it is; an account's and a key's is theirs"
        )
        parser.add_argument("--measure", choices=Measure.values, default=Measure.MONEY.value)
        parser.add_argument("--period", choices=Period.values, default=Period.MONTH.value)
        parser.add_argument("--every-days", type=int, help="how many days a period of days has")
        parser.add_argument("--starts-on", type=date.fromisoformat, help="first day of a range, or of a period of days")
        parser.add_argument("--ends-on", type=date.fromisoformat, help="last day of a range")
        parser.add_argument("--mode", choices=Mode.values, default=Mode.HARD.value)
        parser.add_argument("--soft-percent", type=int, help="from where on it is near; 80, unless it is said")
        parser.add_argument("--max-tier", choices=MaxTier.values, help="the dearest that answers while it pauses")
        parser.add_argument("--from-nothing", action="store_true", help="what was spent earlier does not count")
        parser.add_argument("--off", action="store_true", help="switch it off; it keeps what it counted")
        parser.add_argument("--reason", default="set by command")

    def handle(self, *_: Any, **options: Any) -> None:
        amount = numerals.exact(options["amount"])
        if amount is None:
            raise CommandError(f"--amount {options['amount']!r}: write a number.")
        try:
            row = self._set(amount, options)
        except ValidationError as problem:
            field, texts = next(iter(problem.message_dict.items()))
            raise CommandError(f"{field.strip('_')}: {texts[0]}") from problem
        self.stdout.write(f"{row.pk}: {named([row])[0]}")

    def _set(self, amount: Decimal, options: dict[str, Any]) -> Limit:
        kind, account = options["scope"], self._account(options["account"])
        subject = subject_of(kind, options["subject"], account.pk if account else None)
        owner = account or (owner_of(kind, subject) if subject else None)
        which = {"kind": kind, "account": owner, **{name: options[name] for name in FIELDS}}
        row = Limit.objects.filter(subject=subject, is_given=True, **which).first() or Limit()
        more = {name: options[name] for name in ("soft_percent", "max_tier") if options[name] is not None}
        values = {
            **which, **more, "subject": options["subject"], "amount": amount, "is_given": True, "is_active": not options["off"],
            "counts_earlier": not options["from_nothing"],
        }  # fmt: skip
        return set_limit(row, values, Change(reason=options["reason"]))

    def _account(self, slug: str | None) -> Account | None:
        if slug is None:
            return None
        found = Account.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"--account: there is no account {slug!r}.")
        return found
