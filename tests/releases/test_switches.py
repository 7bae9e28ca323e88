"""The switches to the release in the code: where they come from, how they are turned, and what they decide."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from autorouter.configuration.release0 import STATIC as STATIC_ROUTER
from models_registry.catalogue.release0 import STATIC as STATIC_CATALOGUE
from routerhub.releases import live, switches
from routerhub.releases.types import Pointer
from tests.cast import because

BOTH = {"catalogue": True, "router": True}
NONE = {"catalogue": False, "router": False}


@pytest.fixture(autouse=True)
def path(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A file of our own, in a folder that is not there yet. What was read before or here is forgotten."""
    settings.SWITCHES_FILE = tmp_path / "shared" / "switches.json"
    settings.USE_DB_MODELS = settings.USE_DB_ROUTER_CONFIG = True
    switches._watch.forget()
    yield settings.SWITCHES_FILE
    switches._watch.forget()


def write(path: Path, text: str | bytes) -> None:
    """As somebody would by hand; it is looked at again at once."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    switches._watch.forget()


# --- what they say


def test_without_a_file_the_settings_decide(settings: Any) -> None:
    assert switches.current() == BOTH
    settings.USE_DB_MODELS = False
    switches._watch.forget()
    assert switches.current() == {"catalogue": False, "router": True}
    settings.USE_DB_ROUTER_CONFIG = False
    switches._watch.forget()
    assert switches.current() == NONE


@pytest.mark.parametrize(
    ("line", "off"),
    [("catalogue", {"catalogue": False, "router": True}), ("router", {"catalogue": True, "router": False})],
)
def test_each_line_is_turned_off_and_on_by_itself(line: str, off: dict[str, bool]) -> None:
    switches.turn(line, False, because("a bad release"))
    assert switches.current() == off
    switches.turn(line, True, because("it is mended", User(username="cy")))
    assert switches.current() == BOTH


def test_the_file_comes_before_the_settings(settings: Any) -> None:
    settings.USE_DB_MODELS = False
    switches.turn("catalogue", True, because("by hand"))
    assert switches.current() == BOTH


def test_turning_one_leaves_the_other_as_it_was(path: Path) -> None:
    switches.turn("catalogue", False, because("one"))
    switches.turn("router", False, because("two"))
    assert switches.current() == NONE
    assert switches.read(path) == {"USE_DB_MODELS": False, "USE_DB_ROUTER_CONFIG": False}
    switches.turn("catalogue", True, because("three"))
    assert switches.read(path) == {"USE_DB_MODELS": True, "USE_DB_ROUTER_CONFIG": False}


def test_who_turned_it_last_when_and_why_stands_beside_it() -> None:
    assert switches.last_turned("catalogue") == {}
    with time_machine.travel("2026-11-21T12:00:00+00:00", tick=False):
        switches.turn("catalogue", False, because("a bad release"))
        switches.turn("router", False, because("to compare", User(username="ben")))
    with time_machine.travel("2026-11-21T12:05:00+00:00", tick=False):
        switches.turn("catalogue", True, because("it is mended", User(username="cy")))
    assert switches.last_turned("catalogue") == {
        "author": "cy", "reason": "it is mended", "at": "2026-11-21T12:05:00+00:00", "on": True,
    }  # fmt: skip
    assert switches.last_turned("router")["author"] == "ben"
    assert datetime.fromisoformat(switches.last_turned("router")["at"]).minute == 0


def test_turning_is_logged_with_who_and_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "routerhub.releases.switches"):
        switches.turn("router", False, because("a bad release", User(username="ada")))
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.getMessage() == (
        "action=turn_switch switch=USE_DB_ROUTER_CONFIG on=False author=ada reason=a bad release"
    )


def test_the_file_is_replaced_whole_and_leaves_nothing_beside_it_but_its_lock(path: Path) -> None:
    for is_on in (False, True, False):
        switches.turn("catalogue", is_on, because("again"))
    assert {each.name for each in path.parent.iterdir()} == {"switches.json", ".switches.lock"}
    assert json.loads(path.read_text())["USE_DB_MODELS"] is False


def test_a_file_that_is_taken_away_leaves_the_settings(path: Path) -> None:
    switches.turn("catalogue", False, because("a bad release"))
    assert switches.current() != BOTH
    path.unlink()
    switches._watch.forget()
    assert switches.current() == BOTH


def test_what_another_process_wrote_is_seen_at_the_next_look(path: Path) -> None:
    assert switches.current() == BOTH
    write(path, '{"USE_DB_MODELS": false}')
    assert switches.current() == {"catalogue": False, "router": True}


def test_the_file_is_read_again_only_when_it_changed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(path, '{"USE_DB_MODELS": false}')
    with caplog.at_level(logging.INFO, "routerhub.releases.switches"):
        for _ in range(5):
            switches._watch.forget()
            switches.current()
        write(path, '{"USE_DB_MODELS": true }')
        switches.current()
    assert [record.getMessage() for record in caplog.records] == [
        "action=read_switches catalogue=False router=True",
        "action=read_switches catalogue=True router=True",
    ]


# --- a file that makes no sense


@pytest.mark.parametrize("text", ["", "{", "off", b"\xff\xfe\x00", '{"USE_DB_MODELS": fals'])
def test_a_broken_file_says_nothing_and_is_complained_of(
    path: Path, caplog: pytest.LogCaptureFixture, text: str | bytes
) -> None:
    write(path, text)
    assert switches.current() == BOTH
    (complaint,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert complaint.startswith(f"action=read_switches file={path} problem=")


def test_a_folder_in_its_place_says_nothing_and_is_complained_of(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir(parents=True)
    assert switches.current() == BOTH
    assert any(record.levelno == logging.ERROR for record in caplog.records)


@pytest.mark.parametrize("text", ["[]", "null", '"off"', "0"])
def test_json_that_is_no_object_is_complained_of_too(path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    write(path, text)
    assert switches.current() == BOTH
    assert any(record.levelno == logging.ERROR for record in caplog.records)


@pytest.mark.parametrize("value", ['"off"', "0", "null", "[]", '"false"'])
def test_a_value_that_is_neither_true_nor_false_says_nothing(path: Path, settings: Any, value: str) -> None:
    settings.USE_DB_ROUTER_CONFIG = False
    write(path, f'{{"USE_DB_MODELS": {value}, "USE_DB_ROUTER_CONFIG": {value}, "other": true}}')
    assert switches.read(path) == {}
    assert switches.current() == {"catalogue": True, "router": False}


@pytest.mark.parametrize("text", ["{", "[]", '{"last": 5}', '{"last": []}'])
def test_a_broken_file_is_mended_by_the_next_turn(path: Path, text: str) -> None:
    write(path, text)
    assert switches.last_turned("router") == {}
    switches.turn("router", False, because("mended"))
    assert switches.current() == {"catalogue": True, "router": False}
    assert switches.last_turned("router")["reason"] == "mended"


# --- what they decide


def test_a_line_that_is_off_is_decided_by_release_zero_for_everybody() -> None:
    catalogue, router = replace(STATIC_CATALOGUE, release=7), replace(STATIC_ROUTER, release=9)
    candidate = replace(STATIC_CATALOGUE, release=8)
    found = live.LiveReleases(
        lines={
            "catalogue": live.LiveLine(
                pointer=Pointer(line="catalogue", stable=7, candidate=8, percent=100),
                releases={0: STATIC_CATALOGUE, 7: catalogue, 8: candidate},
            ),
            "router": live.LiveLine(pointer=Pointer(line="router", stable=9), releases={0: STATIC_ROUTER, 9: router}),
        }
    )

    def served() -> tuple[Any, Any]:
        return found.for_user("catalogue", "user:1"), found.for_user("router", "user:1")

    assert served() == (candidate, router)
    switches.turn("catalogue", False, because("a bad release"))
    assert served() == (STATIC_CATALOGUE, router)
    switches.turn("router", False, because("a bad release"))
    assert served() == (STATIC_CATALOGUE, STATIC_ROUTER)
    switches.turn("catalogue", True, because("mended"))
    assert served() == (candidate, STATIC_ROUTER)


# --- the command


def run(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("switch", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_tells_how_the_switches_stand_without_turning_any(path: Path) -> None:
    assert run() == ["USE_DB_MODELS on", "USE_DB_ROUTER_CONFIG on"]
    assert not path.exists()


def test_the_command_turns_one_without_the_database_and_keeps_the_reason(path: Path) -> None:
    assert run("USE_DB_MODELS", "off", "--reason", "a bad release") == [
        "USE_DB_MODELS off: release 0, the one in the code, decides",
        "USE_DB_ROUTER_CONFIG on",
    ]
    assert switches.last_turned("catalogue")["reason"] == "a bad release"
    assert switches.last_turned("catalogue")["author"] != ""
    assert run("USE_DB_MODELS", "on")[0] == "USE_DB_MODELS on"
    assert switches.last_turned("catalogue")["reason"] == "by command"


@pytest.mark.parametrize("arguments", [["USE_DB_KEYS", "off"], ["USE_DB_MODELS", "maybe"]])
def test_the_command_refuses_what_is_no_switch_or_state(path: Path, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        run(*arguments)
    assert not path.exists()


def test_the_command_without_a_state_turns_nothing(path: Path) -> None:
    assert run("USE_DB_MODELS") == ["USE_DB_MODELS on", "USE_DB_ROUTER_CONFIG on"]
    assert not path.exists()
