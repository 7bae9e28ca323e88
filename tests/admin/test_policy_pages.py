"""The pages of policies: every edit is the next version, and a rollback finds what was edited as it was."""

from typing import Any

from django.test import Client
from django.urls import reverse

from autorouter.models import Policy, PolicyShift
from routerhub.releases import rollout, store
from routerhub.releases.models import Release
from tests.admin.answers import messages_of, post, text
from tests.autorouter.fakes import NOW
from tests.cast import because

GPT, CLAUDE = "openai:gpt-5", "anthropic:claude-sonnet-4"
ADD = "/admin/autorouter/policy/add/"
LIST = "/admin/autorouter/policy/"


def page(name: str = "code") -> str:
    return reverse("admin:autorouter_policy_change", args=[active(name).pk])


def active(name: str = "code") -> Policy:
    return Policy.objects.get(name=name, is_active=True)


def sent(*models: str, **changes: Any) -> dict[str, Any]:
    """A filled form of a policy."""
    row = active()
    numbers = {name: getattr(row, name) for name in ("adjust_max_places", "adjust_min_requests", "adjust_margin")}
    limits = {name: "" if (value := getattr(row, name)) is None else value
              for name in ("max_cost_usd", "max_output_tokens", "temperature", "hedge_after_ms")}  # fmt: skip
    return {
        "title": row.title,
        "model_ids": "\n".join(models or row.model_ids),
        **numbers,
        **limits,
        "reason": "try",
        **changes,
    }


def served(name: str = "code") -> dict[str, Any]:
    return dict(store.bundle("router", rollout.pointer("router").stable)["policies"][name])


def test_an_edited_version_stays_and_the_next_one_is_live_until_it_is_rolled_back(staff: Client) -> None:
    before = active()
    staff.post(page(), sent(GPT, CLAUDE))
    now = active()
    assert (now.version, now.model_ids, served()["models"]) == (2, [GPT, CLAUDE], [GPT, CLAUDE])
    kept = Policy.objects.get(name="code", version=1)
    assert (kept.model_ids, kept.is_active) == (before.model_ids, False)
    assert [(each.history_type, each.history_change_reason) for each in now.history.all()] == [("+", "try")]
    rollout.rollback("router", 1, because("as it was"))
    assert (active().version, active().model_ids, served()["models"]) == (1, before.model_ids, before.model_ids)


def test_saved_as_it_is_a_policy_has_no_next_version(staff: Client) -> None:
    history = Policy.history.count()
    assert staff.post(page(), sent()).status_code == 302
    assert (Policy.objects.filter(name="code").count(), Policy.history.count()) == (1, history)
    assert Release.objects.filter(line="router").count() == 1


def test_a_policy_is_added_and_the_same_name_again_is_its_next_version(staff: Client) -> None:
    assert "Order in use" in text(staff.get(ADD))
    for version in (1, 2):
        assert staff.post(ADD, sent(GPT, name="own")).status_code == 302
        assert (active("own").version, served("own")["version"]) == (version, version)


def test_when_a_policy_is_hedged_is_a_field_of_its_page_and_of_its_release(staff: Client) -> None:
    staff.post(page(), sent(hedge_after_ms="800"))
    assert (active().hedge_after_ms, served()["hedge_after_ms"]) == (800, 800)
    assert "less than or equal to 600000" in text(staff.post(page(), sent(hedge_after_ms="600001")))
    staff.post(page(), sent(hedge_after_ms=""))
    assert (active().version, "hedge_after_ms" in served()) == (3, False)


def test_that_complexity_orders_a_policy_is_a_field_of_its_page_and_of_its_release(staff: Client) -> None:
    staff.post(page(), sent(orders_by_complexity="on"))
    assert (active().orders_by_complexity, served()["orders_by_complexity"]) == (True, True)
    staff.post(page(), sent())
    assert (active().version, "orders_by_complexity" in served()) == (3, False)
    rollout.rollback("router", 2, because("as it was"))
    assert active().orders_by_complexity


def test_a_refused_order_is_not_shown_as_the_one_in_use(staff: Client) -> None:
    answer = staff.post(page(), sent("no:such"))
    in_use = text(answer).partition('<ol class="rh-order">')[2].partition("</ol>")[0]
    assert in_use.index(active().model_ids[0]) < in_use.index(active().model_ids[1])
    assert "no:such" not in in_use


def test_the_page_of_a_policy_that_no_longer_has_a_moved_model_opens(staff: Client) -> None:
    PolicyShift.objects.create(policy="code", model=CLAUDE, places=1, since=NOW)
    staff.post(page(), sent(GPT))
    assert f"<li>{GPT}" in text(staff.get(page()))


def test_versions_are_activated_and_deactivated_in_the_list(staff: Client) -> None:
    staff.post(ADD, sent(GPT, name="own"))

    def press(action: str, name: str) -> list[str]:
        return messages_of(post(staff, LIST, action=action, _selected_action=Policy.objects.filter(name=name)[0].pk))[
            -1:
        ]

    assert press("deactivate", "own") == ["own v1 is not active any more."]
    assert press("activate", "own") == ["own v1 is active."]
    assert "there is no active policy 'code'" in press("deactivate", "code")[0]
    assert active()
