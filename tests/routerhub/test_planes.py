"""Each plane's process loads what it serves and no more."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command

from budgets.models import Account
from routerhub.audit.page_checks import pages_that_do_not_ask_why

ROOT = Path(__file__).resolve().parents[2]
ENV = {
    **os.environ,
    "DJANGO_SETTINGS_MODULE": "routerhub.settings",
    "DATABASE_URL": "postgres:///unused",
    "SECRET_KEY": "x",
}
PAGES = ("routerhub.urls", "routerhub.audit.admin", "models_registry.admin", "unfold.admin", "rest_framework.views",
         "import_export", "experiments.replay")  # fmt: skip


def loaded_by(module: str) -> set[str]:
    """Those of PAGES that a process holds once it has imported its application."""
    code = f"import sys, {module}; print([name for name in {PAGES!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENV, capture_output=True, text=True, check=True)
    return set(eval(done.stdout))  # noqa: S307 - a list that we printed


def test_a_gateway_loads_no_page_and_the_control_plane_loads_them_all_beforehand() -> None:
    assert loaded_by("routerhub.asgi") == set()
    assert loaded_by("routerhub.control_plane") == set(PAGES)


@pytest.mark.parametrize(
    "value", ["control", "ftp://127.0.0.1", "http://", "http://127.0.0.1:8001/api", "127.0.0.1:8001"]
)
def test_a_control_plane_that_is_no_address_stops_the_start(value: str) -> None:
    env = {**ENV, "CONTROL_PLANE_URL": value}
    done = subprocess.run(
        [sys.executable, "-c", "import routerhub.settings"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"CONTROL_PLANE_URL={value!r}: write an address without a path, like http://127.0.0.1:8001." in done.stderr


def test_a_private_network_that_is_none_stops_the_start() -> None:
    env = {**ENV, "UPSTREAM_PRIVATE_NETWORKS": "10.0.0.0/8, 10.1.2.3/8"}
    done = subprocess.run(
        [sys.executable, "-c", "import routerhub.settings"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "has host bits set. Write networks like 10.0.0.0/8,fd00::/8." in done.stderr


def test_the_check_of_the_site_loads_the_pages_and_looks_at_each() -> None:
    call_command("check")
    assert Account in admin.site._registry
    plain: dict[Any, Any] = {Account: admin.ModelAdmin(Account, admin.site)}
    assert [each.id for each in pages_that_do_not_ask_why(plain)] == ["audit.E002"]
    assert pages_that_do_not_ask_why({Account: admin.site._registry[Account]}) == []
