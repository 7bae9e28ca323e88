"""A bad release under load: it goes out by steps, costs more than its guardrail allows, and takes itself back."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.stack import Stack, eventually, running_stack

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.whole]
KEYS, CLIENTS, WITHIN_S = 60, 6, 180
TIERS = ("cheap", "mid", "premium")
DEAR = {f"weight_simple_{tier}": weight for tier, weight in zip(TIERS, (0.01, 0.01, 1), strict=True)}
"""Simple tasks go to the dearest models."""
STEPS = [{"percent": 25, "minutes": 30, "requests": 100_000}, {"percent": 100}]
ALERT = "SELECT title, figures FROM budgets_alert WHERE kind = 'rollout'"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack() as running:
        yield running


@pytest.fixture
def keys(stack: Stack) -> Sequence[str]:
    """Of so many callers, each a unit of its own."""
    made = [
        json.loads(
            stack.manage("create_api_key", "--create-account", f"--account=caller-{number}", "--name=calls", "--json")
        )["key"]
        for number in range(KEYS)
    ]
    eventually(lambda: all(stack.call("/v1/models", key=made[-1], url=url)[0] == 200 for url in stack.urls))
    return made


def test_a_bad_release_takes_itself_back_under_load(stack: Stack, keys: Sequence[str]) -> None:
    body = {**DEAR, "label": "to the dearest", "reason": "a mistake"}
    draft = stack.call("/api/router/configuration?as=draft", body, method="PATCH")[1]["release"]
    asked = {"line": "router", "release": draft, "steps": STEPS, "reason": "step by step"}
    status, begun = stack.call("/api/gradual-rollouts", {**asked, "guardrails": [{"measure": "cost", "margin": 0.1}]})
    assert status == 201, begun
    is_over, answers, began = threading.Event(), Counter[int](), time.monotonic()

    def load(own: Sequence[str]) -> None:
        while not is_over.is_set():
            for key in own:
                status, told = stack.chat(key)
                answers[told["routerhub"]["releases"]["router"] if status == 200 else -status] += 1

    threads = [threading.Thread(target=load, args=(keys[at::CLIENTS],)) for at in range(CLIENTS)]
    for each in threads:
        each.start()
    try:
        while time.monotonic() - began < WITHIN_S:
            stack.manage("rollout", "--look")
            state = stack.call(f"/api/gradual-rollouts/{begun['id']}")[1]
            if state["state"] == "rolled_back":
                break
        took_s, until_then = time.monotonic() - began, answers[draft]
        eventually(lambda: stack.chat(keys[0])[1]["routerhub"]["releases"]["router"] == 1, within_s=1)
    finally:
        is_over.set()
        for each in threads:
            each.join()
    print(f"\nrolled back after {took_s:.1f} s; answered by release: {dict(answers)}, {until_then} by the bad one")
    assert state["state"] == "rolled_back", state["steps"][0]
    assert "Cost per request is" in state["said"]
    ((title, figures),) = stack.rows(ALERT)
    assert title.startswith(f"Router release {draft} was rolled back at 25 %: Cost per request is")
    assert figures["cost_low"] > 0.1, "all of the interval lies in what is not allowed"
    assert stack.call("/api/rollouts/router")[1]["stable"] == 1
    assert {stack.chat(key)[1]["routerhub"]["releases"]["router"] for key in keys} == {1}
    assert min(answers) > 0, "nobody was refused or failed"
