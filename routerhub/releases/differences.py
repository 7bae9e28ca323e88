"""In which values two bundles differ. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT = "(absent)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One value that two bundles have otherwise. ABSENT stands where one has none."""

    path: str
    before: Any
    after: Any
    steps: tuple[str, ...] = field(default=(), compare=False)
    """The path in its parts, since names may have dots in them."""


def differences(before: Any, after: Any, path: str = "", steps: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Every value in which two bundles differ, by its path, in order. Lists of objects are compared place by place."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            below = f"{path}.{name}" if path else name
            yield from differences(before.get(name, ABSENT), after.get(name, ABSENT), below, (*steps, name))
    elif _is_objects(before) and _is_objects(after):
        for at in range(max(len(before), len(after))):
            one = before[at] if at < len(before) else ABSENT
            other = after[at] if at < len(after) else ABSENT
            yield from differences(one, other, f"{path}[{at}]", (*steps, str(at + 1)))
    elif before != after:
        yield Difference(path=path, before=before, after=after, steps=steps)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)
