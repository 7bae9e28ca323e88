"""The figures of the admin's first page."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest

from analytics import dashboard
from tests.analytics.rows import insert_many

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {"outcome": "success", "latency_ms": 1_000, "cost_nano": 10_000_000}
REFUSED: dict[str, Any] = {"outcome": "refused", "model": "", "http_status": 422}


def shown() -> dict[str, Any]:
    request = HttpRequest()
    request.user = User(is_superuser=True, is_staff=True)
    return dashboard.context(request, {})


def tiles() -> dict[str, Any]:
    return {tile["title"]: (tile["value"], tile["met"]) for tile in shown()["tiles"]}


def test_refusals_are_requests_but_neither_success_nor_failure_nor_a_model() -> None:
    insert_many(3, **GOOD)
    insert_many(1, outcome="failure")
    insert_many(6, **REFUSED)
    told = tiles()
    assert (told["Requests"], told["Success"]) == (("10", None), ("75.0 %", False))
    assert told["Mean answer"] == ("1,000 ms", True)
    assert [each["model"] for each in shown()["top_models"]] == ["a:b"]


def test_where_all_was_refused_nothing_is_claimed() -> None:
    insert_many(2, **REFUSED)
    assert tiles() == {
        "Requests": ("2", None), "Spent": ("$0.00", None), "Success": ("-", None), "Mean answer": ("-", None),
    }  # fmt: skip
