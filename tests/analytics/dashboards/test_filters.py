"""What the address of a page asks for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from analytics.dashboards import filters, ranges
from analytics.dashboards.types import View

NOW = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)


def read(**params: str | list[str]) -> View:
    given = {name: [value] if isinstance(value, str) else value for name, value in params.items()}
    return filters.read(given, NOW, "UTC", None)


def test_without_a_word_it_is_the_last_four_weeks_until_the_next_quarter_of_an_hour() -> None:
    view = read()
    assert (view.since, view.until) == (datetime(2026, 10, 28, tzinfo=UTC), datetime(2026, 11, 24, 14, 15, tzinfo=UTC))
    assert (ranges.words(view), ranges.shifted(view), view.step) == ("28 Oct to 24 Nov", "4 weeks before", "day")
    assert view.before.since == datetime(2026, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("params", "step", "shift"),
    [
        ({"range": "24h"}, "hour", 1), ({"range": "364d"}, "week", 52), ({"range": "last-month"}, "day", 5),
        ({"since": "2024-01-01"}, "month", 152),
    ],
)  # fmt: skip
def test_whole_weeks_are_held_against_whole_weeks(params: dict[str, str], step: str, shift: int) -> None:
    view = read(**({**params, "until": "2026-11-24"} if "since" in params else params))
    assert (view.step, view.shift) == (step, timedelta(weeks=shift))


def test_own_days_are_those_of_the_zone() -> None:
    view = read(since="2026-10-25", until="2026-10-25", zone="Europe/Berlin", model=["a:b", "c:d"], traffic="sandbox")
    assert view.until.astimezone(UTC) - view.since.astimezone(UTC) == timedelta(hours=25)
    assert (view.where, view.traffic) == ({"model": ("a:b", "c:d")}, "sandbox")


@pytest.mark.parametrize(
    ("params", "field", "problem"),
    [
        ({"range": "ever"}, "range", "is not one of 24h, 7d"), ({"since": "1.1."}, "since", "Write it as 2026-11-24"),
        ({"since": "2026-11-25"}, "since", "is after 2026-11-24"), ({"until": "2026-12-25"}, "since", "is not yet"),
        ({"since": "2020-01-01"}, "since", "1,100 at most"), ({"zone": "Mars"}, "zone", "Europe/Berlin"),
        ({"traffic": "none"}, "traffic", "real, sandbox, both"), ({"account": "acme"}, "account", "is no id"),
        ({"model": [str(n) for n in range(21)]}, "model", "20 at most"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_its_field(params: dict[str, str], field: str, problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read(**params)
    assert problem in refused.value.message_dict[field][0]


def test_links_keep_what_the_address_has_and_change_one_thing() -> None:
    link = filters.linker({"since": ["2026-11-01"], "model": ["a:b"], "add": ["key"], "foo": ["bar"]})
    assert link({"by": "provider"}) == "?since=2026-11-01&model=a%3Ab&by=provider"
    assert link({"range": "7d", "model": None}) == "?range=7d"
