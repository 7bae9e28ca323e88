"""The playground: what would answer, the key by which its script sends, and who may."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from autorouter import models as autorouter
from autorouter.classification.definitions import CATEGORY_DEFINITIONS
from autorouter.classification.telling import sureness
from autorouter.decision.terms import Terms
from autorouter.types import Candidate, Constraints, Decision, RouterConfig, Task
from budgets.choices import Role
from budgets.errors import ExpiredKey
from budgets.formats import NOTHING, THIN
from budgets.models import ApiKey, Limit, Membership
from budgets.money import MINUS
from budgets.people import keys, playground
from routerhub.audit import history
from routerhub.console.playground.candidates import TIMES, found
from routerhub.console.playground.pages import PlaygroundPage
from tests.cast import Cast, because
from tests.console.test_figures import read, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("both_seeded")]
PROMPT = "Write a Python function that merges overlapping date ranges, typed."


@pytest.fixture
def ada(cast: Cast) -> Client:
    return signed_in(cast.ada.user)


def look(client: Client, **asked: str) -> str:
    body = {"prompt": PROMPT, "model": "auto", "priority": "balanced", **asked}
    answer = client.post("/console/playground/candidates/", body)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def chosen(shown: str) -> str:
    found = re.search(r'data-chosen="([^"]*)"', shown)
    assert found, shown[:200]
    return found[1]


def membership(cast: Cast, name: str) -> Membership:
    return Membership.objects.get(user=getattr(cast, name).user)


def test_a_bar_shows_each_term_after_its_factors_and_the_formula_under_it() -> None:
    terms = Terms(
        category=Decimal(90), stickiness=Decimal(0), reasoning=Decimal(15), research=Decimal(0),
        complexity_factor=Decimal("1.2"), tier_weight=Decimal("0.3"), speed=Decimal(10),
    )  # fmt: skip
    candidate = Candidate(
        model="a:b", provider="a", score=terms.score, tier="premium", terms=terms, mean_price=Decimal(9),
        quality=Decimal(91), estimated_cost_usd=Decimal("0.02"),
    )  # fmt: skip
    task = Task(category="coding", complexity="complex", input_tokens=10, needs=frozenset(), origin="local")
    decision = Decision(
        task=task, constraints=Constraints(), candidates=(candidate,), excluded=(), considered=1,
        catalogue_release=0, router_release=0,
    )  # fmt: skip
    (row,) = found(decision, decision, None).rows
    assert [(part.css, part.width) for part in row.parts] == [
        ("t-cat", "62.47%"), ("t-reason", "10.41%"), ("t-speed", "19.28%"),
    ]  # fmt: skip
    told = "(90.00 category + 15.00 reasoning) * 1.2 complex * 0.3 premium tier + 10 speed"
    assert " ".join(word.text for word in row.formula) == told.replace("*", TIMES)
    assert (row.quality, row.cost, row.time) == ("91.0", "$0.020", NOTHING)


def test_the_decision_is_the_one_of_routing_select_with_every_term(ada: Client, cast: Cast) -> None:
    body = {"messages": [{"role": "user", "content": PROMPT}], "stream": True, "priority": "balanced"}
    told = Client().post("/api/routing/select", body, "application/json", headers=cast.ada.auth).json()
    shown = look(ada)
    assert chosen(shown) == told["model"]
    names = re.findall(r'<span class="p">([^<]+)</span>([^<]+)</span>', shown)
    assert ["".join(each) for each in names] == [each["model"] for each in told["candidates"][:8]]
    assert f"{told['score']:.2f}" in shown
    task = told["task"]
    assert f'title="asks to {CATEGORY_DEFINITIONS[task["category"]]}">{task["category"]}</abbr>' in shown
    assert f'<span class="share">{task["confidence"]:.2f}</span> {sureness(task["confidence"])}' in shown
    assert f"8 of {len(told['candidates'])} shown · {len(told['excluded'])} excluded" in shown


def test_another_priority_says_what_it_trades(ada: Client) -> None:
    balanced, cheapest = look(ada), look(ada, priority="cost")
    assert chosen(balanced) != chosen(cheapest)
    assert f"With cost {chosen(cheapest)} would answer instead of {chosen(balanced)}: quality " in cheapest
    assert re.search(rf'cost <b class="good">{MINUS}\d+{THIN}%</b>', cheapest)
    assert "the one that is estimated cheapest wins." in cheapest
    assert 'class="floor"' in cheapest
    assert "The best score wins." in balanced


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("off", ""),
        ("unsure", "below 0.5 the gateway asks the router model too"),
        ("always", "the gateway asks the router model too"),
    ],
)
def test_it_says_when_the_gateway_asks_the_router_model_too(when: Any, said: str) -> None:
    page = PlaygroundPage()
    page.rankings = SimpleNamespace(router=SimpleNamespace(config=RouterConfig(classifies_with_model=when)))  # type: ignore[assignment]
    assert page._asks_further() == said


def test_policies_named_models_pictures_and_limits_count(ada: Client) -> None:
    assert "Policy code: its models in its own order." in look(ada, model="policy:code")
    assert chosen(look(ada, model="openai:gpt-6-luna")) == "openai:gpt-6-luna"
    pictures = look(ada, pictures="1")
    assert ">multimodal</abbr>" in pictures
    assert "needs vision" in pictures
    assert "over the limit of 0.000000010 USD" in look(ada, max_cost_usd="0.00000001")
    assert "model: Select a valid choice." in look(ada, model="no:such")
    assert "No prompt yet." in look(ada, prompt=" ")


def test_the_persons_preferences_and_the_accounts_limits_count(ada: Client, cast: Cast) -> None:
    first = chosen(look(ada))
    row = autorouter.Preferences(user=cast.ada.user, blocked_providers=[first.partition(":")[0]], priority="cost")
    history.create([row], because("not them"))
    Limit.objects.create(kind="user", subject=str(cast.ada.user.pk), period="month", amount=5_000_000_000)
    shown = look(ada)
    assert chosen(shown) != first
    assert f"provider {first.partition(':')[0]} is blocked" in shown
    assert "$5.00 left of the month limit of this user" in shown
    assert 'value="cost" checked' in read(ada, "/console/playground/")


def test_without_script_the_page_shows_the_candidates_and_says_what_to_do(ada: Client) -> None:
    page = read(ada, "/console/playground/?model=openai:gpt-6-luna&second=no:such")
    assert "Sending and watching the answer needs script." in page
    assert re.search(r"<option selected[^>]*>openai:gpt-6-luna", page)
    body = {"prompt": PROMPT, "model": "auto", "priority": "balanced"}
    assert "Candidates before sending" in ada.post("/console/playground/", body).content.decode()


def test_the_key_is_one_for_person_and_account_opens_chat_alone_and_ends_soon(ada: Client, cast: Cast) -> None:
    told = ada.post("/console/playground/key/")
    assert told.headers["Cache-Control"] == "no-store"
    first = told.json()["key"]
    caller = keys.find_caller(first)
    assert (caller.user, caller.account, caller.key_name) == ("ada", "acme", "Playground")
    assert caller.permissions == {"inference"}
    assert caller.scope is not None
    assert caller.scope.endpoints == {"chat"}
    assert playground.caller(membership(cast, "ada")) == caller
    second = ada.post("/console/playground/key/").json()["key"]
    assert second != first
    assert keys.find_caller(first).key_id == keys.find_caller(second).key_id
    (key,) = ApiKey.objects.filter(is_playground=True)
    assert key.expires_at is not None
    assert timedelta() < key.expires_at - timezone.now() <= playground.LIFE
    listed = Client().get("/api/keys", headers=cast.ada.auth)
    assert "Playground" not in listed.content.decode()


def test_signing_out_ends_the_key_and_a_revoked_one_is_followed_by_another(ada: Client) -> None:
    text = ada.post("/console/playground/key/").json()["key"]
    ada.logout()
    key = ApiKey.objects.get(is_playground=True)
    with pytest.raises(ExpiredKey):
        keys.find_caller(text)
    keys.revoke(key, because("lost"))
    made, _ = playground.open_key(Membership.objects.get(user=key.user, account=key.account), because("again"))
    assert made.pk != key.pk


def test_a_viewer_sees_what_would_answer_and_may_not_send(cast: Cast) -> None:
    Membership.objects.filter(user=cast.ben.user).update(role=Role.VIEWER)
    ben = signed_in(cast.ben.user)
    page = read(ben, "/console/playground/")
    assert "Your role in Acme is viewer, which sends no requests." in page
    assert re.search(r'id="send" disabled', page)
    assert chosen(look(ben))
    assert ben.post("/console/playground/key/").status_code == 403
    assert not ApiKey.objects.filter(is_playground=True).exists()


def test_nobody_gets_a_key_by_another_site_or_without_a_login(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.ada.user)
    assert strict.post("/console/playground/key/").status_code == 403
    assert Client().post("/console/playground/key/").status_code == 302
    assert signed_in(cast.ada.user).get("/console/playground/key/").status_code == 405
