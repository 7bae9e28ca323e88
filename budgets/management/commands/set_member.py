"""Put somebody into an account, give them another role, switch them off or on, or take them out."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from budgets.choices import Role
from budgets.models import Account, Membership
from budgets.people import members
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = "Say what somebody is in an account. What is not given stays as it is; a new member is a member."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, help="slug of the account")
        parser.add_argument("--user", required=True, help="name of the user")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--role", choices=Role.values)
        what.add_argument(
            "--off", action="store_true", help="their keys of the account open nothing until they are on again"
        )
        what.add_argument("--on", action="store_true")
        what.add_argument("--remove", action="store_true", help="their keys of the account are revoked")
        parser.add_argument("--reason", default="by set_member", help="kept in the history")

    def handle(self, *_: Any, **options: Any) -> None:
        change = Change(reason=options["reason"])
        row = self._row(options["account"], options["user"])
        row.role = options["role"] or row.role
        row.is_active = row.is_active if not (options["off"] or options["on"]) else options["on"]
        try:
            members.remove(row, change) if options["remove"] else members.save(row, change)
        except ValidationError as refused:
            raise CommandError(refused.messages[0]) from refused
        state = "removed" if options["remove"] else row.role if row.is_active else f"{row.role}, switched off"
        self.stdout.write(f"{row.user} in {row.account.slug}: {state}")

    def _row(self, slug: str, name: str) -> Membership:
        """As it is, or a new one."""
        account = Account.objects.filter(slug=slug).first()
        user: Any = get_user_model().objects.filter(username=name).first()
        if account is None or user is None:
            raise CommandError(f"There is no user {name!r}." if account else f"There is no account {slug!r}.")
        found = Membership.objects.filter(account=account, user=user).select_related("account", "user").first()
        return found or Membership(account=account, user=user)
