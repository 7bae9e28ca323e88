"""A test is drafted, started, changed, stopped, ended and declared; each step is kept with who and why."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from autorouter.people import preference_sets
from autorouter.people.preference_owners import Owner
from experiments.ab import lifecycle, running
from experiments.ab.types import Treatment
from experiments.models import Experiment
from routerhub.releases import rollout
from tests.cast import Cast, because
from tests.experiments.ab.running import AS_IT_IS, POLICIES, drafted, shop, started
from tests.experiments.traffic import draft as draft_release

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_the_shop() -> None:
    shop()


def phases(test: Experiment) -> list[tuple[int, int, bool]]:
    """Number, share of B, and whether it is over."""
    return [(each.number, each.share_b, each.ended_at is not None) for each in test.phases.all()]


def refused(field: str) -> Any:
    return pytest.raises(ValidationError, match=f"'{field}'")


def test_only_what_runs_is_read_a_users_before_an_accounts_before_everybodys(cast: Cast) -> None:
    started(exposure=50)
    started(cast.ada.account)
    started(cast.ben.account, cast.ben.user, share_b=20)
    drafted()
    read = running.read()
    assert [(each.account_id, each.user_id, each.unit) for each in read] == [
        (cast.ben.account.pk, cast.ben.user.pk, "session"), (cast.ada.account.pk, None, "user"), (None, None, "user"),
    ]  # fmt: skip
    assert (read[0].share_b, read[2].exposure, read[2].phase) == (0.2, 0.5, 1)
    assert read[1].b == Treatment(kind="policy", value="thrift")
    assert len({each.salt for each in read}) == 3


def test_one_test_at_a_time_for_the_same_people() -> None:
    first, second = started(), drafted(name="another")
    with pytest.raises(ValidationError, match=r"large or small.*is under way for everybody: end it first"):
        lifecycle.start(second, because("go"))
    lifecycle.stop(first, because("enough"))
    with refused("state"):
        lifecycle.start(second, because("go"))
    lifecycle.end(first, because("enough"))
    assert lifecycle.start(second, because("go")).state == "running"


def test_other_weights_measures_and_guardrails_are_another_phase_and_variants_are_fixed() -> None:
    test = started()
    lifecycle.edit(test, {"name": "better called so"}, because("words"))
    assert phases(test) == [(1, 50, False)]
    lifecycle.edit(test, {"share_b": 90, "guardrails": [{"measure": "success", "margin": 0.02}]}, because("it is fine"))
    assert phases(test) == [(1, 50, True), (2, 90, False)]
    assert (running.read()[0].phase, running.read()[0].share_b) == (2, 0.9)
    with refused("b"):
        lifecycle.edit(test, {"b": AS_IT_IS}, because("no"))
    first, second = test.phases.all()
    assert first.ended_at == second.began_at
    assert second.reason == "it is fine"


def test_where_b_is_stopped_everybody_gets_a_in_a_phase_of_its_own_until_it_ends() -> None:
    test = lifecycle.stop(started(), because("it fails"), by="success")
    assert phases(test) == [(1, 50, True), (2, 0, False)]
    assert (running.read()[0].share_b, running.read()[0].phase) == (0.0, 2)
    ended = lifecycle.end(test, because("done"))
    assert (ended.state, ended.stopped_by, ended.reason) == ("ended", "success", "done")
    assert phases(test)[-1] == (2, 0, True)
    assert running.read() == ()
    with refused("state"):
        lifecycle.stop(ended, because("again"))


@pytest.mark.parametrize(
    ("field", "values", "said"),
    [
        ("a", {"a": "openai"}, "Write the kind and the value"),
        ("a", {"a": {"kind": "mood", "value": "x"}}, "'mood' is none of same, provider, model"),
        ("b", {"b": {"kind": "tier"}}, "tier takes a value, a text, and '' was given"),
        ("b", {"b": {"kind": "shuffle", "value": "x"}}, "shuffle takes no value and 'x' was given"),
        ("b", {"b": {"kind": "policy", "value": "gone"}}, "no active policy 'gone'. There are code, thrift"),
        ("b", {"b": {"kind": "provider", "value": "gone"}}, "no provider 'gone'"),
        ("b", {"b": {"kind": "tier", "value": "dear"}}, "'dear' is none of cheap, mid, premium"),
        ("b", {"b": {"kind": "release", "value": "7"}}, "no router release '7'"),
        ("b", {"b": POLICIES["a"]}, "It is the same as A"),
        ("share_b", {"share_b": 100}, "Write 1 to 99"),
        ("exposure", {"exposure": 0}, "Write 1 to 100"),
        ("main", {"main": "mood"}, "not a valid choice"),
        ("guardrails", {"guardrails": [{"measure": "tokens", "margin": 0.1}]}, "'tokens' is none of success, fallback"),
        ("guardrails", {"guardrails": [{"measure": "cost", "margin": 0}]}, "above 0 and at most 10; 0 was given"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_field(field: str, values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as found:
        drafted(**values)
    assert said in " ".join(found.value.message_dict[field])


def test_a_test_for_one_person_is_of_an_account_of_theirs_and_by_session(cast: Cast) -> None:
    assert drafted(cast.ben.account, cast.ben.user).unit == "session"
    for account, user, values, field in (
        (None, cast.ben.user, {}, "account"), (cast.cy.account, cast.ben.user, {}, "user"),
        (cast.ben.account, cast.ben.user, {"unit": "user"}, "unit"),
    ):  # fmt: skip
        with refused(field):
            drafted(account, user, **values)


def test_a_release_that_wins_becomes_live_for_everybody_and_back_in_one_step() -> None:
    live = rollout.pointer("router").stable
    number = draft_release(stickiness_bonus=40)
    test = started(a=AS_IT_IS, b={"kind": "release", "value": str(number)})
    done = lifecycle.declare(test, "b", True, because("it is cheaper"))
    assert (done.state, done.declared, rollout.pointer("router").stable) == ("ended", "b", number)
    assert done.history.first().history_change_reason == "it is cheaper"
    lifecycle.undo(done, because("they complain"))
    assert rollout.pointer("router").stable == live
    with refused("applied"):
        lifecycle.undo(done, because("again"))
    with refused("declared"):
        lifecycle.declare(done, "a", False, because("no, A"))


def test_what_cannot_become_a_default_says_so_and_can_be_declared_without() -> None:
    test = started(a=AS_IT_IS, b={"kind": "shuffle"})
    with pytest.raises(ValidationError, match="It is there to be compared with"):
        lifecycle.declare(test, "b", True, because("it won"))
    assert Experiment.objects.get(pk=test.pk).state == "running"
    assert lifecycle.declare(test, "b", False, because("it won")).applied == {}
    again = started(a=AS_IT_IS, b=AS_IT_IS)
    assert lifecycle.declare(again, "a", True, because("as it is")).applied == {}


def test_a_winner_of_an_account_or_a_person_goes_to_their_preferences_and_back(cast: Cast) -> None:
    theirs = Owner(account_id=cast.ada.account.pk)
    ada, ben = because("it won", cast.ada.user), because("it won", cast.ben.user)
    done = lifecycle.declare(started(cast.ada.account), "b", True, ada)
    rule = {"name": f"A/B test {done.pk}", "when": {}, "then": {"policy": "thrift"}}
    assert preference_sets.active(theirs).rules == [rule]
    lifecycle.undo(done, ada)
    assert preference_sets.active(theirs).rules == []
    own = Owner(user_id=cast.ben.user.pk)
    preference_sets.save(own.row(), because("as it was"))
    before = preference_sets.active(own)
    other = preference_sets.copy(before, "other", because("to try"))
    test = started(cast.ben.account, cast.ben.user, a=AS_IT_IS, b={"kind": "preferences", "value": str(other.pk)})
    done = lifecycle.declare(test, "b", True, ben)
    assert preference_sets.active(own).pk == other.pk
    lifecycle.undo(done, ben)
    assert preference_sets.active(own).pk == before.pk
    with pytest.raises(ValidationError, match="the right to change the preferences of Acme"):
        lifecycle.declare(started(cast.ada.account), "b", True, ben)


def test_to_make_a_release_live_takes_the_right_to_roll_out(cast: Cast) -> None:
    test = started(a=AS_IT_IS, b={"kind": "release", "value": str(draft_release(stickiness_bonus=40))})
    with pytest.raises(ValidationError, match="takes the right to roll out releases"):
        lifecycle.declare(test, "b", True, because("mine", cast.ben.user))
    assert lifecycle.declare(test, "b", True, because("ours", cast.staff)).applied["kind"] == "release"


def test_a_draft_can_be_deleted_and_what_ran_is_kept() -> None:
    draft = drafted()
    lifecycle.discard(draft, because("no"))
    assert not Experiment.objects.exists()
    with refused("state"):
        lifecycle.discard(started(), because("no"))
