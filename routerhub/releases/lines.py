"""The lines that there are. Each app registers its own when it starts; nothing here knows what a bundle says."""

from routerhub.releases.errors import UnknownLine
from routerhub.releases.types import ReleaseLine

_lines: dict[str, ReleaseLine] = {}


def add(line: ReleaseLine) -> None:
    """From now on there is this line."""
    _lines[line.name] = line


def names() -> tuple[str, ...]:
    """Every line, in the order in which they were added."""
    return tuple(_lines)


def find(name: str) -> ReleaseLine:
    """The line of that name. Raises UnknownLine."""
    if name not in _lines:
        raise UnknownLine(name, _lines)
    return _lines[name]
