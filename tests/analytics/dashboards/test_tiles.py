"""Tiles out of answers, each with figures that can be checked by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics.dashboards import ranges
from analytics.dashboards.tiles import KINDS
from analytics.dashboards.types import Seen, Tile, View
from analytics.reports.types import Target, Targets
from analytics.windows import sketches
from analytics.windows.types import Answer, Figures, Row
from budgets.alerts.types import Unusual

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 15, 2, tzinfo=BERLIN)
VIEW = ranges.over(View(since=NOW, until=NOW, now=NOW, zone="Europe/Berlin"), "7d")
TODAY, MONDAY = (datetime(2026, 11, day, tzinfo=BERLIN) for day in (24, 23))
USD = 10**9
MINUS, THIN = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"


def row(*group: str, start: datetime | None = None, **figures: Any) -> Row:
    return Row(group=group, start=start, figures=Figures(**{"requests": 1, **figures}))


def drawn(tile: Tile, now: list[Row], before: list[Row] | None = None, also: Any = (), names: Any = None) -> Any:
    asked = KINDS[tile.kind].asks(tile, VIEW)
    rows = {"now": now, "before": before or []}
    answers = {name: Answer(rows=tuple(rows[name]), as_of=NOW) for name in asked}
    return KINDS[tile.kind].draw(Seen(tile=tile, view=VIEW, answers=answers, names=names or {}, links=link, also=also))


def link(changes: Mapping[str, str | None]) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in changes.items())


def test_spend_is_stacked_and_the_list_beside_it_is_in_the_order_of_the_layers() -> None:
    now = [row(f"m{n}", start=TODAY, cost_nano=(9 - n) * USD) for n in range(8)]
    now += [row("m0", start=MONDAY, cost_nano=4 * USD)]
    before = [row("m0", start=TODAY - timedelta(days=7), cost_nano=26 * USD)]
    unusual = [Unusual(title="dear", found_at=NOW), Unusual(title="later", found_at=NOW)]
    found = drawn(Tile(kind="over_time"), now, before, also=unusual)
    assert (found.figure, found.delta.text, found.note) == (
        "$48.00", f"+85{THIN}%", "from $26.00 a week before · 9 requests"
    )  # fmt: skip
    assert [(each.name, each.figure, each.colour) for each in found.entries] == [
        ("3 others", "$9.00", 6), ("m4", "$5.00", 5), ("m3", "$6.00", 4), ("m2", "$7.00", 3), ("m1", "$8.00", 2),
        ("m0", "$13.00", 1),
    ]  # fmt: skip
    assert (found.entries[-1].link, found.entries[0].link) == ("?model=m0", "")
    assert found.entries[-1].delta.tone == "flat", "less of one model is neither good nor bad"
    assert found.table.rows[-1] == ("24 Nov", "$9.00", "$8.00", "$7.00", "$6.00", "$5.00", "$9.00", "$44.00", "$26.00")
    assert found.chart.hits[-2].words == "23 Nov: $4.00; m0 $4.00"
    assert [layer.under_way != "" for layer in found.chart.layers] == [True] * 6
    assert [(flag.title, flag.at) for flag in found.flags] == [("dear", 92.86)]


def test_one_more_than_there_are_colours_is_named_rather_than_counted() -> None:
    found = drawn(Tile(kind="over_time", measure="requests"), [row(f"m{n}", start=TODAY) for n in range(6)])
    assert [each.name for each in found.entries] == ["m5", "m4", "m3", "m2", "m1", "m0"]
    assert drawn(Tile(kind="over_time"), []).is_empty


def test_bands_and_their_table_agree() -> None:
    now = [row("coding", "a:b", cost_nano=3 * USD), row("coding", "c:d", cost_nano=USD), row("", "a:b", cost_nano=USD)]
    found = drawn(Tile(kind="flow"), now, names={("model", "a:b"): "b"})
    assert found.table.head == ("Category", "b", "c:d", "In all")
    assert found.table.rows == (("coding", "$3.00", "$1.00", "$4.00"), ("no category", "$1.00", "$0.00", "$1.00"))
    assert [each.words for each in found.ribbons] == [
        "coding → b: $3.00",
        "coding → c:d: $1.00",
        "no category → b: $1.00",
    ]


def test_a_list_says_the_largest_and_how_many_more_there_are() -> None:
    found = drawn(
        Tile(kind="top", by=("account",)), [row(str(n), cost_nano=n * USD) for n in range(1, 12)],
        [row("11", cost_nano=22 * USD)], names={("account", "11"): "acme"},
    )  # fmt: skip
    first = found.entries[0]
    assert (first.name, first.figure, first.share, first.width) == ("acme", "$11.00", f"17{THIN}%", 100.0)
    assert (first.delta.text, first.detail, found.more, found.whole) == (f"{MINUS}50{THIN}%", "1 request", 3, "$66.00")


def test_tags_are_never_summed() -> None:
    found = drawn(Tile(kind="top", by=("tag",)), [row("a", cost_nano=USD), row("b", cost_nano=USD)])
    assert (found.whole, found.entries[0].share) == ("", "")


def test_what_routing_saved_is_told_of_what_is_known() -> None:
    figures: dict[str, Any] = {
        "cost_nano": 10 * USD,
        "compared_nano": 8 * USD,
        "best_nano": 20 * USD,
        "good_nano": 7 * USD,
        "asked_nano": 8 * USD,
    }
    found = drawn(Tile(kind="saved"), [row(**figures, successes=1)])
    assert [(each.name, each.delta.text) for each in found.baselines] == [
        ("what was asked for", "the same"), ("always the best model", "saved $12.00"),
        ("always the cheapest good model", "cost $1.00 more"),
    ]  # fmt: skip
    assert (found.covers, found.paid.figure, found.paid.width) == (f"80{THIN}%", "$8.00", 40.0)


def test_the_sentence_has_spend_success_time_and_the_dearest_model() -> None:
    now = [
        row("a:b", requests=98, successes=97, failures=1, cost_nano=3 * USD, latencies=sketches.of([100.0] * 98)),
        row("", requests=2, refused=2),
    ]
    found = drawn(Tile(kind="sentence"), now, [row("a:b", cost_nano=4 * USD)])
    assert (found.requests, found.spent, found.delta.text, found.delta.tone) == (
        "100", "$3.00", f"{MINUS}25{THIN}%", "good"
    )  # fmt: skip
    assert (found.success, found.dearest, found.share) == (f"99.0{THIN}%", "a:b", f"100{THIN}%")
    assert found.latency in {f"99{THIN}ms", f"100{THIN}ms", f"101{THIN}ms"}


def test_times_are_told_by_day_where_there_were_answers() -> None:
    figures: dict[str, Any] = {"timed": 20, "latencies": sketches.of([1_000.0] * 19 + [9_000.0])}
    found = drawn(Tile(kind="latency", measure="latency"), [row(start=MONDAY, **figures)])
    assert found.table.rows[-1] == ("24 Nov", "\N{EN DASH}", "\N{EN DASH}", "\N{EN DASH}")
    assert found.table.rows[-2][0] == "23 Nov"
    assert found.median in {f"1.0{THIN}s", f"990{THIN}ms"}
    assert drawn(Tile(kind="latency", measure="first_token"), [row(start=MONDAY, **figures)]).is_empty


def test_ends_are_counted_and_the_columns_are_of_what_was_not_answered() -> None:
    figures: dict[str, Any] = {"requests": 100, "successes": 90, "failures": 4, "refused": 5, "abandoned": 1}
    found = drawn(Tile(kind="outcomes"), [row(start=TODAY, **figures)], [row(start=MONDAY, requests=10, successes=10)])
    assert [(each.word, each.count) for each in found.ends] == [
        ("answered", "90"), ("refused", "5"), ("cancelled", "1"), ("failed", "4"),
    ]  # fmt: skip
    assert (found.figure, found.delta.text, found.delta.tone) == (f"95.7{THIN}%", f"{MINUS}4.3 points", "worse")
    assert found.chart.y_ticks[-1].text == f"10{THIN}%"


def test_kinds_of_errors_are_ordered_by_how_often_they_came() -> None:
    found = drawn(
        Tile(kind="errors"), [row(requests=50, errors={"timeout": 2, "rate_limited": 3})], [row(errors={"timeout": 1})]
    )
    assert [(each.name, each.figure, each.delta.text, each.delta.tone) for each in found.entries] == [
        ("rate limited", "3", "\N{EN DASH}", "flat"), ("timeout", "2", f"+100{THIN}%", "worse"),
    ]  # fmt: skip
    assert drawn(Tile(kind="errors"), [row()]).is_empty


def test_providers_stand_side_by_side() -> None:
    one: dict[str, Any] = {
        "requests": 10,
        "successes": 9,
        "failures": 1,
        "timed": 9,
        "latencies": sketches.of([500.0] * 9),
        "cost_nano": USD,
    }
    found = drawn(Tile(kind="comparison"), [row("openai", **one), row("", refused=1)])
    assert [(each.name, each.success, each.per_request, each.failed) for each in found.lines] == [
        ("openai", f"90.0{THIN}%", "$0.10", True)
    ]


def test_efficiency_is_tokens_out_for_each_token_in() -> None:
    figures: dict[str, Any] = {
        "requests": 4,
        "successes": 4,
        "input_tokens": 20_000,
        "output_tokens": 5_000,
        "cost_nano": 2 * USD,
    }
    (line,) = drawn(Tile(kind="efficiency"), [row("fix_bug", "a:b", **figures)]).lines
    assert (line.names, line.link) == (("fix_bug", "a:b"), "?task_type=fix_bug&model=a:b")
    assert (line.input, line.output, line.ratio, line.per_request) == ("20.0k", "5,000", "0.25", "$0.50")


def test_targets_say_how_they_stand_and_how_they_stood() -> None:
    target = Target(
        name="cost", title="Mean cost per task", wanted="below $0.05", value="$0.031234", figure=0.03, is_met=True
    )
    none = replace(target, name="budget", title="Budget", is_met=None, note="no limit in money runs")
    also = Targets(question=VIEW.question(), targets=(target, none), policies=(), as_of=NOW)
    found = drawn(Tile(kind="targets"), [row("ops", cost_nano=31_234_000)], [row("ops", cost_nano=62_468_000)], also)
    cost, budget = found.targets
    assert (cost.figure, cost.note, cost.delta.text, cost.delta.tone) == (
        "$0.031", "below $0.05", f"{MINUS}50{THIN}%", "good"
    )  # fmt: skip
    assert (budget.figure, budget.note, budget.delta) == ("\N{EN DASH}", "no limit in money runs", None)
