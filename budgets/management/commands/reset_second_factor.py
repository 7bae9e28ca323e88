"""Take somebody's second factor away, who lost it, and end their sessions."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from budgets.people import members


class Command(BaseCommand):
    help = "Take somebody's second factor and recovery codes away, and sign them out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="name of the user")

    def handle(self, *_: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        number, _by_table = Authenticator.objects.filter(user=user).delete()
        members.end_sessions(user)
        self.stdout.write(f"{user}: {number} taken away")
