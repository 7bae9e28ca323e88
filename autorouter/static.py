"""Release 0 of the router line: the one that ships with the code and decides when nothing else can."""

import json
from pathlib import Path

from autorouter.bundles import read

STATIC = read(json.loads((Path(__file__).parent / "static" / "router.json").read_text()), number=0)
