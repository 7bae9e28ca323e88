"""Calls of nobody who is known, at the REST API. At the gateway: tests/gateway/test_recording.py."""

import logging

import pytest
from django.test import Client

from budgets.people.unknown import UNAUTHENTICATED


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({"Authorization": "Bearer rh_no"}, "invalid_api_key"), ({}, "not_authenticated")],
)
def test_a_call_of_nobody_who_is_known_is_counted_and_logged_with_its_address(
    db: None, caplog: pytest.LogCaptureFixture, headers: dict[str, str], reason: str
) -> None:
    counted = UNAUTHENTICATED.labels(reason)
    before = counted.value
    with caplog.at_level(logging.INFO):
        answer = Client().get("/api/requests", headers=headers, REMOTE_ADDR="192.0.2.9")
    assert (answer.status_code, counted.value) == (401, before + 1)
    assert f"action=refuse_caller path=/api/requests reason={reason} ip=192.0.2.9" in caplog.text
