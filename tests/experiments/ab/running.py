"""Tests of variants and their traffic, for tests."""

from datetime import timedelta
from typing import Any

from analytics.models import Record
from experiments.ab import lifecycle
from experiments.models import Experiment
from tests.analytics.rows import insert_many
from tests.cast import because
from tests.experiments.traffic import LARGE, SMALL, open_shop, policy

AS_IT_IS = {"kind": "same"}
POLICIES = {"a": {"kind": "policy", "value": "code"}, "b": {"kind": "policy", "value": "thrift"}}


def shop() -> None:
    """With the two policies that are compared."""
    open_shop(code=policy(LARGE), thrift=policy(SMALL))


def drafted(account: Any = None, user: Any = None, **values: Any) -> Experiment:
    test = Experiment(account=account, user=user)
    return lifecycle.draft(test, {"name": "large or small", **POLICIES, **values}, because("to find out"))


def started(account: Any = None, user: Any = None, **values: Any) -> Experiment:
    return lifecycle.start(drafted(account, user, **values), because("go"))


def traffic(test: Experiment, variant: str, units: int, each: int = 1, first: int = 0, **columns: Any) -> None:
    """So many units of a variant with so many equal requests each, since a minute after the phase began."""
    at = test.phases.get(number=test.phase).began_at + timedelta(seconds=1)
    values = {"created_at": at, "experiment": test.pk, "phase": test.phase, "variant": variant, "propensity": 0.5}
    made = insert_many(units * each, **{**values, "account_id": test.account_id or 1, **columns})
    for number in range(units):
        Record.objects.filter(operation_id__in=made[number::units]).update(unit=f"user {variant}{first + number}")
