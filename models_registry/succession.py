"""Who answers in the place of a deprecated model. Pure.

`successors` has every model that is deprecated at the moment, by id, with the id of its successor: empty where it has none.
"""

from collections.abc import Iterable, Mapping


def succession(name: str, successors: Mapping[str, str]) -> tuple[str, ...]:
    """The model; where it is deprecated its successor; and so on, each once."""
    line: list[str] = []
    while name and name not in line:
        line.append(name)
        name = successors.get(name, "")
    return tuple(line)


def stand_ins(models: Iterable[str], successors: Mapping[str, str]) -> dict[str, str]:
    """By each deprecated one of these models, who answers in its place: empty where nobody does."""
    last = {name: succession(name, successors)[-1] for name in models if name in successors}
    return {name: "" if each in successors else each for name, each in last.items()}
