"""The gateway's requests carry the numbers of their words where the release learns from prompts, and their records keep them."""

from dataclasses import replace

import pytest

from autorouter.classification.vocabulary import numbers
from autorouter.decision import decision_json
from routerhub.gateway.reading import task_of
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import FakeUpstream, operation, rankings, runtime

pytestmark = pytest.mark.anyio


async def test_words_are_numbered_where_the_release_learns_and_nowhere_else() -> None:
    for learns in (False, True):
        met = rankings(router=router_fakes.router(learns_from_prompts=learns))
        task = await task_of(runtime(FakeUpstream(), met=met), operation(met=met).arrival)
        assert task.terms == (numbers(["Hello"]) if learns else ())
        kept = decision_json.task_to_json(task)
        assert ("terms" in kept) == learns
        assert decision_json.task_of(kept) == replace(task, is_long_context=False)
