"""In which values two bundles differ. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ABSENT = "(absent)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One value that two bundles have otherwise. ABSENT stands where one has none."""

    path: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every value in which two bundles differ, by its path, in order. Lists of objects are compared place by place."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(
                before.get(name, ABSENT), after.get(name, ABSENT), f"{path}.{name}" if path else name
            )
    elif _is_objects(before) and _is_objects(after):
        for at in range(max(len(before), len(after))):
            one = before[at] if at < len(before) else ABSENT
            other = after[at] if at < len(after) else ABSENT
            yield from differences(one, other, f"{path}[{at}]")
    elif before != after:
        yield Difference(path=path, before=before, after=after)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)
