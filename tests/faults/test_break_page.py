"""docs/howto/break.md names every test of faults that is there, and none that is not."""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PAGE = (ROOT / "docs" / "howto" / "break.md").read_text()
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE)
EXAMPLES = {"test_break_page.py", "test_connections.py", "test_crowd.py", "test_hostile_upstreams.py"}
"""Modules of which the page names the weightiest only."""


def functions_of(module: Path) -> dict[str, bool]:
    """Its tests, and whether each is run by `make faults` alone."""
    tree = ast.parse(module.read_text())
    is_whole = bool(re.search(r"^pytestmark = .*mark\.whole", module.read_text(), re.MULTILINE))
    return {
        each.name: is_whole or any("whole" in ast.unparse(mark) for mark in each.decorator_list)
        for each in tree.body
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
    }


@pytest.mark.parametrize("module", sorted(FOLDER.glob("test_*.py")), ids=lambda path: path.name)
def test_every_test_is_on_the_page(module: Path) -> None:
    tests, named = functions_of(module), {test for name, test in NAMED if name == module.name}
    assert named <= tests.keys()
    assert module.name in EXAMPLES or named == tests.keys()
    for test, is_whole in tests.items():
        assert test not in named or (f"whole: `{module.name}::{test}`" in PAGE) == is_whole


def test_the_page_names_no_module_that_is_not_there() -> None:
    assert all((FOLDER / name).exists() for name, _ in NAMED)


def test_every_row_of_the_architectures_table_is_shown_on_the_page() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text().partition("## When things fail")[2]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")][1:]
    told = PAGE.lower()
    assert rows
    for row in rows:
        assert all(word in told for word in re.findall(r"\w+", row.lower()) if len(word) > 3), row
