"""Release 0 of the catalogue line: the one that ships with the code and decides when nothing else can."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from models_registry.catalogue.bundles import read, to_bundle

STATIC = read(json.loads(Path(__file__).with_name("release0.json").read_text()), number=0)


@cache
def bundle() -> dict[str, Any]:
    """The bundle, with every value that the file leaves to its default. Not to be changed."""
    return to_bundle(STATIC)
