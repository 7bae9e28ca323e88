"""By which names models are asked for. Pure.

A model answers to its id, to its aliases, and to its plain name (the id without the maker) where that means no other model.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
MAX_CHARS = 128
RESERVED = ("auto", "policy:")
"""What a request's `model` says where it names none."""
SNAPSHOT = re.compile(r"[-@](?:[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2})\Z")
"""The date at the end of a snapshot's name."""
MAX_COMPARED, MAX_NEAREST = 2_000, 3


def names_of(aliases: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Every name with the id of the model that it means. `aliases` has those of each model by its id."""
    plain = Counter(map(plain_name, aliases))
    names = {name: identifier for identifier in aliases if plain[name := plain_name(identifier)] == 1}
    names.update((alias, identifier) for identifier, some in aliases.items() for alias in some)
    names.update((identifier, identifier) for identifier in aliases)
    return names


def plain_name(identifier: str) -> str:
    """The id without the maker."""
    return identifier.partition(":")[2]


def without_date(name: str) -> str:
    """The name that a dated snapshot is one of; any other name as it is."""
    return SNAPSHOT.sub("", name)


def nearest(given: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that are most like the one given. It takes milliseconds: for an error, and for nothing else."""
    return tuple(get_close_matches(given[:MAX_CHARS], islice(names, MAX_COMPARED), MAX_NEAREST))


def owners_of(aliases: Mapping[str, Iterable[object]]) -> dict[object, str]:
    """The model that has each alias, the first one where several do. `aliases` has those of each model by its id."""
    owners: dict[object, str] = {}
    for identifier, some in aliases.items():
        for alias in some:
            owners.setdefault(str(alias), identifier)
    return owners


def alias_problems(
    identifier: str, aliases: Sequence[object], identifiers: Container[object], owners: Mapping[object, str]
) -> Iterator[str]:
    """What is wrong with a model's aliases, where there are models of these ids, and the aliases have these owners."""
    for at, alias in enumerate(aliases):
        if not isinstance(alias, str) or not ALIAS.fullmatch(alias) or len(alias) > MAX_CHARS:
            yield (
                f"{alias!r} is not a name: write up to {MAX_CHARS} letters, digits and . _ / : @ -, "
                "the first a letter or digit."
            )
        elif alias.startswith(RESERVED[1]) or alias == RESERVED[0]:
            yield f"{alias!r} means no model: a request says it to leave the choice to the router."
        elif alias in aliases[:at]:
            yield f"{alias!r} is listed twice."
        elif alias in identifiers:
            yield f"{alias!r} is the id of {'this' if alias == identifier else 'another'} model."
        elif owners.get(alias, identifier) != identifier:
            yield f"{alias!r} is an alias of {owners[alias]} already."
