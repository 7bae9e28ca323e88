"""What a test's variant changes of a request, and what the record says of it."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from autorouter.decision import decision_json
from autorouter.decision.explain import why
from autorouter.decision.router import decide
from autorouter.errors import NoCandidate, UnknownModel
from autorouter.people.preference_sets import Held, PreferenceSets
from autorouter.people.preferences import Preferences
from experiments.ab.types import Test as Trial
from experiments.ab.types import Treatment
from experiments.ab.variants import Variants
from models_registry.types import Deployment
from models_registry.upstream.errors import Failed
from routerhub.gateway.runtime import Runtime
from routerhub.releases import switches
from tests.autorouter import fakes
from tests.gateway.fakes import ADA, NOW, FakeUpstream, catalogue, completion, rankings, runtime
from tests.gateway.test_pipeline import serve, told

pytestmark = pytest.mark.anyio
LARGE, MIDDLE, SMALL, PARROT = "acme:large", "acme:middle", "acme:small", "bird:parrot"
CODE = fakes.policy("code", MIDDLE)
MODELS = (*catalogue().models.values(), fakes.model(PARROT, ("1", "3")))
SAME = Treatment(kind="same")
USUAL = SMALL
"""Whom the router chooses where nobody says anything else."""


def trial(b: Treatment, **changes: Any) -> Trial:
    """One in which everybody has B."""
    values: dict[str, Any] = {
        "id": 5, "phase": 2, "account_id": 7, "user_id": None, "unit": "user", "salt": "salt", "share_b": 1.0, "exposure": 1.0,
        "a": SAME, "b": b, "is_adaptive": False,
    }  # fmt: skip
    return Trial(**{**values, **changes})


def gateway(*tests: Trial, script: Any = (), blocked: Any = (), **more: Any) -> Runtime:
    made = runtime(
        FakeUpstream(*(script or (completion(),))), None, rankings(*MODELS, router=fakes.router(policies=(CODE,)))
    )
    snapshot: Any = made.snapshots
    blocking = Preferences(blocked_providers=frozenset(blocked))
    snapshot.preferences = PreferenceSets({3: Held(account_id=7, user_id=None, is_active=False, preferences=blocking)})
    snapshot.variants = Variants(tests=tests, **more).on({0, 9}, {3})
    snapshot.routers = {
        9: rankings(*MODELS, router=replace(fakes.router(speed_bonuses={"large": Decimal(80)}), release=9))
    }
    return made


def record(made: Runtime) -> dict[str, Any]:
    return made.ledger.records[-1]  # type: ignore[attr-defined,no-any-return]


def part(made: Runtime) -> list[Any]:
    return [record(made)[name] for name in ("experiment", "phase", "variant", "unit", "propensity")]


@pytest.mark.parametrize(
    ("treatment", "answers", "says"),
    [
        (SAME, USUAL, "; it is variant B of test 5."),
        (Treatment(kind="provider", value="bird"), PARROT, "task best of the models of bird, which are put first: score"),
        (Treatment(kind="model", value=LARGE), LARGE, "acme:large is put first: score"),
        (Treatment(kind="tier", value="premium"), LARGE, "task best of the models of the premium tier, which are put first"),
        (Treatment(kind="policy", value="code"), MIDDLE, "acme:middle is the first model of policy code"),
        (Treatment(kind="policy", value="taken out since"), USUAL, "; it is variant B of test 5."),
        (Treatment(kind="preferences", value="3"), PARROT, "; it is variant B of test 5."),
        (Treatment(kind="release", value="9"), LARGE, "; it is variant B of test 5."),
        (Treatment(kind="shuffle"), MIDDLE, "acme:middle is put first: score"),
    ],
)  # fmt: skip
async def test_a_variant_tells_the_router_what_it_is_and_all_is_kept(
    treatment: Treatment, answers: str, says: str
) -> None:
    made = gateway(trial(treatment), blocked={"acme"}, shares={5: [(MIDDLE, 10)]})
    reply = await serve(made)
    metadata = orjson.loads(reply.body)["routerhub"]  # type: ignore[arg-type]
    assert (metadata["model"], metadata["experiment"]) == (answers, {"id": 5, "variant": "b"})
    assert says in metadata["why"]
    assert {(b"x-routerhub-experiment", b"5"), (b"x-routerhub-variant", b"b")} <= {*reply.headers}
    assert part(made) == [5, 2, "b", "key 3", 1.0]
    kept, met = orjson.loads(record(made)["decision"]), made.snapshots.current.met  # type: ignore[attr-defined]
    router = made.snapshots.current.routers[9] if treatment.kind == "release" else met  # type: ignore[attr-defined]
    assert record(made)["router_release"] == router.router.release
    again = decide(router, decision_json.task_of(kept["task"]), decision_json.constraints_of(kept["constraints"]), NOW)
    assert decision_json.fingerprint(again) == kept["fingerprint"], "bit for bit"
    assert why(again) == metadata["why"]


async def test_without_a_test_nothing_is_told_or_kept() -> None:
    made = gateway()
    reply = await serve(made)
    assert orjson.loads(reply.body)["routerhub"]["model"] == USUAL  # type: ignore[arg-type]
    assert b"x-routerhub-variant" not in dict(reply.headers)
    assert part(made) == [None, None, "", "", None]
    assert not {"tested", "leads"} & orjson.loads(record(made)["decision"])["constraints"].keys()


@pytest.mark.parametrize(
    ("body", "treatment"),
    [
        ({"model": LARGE}, SAME),
        ({"routerhub": {"candidates": [LARGE]}}, SAME),
        ({"model": "policy:code"}, Treatment(kind="policy", value="code")),
        ({"routerhub": {"policy": "code"}}, Treatment(kind="policy", value="code")),
        ({}, Treatment(kind="release", value="8")),
        ({}, Treatment(kind="preferences", value="4")),
        ({}, Treatment(kind="shuffle")),
    ],
)
async def test_who_chooses_itself_and_what_is_not_there_is_no_part_of_a_test(body: Any, treatment: Treatment) -> None:
    made = gateway(trial(treatment), shares={5: []})
    assert "experiment" not in (await told(made, **body))["routerhub"]
    assert part(made) == [None, None, "", "", None]


async def test_a_key_that_pins_preferences_is_no_part_of_a_test_of_them() -> None:
    made = gateway(trial(Treatment(kind="preferences", value="3")), blocked={"acme"})
    pinning = replace(ADA, preferences_id=9)
    made.snapshots.ring.find = lambda *_: pinning  # type: ignore[attr-defined]
    assert (await told(made))["model"] == USUAL
    assert part(made)[0] is None


async def test_the_switch_of_the_router_keeps_releases_out_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    made = gateway(trial(Treatment(kind="release", value="9")))
    monkeypatch.setattr(switches, "is_on", lambda line: line != "router")
    assert (await told(made))["model"] == USUAL


async def test_a_request_of_a_policy_takes_part_within_it_and_a_dry_run_says_what_it_would_get() -> None:
    made = gateway(trial(Treatment(kind="model", value=LARGE)))
    assert (await told(made, model="policy:code"))["model"] == MIDDLE
    assert part(made)[2] == "b"
    dry = (await told(made, routerhub={"dry_run": True}))["routerhub"]
    assert (dry["model"], dry["experiment"], len(made.ledger.records)) == (LARGE, {"id": 5, "variant": "b"}, 1)  # type: ignore[attr-defined]


async def test_whoever_answers_in_the_end_the_variant_is_the_one_that_was_assigned() -> None:
    """A fallback, a failure, a refusal and what the database does not take alike."""
    down, leads = Failed("out of order", status=400), trial(Treatment(kind="model", value=LARGE))
    made = gateway(leads, script=(down, down, completion()))
    assert (await told(made))["model"] != LARGE
    assert (record(made)["fallback_used"], part(made)[2]) == (True, "b")
    made = gateway(leads, script=(down,))
    with pytest.raises(Exception, match="out of order"):
        await serve(made)
    assert (record(made)["outcome"], part(made)[2]) == ("failure", "b")
    blocked = gateway(trial(Treatment(kind="preferences", value="3")), blocked={"acme", "bird"})
    with pytest.raises(NoCandidate):
        await serve(blocked)
    assert (record(blocked)["outcome"], part(blocked)[2]) == ("refused", "b")


async def test_what_is_put_first_answers_only_where_it_can() -> None:
    made = gateway(trial(Treatment(kind="model", value=PARROT)))
    assert (await told(made, routerhub={"max_cost_usd": "0.0005"}))["model"] == SMALL
    assert part(made)[2] == "b"


async def test_a_provider_that_is_put_first_is_where_its_models_are_called() -> None:
    prices = fakes.model("acme:x").deployments[0].prices
    both = [
        Deployment(provider=name, upstream_model="x", status="available", prices=prices) for name in ("acme", "host")
    ]
    met = rankings(fakes.model("acme:x", deployments=tuple(both)), fakes.model("acme:y", ("0.01", "0.01")))
    for value, model, places in (("host", "acme:x", ["host"]), ("acme", "acme:y", ["acme"])):
        made = gateway(trial(Treatment(kind="provider", value=value)))
        made.snapshots.met = met  # type: ignore[attr-defined]
        metadata = (await told(made))["routerhub"]
        assert (metadata["model"], [metadata["provider"]]) == (model, places)


async def test_a_conversation_goes_on_with_a_model_only_if_its_variant_puts_it_first() -> None:
    made = gateway()
    assert (await told(made, routerhub={"session": "s"}))["model"] == USUAL
    made.snapshots.variants = Variants(tests=[trial(Treatment(kind="model", value=LARGE))]).on((), ())  # type: ignore[attr-defined]
    assert (await told(made, routerhub={"session": "s"}))["model"] == LARGE
    made.snapshots.variants = Variants(tests=[trial(Treatment(kind="tier", value="mid"))]).on((), ())  # type: ignore[attr-defined]
    assert (await told(made, routerhub={"session": "s"}))["model"] in {MIDDLE, PARROT}


async def test_a_session_remembers_its_variant_while_shares_follow_what_is_seen() -> None:
    adaptive = trial(SAME, unit="session", is_adaptive=True)
    made = gateway(adaptive)
    await serve(made, routerhub={"session": "s"})
    first = part(made)
    assert re.fullmatch("session [0-9a-f]{16}", first[3])
    assert made.sessions.store.variants == {"s": "5/2/b/1.0"}  # type: ignore[attr-defined]
    made.snapshots.variants = Variants(tests=[replace(adaptive, share_b=0.0)]).on((), ())  # type: ignore[attr-defined]
    await serve(made, routerhub={"session": "s"})
    assert part(made) == first
    await serve(made, routerhub={"session": "other"})
    assert part(made)[2] == "a"
    await serve(made)
    assert part(made)[0] is None, "it has no session, so it is no unit"


async def test_who_asks_for_what_is_not_there_is_refused_alike() -> None:
    made = gateway(trial(SAME))
    with pytest.raises(UnknownModel):
        await serve(made, model="acme:nothing")
    assert part(made)[0] is None
