"""Which model a request's `model` means: by every name that it has, also when the model is retired or unknown."""

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from autorouter.errors import RetiredModel, UnknownModel, WrongKind
from routerhub.gateway.errors import to_api_error
from routerhub.gateway.runtime import Runtime
from tests.autorouter.fakes import model
from tests.gateway.fakes import ADA, FakeUpstream, completion, rankings, runtime
from tests.gateway.test_pipeline import serve

pytestmark = pytest.mark.anyio
GONE = date(2026, 11, 1)
MODELS = (
    model("acme:new-3", aliases=("new-3-20260101", "acme-new")),
    model("acme:old-1", deprecated_from=GONE, successor="acme:old-2"),
    model("acme:old-2", deprecated_from=GONE, successor="acme:new-3"),
    model("acme:last", deprecated_from=GONE),
    model("acme:leaving", deprecated_from=date(2026, 12, 24), successor="acme:new-3"),
    model("acme:secret", is_internal_only=True),
    model("acme:vectors", kind="embedding"),
)


def gateway() -> Runtime:
    return runtime(FakeUpstream(completion()), met=rankings(*MODELS))


async def answered(
    name: str, made: Runtime | None = None, **controls: Any
) -> tuple[dict[str, Any], dict[bytes, bytes]]:
    """The `routerhub` object and the headers of the answer to a request for that name."""
    body: dict[str, Any] = {"routerhub": controls} if controls else {}
    reply = await serve(made or gateway(), model=name, **body)
    assert isinstance(reply.body, bytes)
    return orjson.loads(reply.body)["routerhub"], dict(reply.headers)


@pytest.mark.parametrize("name", ["acme:new-3", "new-3", "new-3-20260101", "acme-new"])
async def test_every_name_of_a_model_is_answered_by_it(name: str) -> None:
    made = gateway()
    metadata, headers = await answered(name, made)
    assert metadata["model"] == "acme:new-3"
    assert "stand_in_for" not in metadata
    assert b"x-routerhub-model-asked" not in headers
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert (record["requested_model"], record["model"]) == (name, "acme:new-3")


@pytest.mark.parametrize("name", ["acme:old-1", "old-1", "acme:old-2", "new-3-20990101", "new-3-2099-01-01"])
async def test_a_retired_model_or_snapshot_is_answered_by_its_successor_which_says_so(name: str) -> None:
    metadata, headers = await answered(name)
    assert (metadata["model"], metadata["stand_in_for"]) == ("acme:new-3", name)
    assert f"; it answers for {name}, which is not served any more" in metadata["why"]
    assert headers[b"x-routerhub-model-asked"].decode() == name
    dry, _ = await answered(name, dry_run=True)
    assert (dry["model"], dry["stand_in_for"]) == ("acme:new-3", name)


async def test_a_model_answers_until_the_day_on_which_it_retires() -> None:
    assert (await answered("leaving"))[0]["model"] == "acme:leaving"


async def test_candidates_and_the_previous_model_may_be_named_by_any_name() -> None:
    metadata, _ = await answered("auto", candidates=["old-1", "acme-new"], previous_model="acme-new")
    assert (metadata["model"], metadata["stand_in_for"], metadata["terms"]["stickiness"]) == ("acme:new-3", "old-1", 25)


async def test_who_takes_no_stand_ins_is_told_the_successor() -> None:
    made = gateway()
    strict = replace(ADA, refuses_stand_ins=True)
    made.snapshots.ring.find = lambda *_: strict  # type: ignore[attr-defined]
    with pytest.raises(RetiredModel) as caught:
        await serve(made, model="old-1")
    error = to_api_error(caught.value)
    assert (error.status, error.code, error.param) == (404, "model_retired", "model")
    assert error.message == "'old-1' is retired since 2026-11-01. Its successor is acme:new-3; ask for that one."
    assert error.details == {"successor": "acme:new-3"}
    with pytest.raises(UnknownModel, match="Did you mean acme:new-3"):
        await serve(made, model="new-3-20990101")
    with pytest.raises(RetiredModel) as within:
        await serve(made, routerhub={"candidates": ["acme:new-3", "old-2"]})
    assert within.value.field == "candidates[1]"
    assert (await answered("new-3", made))[0]["model"] == "acme:new-3"


async def test_an_unknown_name_gets_the_nearest_ones_and_none_that_is_for_few() -> None:
    with pytest.raises(UnknownModel) as caught:
        await serve(gateway(), model="acme:new3")
    error = to_api_error(caught.value)
    assert (error.status, error.code, error.details["nearest"][0]) == (404, "model_not_found", "acme:new-3")
    assert "Did you mean acme:new-3" in error.message
    for name in ("acme:secre", "nothing like it"):
        with pytest.raises(UnknownModel) as caught:
            await serve(gateway(), model=name)
        assert "acme:secret" not in str(caught.value)


async def test_an_embedding_model_is_never_chosen_and_refuses_to_chat_by_name() -> None:
    with pytest.raises(WrongKind, match=r"'vectors' is an embedding model\. It is called at /v1/embeddings\."):
        await serve(gateway(), model="vectors")
    with pytest.raises(WrongKind):
        await serve(gateway(), routerhub={"candidates": ["acme:vectors"]})
    dry, _ = await answered("auto", dry_run=True)
    seen = [each["model"] for each in (*dry["candidates"], *dry["excluded"])]
    assert sorted(seen) == sorted(each.id for each in MODELS if each.kind == "chat")
