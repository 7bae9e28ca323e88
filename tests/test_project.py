import re
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands

OURS = [
    each
    for each in apps.get_app_configs()
    if Path(each.path).is_relative_to(settings.BASE_DIR) and ".venv" not in each.path
]


def test_every_change_of_a_model_has_its_migration(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


def test_the_apps_of_this_project_are_looked_through() -> None:
    assert {each.label for each in OURS} >= {
        "models_registry",
        "budgets",
        "autorouter",
        "analytics",
        "experiments",
        "routerhub",
    }


def test_the_docs_name_commands_that_there_are_and_the_python_that_runs_them() -> None:
    """Whoever copies one out of a page, beside `make run`, needs nothing else."""
    pages = [settings.BASE_DIR / "README.md", *(settings.BASE_DIR / "docs").rglob("*.md")]
    named = [match for page in pages for match in re.findall(r"(\S* ?)manage\.py (\w+)", page.read_text())]
    assert {command for _, command in named} >= {"create_api_key", "rollout", "sync_prices", "backtest"}
    assert {command for _, command in named} <= {*get_commands(), "help"}
    assert {python.strip("`( ") for python, _ in named} == {".venv/bin/python"}


@pytest.mark.parametrize("label", [each.label for each in OURS])
def test_nothing_below_static_is_data(label: str) -> None:
    """What lies there is served to the world."""
    folder = Path(apps.get_app_config(label).path) / "static"
    served = [each.relative_to(folder) for each in folder.rglob("*") if each.is_file()]
    assert [each for each in served if each.suffix not in {".js", ".css", ".svg"}] == []
    assert not served or label == "routerhub", "scripts and styles stand together, in routerhub/static"
