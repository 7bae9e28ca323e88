"""The geometry of charts, with figures worked out by hand."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from analytics.dashboards.charts import axes, flow, lines, stack
from analytics.dashboards.charts.flow import Side
from analytics.dashboards.charts.stack import Series
from analytics.windows import steps

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("most", "top", "ticks"), [(67.9, 80, 4), (0, 1, 4), (100, 100, 4), (0.3, 0.3, 3), (1_010, 1_500, 3)]
)
def test_an_axis_begins_at_nothing_and_ends_at_a_round_figure(most: float, top: float, ticks: int) -> None:
    found, marks = axes.heights(most, str)
    assert found == pytest.approx(top)
    assert (len(marks) - 1, marks[0].at, marks[-1].at) == (ticks, 0, 100)


def test_layers_lie_upon_one_another_and_the_last_column_stands_apart() -> None:
    one, other = stack.layers(
        [Series(name="a", colour=1, values=[10, 20]), Series(name="b", colour=6, values=[30, 0])], 40, True
    )
    # 500 wide, 4 of room on each side; 10 of 40 is 100 of 400, less the gap
    assert one.path == "M4.0 398.8h492.0v-98.8h-492.0z"
    assert one.under_way == "M504.0 398.8h492.0v-198.8h-492.0z"
    assert other.path == "M4.0 298.8h492.0v-298.8h-492.0z"
    assert other.under_way == ""


def test_a_line_is_broken_where_nothing_was_measured_and_a_point_alone_is_a_dot() -> None:
    found = lines.line("l1", "half", [1, 3, None, 2], 4)
    assert found.path == "M125.0 300.0L375.0 100.0M875.0 200.0"
    assert found.dots == ((87.5, 50.0),)
    assert lines.band([3, None], [1, 1], 4) == "M250.0 100.0L250.0 300.0z"


def test_bands_are_as_wide_as_their_figure_on_both_sides() -> None:
    cells = [[30, 10], [0, 60]]
    left, right = Side(names=["x", "y"], sums=[40, 60], gap=10), Side(names=["p", "q"], sums=[30, 70], gap=16)
    unit = flow.scale(left, right)
    assert unit == pytest.approx((400 - 16) / 100)
    found = flow.ribbons(cells, left, right, [1, 2], {(r, c): f"{r}{c}" for r in (0, 1) for c in (0, 1)})
    assert [each.words for each in found] == ["00", "01", "11"]
    assert found[0].path == "M14 3.0C500 3.0 500 0.0 986 0.0V115.2C500 115.2 500 118.2 14 118.2Z"
    heights = [each.height for each in flow.nodes(right, unit, ["3", "7"], [1, 2])]
    assert heights == [115.2, 268.8]
    assert flow.scale(Side(names=[], sums=[], gap=10), Side(names=[], sums=[], gap=16)) == 0


def test_words_beside_bands_do_not_touch_nor_leave_the_box() -> None:
    assert flow.spread([10, 12, 300]) == [10, 24, 300]
    assert flow.spread([390, 398]) == [386, 400]
    assert flow.spread([]) == []


def test_columns_are_days_of_the_zone_also_where_its_clocks_change() -> None:
    since, until = (datetime(2026, 10, day, tzinfo=BERLIN) for day in (24, 27))
    starts = axes.columns(since, until, "day")
    assert [start.isoformat() for start in starts] == [
        "2026-10-24T00:00:00+02:00", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00",
    ]  # fmt: skip
    hours = axes.columns(starts[1], starts[2], "hour")
    assert len(hours) == 25
    assert [each.hour for each in hours[:5]] == [0, 1, 2, 2, 3]
    assert steps.floor(datetime(2026, 11, 25, 9, tzinfo=BERLIN), "week").day == 23
    assert steps.after(datetime(2026, 12, 1, tzinfo=BERLIN), "month") == datetime(2027, 1, 1, tzinfo=BERLIN)


def test_words_below_are_few_and_the_last_column_is_today() -> None:
    now = datetime(2026, 11, 24, 15, tzinfo=BERLIN)
    starts = axes.columns(datetime(2026, 10, 28, tzinfo=BERLIN), now, "day")
    found = axes.dates(starts, "day", now)
    assert [tick.text for tick in found] == ["31 Oct", "4 Nov", "8 Nov", "12 Nov", "16 Nov", "20 Nov", "today"]
    assert [tick.is_optional for tick in found][-2:] == [True, False]
