"""Sketches against the raw values, and against the library that the method comes with."""

from math import ceil

import pytest
from ddsketch import LogCollapsingLowestDenseDDSketch
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from analytics.windows import sketches
from analytics.windows.measures import bucket_of
from analytics.windows.types import Sketch

TIMES = st.lists(st.integers(0, 86_400_000), min_size=1, max_size=80)
QUANTILES = (0, 0.5, 0.95, 0.99, 1)


@given(TIMES, TIMES)
def test_quantiles_of_parts_put_together_are_off_by_at_most_one_in_a_hundred(
    some: list[int], others: list[int]
) -> None:
    found = sketches.merged([sketches.of(some), sketches.of(others)])
    assert found == sketches.of([*some, *others])
    assert sketches.size(found) == len(some) + len(others)
    values = sorted([*some, *others])
    oracle = LogCollapsingLowestDenseDDSketch(relative_accuracy=sketches.ERROR, bin_limit=4_096)
    for value in values:
        oracle.add(value)
    for q in QUANTILES:
        exact, told = values[int(q * (len(values) - 1))], sketches.quantile(found, q)
        assert told == pytest.approx(exact, rel=sketches.ERROR + 1e-9)
        assert told == pytest.approx(oracle.get_quantile_value(q), rel=1e-9)


def test_nothing_has_no_quantile() -> None:
    assert sketches.quantile(Sketch(), 0.5) is None


@pytest.mark.django_db
def test_postgresql_puts_values_into_the_same_buckets() -> None:
    values = sorted({0, 1, 2, 86_400_000, *(ceil(sketches.GAMMA**step) for step in range(900))})
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum_buckets(ARRAY[{bucket_of('v')}]) FROM unnest(%s::int[]) AS v", [values])  # noqa: S608
        assert sketches.unpacked(cursor.fetchone()[0]) == sketches.of(values)
