"""Pages and the REST API are reached through any gateway; who asked is kept as it was, whatever the client claims."""

import json
import urllib.request

import pytest

from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("stack")
CLAIM = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}


def test_every_gateway_reaches_pages_api_and_static_files(stack: Stack) -> None:
    for url in stack.urls:
        for path, text in (
            ("/", b"Sign in"),
            ("/admin/login/", b"Sign in"),
            ("/api/docs", b"swagger"),
            ("/static/routerhub/admin.css", b"{"),
            ("/v1/models", b'"object":"list"'),
        ):
            request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {stack.key}"})
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert text in answer.read(), path


def test_the_address_of_a_change_is_where_it_came_from(stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "application/json", **CLAIM}
    for value in ("try", "back"):
        body = {"stickiness_bonus": 24 if value == "try" else 25, "reason": f"planes: {value}"}
        status, answer = stack.call("/api/router/configuration", body, method="PATCH", headers=headers)
        assert status == 200, answer
    query = "SELECT host(ip) FROM autorouter_historicalrouterconfiguration WHERE history_change_reason LIKE 'planes:%%'"
    assert stack.rows(query) == [("127.0.0.1",), ("127.0.0.1",)]


def test_the_address_of_a_request_is_where_it_came_from(stack: Stack) -> None:
    assert stack.chat(headers=CLAIM, routerhub={"tags": ["claimed"]})[0] == 200
    query = "SELECT host(ip) FROM analytics_record WHERE 'claimed' = ANY (tags)"
    assert stack.rows(query) == [("127.0.0.1",)]


def test_ready_says_how_long_a_query_took(stack: Stack) -> None:
    for url in stack.urls:
        with urllib.request.urlopen(f"{url}/readyz", timeout=20) as answer:
            told = json.loads(answer.read())
        assert (told["status"], told["checks"]) == ("ready", {"snapshot": "ok", "ledger": "ok", "process": "ok"})
        assert 0 < told["query_ms"] < 2_000
