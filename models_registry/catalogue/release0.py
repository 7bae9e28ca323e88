"""Release 0 of the catalogue line: the one that ships with the code and decides when nothing else can."""

import json
from pathlib import Path

from models_registry.catalogue.bundles import read

STATIC = read(json.loads((Path(__file__).parent / "static" / "catalogue.json").read_text()), number=0)
