"""The people of the tests: Ada owns the account acme, Ben is a member of it, Cy belongs to another and must see nothing."""

from dataclasses import dataclass
from typing import Any

import factory
from django.contrib.auth.models import User

from budgets.models import Account, ApiKey, Membership
from budgets.people.keys import create_key
from routerhub.audit.change import Change


def because(reason: str, author: Any = None) -> Change:
    """A change that somebody, or nobody, makes for a reason."""
    return Change(reason=reason, author=author)


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    username = "ada"


class AccountFactory(factory.django.DjangoModelFactory[Account]):
    class Meta:
        model = Account
        django_get_or_create = ["slug"]

    slug = "acme"
    name = "Acme"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person with an API key of theirs."""

    user: Any
    account: Account
    key: ApiKey
    text: str

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}"}


@dataclass(frozen=True, kw_only=True)
class Cast:
    ada: Member
    ben: Member
    cy: Member
    staff: Any


def make_cast() -> Cast:
    return Cast(
        ada=_member("ada", "acme", "owner"),
        ben=_member("ben", "acme", "member"),
        cy=_member("cy", "other", "owner"),
        staff=UserFactory.create(username="staff", is_staff=True, is_superuser=True),
    )


def _member(name: str, slug: str, role: str) -> Member:
    user, account = UserFactory.create(username=name), AccountFactory.create(slug=slug, name=slug.title())
    Membership.objects.create(user=user, account=account, role=role)
    key, text = create_key(account, f"{name}'s key", user)
    return Member(user=user, account=account, key=key, text=text)
