"""Policies: versions, which one is active, and the places by which performance moved their models."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from autorouter.configuration import bundles, policies, save
from autorouter.decision.ordering import Shift
from autorouter.models import Policy, PolicyShift, TaskType
from autorouter.types import Policy as PolicyValue
from routerhub.releases import rollout, store
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.models import Release
from tests.cast import Cast, because

ABC = ["openai:gpt-5", "anthropic:claude-sonnet-4", "google:gemini-2.5-pro"]
NEW = {"name": "own", "title": "Our own", "model_ids": ABC}


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("both_seeded")]


def live() -> int:
    return rollout.pointers()["router"].stable


def served(name: str) -> PolicyValue | None:
    """The policy as the router reads it from the live release."""
    return bundles.read(store.bundle("router", live()), live()).policies.get(name)


def order(name: str = "own") -> list[str] | None:
    found = served(name)
    return list(found.models) if found else None


def active(name: str = "own") -> list[int]:
    return list(Policy.objects.filter(name=name, is_active=True).values_list("version", flat=True))


def moved(**places: int) -> dict[str, Shift]:
    """Shifts of the models of ABC, by the maker's name."""
    ids = {each.partition(":")[0]: each for each in ABC}
    return {ids[maker]: Shift(places=by, reason=f"measured {by}") for maker, by in places.items()}


def everything() -> tuple[Any, ...]:
    return (
        list(Policy.objects.order_by("pk").values()), list(TaskType.objects.order_by("pk").values()),
        list(PolicyShift.objects.order_by("pk").values()), Policy.history.count(), Release.objects.count(), live(),
    )  # fmt: skip


# --- versions


def test_a_new_policy_is_version_1_active_and_live_with_author_and_reason(cast: Cast) -> None:
    row = policies.add_version({**NEW, "max_cost_usd": Decimal("0.02")}, because("we want it", cast.staff))
    assert (row.version, row.is_active, order()) == (1, True, ABC)
    found = served("own")
    assert found is not None
    assert found.max_cost_usd == Decimal("0.02")
    version = row.history.get()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "we want it")
    assert (live(), Release.objects.get(line="router", number=2).reason) == (2, "we want it")


def test_the_next_version_takes_the_place_of_the_active_one_and_the_earlier_stays() -> None:
    policies.add_version(NEW, because("one"))
    policies.add_version({**NEW, "model_ids": ABC[::-1]}, because("two"))
    assert (active(), order()) == ([2], ABC[::-1])
    assert Policy.objects.get(name="own", version=1).model_ids == ABC
    assert [each.history_change_reason for each in Policy.objects.get(name="own", version=1).history.all()] == [
        "two",
        "one",
    ]


def test_a_version_is_the_next_one_also_after_the_policy_was_inactive() -> None:
    policies.add_version(NEW, because("one"))
    policies.deactivate("own", because("off"))
    assert policies.add_version(NEW, because("again")).version == 2


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"title": ""}, ValidationError),
        ({"name": "not a slug"}, ValidationError),
        ({"max_cost_usd": Decimal(-1)}, ValidationError),
        ({"temperature": Decimal(3)}, ValidationError),
        ({"hedge_after_ms": 0}, ValidationError),
        ({"hedge_after_ms": 600_001}, ValidationError),
        ({"adjust_max_places": 21}, ValidationError),
        ({"model_ids": "openai:gpt-5"}, ValidationError),
        ({"model_ids": [1]}, ValidationError),
        ({"model_ids": []}, ValidationError),
        ({"model_ids": [*ABC, "openai:gtp-5"]}, ValidationError),
        ({"model_ids": [*ABC, ABC[0]]}, ValidationError),
    ],
)
def test_a_bad_version_is_refused_and_the_active_one_stays(values: dict[str, Any], error: type[Exception]) -> None:
    policies.add_version(NEW, because("one"))
    before = everything()
    with pytest.raises(error):
        policies.add_version({**NEW, **values}, because("two"))
    assert everything() == before


def test_an_earlier_version_is_made_active_again_and_live() -> None:
    policies.add_version(NEW, because("one"))
    policies.add_version({**NEW, "model_ids": ABC[::-1]}, because("two"))
    assert policies.activate("own", 1, because("back")).version == 1
    assert (active(), order(), live()) == ([1], ABC, 4)
    assert policies.activate("own", 1, because("same")).version == 1
    assert (active(), live()) == ([1], 4), "the same again makes no release"


def test_a_version_that_is_not_there_cannot_be_activated() -> None:
    before = everything()
    with pytest.raises(ValidationError, match="has no version 9"):
        policies.activate("code", 9, because("x"))
    assert everything() == before


# --- switched off


def test_a_deactivated_policy_is_gone_from_the_release() -> None:
    policies.add_version(NEW, because("one"))
    policies.deactivate("own", because("nobody uses it"))
    assert (active(), order(), live()) == ([], None, 3)
    with pytest.raises(ValidationError, match="no active policy 'own'"):
        policies.deactivate("own", because("again"))


def test_a_policy_that_a_task_type_needs_is_not_deactivated_and_nothing_is_written() -> None:
    needed = TaskType.objects.all()[0]
    before = everything()
    with pytest.raises(InvalidRelease) as caught:
        policies.deactivate(needed.policy, because("x"))
    assert caught.value.problems[f"task_types.{needed.name}"] == f"there is no active policy {needed.policy!r}."
    assert everything() == before


def test_two_active_versions_cannot_be() -> None:
    policies.add_version(NEW, because("one"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(**NEW, version=2)


# --- another order


def test_a_new_order_is_the_next_version_and_keeps_the_rest() -> None:
    limits = {"max_cost_usd": Decimal("0.5"), "max_output_tokens": 99, "temperature": Decimal("0.3"), "hedge_after_ms": 500,
              "orders_by_complexity": True,
              "adjust_max_places": 2, "adjust_min_requests": 7, "adjust_margin": Decimal("2.5")}  # fmt: skip
    policies.add_version({**NEW, **limits}, because("one"))
    assert policies.reorder("own", ABC, ABC[::-1], because("learned")) == 3
    row = Policy.objects.get(name="own", is_active=True)
    assert (row.version, row.model_ids, order()) == (2, ABC[::-1], ABC[::-1])
    assert {name: getattr(row, name) for name in limits} == limits


def test_an_order_that_changed_meanwhile_is_left_alone() -> None:
    policies.add_version(NEW, because("one"))
    before = everything()
    for name, known in (("own", ABC[::-1]), ("nothing", ABC)):
        with pytest.raises(ValidationError, match="not as it was"):
            policies.reorder(name, known, ABC, because("x"))
    assert everything() == before


# --- places


def test_shifts_are_kept_with_their_evidence_and_decide_from_the_next_release_on(cast: Cast) -> None:
    policies.add_version(NEW, because("one"))
    policies.shift("own", moved(openai=2, google=-1), because("performance"))
    assert (live(), order()) == (2, ABC), "nothing is published yet"
    assert save.publish(because("performance")) == 3
    assert store.bundle("router", 3)["policies"]["own"]["shifts"] == {ABC[0]: 2, ABC[2]: -1}
    assert store.bundle("router", 3)["policies"]["own"]["models"] == ABC, "the order that staff wrote"
    assert order() == [ABC[2], ABC[1], ABC[0]]
    row = PolicyShift.objects.get(model=ABC[0])
    assert (row.places, row.evidence) == (2, {"summary": "measured 2"})
    assert row.history.get().history_change_reason == "performance"


def test_a_shift_that_stays_keeps_its_since_and_one_that_ends_leaves_a_last_version() -> None:
    policies.add_version(NEW, because("one"))
    with time_machine.travel(datetime(2026, 11, 20, tzinfo=UTC), tick=False):
        policies.shift("own", moved(openai=1, google=-1), because("round 1"))
    with time_machine.travel(datetime(2026, 11, 21, tzinfo=UTC), tick=False):
        policies.shift("own", moved(openai=1, anthropic=1), because("round 2"))
    since = {row.model: row.since.day for row in PolicyShift.objects.filter(policy="own")}
    assert since == {ABC[0]: 20, ABC[1]: 21}
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False):
        policies.shift("own", moved(openai=2), because("round 3"))
    assert PolicyShift.objects.get().since.day == 22
    gone = PolicyShift.history.filter(model=ABC[2], history_type="-").get()
    assert gone.history_change_reason == "round 2"


def test_shifts_of_other_policies_stay() -> None:
    policies.add_version(NEW, because("one"))
    policies.shift("code", moved(openai=1), because("x"))
    policies.shift("own", {}, because("x"))
    assert PolicyShift.objects.get().policy == "code"


def test_a_shift_is_undone_at_once() -> None:
    policies.add_version(NEW, because("one"))
    policies.shift("own", moved(openai=1, google=-1), because("x"))
    save.publish(because("x"))
    policies.undo_shift(PolicyShift.objects.get(model=ABC[0]), because("put back"))
    assert store.bundle("router", live())["policies"]["own"]["shifts"] == {ABC[2]: -1}
    assert order() == [ABC[0], ABC[2], ABC[1]]
    assert PolicyShift.history.filter(history_type="-").get().history_change_reason == "put back"


def test_shifts_come_and_go_with_the_release_that_has_them() -> None:
    policies.add_version(NEW, because("one"))  # release 2
    policies.shift("own", moved(openai=1), because("x"))
    save.publish(because("moved by one"))  # release 3
    policies.shift("own", moved(openai=2), because("x"))
    save.publish(because("moved by two"))  # release 4
    rollout.rollback("router", 2, because("as staff wrote it"))
    assert (order(), PolicyShift.objects.count()) == (ABC, 0)
    rollout.rollback("router", 3, because("moved again"))
    assert order() == [ABC[1], ABC[0], ABC[2]]
    assert PolicyShift.objects.get().places == 1
    assert save.publish(because("what is there is what is live")) == 3
    rollout.rollback("router", 4, because("and further"))
    assert (PolicyShift.objects.get().places, active()) == (2, [1])
    assert order() == [ABC[1], ABC[2], ABC[0]]


def test_a_shift_of_a_model_that_the_policy_has_no_more_moves_nothing() -> None:
    policies.add_version(NEW, because("one"))
    policies.shift("own", moved(openai=1), because("x"))
    policies.add_version({**NEW, "model_ids": ABC[1:]}, because("two"))
    assert order() == ABC[1:]


def test_what_may_be_adjusted_is_what_staff_allow_and_what_was_moved_before() -> None:
    policies.add_version({**NEW, "adjust_max_places": 1}, because("one"))
    policies.add_version({**NEW, "name": "moved"}, because("one"))
    policies.add_version({**NEW, "name": "fixed"}, because("one"))
    policies.shift("moved", moved(openai=1), because("x"))
    assert {row.name for row in policies.adjustable()} == {"own", "moved"}
