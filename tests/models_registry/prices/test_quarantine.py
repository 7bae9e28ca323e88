"""Which new prices wait for a person, to the very bound; and what tiers must look like."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.prices.quarantine import doubts, plain, tier_problems
from models_registry.types import Rates

CLASSES = [field.name for field in fields(Rates)]
BEFORE = Rates(input=Decimal(2), output=Decimal(10))
LIST = "a price list"


def rates(**values: str | None) -> Rates:
    return replace(BEFORE, **{name: None if value is None else Decimal(value) for name, value in values.items()})


def test_a_price_that_stays_or_moves_a_little_counts_at_once() -> None:
    assert doubts(BEFORE, BEFORE, LIST) == ()
    assert doubts(BEFORE, rates(input="1.5", output="12"), LIST) == ()


@pytest.mark.parametrize("at_the_bound", ["10", "0.4"])
def test_five_times_dearer_or_cheaper_still_counts(at_the_bound: str) -> None:
    assert doubts(BEFORE, rates(input=at_the_bound), LIST) == ()


def test_a_hair_over_five_times_waits() -> None:
    dearer, cheaper = rates(input="10.000000001"), rates(input="0.399999999")
    assert doubts(BEFORE, dearer, LIST) == ("input rises from 2 to 10.000000001, 5.0 times",)
    assert doubts(BEFORE, cheaper, LIST) == ("input falls from 2 to 0.399999999, 5.0 times",)


def test_every_class_that_jumps_is_named() -> None:
    before, after = rates(cache_read="0.2", requests="1"), rates(input="20", cache_read="0.01", requests="40")
    assert doubts(before, after, LIST) == (
        "input rises from 2 to 20, 10.0 times",
        "cache read falls from 0.2 to 0.01, 20.0 times",
        "requests rises from 1 to 40, 40.0 times",
    )


def test_free_all_of_a_sudden_waits_and_free_as_before_does_not() -> None:
    assert doubts(BEFORE, rates(output="0"), LIST) == ("output falls from 10 to zero",)
    assert doubts(rates(output="0"), rates(output="0.00"), LIST) == ()


def test_a_first_price_of_zero_waits() -> None:
    assert doubts(None, rates(input="0", cache_read="0"), LIST) == ("input is zero", "cache read is zero")


def test_what_was_free_may_cost_something_ordinary() -> None:
    assert doubts(rates(input="0"), rates(input="3"), LIST) == ()
    (doubt,) = doubts(rates(input="0"), rates(input="0.000003"), LIST)
    assert doubt == "input of 0.000003 USD per 1M tokens is out of the ordinary; is it per token?"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("0.002", "input falls from 2 to 0.002, 1000.0 times; is one of them per 1,000 tokens?"),
        ("2000", "input rises from 2 to 2000, 1000.0 times; is one of them per 1,000 tokens?"),
        ("0.000002", "input falls from 2 to 0.000002, 1000000.0 times; is one of them per token?"),
        ("2000000", "input rises from 2 to 2000000, 1000000.0 times; is one of them per token?"),
        ("400", "input rises from 2 to 400, 200.0 times; is one of them per 1,000 tokens?"),
        ("10000", "input rises from 2 to 10000, 5000.0 times; is one of them per 1,000 tokens?"),
        ("0.0000004", "input falls from 2 to 0.0000004, 5000000.0 times; is one of them per token?"),
        ("398", "input rises from 2 to 398, 199.0 times"),
        ("20000", "input rises from 2 to 20000, 10000.0 times"),
    ],
)
def test_a_slip_of_the_unit_is_named_as_such(after: str, expected: str) -> None:
    assert doubts(BEFORE, rates(input=after), LIST) == (expected,)


def test_a_first_price_outside_of_what_is_sold_waits() -> None:
    assert doubts(None, rates(input="0.001", output="2000"), LIST) == ()
    assert doubts(None, rates(input="0.0009", output="2000.1"), LIST) == (
        "input of 0.0009 USD per 1M tokens is out of the ordinary; is it per token?",
        "output of 2000.1 USD per 1M tokens is out of the ordinary; "
        "is it per 1M of something smaller than a dollar?",
    )  # fmt: skip


def test_a_class_that_gets_or_loses_a_rate_of_its_own_raises_no_doubt() -> None:
    assert doubts(BEFORE, rates(cache_read="0.0001"), LIST) == ()
    assert doubts(rates(cache_read="0.2"), BEFORE, LIST) == ()


@pytest.mark.parametrize("source", ["", "  \n"])
def test_without_a_source_even_an_unchanged_price_waits(source: str) -> None:
    assert doubts(BEFORE, BEFORE, source) == ("it has no source",)


@given(name=st.sampled_from(CLASSES), old=st.integers(1, 10**9), data=st.data())
def test_a_change_within_five_times_that_has_a_source_never_waits(name: str, old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(-(-old // 5), old * 5))
    before, after = (replace(BEFORE, **{name: Decimal(value) / 10**6}) for value in (old, new))
    assert doubts(before, after, LIST) == ()


@given(name=st.sampled_from(CLASSES), old=st.integers(6, 10**9), dearer=st.booleans(), data=st.data())
def test_a_change_beyond_five_times_always_waits(name: str, old: int, dearer: bool, data: st.DataObject) -> None:
    beyond = st.integers(old * 5 + 1, 10**13) if dearer else st.integers(0, -(-old // 5) - 1)
    new = data.draw(beyond)
    before, after = (replace(BEFORE, **{name: Decimal(value) / 10**6}) for value in (old, new))
    (doubt,) = doubts(before, after, LIST)
    assert doubt.startswith(f"{name.replace('_', ' ')} {'rises' if dearer else 'falls'} from ")


@pytest.mark.parametrize(("value", "text"), [("2.50", "2.5"), ("1E+3", "1000"), ("1E-7", "0.0000001"), ("0.00", "0")])
def test_a_figure_is_told_without_exponent_or_trailing_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


# --- tiers


def test_rising_tiers_with_rates_of_zero_or_more_are_fine() -> None:
    tiers = [{"above_input_tokens": 1, "input": "0"}, {"above_input_tokens": 2, "output": 15, "cache_read": "0.25"}]
    assert tier_problems(tiers) == []
    assert tier_problems([]) == []


@pytest.mark.parametrize("tiers", [None, "none", {"above_input_tokens": 1}, [1], [{"above_input_tokens": 1}, None]])
def test_tiers_that_are_no_list_of_objects_are_shown_what_to_write(tiers: object) -> None:
    assert tier_problems(tiers) == [
        'Write a list such as [{"above_input_tokens": 200000, "input": "2.5", "output": "15"}].'
    ]


@pytest.mark.parametrize("above", [None, 0, -1, True, "200000", 1.5])
def test_a_threshold_is_a_whole_number_above_zero(above: object) -> None:
    tier = {"input": "1"} if above is None else {"above_input_tokens": above, "input": "1"}
    assert tier_problems([tier]) == [f"[0].above_input_tokens: {above!r} is not a whole number of tokens above 0."]


@pytest.mark.parametrize("rate", ["-0.1", "cheap", "", None, True, "NaN"])
def test_a_tiers_rate_is_a_price(rate: Any) -> None:
    tiers = [{"above_input_tokens": 1, "input": "1"}, {"above_input_tokens": 2, "output": rate}]
    assert tier_problems(tiers) == [f"[1].output: {rate!r} is not a price of zero or more."]


def test_a_tiers_rate_is_finite() -> None:
    assert tier_problems([{"above_input_tokens": 1, "input": "Infinity"}]) == [
        "[0].input: 'Infinity' is not a price of zero or more."
    ]


@pytest.mark.parametrize("second", [200_000, 100_000])
def test_thresholds_rise(second: int) -> None:
    tiers = [{"above_input_tokens": 200_000, "input": "1"}, {"above_input_tokens": second, "input": "2"}]
    assert tier_problems(tiers) == [f"above_input_tokens: [200000, {second}] is not a rising list."]


def test_a_class_that_does_not_exist_is_named_with_those_that_do() -> None:
    assert tier_problems([{"above_input_tokens": 1, "prompt": "1", "completion": "2"}]) == [
        f"[0].{name}: unknown. Allowed: above_input_tokens, {', '.join(sorted(CLASSES))}."
        for name in ("completion", "prompt")
    ]
