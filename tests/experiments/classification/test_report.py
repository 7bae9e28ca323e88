"""How prompts were read: made-up requests, figures by hand; told by the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from analytics.models import Feedback
from experiments.classification import sampling
from tests.analytics.rows import rolled_up
from tests.cast import Cast
from tests.experiments.classification.traffic import by_encoder, by_model, by_table, question, read, reading
from tests.experiments.traffic import MIDDLE, SMALL, request

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAYS = "since=2026-11-19&until=2026-11-21"


def told(client: Client, query: str = DAYS, status: int = 200) -> Any:
    answer = client.get(f"/api/routing/classification?{query}")
    assert answer.status_code == status, answer.content
    return answer.json()


def of(share: Any) -> tuple[int, int]:
    return share["requests"], share["of"]


@pytest.fixture
def some(cast: Cast, shop: None) -> None:
    """Three days: 10 requests by the table, 4 with the encoder, 3 with the router model, 2 given; 3 questions."""
    mine: dict[str, Any] = {"account_id": cast.ada.account.pk}
    (good,), (bad,) = (by_table(sure=sure, created_at=DAY, **mine) for sure in (0.95, 0.62))
    by_table(8, created_at=DAY - timedelta(days=1), **mine)
    for table, encoder in (("factual", "coding"), ("factual", "factual"), ("coding", "coding"), ("coding", "creative")):
        by_encoder(table, encoder, created_at=DAY, **mine)  # type: ignore[arg-type]
    by_model("factual", "coding", "coding", created_at=DAY, **mine)
    by_model("factual", "factual", "coding", created_at=DAY, **mine)
    late = "local, since the encoder gave no answer within 50 ms; acme:small failed: no answer within 1500 ms"
    read(reading("table", "coding"), origin=late, sure="0.3", created_at=DAY, **mine)
    request(created_at=DAY, **mine)
    request(created_at=DAY, category="embedding", **mine)
    for _ in range(2):
        question(created_at=DAY, latency_ms=700, **mine)
    Feedback.objects.create(operation_id=good, account_id=cast.ada.account.pk, satisfaction=1)
    Feedback.objects.create(operation_id=bad, account_id=cast.ada.account.pk, satisfaction=0)
    rolled_up()


@pytest.mark.usefixtures("some")
def test_it_tells_who_read_how_sure_they_were_and_whether_they_agree(staff: Client) -> None:
    found = told(staff)
    assert found["sample"] == {"requests": 18, "of": 19, "is_whole": True}
    assert {name: of(each) for name, each in found["readers"].items()} == {
        "table": (11, 18), "encoder": (4, 18), "model": (2, 18), "given": (1, 18)
    }  # fmt: skip
    assert [(each["start"][:10], each["table"], each["encoder"]) for each in found["points"]] == [
        ("2026-11-19", 8, 0), ("2026-11-20", 3, 4),
    ]  # fmt: skip
    assert {name: of(each) for name, each in found["asked"].items()} == {"encoder": (7, 17), "model": (3, 17)}
    assert [(each["reader"], each["with"], *of(each["category"]), *of(each["complexity"])) for each in found["agreement"]] == [
        ("encoder", "table", 3, 6, 6, 6), ("model", "table", 0, 2, 2, 2), ("model", "encoder", 1, 2, 2, 2),
    ]  # fmt: skip
    assert found["agreement"][0]["category"]["interval"] == pytest.approx([0.188, 0.812], abs=0.001)
    bins = {each["up_to"]: (each["requests"], each["rated"], each["satisfaction"]) for each in found["confidence"]}
    assert bins == {
        **dict.fromkeys((0.1, 0.2, 0.4, 0.5, 0.6, 0.9), (0, 0, None)),
        0.3: (1, 0, None), 0.7: (5, 1, 0.0), 0.8: (8, 0, None), 1.0: (1, 1, 1.0),
    }  # fmt: skip
    assert found["without_confidence"] == 3, "the model's and the caller's"


@pytest.mark.usefixtures("some")
def test_it_tells_what_asking_changed_took_and_cost_and_why_it_failed(staff: Client) -> None:
    found = told(staff)
    assert of(found["effect"]["other_category"]) == (4, 6)
    moved = found["effect"]["other_model"]
    assert (of(moved), moved["newest"], moved["since"]) == ((4, 6), 500, "2026-11-20T10:00:00Z")
    flows = {(each["before"], each["after"]): each["requests"] for each in moved["flows"]}
    assert flows == {(SMALL, MIDDLE): 3, (MIDDLE, SMALL): 1}, "for coding the middle one scores more, else all the same"
    assert moved["cost_usd"]["mean"] == pytest.approx((3 - 1) * (0.00095 - 0.0004) / 6)
    assert found["waits"] == {
        "encoder": {"requests": 6, "mean_ms": 4.0, "p95_ms": 6.0},
        "model": {"requests": 2, "mean_ms": 800.0, "p95_ms": 800.0},
    }
    questions = found["questions"]
    assert (questions["requests"], questions["cost_usd"], questions["latency_ms"]["mean"]) == (2, "0.00008", 700)
    assert found["failures"] == [
        {"reader": "encoder", "cause": "gave no answer within 50 ms", "requests": 1},
        {"reader": "model", "cause": "no answer within 1500 ms", "requests": 1},
    ]
    assert found["encoder"]["state"] == "none"


@pytest.mark.usefixtures("some")
def test_everybody_is_told_of_their_own_accounts(cast: Cast, staff: Client) -> None:
    by_key = Client(headers=cast.ada.auth)
    assert told(by_key)["sample"]["requests"] == 18
    assert told(staff, f"{DAYS}&account=other")["sample"]["requests"] == 0
    assert told(by_key, f"{DAYS}&account=other", 400)["errors"][0]["field"] == "account"
    assert told(staff, f"{DAYS}&category=coding", 400)["errors"][0]["field"] == "category"
    assert told(staff, "since=2026-01-01&until=2026-11-21", 400)["errors"][0]["field"] == "since"
    assert told(staff, f"{DAYS}&traffic=sandbox")["sample"]["requests"] == 0


def test_without_a_request_there_is_nothing_to_tell(staff: Client) -> None:
    found = told(staff)
    assert (found["sample"], found["points"], found["waits"], found["failures"]) == (
        {"requests": 0, "of": 0, "is_whole": True}, [], {}, [],
    )  # fmt: skip
    assert found["asked"]["encoder"]["share"] is None
    assert (found["questions"]["requests"], found["effect"]["other_model"]["since"]) == (0, None)


def test_of_more_requests_a_sample_is_drawn_by_their_ids(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST", 40)
    by_table(160, created_at=DAY)
    rolled_up()
    first, again = told(staff), told(staff)
    assert (first["sample"]["of"], first["sample"]["is_whole"]) == (160, False)
    assert 15 <= first["sample"]["requests"] <= 70, "a quarter of them"
    assert first == again
