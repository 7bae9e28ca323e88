"""Changes proposed from records and feedback, with their evidence. A person accepts or rejects each."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils.timezone import now

from analytics.models import Feedback
from autorouter.configuration import compiler, policies, save
from autorouter.models import Policy, ProfileScore
from experiments.learning import proposals
from experiments.models import LearningRound, Proposal
from experiments.tasks import learn
from routerhub.releases import rollout, store
from tests.cast import Cast, because
from tests.experiments.traffic import LARGE, MIDDLE, SMALL, answers, open_shop, policy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop(code=policy(LARGE, MIDDLE, SMALL))


def judged(model: str, satisfaction: Sequence[str], **columns: Any) -> None:
    """Requests that a model answered, and what people said of them."""
    ids = answers(len(satisfaction), model=model, **columns)
    Feedback.objects.bulk_create(
        Feedback(operation_id=operation, account_id=1, satisfaction=Decimal(value), reported_at=now())
        for operation, value in zip(ids, satisfaction, strict=True)
    )


def a_sure_difference(count: int = 40) -> None:
    """best:large pleases 0.95 in the mean, acme:small 0.75, of as many answers each."""
    judged(LARGE, ["0.9", "1"] * (count // 2))
    judged(SMALL, ["0.7", "0.8"] * (count // 2))


def tried(model: str, count: int, good: int) -> None:
    answers(good, policy="code", model=model)
    answers(count - good, policy="code", model=model, outcome="failure", http_status=502)


def score(model: str) -> dict[str, Any]:
    found: dict[str, Any] = store.bundle("router", live())["profiles"][model]["coding"]
    return found


def live() -> int:
    return rollout.pointers()["router"].stable


# --- no evidence


def nothing_proposed() -> LearningRound:
    done = proposals.learn()
    assert done.verdict.startswith("no evidence: ")
    assert (done.proposals, Proposal.objects.count(), live()) == (0, 0, 1)
    return done


def test_without_records_there_is_no_evidence() -> None:
    done = nothing_proposed()
    assert (done.records, done.feedback) == (0, 0)
    assert done.verdict == (
        "no evidence: of 0 requests 0 were judged; a score needs 30 judged answers of a model in one category, an order"
        " 50 requests of two models in one policy, and a difference that is sure"
    )
    assert done.began_at - done.since == timedelta(days=30)


@pytest.mark.parametrize("counts", [(29, 40), (40, 29)])
def test_too_few_judgements_are_no_evidence(counts: tuple[int, int]) -> None:
    judged(LARGE, ["1"] * counts[0])
    judged(SMALL, ["0"] * counts[1])
    done = nothing_proposed()
    assert (done.records, done.feedback) == (69, 69)


def test_an_unsure_difference_is_no_evidence() -> None:
    """0.5 and 0.6 in the mean, of zeros and ones: the intervals meet."""
    judged(LARGE, ["1", "0"] * 20)
    judged(SMALL, ["1", "0", "1", "0", "1"] * 8)
    assert nothing_proposed().feedback == 80


def test_one_model_alone_is_compared_with_nobody() -> None:
    judged(LARGE, ["1"] * 60)
    nothing_proposed()


def test_models_are_compared_within_one_category_only() -> None:
    judged(LARGE, ["1"] * 40)
    judged(SMALL, ["0"] * 40, category="research")
    nothing_proposed()


def test_old_requests_and_failures_are_not_judged() -> None:
    old = (now() - timedelta(days=31)).isoformat()
    judged(LARGE, ["1"] * 40, created_at=old)
    judged(SMALL, ["0"] * 40, outcome="failure")
    assert (nothing_proposed().records, LearningRound.objects.get().feedback) == (40, 0)


@pytest.mark.parametrize(
    ("large", "small"), [((49, 0), (60, 60)), ((60, 0), (49, 49)), ((60, 50), (60, 53)), ((60, 60), (60, 0))]
)
def test_an_order_is_not_doubted_by_too_few_or_unsure_failures_nor_when_it_is_right(
    large: tuple[int, int], small: tuple[int, int]
) -> None:
    tried(LARGE, *large)
    tried(MIDDLE, *small)
    nothing_proposed()


# --- a proposal


def test_a_sure_difference_is_proposed_with_sample_interval_and_words() -> None:
    """Values 0.9 and 1, 40 of them: variance 0.1 / 39, standard error 0.0080, half the interval 0.0157."""
    a_sure_difference()
    done = proposals.learn()
    assert (done.verdict, done.records, done.feedback, done.proposals) == ("2 proposals", 80, 80, 2)
    better, worse = (Proposal.objects.get(subject=model) for model in (LARGE, SMALL))
    assert (better.kind, better.detail, better.state, better.learned_in) == ("score", "coding", "open", done)
    # 0.2 better, at 20 points a step of satisfaction: 4 points
    assert (better.before, better.after, worse.before, worse.after) == (90, 94.0, 60, 56.0)
    half = 1.96 * (0.1 / 39 / 40) ** 0.5
    assert better.evidence == {
        "sample": 40, "mean": pytest.approx(0.95), "interval": pytest.approx([0.95 - half, 0.95 + half]),
        "others": 40, "others_mean": pytest.approx(0.75), "others_interval": pytest.approx([0.75 - half, 0.75 + half]),
    }  # fmt: skip
    assert better.summary == (
        f"40 judged coding answers of {LARGE} please 0.95 of 1 (95 % interval 0.93 to 0.97), 40 of the other models 0.75"
        " (0.73 to 0.77)"
    )
    assert live() == 1, "nothing changes by itself"


def test_no_round_moves_a_score_by_more_than_5_points_nor_beyond_the_scale() -> None:
    policies_of = compiler.compile_bundle()["profiles"]
    assert policies_of[LARGE]["coding"]["value"] == 90
    judged(LARGE, ["1"] * 40)
    judged(SMALL, ["0"] * 40)
    proposals.learn()
    assert {each.subject: each.after for each in Proposal.objects.all()} == {LARGE: 95.0, SMALL: 55.0}


def test_a_model_without_a_score_begins_at_70() -> None:
    judged("new:model", ["1"] * 40)
    judged(SMALL, ["0"] * 40)
    proposals.learn()
    found = Proposal.objects.get(subject="new:model")
    assert (found.before, found.after) == (70, 75.0)


def test_an_order_is_proposed_where_the_second_surely_succeeds_more_often() -> None:
    tried(LARGE, 60, 30)
    tried(MIDDLE, 60, 60)
    done = proposals.learn()
    found = Proposal.objects.get()
    assert (done.proposals, found.kind, found.subject, found.detail) == (1, "order", "code", "")
    assert (found.before, found.after) == ([LARGE, MIDDLE, SMALL], [MIDDLE, LARGE, SMALL])
    assert found.summary == (
        f"in code {MIDDLE} succeeds in 100.0% of 60 requests, {LARGE} before it in 50.0% of 60; their 95 % intervals do"
        " not meet"
    )
    assert found.evidence[LARGE] == {
        "sample": 60,
        "success": 0.5,
        "interval": pytest.approx([0.3774, 0.6226], abs=1e-4),
    }
    assert found.evidence[MIDDLE] == {"sample": 60, "success": 1.0, "interval": pytest.approx([0.9398, 1], abs=1e-4)}


# --- decided


def proposal(subject: str = LARGE) -> Proposal:
    return Proposal.objects.get(subject=subject, state="open")


def test_an_accepted_score_is_an_ordinary_change(cast: Cast) -> None:
    a_sure_difference()
    proposals.learn()
    found = proposal()
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(days=4)
    with time_machine.travel(moment, tick=False):
        proposals.accept(found, because("people like it", cast.staff))
    assert score(LARGE) == {
        "value": 94, "source": f"feedback on 40 requests, proposal {found.pk}", "dated": f"{moment:%Y-%m-%d}",
        "is_estimated": True,
    }  # fmt: skip
    assert score(SMALL)["value"] == 60
    assert [each.path.rpartition(".")[2] for each in store.compared("router", 1, 2)] == [
        "dated", "is_estimated", "source", "value",
    ]  # fmt: skip
    release = store.listed("router")[0]
    assert (release.number, release.author, release.reason) == (2, cast.staff, f"proposal {found.pk}: people like it")
    version = ProfileScore.history.filter(profile__model=LARGE).first()
    assert (version.value, version.history_user, version.history_change_reason) == (94, cast.staff, release.reason)
    found.refresh_from_db()
    assert (found.state, found.decided_by, found.reason, found.release, found.decided_at) == (
        "accepted", cast.staff, "people like it", 2, moment,
    )  # fmt: skip
    assert Proposal.history.filter(id=found.pk).first().history_change_reason == "people like it"


def test_an_accepted_order_is_the_policys_next_version(cast: Cast) -> None:
    Policy.objects.filter(name="code").update(adjust_max_places=3, max_output_tokens=500)
    save.publish(because("bounds"))
    tried(LARGE, 60, 30)
    tried(MIDDLE, 60, 60)
    proposals.learn()
    proposals.accept(proposal("code"), because("it fails", cast.staff))
    row = Policy.objects.get(name="code", is_active=True)
    assert (row.version, row.model_ids, row.adjust_max_places, row.max_output_tokens) == (
        2, [MIDDLE, LARGE, SMALL], 3, 500,
    )  # fmt: skip
    assert store.bundle("router", live())["policies"]["code"]["models"] == [MIDDLE, LARGE, SMALL]
    assert Proposal.objects.get().release == live() == 3


def test_a_rejected_proposal_changes_nothing_but_itself(cast: Cast) -> None:
    a_sure_difference()
    proposals.learn()
    found = proposal()
    proposals.reject(found, because("a fashion", cast.staff))
    found.refresh_from_db()
    assert (found.state, found.decided_by, found.reason, found.release) == ("rejected", cast.staff, "a fashion", None)
    assert (live(), score(LARGE)["value"]) == (1, 90)


@pytest.mark.parametrize("first", [proposals.accept, proposals.reject])
@pytest.mark.parametrize("second", [proposals.accept, proposals.reject])
def test_a_proposal_is_decided_once(first: Any, second: Any) -> None:
    a_sure_difference()
    proposals.learn()
    found = proposal()
    first(found, because("once"))
    before = live()
    with pytest.raises(ValidationError, match=f"Proposal {found.pk} is (accepted|rejected)."):
        second(Proposal.objects.get(pk=found.pk), because("twice"))
    assert live() == before


def test_a_proposal_that_somebody_else_decided_meanwhile_is_not_decided_again() -> None:
    a_sure_difference()
    proposals.learn()
    mine, theirs = proposal(), proposal()
    proposals.accept(theirs, because("good"))
    with pytest.raises(ValidationError):
        proposals.reject(mine, because("bad"))
    assert Proposal.objects.get(pk=mine.pk).state == "accepted"


def test_a_new_round_outdates_what_is_still_open() -> None:
    a_sure_difference()
    proposals.learn()
    kept = proposal(SMALL)
    proposals.reject(kept, because("no"))
    stale = proposal()
    proposals.learn()
    assert Proposal.objects.get(pk=stale.pk).state == "outdated"
    assert Proposal.objects.get(pk=kept.pk).state == "rejected", "what was decided stays decided"
    assert Proposal.objects.filter(state="open").count() == 2
    stale.refresh_from_db()
    with pytest.raises(ValidationError, match=f"Proposal {stale.pk} is outdated."):
        proposals.accept(stale, because("late"))


def test_a_round_without_evidence_outdates_too() -> None:
    a_sure_difference()
    proposals.learn()
    with time_machine.travel(now() + timedelta(days=31)):
        proposals.learn()
    assert set(Proposal.objects.values_list("state", flat=True)) == {"outdated"}


@pytest.mark.parametrize("models", [[SMALL, LARGE, MIDDLE], None])
def test_an_order_whose_policy_changed_meanwhile_is_refused(models: list[str] | None) -> None:
    tried(LARGE, 60, 30)
    tried(MIDDLE, 60, 60)
    proposals.learn()
    if models:
        policies.add_version({"name": "code", "title": "Mine", "model_ids": models}, because("mine"))
    else:
        policies.deactivate("code", because("gone"))
    before = live()
    with pytest.raises(ValidationError, match="is not as it was when this was proposed"):
        proposals.accept(proposal("code"), because("late"))
    assert (live(), Proposal.objects.get().state) == (before, "open")


def test_an_accepted_score_is_rolled_back_like_any_change() -> None:
    a_sure_difference()
    proposals.learn()
    proposals.accept(proposal(), because("x"))
    rollout.rollback("router", None, because("no"))
    assert score(LARGE)["value"] == 90
    assert ProfileScore.objects.get(profile__model=LARGE, dimension="coding").dated == date(2026, 1, 1)


# --- the command and the task


def test_the_command_tells_verdict_and_proposals() -> None:
    a_sure_difference()
    out = StringIO()
    call_command("learn", stdout=out)
    first, *others = out.getvalue().splitlines()
    assert first == "2 proposals"
    assert sorted(line.partition(": 40 judged")[0] for line in others) == [
        f"  {SMALL} coding: 60 -> 56.0", f"  {LARGE} coding: 90 -> 94.0",
    ]  # fmt: skip


def test_the_task_is_one_round() -> None:
    learn()
    assert LearningRound.objects.count() == 1
