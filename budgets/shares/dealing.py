"""Deal a limit out, deal it out otherwise, and take it back. Shares are lowered before others are raised, each in its own
database, so that whoever dies in between leaves less than the whole, never more. Doing it again completes it."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from budgets.choices import Mode, Period, ScopeKind
from budgets.limits.setting import shown_amount
from budgets.models import Account, ApiKey, Counter, Limit, Share, ShareTransfer
from budgets.models.limits import EACH
from budgets.shares import places
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.audit.errors import ChangeRefused

OWN = {"id", "subject", "account", "counts_earlier", "shared_as", "share"}
"""What the twins of a limit have each for themselves."""


def deal(limit: Limit, shares: Mapping[str, int], change: Change) -> None:
    """From its next period on, each place may use so much of the limit; in the running one the other places begin with
    nothing, and are given of what is free at home. Raises ChangeRefused, PlaceAway."""
    _demand_sound(limit, shares)
    home, *others = places.aliases().items()
    with places.alone():
        if limit.shared_as is None:
            _begin(limit, shares[home[0]], change)
        for place, alias in others:
            with places.reached(place):
                _adopt(limit, place, alias, change)
        set_shares(limit, shares, change)


def set_shares(limit: Limit, shares: Mapping[str, int], change: Change) -> None:
    """What each place has in new periods; the running one stays as it is. Raises PlaceAway."""
    found = {}
    for place, alias in places.aliases().items():
        with places.reached(place):
            found[place] = places.twin(limit.shared_as, alias)
    for place in sorted(found, key=lambda each: shares[each] > (found[each].share or 0)):
        with places.reached(place) as alias, transaction.atomic(using=alias):
            places.running(found[place])
            _save(found[place], change, share=shares[place])


def gather(limit: Limit, change: Change) -> None:
    """Home has the whole again. Elsewhere nothing more of the limit may be used, until it is deleted there. Raises ChangeRefused
    where it is not dealt out or something is on its way, and PlaceAway: all places must answer."""
    if limit.shared_as is None:
        raise ChangeRefused({"": f"{limit} is not dealt out."})
    with places.alone():
        _demand_settled(limit)
        used = sum(_close(limit, place, change) for place in list(places.aliases())[1:])
        with transaction.atomic():
            Counter.objects.filter(pk=places.running(limit).pk).update(share=limit.amount - used)
            Share.objects.filter(limit=limit).delete()
            _save(limit, change, share=None, shared_as=None)


def _close(limit: Limit, place: str, change: Change) -> int:
    """Nothing more of the limit may be used there. Returns what was, in the running period."""
    with places.reached(place) as alias, transaction.atomic(using=alias):
        away = places.twin(limit.shared_as, alias)
        _demand_settled(away)
        counter = places.running(away)
        Counter.objects.using(alias).filter(pk=counter.pk).update(share=F("spent") + F("reserved"))
        counter.refresh_from_db()
        _save(away, change, share=0)
        return counter.share or 0


def _demand_sound(limit: Limit, shares: Mapping[str, int]) -> None:
    known = list(places.aliases())
    problems = {}
    if limit.period == Period.MINUTE:
        problems["period"] = "A rate is not dealt out: its minute is over before room could move."
    if limit.mode != Mode.HARD or limit.subject == EACH:
        problems["limit"] = "Only a hard limit of one scope is dealt out."
    if len(known) < 2:
        problems["shares"] = "There is no other database: name them in PLACES."
    elif set(shares) != set(known):
        problems["shares"] = f"{', '.join(shares) or 'nothing'}: give one of each of {', '.join(known)}, 0 for none."
    elif min(shares.values()) < 0 or sum(shares.values()) != limit.amount:
        made, whole = (shown_amount(limit.measure, each) for each in (sum(shares.values()), limit.amount))
        problems["shares"] = f"They make {made:f}: from 0 on, they make up the limit, {whole:f}."
    if problems:
        raise ChangeRefused(problems)


def _begin(limit: Limit, share: int, change: Change) -> None:
    """At home all of the running period is there still."""
    with transaction.atomic():
        _save(limit, change, shared_as=uuid.uuid4(), share=share)
        Counter.objects.filter(pk=places.running(limit).pk).update(share=limit.amount)


def _adopt(limit: Limit, place: str, alias: str, change: Change) -> None:
    """The limit's twin in another database, with nothing of the running period."""
    with transaction.atomic(using=alias):
        subject, account = _subject_at(limit, place, alias), _account_at(limit, place, alias)
        same = Limit.objects.using(alias).filter(
            kind=limit.kind, subject=subject, account=account, measure=limit.measure, period=limit.period
        )
        there = same.first()
        if there is not None and there.shared_as == limit.shared_as:
            return
        if there is not None and there.share != 0:
            raise ChangeRefused({"shares": f"{place} has a limit of its own for {there}: delete it there first."})
        if there is None:
            there = Limit(subject=subject, account_id=account, counts_earlier=False)
        _save(there, change, alias, shared_as=limit.shared_as, share=0, **configured(limit))
        Counter.objects.using(alias).filter(pk=places.running(there).pk).update(share=F("spent") + F("reserved"))


def follow(twin: Limit, limit: Limit, change: Change) -> None:
    """Make a twin what the limit at home is."""
    _save(twin, change, **configured(limit))


def configured(limit: Limit) -> dict[str, Any]:
    """What all twins have alike."""
    return {
        field.attname: getattr(limit, field.attname) for field in limit._meta.concrete_fields if field.name not in OWN
    }


def _account_at(limit: Limit, place: str, alias: str) -> int | None:
    return None if limit.account is None else _found_at(Account, "slug", limit.account.slug, place, alias)


def _subject_at(limit: Limit, place: str, alias: str) -> str:
    """Accounts, people and keys have other numbers elsewhere: they are found by what they are called."""
    if limit.kind not in {ScopeKind.ACCOUNT, ScopeKind.USER, ScopeKind.KEY}:
        return limit.subject
    model, name = _named(limit.kind)
    called = model.objects.values_list(name, flat=True).get(pk=limit.subject)
    return str(_found_at(model, name, called, place, alias))


def _found_at(model: Any, name: str, called: str, place: str, alias: str) -> int:
    found: int | None = model.objects.using(alias).filter(**{name: called}).values_list("pk", flat=True).first()
    if found is None:
        raise ChangeRefused(
            {"shares": f"{place} does not know the {model._meta.verbose_name} {called!r}: make it there first."}
        )
    return found


def _named(kind: str) -> tuple[Any, str]:
    if kind == ScopeKind.ACCOUNT:
        return Account, "slug"
    if kind == ScopeKind.KEY:
        return ApiKey, "digest"
    return ApiKey._meta.get_field("user").related_model, "username"


def _demand_settled(limit: Limit) -> None:
    if ShareTransfer.objects.using(limit._state.db).filter(limit=limit, arrived_at=None).exists():
        raise ChangeRefused({"": f"Room of {limit} is on its way between two places: wait until it has arrived."})


def _save(limit: Limit, change: Change, alias: str | None = None, **values: Any) -> None:
    """Where something differs."""
    if limit.pk is not None and all(getattr(limit, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(limit, name, value)
    history.stamp(limit, change)
    limit.save(using=alias or limit._state.db)
