"""What a notification says is to be read again."""

from typing import Any

import pytest

from routerhub.gateway.snapshots.changes import EVERYTHING, Changes, understood

LINES = ("catalogue", "router")


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        ("catalogue", "releases"),
        ("router", "releases"),
        ("keys", "keys"),
        ("limits", "limits"),
        ("health", "facts"),
        ("measured", "facts"),
        ("experiments", "experiments"),
        ("preferences", "preferences"),
    ],
)
def test_a_part_is_checked_and_no_other(payload: str, part: Any) -> None:
    assert understood([payload], LINES) == Changes(whole=frozenset({part}))


def test_single_rows_are_read_and_those_of_several_notifications_together() -> None:
    heard = ["keys:7", "accounts:3", "preferences:17", "keys:8", "keys:7", "limits"]
    assert understood(heard, LINES) == Changes(
        whole=frozenset({"limits"}), keys=frozenset({7, 8}), accounts=frozenset({3}), preferences=frozenset({17})
    )


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "weather",
        "keys:",
        "keys:all",
        "keys:-1",
        "keys:1.5",
        "limits:3",
        "router:1",
        "Keys",
        "keys:1:2",
        "keys:" + "9" * 30,
    ],
)
def test_what_is_not_understood_may_mean_anything(payload: str) -> None:
    assert understood(["keys:7", payload], LINES) == EVERYTHING


def test_everything_is_every_part() -> None:
    assert (
        Changes(
            whole=frozenset(
                {"releases", "keys", "preferences", "limits", "facts", "circuits", "provider_keys", "experiments"}
            )
        )
        == EVERYTHING
    )


def test_nothing_heard_is_nothing_to_read() -> None:
    assert understood([], LINES) == Changes()


def test_from_many_rows_on_the_whole_table_is_checked() -> None:
    assert understood([f"keys:{at}" for at in range(500)], LINES).whole == frozenset()
    assert understood([f"keys:{at}" for at in range(501)], LINES).whole == {"keys"}
    assert understood([f"preferences:{at}" for at in range(501)], LINES).whole == {"preferences"}
