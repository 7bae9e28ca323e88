"""Say of which keys of an account what is said is kept, or show that."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from budgets.choices import KeepBodies
from budgets.management.options import account_of
from budgets.models import Account, ApiKey
from budgets.people.privacy import keeps_bodies
from routerhub import numerals
from routerhub.audit import history
from routerhub.audit.change import Change

OF_KEY = {"yes": True, "no": False, "as-account": None}


class Command(BaseCommand):
    help = "Say of which keys of an account requests and answers are kept (docs/bodies.md). Without a choice, show it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="slug of the account")
        parser.add_argument("--of", choices=KeepBodies.values, help="of no key, of the chosen ones, or of all")
        parser.add_argument("--days", help="how long at most; `site`: as long as the site keeps it")
        parser.add_argument("--key", help="name of one of its keys, for --say")
        parser.add_argument("--say", choices=OF_KEY, help="what the key says for itself")
        parser.add_argument("--reason", help="kept in the history")

    @transaction.atomic
    def handle(self, *_: Any, **options: Any) -> None:
        account = account_of(options["account"])
        if (options["key"] is None) != (options["say"] is None):
            raise CommandError("--key and --say belong together.")
        if any(options[name] for name in ("of", "days", "say")):
            if not options["reason"]:
                raise CommandError("Say for what --reason.")
            self._change(account, options, Change(reason=options["reason"]))
        self._show(account)

    def _change(self, account: Account, options: dict[str, Any], change: Change) -> None:
        if options["of"]:
            account.bodies = options["of"]
        if options["days"]:
            account.body_retention_days = self._days(options["days"])
        if options["of"] or options["days"]:
            self._save(account, change)
        if options["key"]:
            key = self._key(account, options["key"])
            key.keeps_bodies = OF_KEY[options["say"]]
            self._save(key, change)

    def _days(self, text: str) -> int | None:
        days = None if text == "site" else numerals.whole(text)
        if text != "site" and days is None:
            raise CommandError(f"--days {text!r}: write a whole number from 1, or site.")
        return days

    def _key(self, account: Account, name: str) -> ApiKey:
        """Raises CommandError."""
        found = list(ApiKey.objects.filter(account=account, name=name, revoked_at=None))
        if len(found) != 1:
            raise CommandError(f"--key {name!r}: {account.slug} has {len(found)} keys of that name.")
        return found[0]

    def _save(self, row: Account | ApiKey, change: Change) -> None:
        try:
            row.full_clean()
        except ValidationError as problem:
            raise CommandError("; ".join(problem.messages)) from problem
        history.stamp(row, change)
        row.save()

    def _show(self, account: Account) -> None:
        site = settings.ANALYTICS_BODIES
        days = min(filter(None, (account.body_retention_days, settings.ANALYTICS_BODY_RETENTION_DAYS)))
        self.stdout.write(
            f"site: {'on' if site else 'off (ANALYTICS_BODIES)'}; {account.slug}: {account.bodies}, {days} days"
        )
        for key in ApiKey.objects.filter(account=account, revoked_at=None):
            is_kept = keeps_bodies(site=site, account=account.bodies, key=key.keeps_bodies)
            self.stdout.write(f"  {key.name}: {'kept' if is_kept else 'not kept'}")
