"""Where a request may be processed: request, key and account say it, and no attempt goes anywhere else."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from models_registry.types import Deployment, Model
from models_registry.upstream.errors import Failed
from routerhub.gateway.protocols.base import Controls
from routerhub.gateway.reading import task_of
from tests.autorouter import fakes as router_fakes
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import ADA, FakeRing, FakeUpstream, completion, operation, rankings, request, runtime

pytestmark = pytest.mark.anyio
DOWN = Failed("out of order", status=500)
EMBEDDINGS = "/v1/embeddings"


def served(identifier: str, **places: tuple[str, ...]) -> Model:
    """A model at these providers, each with the regions of its place."""
    model = router_fakes.model(identifier, ("10", "30"))
    prices = model.deployments[0].prices
    return replace(
        model,
        deployments=tuple(
            Deployment(provider=name, upstream_model="m", regions=regions, prices=prices)
            for name, regions in places.items()
        ),
    )


SPREAD = served("acme:spread", near=("eu",), far=("us",), both=("eu", "us"), unknown=())
ABROAD = served("acme:abroad", far=("us",))


def exchange(*script: Any, own: frozenset[str] | None = None, models: tuple[Model, ...] = (SPREAD, ABROAD)) -> Exchange:
    """A gateway whose caller's key and account allow these regions."""
    made = Exchange(*script, met=rankings(*models))
    made.gateway.runtime.snapshots.ring = FakeRing(replace(ADA, regions=own))  # type: ignore[attr-defined]
    return made


def tried(made: Exchange) -> list[str]:
    return [asked.provider for asked in made.upstream.asked]


async def test_every_hop_stays_in_the_regions_that_the_request_names() -> None:
    made = exchange(DOWN)
    await made.ask({**HELLO, "routerhub": {"region": "eu"}})
    assert (made.status, set(tried(made))) == (502, {"near"})


async def test_a_place_that_may_use_several_regions_is_asked_where_all_of_them_are_allowed() -> None:
    made = exchange(DOWN)
    await made.ask(headers={"x-routerhub-region": "eu, us"})
    assert set(tried(made)) == {"near", "far", "both"}


async def test_where_nobody_names_a_region_places_of_unknown_regions_are_asked_too() -> None:
    made = exchange(DOWN, models=(SPREAD,))
    await made.ask()
    assert set(tried(made)) == {"near", "far", "both", "unknown"}


async def test_a_keys_regions_hold_where_the_request_says_nothing_and_it_may_only_narrow_them() -> None:
    silent, narrowed = (exchange(DOWN, own=frozenset({"eu", "us"}), models=(SPREAD,)) for _ in range(2))
    await silent.ask()
    await narrowed.ask({**HELLO, "routerhub": {"region": ["us"]}})
    assert (set(tried(silent)), set(tried(narrowed))) == ({"near", "far", "both"}, {"far"})


async def test_a_region_that_the_key_may_not_use_is_refused_by_its_name_with_those_that_it_may() -> None:
    made = exchange(completion(), own=frozenset({"eu"}))
    await made.ask({**HELLO, "routerhub": {"region": "us"}})
    assert (made.status, made.error["param"], made.upstream.asked) == (400, "routerhub.region", [])
    assert made.error["message"] == "routerhub.region: 'us' was given; allowed for this key are eu."
    assert (await made.settled())["outcome"] == "refused"


async def test_a_key_whose_regions_and_its_accounts_have_none_in_common_reaches_nobody() -> None:
    made = exchange(completion(), own=frozenset())
    await made.ask()
    assert (made.status, made.error["code"], made.error["param"]) == (422, "no_candidate", "routerhub.region")
    assert "have none in common" in made.error["excluded"][0]["reason"]


async def test_where_no_place_lies_in_the_regions_the_error_says_where_each_of_them_does() -> None:
    made = exchange(completion(), models=(ABROAD,))
    await made.ask({**HELLO, "routerhub": {"region": "eu"}})
    assert (made.status, made.error["param"]) == (422, "routerhub.region")
    (out,) = made.error["excluded"]
    assert out == {"model": "acme:abroad", "reason": "no place of it is known to stay in eu: far/m (us)"}


@pytest.mark.parametrize("region", [3, [], ["eu", 4], "EU", ["a" * 33], [f"r{n}" for n in range(21)]])
async def test_what_is_no_name_of_a_region_is_refused(region: Any) -> None:
    made = exchange(completion())
    await made.ask({**HELLO, "routerhub": {"region": region}})
    assert (made.status, made.error["param"].startswith("routerhub.region")) == (400, True)


async def test_the_answer_tells_which_regions_were_allowed() -> None:
    made = exchange(completion())
    await made.ask({**HELLO, "routerhub": {"region": ["us", "eu"]}})
    assert orjson.loads(made.body)["routerhub"]["why"].endswith("; only places in eu, us were allowed.")


async def test_a_dry_run_tells_who_was_out_for_its_region() -> None:
    made = exchange(completion())
    await made.ask({**HELLO, "routerhub": {"region": "eu", "dry_run": True}})
    told = orjson.loads(made.body)["routerhub"]
    assert (told["model"], told["regions"]) == ("acme:spread", ["eu"])
    assert [(out["model"], out["code"]) for out in told["excluded"]] == [("acme:abroad", "region")]


async def test_vectors_are_made_in_the_allowed_regions_too() -> None:
    embed = replace(SPREAD, id="acme:embed", kind="embedding", capabilities=frozenset())
    made = exchange(DOWN, models=(embed,))
    await made.ask({"model": "acme:embed", "input": "Hi", "routerhub": {"region": "eu"}}, EMBEDDINGS)
    assert (made.status, {each["deployment"] for each in made.error["attempts"]}) == (502, {"near/m"})


async def test_the_router_model_is_asked_in_the_allowed_regions_alone() -> None:
    router = router_fakes.router(classifies_with_model="always", router_model=ABROAD.id, router_deadline_ms=1_500)
    met = rankings(SPREAD, ABROAD, router=router)
    arrival = operation(asked=request(controls=Controls(region=("eu",))), met=met).arrival
    upstream = FakeUpstream(completion())
    task = await task_of(runtime(upstream, met=met), arrival)
    assert (upstream.asked, task.origin.startswith("local, since")) == ([], True)
