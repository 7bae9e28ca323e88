"""The command that synchronises prices."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from models_registry.catalogue import tables as catalogue_tables
from models_registry.models import Model
from models_registry.prices.sources import genai
from routerhub.releases import store
from routerhub.releases.models import Release
from tests import seeds
from tests.cast import because
from tests.models_registry.catalogue.facts import (
    ONE,
    a_bundle,
    a_place,
    a_price,
    a_provider,
    count_versions,
)
from tests.models_registry.prices.test_sources import a_list, an_entry
from tests.models_registry.prices.test_syncing import NOW, live, live_prices


def run(*arguments: str) -> str:
    out = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("sync_prices", *arguments, stdout=out, no_color=True)
    return out.getvalue()


@pytest.fixture
def a_file(tmp_path: Path, db: None) -> Path:
    """OpenRouter's list with one model that is here at another price, and one that is new."""
    bundle = a_bundle()
    bundle["providers"]["openrouter"] = a_provider("OpenRouter")
    bundle["models"][ONE]["deployments"] = [a_place(a_price(), provider="openrouter", upstream_model="acme/one")]
    catalogue_tables.write(bundle, because("first"), trusts_prices=True)
    assert store.publish("catalogue", because("first")) == 1
    pricing = {"prompt": "0.0000015", "completion": "0.00001"}
    new = an_entry("acme/three", pricing={"prompt": "0.000001", "completion": "0.000002"})
    path = tmp_path / "models.json"
    path.write_bytes(a_list(an_entry(pricing=pricing), new))
    return path


def test_the_command_finds_no_difference_right_after_seeding(db: None) -> None:
    seeds.catalogue()
    before = count_versions()
    assert run().startswith("0 changed, 0 vanished, ")
    assert count_versions() == before


def test_the_command_shows_the_difference_and_writes_nothing(a_file: Path) -> None:
    before = count_versions()
    change, counts = run("--source", "openrouter", "--file", str(a_file)).splitlines()
    assert change.split() == [
        "changed",
        "acme:one",
        "openrouter/acme/one",
        "input",
        "2",
        "->",
        "1.5",
        "from",
        "2026-11-21",
    ]
    assert counts == "1 changed, 0 vanished, 1 new"
    assert count_versions() == before


def test_the_command_lists_what_is_new_when_asked(a_file: Path) -> None:
    output = run("--source", "openrouter", "--file", str(a_file), "--all-new")
    assert "acme:three" in output
    assert "input none -> 1, output none -> 2" in output


@pytest.mark.parametrize("arguments", [["--apply"], ["--add", "openrouter/acme/three"], ["--apply", "--reason", " "]])
def test_the_command_applies_nothing_without_a_reason(a_file: Path, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="Give a --reason: it is kept in the history"):
        run("--source", "openrouter", "--file", str(a_file), *arguments)
    assert len(live_prices()) == 1


def test_the_command_applies_what_changed_and_leaves_what_is_new(a_file: Path) -> None:
    output = run("--source", "openrouter", "--file", str(a_file), "--apply", "--reason", "cheaper")
    assert output.splitlines()[-1] == "applied 1, of which 0 wait for approval"
    assert [price.rates.input for price in live_prices()] == [2, Decimal("1.5")]
    assert Release.objects.get(number=2).reason == "cheaper"
    assert not Model.objects.filter(identifier="acme:three").exists()


def test_the_command_says_how_many_wait(a_file: Path) -> None:
    a_file.write_bytes(a_list(an_entry(pricing={"prompt": "0.1", "completion": "0.00001"})))
    output = run("--source", "openrouter", "--file", str(a_file), "--apply", "--reason", "news")
    assert "WAITS: input rises from 2 to 100000, 50000.0 times" in output
    assert output.splitlines()[-1] == "applied 1, of which 1 wait for approval"
    assert len(live_prices()) == 1


def test_the_command_adds_the_named_new_model_alone(a_file: Path) -> None:
    run("--source", "openrouter", "--file", str(a_file), "--add", "openrouter/acme/three", "--reason", "a third")
    assert (live().models["acme:three"].context_window, live().models["acme:three"].max_output) == (128_000, 16_000)
    assert len(live_prices()) == 1


def test_the_command_refuses_to_add_what_is_not_new_or_cannot_be(a_file: Path) -> None:
    reading = ("--source", "openrouter", "--file", str(a_file), "--reason", "?", "--add")
    with pytest.raises(CommandError, match="--add openrouter/acme/one: the list has no such new model"):
        run(*reading, "openrouter/acme/one")
    a_file.write_bytes(a_list(an_entry("acme/four", context_length=None)))
    with pytest.raises(CommandError, match="--add openrouter/acme/four: its context window is not known"):
        run(*reading, "openrouter/acme/four")
    assert Release.objects.count() == 1


def test_the_command_says_what_is_wrong_with_a_list(a_file: Path, tmp_path: Path) -> None:
    a_file.write_text(json.dumps([1]))
    with pytest.raises(CommandError, match="This is not OpenRouter's list of models"):
        run("--source", "openrouter", "--file", str(a_file))
    with pytest.raises(CommandError, match="No such file"):
        run("--source", "openrouter", "--file", str(tmp_path / "nowhere.json"))


def test_the_command_fetches_nothing_while_that_is_switched_off(a_file: Path, settings: Any) -> None:
    settings.ALLOW_ONLINE_PRICES = False
    for arguments in (["--source", "openrouter"], ["--online"]):
        with pytest.raises(CommandError, match="ALLOW_ONLINE_PRICES=false"):
            run(*arguments)
    assert "(ALLOW_ONLINE_PRICES=false: the installed list only)" in run()


def test_the_package_is_dated_today(db: None) -> None:
    assert {price.dated for each in genai.offers(online=False, today=date(2026, 5, 4)) for price in each.prices} == {
        date(2026, 5, 4)
    }
