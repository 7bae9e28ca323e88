"""Make an API key and print it, once."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.dateparse import parse_datetime

from budgets.choices import KeyPermission, Period, Role
from budgets.models import Account, ApiKey, Membership, default_permissions
from budgets.people import members
from budgets.people.keys import MAX_LIMIT_USD, make
from routerhub import numerals
from routerhub.audit.change import Change

SCOPES = {
    "model": "id of a model that alone may answer",
    "policy": "name of a policy whose models alone may answer",
    "endpoint": "what alone it may call, such as chat",
    "network": "range of addresses from where alone it opens anything",
}
CHANGE = Change(reason="made by create_api_key")
PLURALS = {"policies": "policy", "expires_at": "expires"}


class Command(BaseCommand):
    help = "Make an API key for an account and print it. It is shown now and never again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, help="slug of the account")
        parser.add_argument("--create-account", action="store_true", help="make the account when it is not there")
        parser.add_argument("--owner", help="with --create-account: name of the user who owns the account that is made")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument("--user", help="name of the user whom the key belongs to")
        parser.add_argument("--permission", action="append", choices=KeyPermission.values, help="may be repeated")
        parser.add_argument(
            "--region", action="append", default=[], help="where alone its requests may be processed; may be repeated"
        )
        parser.add_argument("--max-concurrent", help="the most of its requests that may be under way at once")
        for name, what in SCOPES.items():
            parser.add_argument(f"--{name}", action="append", default=[], help=f"{what}; may be repeated")
        parser.add_argument("--expires", help="when it opens nothing any more, e.g. 2027-01-01T00:00Z")
        parser.add_argument("--limit-usd", help="the most that the key may spend in a --period")
        parser.add_argument("--period", choices=Period.values, default=Period.MONTH.value)
        parser.add_argument("--json", action="store_true", help="print an object for programs")

    @transaction.atomic
    def handle(self, *_: Any, **options: Any) -> None:
        owner = self._user(options["owner"]) if options["owner"] else None
        account = self._account(options["account"], options["create_account"], owner)
        user = self._user(options["user"]) if options["user"] else None
        settings = {
            "regions": options["region"], "max_concurrent": self._max_concurrent(options["max_concurrent"]),
            "models": options["model"], "policies": options["policy"], "endpoints": options["endpoint"],
            "networks": options["network"], "expires_at": self._moment(options["expires"]),
            "permissions": options["permission"] or default_permissions(),
        }  # fmt: skip
        key = ApiKey(account=account, user=user, name=options["name"], **settings)
        self._check(key, settings)
        text = make(key, CHANGE, self._limit(options["limit_usd"], options["period"]))
        if options["json"]:
            self.stdout.write(json.dumps({"key": text, "id": key.pk, "account": account.slug}))
        else:
            self.stdout.write(text)

    def _account(self, slug: str, create: bool, owner: Any) -> Account:
        found = Account.objects.filter(slug=slug).first()
        if found:
            return found
        if not create:
            raise CommandError(f"There is no account {slug!r}. Add --create-account to make it.")
        account = Account(slug=slug, name=slug.replace("-", " ").title())
        try:
            account.full_clean()
        except ValidationError as problem:
            raise CommandError(f"--account {slug!r}: {problem.messages[0]}") from problem
        account.save()
        if owner:
            members.save(Membership(account=account, user=owner, role=Role.OWNER), CHANGE)
        return account

    def _user(self, name: str) -> Any:
        try:
            return get_user_model().objects.get_by_natural_key(name)
        except get_user_model().DoesNotExist as problem:
            raise CommandError(f"There is no user {name!r}.") from problem

    def _max_concurrent(self, text: str | None) -> int | None:
        number = None if text is None else numerals.whole(text)
        if text is not None and number is None:
            raise CommandError(f"--max-concurrent {text!r}: write a whole number from 1.")
        return number

    def _check(self, key: ApiKey, names: Iterable[str]) -> None:
        """What the table says of these fields, by the option that gave each."""
        try:
            key.clean_fields(exclude={each.name for each in ApiKey._meta.fields} - set(names))
            key.clean()
        except ValidationError as problem:
            field, (text, *_) = next(iter(problem.message_dict.items()))
            option = PLURALS.get(field, field.removesuffix("s").replace("_", "-"))
            raise CommandError(f"--{option}: {text}") from problem

    def _moment(self, text: str | None) -> datetime | None:
        try:
            found = parse_datetime(text) if text else None
        except ValueError:
            found = None
        if text and (found is None or found.tzinfo is None):
            raise CommandError(f"--expires {text!r}: write a moment with its zone, such as 2027-01-01T00:00Z.")
        return found

    def _limit(self, amount: str | None, period: str) -> dict[str, Any] | None:
        if amount is None:
            return None
        usd = numerals.exact(amount)
        if usd is None or not 0 <= usd <= MAX_LIMIT_USD:
            raise CommandError(f"--limit-usd {amount!r}: write a number of dollars from 0 to {MAX_LIMIT_USD:,}.")
        return {"amount_usd": usd, "period": period}
