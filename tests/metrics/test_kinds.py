"""Counting within one process."""

import pytest

from routerhub.metrics import kinds
from routerhub.metrics.kinds import MAX_SERIES, OTHER, Family, Metric, counter, gauge, histogram, reading


@pytest.fixture(autouse=True)
def of_this_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_registered", [])


def only() -> Family:
    (found,) = kinds.families()
    return found


def test_a_counter_keeps_a_cell_for_each_combination_of_labels() -> None:
    calls = counter("calls", "Calls.", "provider", "result")
    calls.labels("acme", "ok").inc()
    calls.labels("acme", "ok").inc(2)
    calls.labels("acme", "Failed").inc()
    assert only().samples == {("acme", "ok"): 3, ("acme", "Failed"): 1}


def test_what_is_under_way_goes_down_again() -> None:
    open_streams = gauge("streams", "Streams.").labels()
    open_streams.inc()
    open_streams.inc()
    open_streams.dec()
    assert only().samples == {(): 1}


def test_a_value_is_counted_in_the_first_bucket_that_it_does_not_pass() -> None:
    took = histogram("seconds", "Time.", bounds=(1, 2)).labels()
    for value in (0.5, 1, 1.5, 2.5):
        took.observe(value)
    assert only().samples == {(): [2, 1, 1, 5.5]}


def test_a_reading_is_taken_when_it_is_asked_for_and_is_nothing_before() -> None:
    age = reading("age", "Age.", merge="max")
    assert only().samples == {}
    age.read = lambda: {(): 7}
    assert only().samples == {(): 7}


def test_labels_that_run_wild_end_in_one_cell() -> None:
    wild: Metric[kinds.Value] = counter("wild", "Wild.", "text", "more")
    for number in range(MAX_SERIES + 10):
        wild.labels(str(number), "x").inc()
    samples = only().samples
    assert (len(samples), samples[OTHER, OTHER]) == (MAX_SERIES + 1, 10)


def test_a_label_that_is_missing_is_a_mistake_of_the_code() -> None:
    with pytest.raises(ValueError, match=r"calls has the labels \('provider',\), not \(\)"):
        counter("calls", "Calls.", "provider").labels()
