"""The facts on availability as JSON, and the digest that names them."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry import availability
from models_registry.types import Availability, Health, Measured, Provider

WORD = st.text(max_size=8)
WORDS = st.frozensets(WORD, max_size=3)
AVAILABILITIES = st.builds(
    Availability,
    providers=WORDS,
    sandbox=st.booleans(),
    open_circuits=st.dictionaries(WORD, WORD, max_size=3),
    health=st.builds(Health, down=WORDS, degraded=WORDS),
    latency_ms=st.dictionaries(WORD, st.integers(0, 10**9), max_size=3),
    tokens_per_second=st.dictionaries(WORD, st.floats(0, 10_000), max_size=3),
    measured=st.dictionaries(
        WORD,
        st.builds(
            Measured,
            calls=st.integers(0, 10**9),
            success=st.floats(0, 1),
            expected_ms=st.integers(0, 10**9),
            ttft_ms=st.none() | st.integers(0, 10**9),
        ),
        max_size=3,
    ),
)


@given(AVAILABILITIES)
def test_facts_are_read_back_as_they_were(facts: Availability) -> None:
    read = availability.from_json(json.loads(json.dumps(availability.as_json(facts))))
    assert read == facts
    assert availability.digest(read) == availability.digest(facts)


def test_every_field_is_tried_above() -> None:
    assert set(Availability.__slots__) == set(AVAILABILITIES.wrapped_strategy.kwargs)  # type: ignore[attr-defined]
    assert {field.name for field in fields(Health)} == {"down", "degraded"}


ONCE = Measured(calls=1, success=1.0, expected_ms=900)
ONE = Availability(providers=frozenset({"a"}), sandbox=False)


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, providers=frozenset({"a", "b"})),
        replace(ONE, providers=frozenset()),
        replace(ONE, sandbox=True),
        replace(ONE, open_circuits={"a/x": "since noon: down"}),
        replace(ONE, health=Health(down=frozenset({"a/x"}))),
        replace(ONE, health=Health(degraded=frozenset({"a/x"}))),
        replace(ONE, latency_ms={"a:x": 1}),
        replace(ONE, tokens_per_second={"a:x": 1.0}),
        replace(ONE, measured={"a:x": ONCE}),
    ],
)
def test_other_facts_have_another_name(other: Availability) -> None:
    assert availability.digest(other) != availability.digest(ONE)


def test_the_name_of_equal_facts_is_the_same_in_every_process() -> None:
    assert availability.digest(ONE) == "55888bd6fdc59f367ff628d502e0b3e8"


def test_what_was_measured_is_part_of_what_is_current() -> None:
    provider = Provider(name="home", title="Home", protocol="openai", base_url="http://home", credential_env="")
    found = availability.current(
        [provider], Health(down=frozenset({"home/x"})), {"a:x": 900}, {"a:x": 46.0}, {"a:x": ONCE}
    )
    assert found.providers == {"home"}
    assert found.health.down == {"home/x"}
    assert (found.latency_ms, found.tokens_per_second) == ({"a:x": 900}, {"a:x": 46.0})
    assert found.measured == {"a:x": ONCE}
