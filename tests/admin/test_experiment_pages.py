"""The pages on which a decision is explained and a change tried out: open for staff, closed to others; refusals in words."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from autorouter.configuration import profiles
from autorouter.models import PolicyShift
from autorouter.types import Constraints
from experiments.learning import adjusting, proposals
from experiments.models import LearningRound, Proposal
from routerhub.releases import rollout, store
from tests.admin.answers import messages_of, text
from tests.admin.people import check_doors, some_staff
from tests.cast import Cast, because
from tests.experiments.learning.test_adjusting import allow
from tests.experiments.learning.test_adjusting import traffic as measured
from tests.experiments.learning.test_proposals import a_sure_difference
from tests.experiments.traffic import LARGE, MIDDLE, SHIPPED, SMALL, draft, failed, open_shop, policy, request, score


@pytest.fixture
def staff(cast: Cast) -> Client:
    open_shop(code=policy(LARGE, MIDDLE, SMALL))
    client = Client()
    client.force_login(cast.staff)
    return client


@pytest.mark.parametrize("page", ["decisions", "backtest"])
def test_pages_are_open_for_staff_and_closed_to_others(staff: Client, cast: Cast, page: str) -> None:
    path = f"/admin/decisions/{request()}/" if page == "decisions" else "/admin/backtest/?limit=10"
    check_doors(path, staff, cast.cy.user)


def test_a_decision_is_told_in_words_bars_and_what_would_have_had_to_differ(staff: Client) -> None:
    operation = request(Constraints(blocked_models=frozenset({LARGE}), rules=("no large",)))
    page = text(staff.get(f"/admin/decisions/{operation}/"))
    assert f"{MIDDLE} suits a moderate coding task best: score 40" in page
    assert "decided again from its releases: the same to the bit" in page
    assert f"For {SMALL} to have won" in page
    assert f"{SMALL} was 10 points short of 40." in page
    assert "rules that fired: no large" in page
    assert "it is blocked by a rule of yours" in page
    assert 'aria-label="category 40.0"' in page
    assert 'style="width:75.0%"' in page, "30 points of 40"


def test_a_decision_that_cannot_be_made_again_says_why(staff: Client) -> None:
    page = text(staff.get(f"/admin/decisions/{request(router_release=77)}/"))
    assert "It cannot be decided again: Line router has no release 77." in page
    assert "This decision can't be shown again. It cannot be decided again: Line router has no release 77." in page


@pytest.mark.parametrize("decision", [{}, {"why": "a:b suits best."}])
def test_a_decision_of_which_little_was_kept_still_opens(staff: Client, decision: dict[str, Any]) -> None:
    page = text(staff.get(f"/admin/decisions/{request(decision=decision)}/"))
    assert "The record does not keep what its decision came from." in page


@pytest.mark.parametrize("given", [str(uuid.UUID(int=7)), "horse"])
def test_a_request_that_there_is_not_is_told(staff: Client, given: str) -> None:
    answer = staff.get(f"/admin/decisions/{given}/")
    assert "No such request" in text(answer)
    assert messages_of(answer)[0].startswith("There is no record of a request")


def roles(page: Any) -> list[str]:
    """What the panel of a record's decision calls the candidates that it shows."""
    return re.findall(r'class="rh-badge">(answered|called last|runner-up|first choice)<', page.content.decode())


def test_the_record_tells_why_in_bars_and_leads_to_its_decision(staff: Client) -> None:
    operation = request()
    answer = staff.get(reverse("admin:analytics_record_change", args=[operation]))
    page = text(answer)
    assert f"{MIDDLE} suits a moderate coding task best: score 40, 80 in its category" in page
    assert f"/admin/decisions/{operation}/" in page
    assert "3 candidates, 0 excluded" in page
    assert re.search(r"\(80 category\) \S 1 complexity \S 0\.50? cheap", page)
    assert roles(answer) == ["answered", "runner-up"]


def test_the_record_of_a_stand_in_tells_for_whom(staff: Client) -> None:
    operation = request(model=SMALL, fallback_used=True)
    answer = staff.get(reverse("admin:analytics_record_change", args=[operation]))
    page = text(answer)
    assert f"{SMALL} stands in for {MIDDLE}, which could not be used" in page
    assert roles(answer) == ["answered", "first choice"]


@pytest.mark.parametrize(
    ("columns", "role"),
    [
        ({"outcome": "failure", "attempts": [failed(MIDDLE)]}, ["called last", "runner-up"]),
        ({"outcome": "failure", "attempts": []}, ["first choice", "runner-up"]),
        ({"outcome": "abandoned"}, ["answered", "runner-up"]),
    ],
)
def test_a_model_that_did_not_answer_is_not_told_to_have(
    staff: Client, columns: dict[str, Any], role: list[str]
) -> None:
    operation = request(**columns)
    assert roles(staff.get(reverse("admin:analytics_record_change", args=[operation]))) == role
    page = text(staff.get(f"/admin/decisions/{operation}/"))
    assert (f">{role[0]}<" in page) == (role[0] != "first choice")
    assert "Candidates, best first" in page


def test_a_policys_order_is_not_told_to_be_the_best_first(staff: Client) -> None:
    page = text(staff.get(f"/admin/decisions/{request(Constraints(policy='code'))}/"))
    assert "Candidates, in the order of policy code" in page


def test_the_record_whose_decision_cannot_be_made_again_says_why(staff: Client) -> None:
    operation = request(router_release=77)
    answer = staff.get(reverse("admin:analytics_record_change", args=[operation]))
    page = text(answer)
    assert "It cannot be decided again: Line router has no release 77." in page
    assert roles(answer) == []


def test_a_draft_is_tried_on_the_backtest_page(staff: Client) -> None:
    for _ in range(3):
        request()
    request(asked={"complexity": "complex"})
    number = draft(cheap_below=0.5)
    page = text(staff.get(f"/admin/backtest/?limit=100&router={number}"))
    assert f"{MIDDLE} → {SMALL}" in page
    assert "of 4 recorded requests, 75.0 %" in page
    # 3 x 0.00055 saved of 3 x 0.00095 + 0.005
    assert "-21.02 %" in page
    assert "-15.00" in page, "points of quality"
    assert "refused 0 → 0" in page


def test_a_small_change_of_quality_is_not_rounded_to_nothing(staff: Client) -> None:
    request()
    for _ in range(3):
        request(asked={"category": "factual"})
    scores = {MIDDLE: {"coding": score(79.99)}}
    number = store.draft("router", lambda: profiles.set_scores(scores, because("x")), because("x"))
    assert "-0.0025" in text(staff.get(f"/admin/backtest/?limit=100&router={number}"))


def test_without_records_the_backtest_page_says_so(staff: Client) -> None:
    page = text(staff.get("/admin/backtest/?limit=100"))
    assert f"of {SHIPPED} built-in prompts: there is no record" in page
    assert "Every request goes where it goes now." in page


def test_before_anything_is_asked_the_page_is_a_form(staff: Client) -> None:
    answer = staff.get("/admin/backtest/")
    assert answer.context["report"] is None
    assert "Newest requests" in text(answer)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("limit=0", "Write a number from 1 to 100,000."),
        ("limit=100001", "Write a number from 1 to 100,000."),
        ("limit=many", "Write a number from 1 to 100,000."),
        ("router=1", "Write a number from 1 to 100,000."),
        ("limit=10&since=yesterday", "&#x27;yesterday&#x27; is neither a moment"),
        ("limit=10&router=99", "Line router has no release 99."),
        ("limit=10&catalogue=99", "Line catalogue has no release 99."),
        ("limit=10&router=nine", "Choose a release by its number."),
        ("limit=10&since=9999999d", "&#x27;9999999d&#x27; is neither a moment"),
        ("limit=10&category=%00", "Select a valid choice."),
        ("limit=10&tag=%00", "Null characters are not allowed."),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_told_on_the_page(staff: Client, query: str, problem: str) -> None:
    request()
    answer = staff.get(f"/admin/backtest/?{query}")
    assert problem in text(answer)
    assert answer.context["report"] is None


def test_requests_of_a_tag_are_replayed(staff: Client) -> None:
    request(tags=["night"])
    request()
    assert staff.get("/admin/backtest/?limit=10&tag=night").context["report"]["requests"] == 1


# --- proposals

PROPOSALS = "/admin/experiments/proposal/"


def act(client: Client, action: str) -> Any:
    chosen = [str(pk) for pk in Proposal.objects.filter(subject=LARGE).values_list("pk", flat=True)]
    sent = {"action": action, "_selected_action": chosen, "post": "yes", "reason": "it shows"}
    return client.post(PROPOSALS, sent, follow=True)


def test_a_proposal_is_accepted_in_the_admin_and_not_again(staff: Client, cast: Cast) -> None:
    a_sure_difference()
    proposals.learn()
    assert "90 → 94.0" in text(staff.get(PROPOSALS))
    assert messages_of(act(staff, "accept")) == [f"{LARGE} coding: accepted."]
    found = Proposal.objects.get(subject=LARGE)
    assert (found.state, found.decided_by, found.release) == ("accepted", cast.staff, 2)
    (refusal,) = messages_of(act(staff, "reject"))
    assert f"Proposal {found.pk} is accepted." in refusal
    assert rollout.pointers()["router"].stable == 2


def test_a_proposal_is_rejected_in_the_admin(staff: Client) -> None:
    a_sure_difference()
    proposals.learn()
    assert messages_of(act(staff, "reject")) == [f"{LARGE} coding: rejected."]
    assert (Proposal.objects.get(subject=LARGE).state, rollout.pointers()["router"].stable) == ("rejected", 1)


def test_who_may_only_look_at_proposals_does_not_decide(staff: Client) -> None:
    a_sure_difference()
    proposals.learn()
    viewer = some_staff("view_proposal")
    for action in ("accept", "reject"):
        act(viewer, action)
    assert Proposal.objects.get(subject=LARGE).state == "open"


def test_a_round_is_begun_in_the_admin(staff: Client) -> None:
    answer = staff.get(reverse("admin:experiments_learninground_check_now"), follow=True)
    assert messages_of(answer)[0].startswith("no evidence: ")
    assert LearningRound.objects.count() == 1
    assert "no evidence" in text(staff.get(reverse("admin:experiments_learninground_changelist")))


def test_who_may_only_look_at_rounds_begins_none(staff: Client) -> None:
    some_staff("view_learninground").get(reverse("admin:experiments_learninground_check_now"))
    assert not LearningRound.objects.exists()


# --- shifts


def test_a_shift_is_undone_in_the_admin(staff: Client) -> None:
    allow()
    measured(large=50)
    adjusting.adjust_all()
    row = PolicyShift.objects.get()
    page = reverse("admin:autorouter_policyshift_changelist")
    assert LARGE in text(staff.get(page))
    staff.post(page, {"action": "undo", "_selected_action": [row.pk]}, follow=True)
    assert not PolicyShift.objects.exists()
    assert "shifts" not in store.bundle("router", rollout.pointers()["router"].stable)["policies"]["code"]
