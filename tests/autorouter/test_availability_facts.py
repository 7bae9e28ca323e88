"""What could be called is kept once, under a name that equal facts share."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from autorouter import availability_facts
from autorouter.errors import UnknownFacts
from autorouter.models import AvailabilityFacts
from models_registry import availability
from models_registry.types import Availability, Health

pytestmark = pytest.mark.django_db
FACTS = Availability(
    providers=frozenset({"b", "a"}), sandbox=False, open_circuits={"a/x": "since noon: down"},
    health=Health(down=frozenset({"b/y"}), degraded=frozenset({"a/z"})), latency_ms={"m:1": 900, "a:1": 40},
    tokens_per_second={"m:1": 46.5, "a:1": 120.0},
)  # fmt: skip


def test_facts_are_kept_and_read_back_as_they_were() -> None:
    digest = availability_facts.keep(FACTS)
    assert digest == availability.digest(FACTS)
    assert availability_facts.read(digest) == FACTS
    assert availability.digest(availability_facts.read(digest)) == digest


def test_the_same_facts_are_kept_once_with_the_moment_they_were_first_seen() -> None:
    availability_facts.keep(FACTS)
    (first,) = AvailabilityFacts.objects.all()
    availability_facts.keep(replace(FACTS, latency_ms={"a:1": 40, "m:1": 900}))
    availability_facts.keep(replace(FACTS, sandbox=True))
    assert AvailabilityFacts.objects.count() == 2
    assert AvailabilityFacts.objects.get(pk=first.pk).first_seen_at == first.first_seen_at


def test_many_are_read_by_one_query_and_those_not_kept_are_missing() -> None:
    one, other = availability_facts.keep(FACTS), availability_facts.keep(replace(FACTS, sandbox=True))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = availability_facts.read_all([one, other, one, "gone"])
    assert found == {one: FACTS, other: replace(FACTS, sandbox=True)}
    assert len(queries) == 1


def test_what_nobody_kept_is_an_error_that_says_so() -> None:
    with pytest.raises(UnknownFacts, match="is not kept under 'gone'"):
        availability_facts.read("gone")
