"""docs/grafana/routerhub.json and docs/howto/observe.md speak of the metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import budgets.ledger.metrics  # noqa: F401 - known once it is there
import routerhub.audit.chain.metrics
import routerhub.gateway.observation.metrics  # noqa: F401 - the same
from routerhub.metrics import kinds
from routerhub.metrics.kinds import Family

DOCS = Path(__file__).parents[3] / "docs"
DASHBOARD: Any = json.loads((DOCS / "grafana" / "routerhub.json").read_text())
GIVEN_BY_PROMETHEUS = {"instance", "le"}
NAME, GROUPED, MATCHED = (
    re.compile(r"\brouterhub_\w+"),
    re.compile(r"by \(([^)]*)\)"),
    re.compile(r"(\w+)\s*(?:=~|!=|=)"),
)


def series() -> dict[str, Family]:
    """Every series' name as a scrape tells it, and its metric."""
    endings = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
    found = [each for each in kinds.families() if each.name.startswith("routerhub_")]
    return {f"{each.name}{ending}": each for each in found for ending in endings[each.kind]}


PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_asks_for_metrics_and_labels_that_there_are(panel: Any) -> None:
    known = series()
    for target in panel["targets"]:
        asked = target["expr"]
        names = NAME.findall(asked)
        assert names, asked
        labels = {label for name in names for label in known[name].labels}
        used = {label.strip() for group in GROUPED.findall(asked) for label in group.split(",")}
        assert {*used, *MATCHED.findall(asked)} <= labels | GIVEN_BY_PROMETHEUS, asked
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= used
        assert asked.count("(") == asked.count(")")
    assert panel["description"]


def test_the_dashboard_shows_every_metric() -> None:
    shown = {
        series()[name].name for panel in PANELS for target in panel["targets"] for name in NAME.findall(target["expr"])
    }
    assert {each.name for each in series().values()} == shown


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)


def test_the_page_tells_of_every_metric_and_its_labels() -> None:
    page = (DOCS / "howto" / "observe.md").read_text()
    for name, family in series().items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{family.name}")]
        assert all(f"`{label}`" in row for label in family.labels), name


def test_the_pages_alerts_ask_for_metrics_that_there_are() -> None:
    page = (DOCS / "howto" / "observe.md").read_text()
    (alerts,) = re.findall(r"```yaml\ngroups:(.*?)```", page, re.DOTALL)
    assert set(NAME.findall(alerts)) <= set(series())
