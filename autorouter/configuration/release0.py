"""Release 0 of the router line: the one that ships with the code and decides when nothing else can."""

import json
from pathlib import Path
from typing import Any

from autorouter.configuration.bundles import read
from autorouter.configuration.tunables.shapes import DEFAULTS


def _load(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text())


BUNDLE: dict[str, Any] = {"config": dict(DEFAULTS), **_load("release0.json")}
"""The defaults of the tunables, and the profiles, policies and task types of release0.json."""
STATIC = read(BUNDLE, number=0)
BOARD_NAMES: dict[str, list[str]] = _load("board_names.json")
"""Under which names the rated boards list a model, by its id: every effort, dated and search variant that is the same
model. A model without an entry is on no board."""
GIVEN = ("anthropic:claude-sonnet-4", "openai:gpt-5")
"""Profiles that are given, not measured."""


def bundle() -> dict[str, Any]:
    """The bundle. Not to be changed."""
    return BUNDLE
