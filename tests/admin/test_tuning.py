"""The tuning page and the score matrix: every value with its range, every nonsense beside its field, all or nothing."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from autorouter.configuration.tunables.kinds import Flag, Number, PointsByPattern
from autorouter.configuration.tunables.shapes import COLUMNS, DEFAULTS
from autorouter.models import ProfileScore, RouterConfiguration
from routerhub.releases import store
from routerhub.releases.models import Release, Rollout
from tests.cast import Cast, UserFactory

TUNING = "/admin/tuning/"
MATRIX = "/admin/scores/"
NUMBERS = {name: column.kind for name, column in COLUMNS.items() if isinstance(column.kind, Number)}


def filled(client: Client, **changes: Any) -> dict[str, Any]:
    """What a browser would send back from the tuning page as it is, with these changes and a reason."""
    context = client.get(TUNING).context
    sent: dict[str, Any] = {"how": "live", "percent": "10", "seen": context["form"].initial["seen"], "reason": "try"}
    for name, column in COLUMNS.items():
        value = context["shown"][name]
        match column.kind:
            case PointsByPattern(prefix=prefix):
                sent |= {f"{prefix}_pattern": list(value), f"{prefix}_points": list(map(str, value.values()))}
            case Flag():
                sent |= {name: "on"} if value else {}
            case _:
                sent[name] = value
    return {**sent, **changes}


def matrix(scores: object, **changes: str) -> dict[str, str]:
    text = scores if isinstance(scores, str) else json.dumps(scores)
    return {"changes": text, "source": "Own measure", "dated": "2026-11-20", "reason": "measured", **changes}


def versions() -> int:
    return int(RouterConfiguration.history.count())


def pointer() -> tuple[int, int | None, int]:
    row = Rollout.objects.get(line="router")
    return row.stable, row.candidate, row.percent


def attributes(page: str, name: str) -> dict[str, str]:
    """The attributes of the numeric field of that name."""
    found = re.search(rf'<input class="tn-number"[^>]* name="{name}"[^>]*>', page)
    assert found, f"{name} has a numeric field"
    return dict(re.findall(r'(\w+)="([^"]*)"', found.group()))


def test_every_setting_has_a_slider_with_its_range_and_its_default(staff: Client) -> None:
    page = staff.get(TUNING).content.decode()
    for name, setting in NUMBERS.items():
        field = attributes(page, name)
        shown = tuple(Decimal(field[each]) for each in ("min", "max", "value"))
        assert shown == (setting.low, setting.high, setting.default), name
        knob = page.split(f'data-knob="{name}"')[1].split("data-knob=")[0]
        assert 'type="range"' in knob, name
        assert f"default {setting.default.normalize():,f}<" in knob, name
        assert setting.unit in knob, name
    assert page.count("data-knob=") == len(NUMBERS)


def test_the_speed_bonuses_stand_in_a_list_with_their_points(staff: Client) -> None:
    page = staff.get(TUNING).content.decode()
    patterns = re.findall(r'name="speed_pattern" value="([^"]+)"', page)
    points = re.findall(r'name="speed_points"[^>]* value="([^"]+)"', page)
    assert {pattern: int(number) for pattern, number in zip(patterns, points, strict=False)} == DEFAULTS[
        "speed_bonuses"
    ]


def test_the_old_pages_of_the_configuration_lead_to_the_filled(staff: Client) -> None:
    for path in ("", "1/change/"):
        response = staff.get(f"/admin/autorouter/routerconfiguration/{path}")
        assert (response.status_code, response["Location"]) == (302, TUNING)
    assert staff.get("/admin/autorouter/routerconfiguration/1/history/", follow=True).status_code == 200


def test_saved_live_it_is_a_release_for_all_with_author_and_reason(staff: Client, cast: Cast) -> None:
    response = staff.post(TUNING, filled(staff, stickiness_bonus="4.5", weight_simple_mid="0.3"), follow=True)
    assert "Release 2 is live for all." in response.content.decode()
    assert pointer() == (2, None, 0)
    version = RouterConfiguration.history.first()
    assert (version.stickiness_bonus, version.weight_simple_mid) == (Decimal("4.5"), Decimal("0.3"))
    assert (version.history_user, version.history_change_reason) == (cast.staff, "try")
    assert [(each.path, each.before, each.after) for each in store.compared("router", 1, 2)] == [
        ("config.stickiness_bonus", 25, 4.5), ("config.tier_weights.simple.mid", 0.25, 0.3),
    ]  # fmt: skip


def test_saved_for_a_share_it_is_a_candidate_and_the_page_says_so(staff: Client, cast: Cast) -> None:
    sent = filled(staff, stickiness_bonus="4", how="percent", percent="15", reason="for a few")
    page = staff.post(TUNING, sent, follow=True).content.decode()
    assert "Release 2 is live for 15 %." in page
    assert pointer() == (1, 2, 15)
    version = RouterConfiguration.history.first()
    assert (version.stickiness_bonus, version.history_user) == (4, cast.staff)
    assert "for a few" in version.history_change_reason
    assert 'data-default="25" data-live="25"' in page
    assert attributes(page, "stickiness_bonus")["value"] == "4"


def test_what_is_saved_live_during_a_rollout_is_told_to_be_for_the_few(staff: Client) -> None:
    staff.post(TUNING, filled(staff, stickiness_bonus="4", how="percent", percent="15"))
    page = staff.post(TUNING, filled(staff, stickiness_bonus="5"), follow=True).content.decode()
    assert "Release 3 is live for 15 %." in page
    assert pointer() == (1, 3, 15)


def test_saved_as_a_draft_it_is_live_for_nobody_and_the_values_stay(staff: Client, cast: Cast) -> None:
    page = staff.post(TUNING, filled(staff, stickiness_bonus="4", how="draft"), follow=True).content.decode()
    assert "Release 2 is a draft, live for nobody." in page
    assert pointer() == (1, None, 0)
    draft = Release.objects.get(line="router", number=2)
    assert (draft.bundle["config"]["stickiness_bonus"], draft.author, draft.reason) == (4, cast.staff, "try")
    assert (RouterConfiguration.objects.get().stickiness_bonus, versions()) == (25, 1)


def test_a_draft_has_its_name_and_is_opened_again_to_go_on(staff: Client) -> None:
    staff.post(TUNING, filled(staff, stickiness_bonus="4", how="draft", label="less sticky"))
    assert Release.objects.get(line="router", number=2).label == "less sticky"
    page = staff.get(f"{TUNING}?release=2")
    assert attributes(page.content.decode(), "stickiness_bonus")["value"] == "4"
    assert "These are the values of release 2, less sticky" in page.content.decode()
    assert (page.context["form"]["how"].value(), page.context["form"]["label"].value()) == ("draft", "less sticky")
    assert staff.get(f"{TUNING}?release=9").context["shown"]["stickiness_bonus"] == 25
    again = staff.post(
        f"{TUNING}?release=2", filled(staff, stickiness_bonus="6", how="draft", label="less sticky still")
    )
    assert again.status_code == 302
    assert Release.objects.get(line="router", number=3).bundle["config"]["stickiness_bonus"] == 6


def test_speed_bonuses_are_added_changed_and_removed(staff: Client) -> None:
    sent = filled(staff, speed_pattern=["groq", "haiku", ""], speed_points=["12.5", "-3", ""])
    assert staff.post(TUNING, sent).status_code == 302
    assert store.bundle("router", 2)["config"]["speed_bonuses"] == {"groq": 12.5, "haiku": -3}


def test_classification_is_switched_on_with_its_model(staff: Client) -> None:
    sent = filled(
        staff, classifies_with_model="unsure", router_model="openai:gpt-5-nano", router_max_retries="1",
        router_deadline_ms="900",
    )  # fmt: skip
    assert staff.post(TUNING, sent).status_code == 302
    config = store.bundle("router", 2)["config"]
    assert (config["classifies_with_model"], config["router_model"]) == ("unsure", "openai:gpt-5-nano")
    assert (config["router_max_retries"], config["router_deadline_ms"]) == (1, 900)
    assert filled(staff)["classifies_with_model"] == "unsure", "the page shows it so"


def test_a_value_beside_its_range_is_told_beside_its_field_whichever_it_is(staff: Client) -> None:
    sent = filled(staff)
    for name, setting in NUMBERS.items():
        step = Decimal(1) if setting.high > 10 else Decimal("0.01")
        for value in (setting.low - step, setting.high + step):
            response = staff.post(TUNING, {**sent, name: f"{value:f}"})
            found = response.context["form"].errors
            assert list(found) == [name], (name, value)
            assert f"number from {setting.low} to {setting.high}." in found[name][0], (name, value)
            assert attributes(response.content.decode(), name)["value"] == f"{value:f}", "what was typed stays"
    assert (versions(), Release.objects.filter(line="router").count(), pointer()) == (1, 1, (1, None, 0))


@pytest.mark.parametrize(
    ("field", "changes", "message"),
    [
        ("reason", {"reason": " "}, "Say why"),
        ("stickiness_bonus", {"stickiness_bonus": "much"}, "Write a number from 0 to 100."),
        ("stickiness_bonus", {"stickiness_bonus": ""}, "Write a number from 0 to 100."),
        ("simple_penalty", {"simple_penalty": "NaN"}, "Write a number from 0 to 1."),
        ("simple_penalty", {"simple_penalty": "0.12345"}, "4 decimal places"),
        ("router_max_retries", {"router_max_retries": "1.5"}, "Write a whole number from 0 to 10."),
        ("cheap_below", {"cheap_below": "6"}, "6 is above where premium begins, 5."),
        ("cheap_below", {"mid_below": "0.5"}, "1 is above where premium begins, 0.5."),
        ("router_model", {"router_model": "openai:gpt-none"}, "There is no model"),
        ("router_model", {"router_model": ""}, "required"),
        ("speed_bonuses", {"speed_pattern": ["fast"], "speed_points": ["101"]}, "is not a number from -100 to 100"),
        ("speed_bonuses", {"speed_pattern": ["fast"], "speed_points": ["-101"]}, "is not a number from -100 to 100"),
        ("speed_bonuses", {"speed_pattern": ["fast"], "speed_points": ["much"]}, "is not a number"),
        ("speed_bonuses", {"speed_pattern": ["fast"], "speed_points": ["Infinity"]}, "is not a number"),
        ("speed_bonuses", {"speed_pattern": ["Fast"], "speed_points": ["1"]}, "a pattern is lower case"),
        ("speed_bonuses", {"speed_pattern": [" "], "speed_points": ["1"]}, "a pattern is lower case and not empty"),
        ("speed_bonuses", {"speed_pattern": ["a b"], "speed_points": ["1"]}, "without spaces"),
        ("speed_bonuses", {"speed_pattern": ["a\0b"], "speed_points": ["1"]}, "without spaces"),
        ("speed_bonuses", {"speed_pattern": ["a" * 65], "speed_points": ["1"]}, "1 to 64 characters"),
        ("speed_bonuses", {"speed_pattern": [f"p{at}" for at in range(101)], "speed_points": ["1"] * 101}, "at most 100"),
        ("speed_bonuses", {"speed_pattern": ["a", "a"], "speed_points": ["1", "2"]}, "in the list twice"),
        ("how", {"how": "tomorrow"}, "tomorrow"),
        ("percent", {"how": "percent", "percent": "0"}, "a number of percent from 1 to 100"),
        ("percent", {"how": "percent", "percent": "101"}, "a number of percent from 1 to 100"),
        ("percent", {"how": "percent", "percent": ""}, "a number of percent from 1 to 100"),
        ("__all__", {"seen": "0"}, "Somebody changed these values"),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_beside_its_field_and_nothing_is_written(
    staff: Client, field: str, changes: dict[str, Any], message: str
) -> None:
    response = staff.post(TUNING, filled(staff, **changes))
    assert response.status_code == 200, "the form is shown again"
    found = response.context["form"].errors
    assert message in " ".join(found[field])
    assert list(found) == [field], "and nothing else is blamed"
    page = response.content.decode()
    assert "Nothing was saved" in page
    for name, value in changes.items():
        if name in NUMBERS:
            assert attributes(page, name)["value"] == value, "what was typed stays"
    assert (versions(), Release.objects.filter(line="router").count(), pointer()) == (1, 1, (1, None, 0))


def test_what_the_release_breaks_is_told_and_nothing_is_written(staff: Client) -> None:
    ProfileScore.objects.filter(profile__model="openai:gpt-5", dimension="coding").update(source=" ")
    response = staff.post(TUNING, filled(staff, stickiness_bonus="4"))
    assert "profiles.openai:gpt-5.coding.source" in " ".join(response.context["form"].non_field_errors())
    assert (versions(), Release.objects.filter(line="router").count()) == (1, 1)


@pytest.mark.parametrize("how", [{}, {"how": "percent", "percent": "15"}, {"how": "draft"}])
def test_saved_as_it_is_nothing_is_written_and_the_page_says_so(staff: Client, how: dict[str, str]) -> None:
    staff.post(TUNING, filled(staff, stickiness_bonus="4", how="draft"))
    page = staff.post(TUNING, filled(staff, **how), follow=True).content.decode()
    assert "Nothing differs from what is saved, so nothing was saved." in page
    assert (versions(), Release.objects.filter(line="router").count(), pointer()) == (1, 2, (1, None, 0))


def test_two_people_do_not_overwrite_one_another(staff: Client) -> None:
    mine, theirs = filled(staff, reasoning_bonus="1"), filled(staff, stickiness_bonus="4")
    assert staff.post(TUNING, theirs).status_code == 302
    assert "Somebody changed these values" in staff.post(TUNING, mine).content.decode()
    row = RouterConfiguration.objects.get()
    assert (row.stickiness_bonus, row.reasoning_bonus) == (4, 15)


@pytest.mark.parametrize(("page", "table"), [(TUNING, "routerconfiguration"), (MATRIX, "profile")])
def test_who_may_only_look_sees_the_page_and_cannot_save(staff: Client, page: str, table: str) -> None:
    user = UserFactory.create(username="looker", is_staff=True)
    looker = Client()
    looker.force_login(user)
    assert looker.get(page).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename=f"view_{table}"))
    shown = looker.get(page)
    assert shown.status_code == 200
    assert b'id="save"' not in shown.content
    assert b'id="save"' in staff.get(page).content
    assert looker.post(page, {"reason": "try"}).status_code == 403


def test_who_is_no_staff_is_sent_to_the_login(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.cy.user)
    for page in (TUNING, MATRIX):
        assert client.get(page)["Location"].startswith("/admin/login/")


def test_the_matrix_shows_every_score_with_source_date_and_whether_it_is_estimated(staff: Client) -> None:
    page = staff.get(MATRIX).content.decode()
    cells = re.findall(r'<td role="gridcell"([^>]*)>', page)
    shown = {
        (found["data-model"], found["data-dimension"]): found
        for found in (dict(re.findall(r'([\w-]+)="([^"]*)"', cell)) | {"raw": cell} for cell in cells)
    }
    models = store.bundle("catalogue", 1)["models"]
    assert len(shown) == 9 * len(models), "a model without a profile has its row as well"
    scores = ProfileScore.objects.select_related("profile")
    assert scores.count() > 500
    for score in scores:
        cell = shown[score.profile.model, score.dimension]
        assert Decimal(cell["data-value"]) == score.value
        assert (cell["data-source"], cell["data-dated"]) == (score.source, score.dated.isoformat())
        assert ("data-estimated" in cell["raw"]) == score.is_estimated
    assert "Ratings: Arena (arena.ai), CC BY 4.0" in page


def test_edited_scores_are_saved_at_once_with_source_date_and_reason(staff: Client, cast: Cast) -> None:
    edits = {"openai:gpt-5": {"coding": 91.25, "quality": 88}, "amazon:nova-pro": {"research": 60}}
    page = staff.post(MATRIX, matrix(edits, is_estimated="on"), follow=True).content.decode()
    assert "3 scores saved. Release 2 is live for all." in page
    facts = {"source": "Own measure", "dated": "2026-11-20", "is_estimated": True}
    found = store.bundle("router", 2)["profiles"]
    assert found["openai:gpt-5"]["coding"] == {"value": 91.25, **facts}
    assert found["openai:gpt-5"]["quality"] == {"value": 88, **facts}
    assert found["amazon:nova-pro"]["research"] == {"value": 60, **facts}
    version = ProfileScore.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "measured")
    changed = {each.path.rpartition(".")[0] for each in store.compared("router", 1, 2)}
    assert changed == {
        "profiles.openai:gpt-5.coding", "profiles.openai:gpt-5.quality", "profiles.amazon:nova-pro.research",
    }  # fmt: skip


def test_a_model_without_a_profile_gets_one_with_its_first_score(staff: Client) -> None:
    model = next(
        row["model"] for row in staff.get(MATRIX).context["rows"] if not any(score for _, score in row["cells"])
    )
    assert staff.post(MATRIX, matrix({model: {"coding": 77}})).status_code == 302
    assert list(store.bundle("router", 2)["profiles"][model]) == ["coding"]


GOOD = {"openai:gpt-5": {"coding": 91}}


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        (matrix({**GOOD, "amazon:nova-pro": {"research": 101}}), "changes", "amazon:nova-pro, research: 101 is not a number"),
        (matrix({**GOOD, "amazon:nova-pro": {"research": -1}}), "changes", "amazon:nova-pro, research: -1 is not"),
        (matrix({**GOOD, "amazon:nova-pro": {"research": 60.125}}), "changes", "at most two decimals"),
        (matrix({**GOOD, "amazon:nova-pro": {"research": "60"}}), "changes", "amazon:nova-pro, research: 60 is not"),
        (matrix({**GOOD, "amazon:nova-pro": {"research": True}}), "changes", "is not a number"),
        (matrix({**GOOD, "amazon:nova-pro": {"research": None}}), "changes", "is not a number"),
        (matrix('{"openai:gpt-5": {"coding": NaN}}'), "changes", "is not a number"),
        (matrix({**GOOD, "amazon:nova-pro": {"singing": 60}}), "changes", "'singing' is none of quality, coding"),
        (matrix({**GOOD, "amazon:nova-none": {"coding": 60}}), "changes", "There is no model 'amazon:nova-none'."),
        (matrix({**GOOD, "amazon:nova-pro": {}}), "changes", "cannot be read"),
        (matrix({**GOOD, "amazon:nova-pro": 60}), "changes", "cannot be read"),
        (matrix({}), "changes", "Change at least one score."),
        (matrix(""), "changes", "Change at least one score."),
        (matrix("[1]"), "changes", "cannot be read"),
        (matrix("{"), "changes", "cannot be read"),
        (matrix(GOOD, source=""), "source", "Say where"),
        (matrix(GOOD, dated=""), "dated", "Say of which day"),
        (matrix(GOOD, dated="2026-02-30"), "dated", "valid date"),
        (matrix(GOOD, reason=""), "reason", "Say why"),
    ],
)  # fmt: skip
def test_one_bad_score_saves_none(staff: Client, sent: dict[str, str], field: str, message: str) -> None:
    response = staff.post(MATRIX, sent)
    assert response.status_code == 200
    assert message in " ".join(response.context["form"].errors[field])
    assert response.context["edits"] == sent["changes"], "the edits are not lost"
    assert ProfileScore.objects.filter(source="Own measure").count() == 0
    assert (Release.objects.filter(line="router").count(), pointer()) == (1, (1, None, 0))


def test_every_bad_score_is_told(staff: Client) -> None:
    sent = matrix({"openai:gpt-5": {"coding": 101, "quality": -1}, "amazon:nova-pro": {"research": 60}})
    assert len(staff.post(MATRIX, sent).context["form"].errors["changes"]) == 2
