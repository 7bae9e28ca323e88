from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

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


@pytest.mark.parametrize("label", [each.label for each in OURS])
def test_nothing_below_static_is_data(label: str) -> None:
    """What lies there is served to the world."""
    folder = Path(apps.get_app_config(label).path) / "static"
    served = [each.relative_to(folder) for each in folder.rglob("*") if each.is_file()]
    assert [each for each in served if each.suffix not in {".js", ".css"}] == []
    assert not served or label == "routerhub", "scripts and styles stand together, in routerhub/static"
