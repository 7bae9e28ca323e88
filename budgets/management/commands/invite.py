"""Invite somebody to an account, and print the link."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from budgets.choices import Role
from budgets.models import Account
from budgets.people import invitations
from budgets.people.invitations import LASTS, MAX_LASTS, Asked
from routerhub import numerals
from routerhub.audit.change import Change


class Command(BaseCommand):
    help = "Invite somebody to an account. Prints the link, now and never again; with --email it is mailed instead."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, help="slug of the account")
        parser.add_argument("--role", choices=Role.values, default=Role.MEMBER.value)
        parser.add_argument("--email", default="", help="where the link is sent")
        parser.add_argument("--days", default=str(LASTS.days), help="how long the link holds")
        parser.add_argument(
            "--base", default="http://127.0.0.1:8000", help="where the pages are, unless PUBLIC_URL says"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        account = Account.objects.filter(slug=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account']!r}.")
        days = numerals.whole(options["days"])
        if days is None or not 1 <= days <= MAX_LASTS.days:
            raise CommandError(f"--days {options['days']!r}: write a whole number from 1 to {MAX_LASTS.days}.")
        asked = Asked(
            account=account,
            role=options["role"],
            email=options["email"],
            expires_at=timezone.now() + timedelta(days=days),
        )
        try:
            made, link = invitations.invite_by(asked, Change(reason="made by invite"), options["base"])
        except ValidationError as refused:
            raise CommandError(refused.messages[0]) from refused
        self.stdout.write(f"mailed to {made.email}" if made.email else link)
