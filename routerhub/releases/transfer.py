"""A release as a file, and a file as a draft: taken from one site to another, or kept outside of both.

The file is JSON: {"format", "line", "number", "label", "digest", "bundle"}. The digest is the bundle's, so that a file that was
changed on its way is refused; number and name are those that it had where it comes from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routerhub.audit import events
from routerhub.audit.change import Change
from routerhub.releases import lines, rollout, store
from routerhub.releases.differences import Difference, differences
from routerhub.releases.errors import InvalidFile
from routerhub.releases.models import Release
from routerhub.releases.types import Bundle

FORMAT = "routerhub-release-1"
KEYS: Mapping[str, type] = {"format": str, "line": str, "number": int, "label": str, "digest": str, "bundle": dict}
"""What a file has, all of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A release that comes from elsewhere, checked whole."""

    line: str
    number: int
    """What it was there."""
    label: str
    bundle: Bundle


def download(line: str, number: int, change: Change) -> dict[str, Any]:
    """A release, 0 included, as a file's content. Raises UnknownLine, UnknownRelease."""
    bundle, release = store.bundle(line, number), store.find(line, number)
    events.note("exported", change, f"{line} release {number}")
    return {
        "format": FORMAT, "line": line, "number": number, "label": release.label if release else "",
        "digest": store.digest(bundle), "bundle": bundle,
    }  # fmt: skip


def read_text(text: str) -> Uploaded:
    """A file's text. Raises InvalidFile, InvalidRelease, LongLabel, UnknownLine."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InvalidFile({"file": f"This is no JSON: {problem}."}) from problem
    return read(content)


def read(content: Any) -> Uploaded:
    """A file's content, checked whole. Raises InvalidFile, InvalidRelease, LongLabel, UnknownLine."""
    if not isinstance(content, Mapping):
        raise InvalidFile({"file": "This is no JSON object as a download makes it."})
    if problems := _problems(content):
        raise InvalidFile(problems)
    known = lines.find(content["line"])
    store.demand_label(content["label"])
    bundle = dict(content["bundle"])
    known.read(bundle, 0)
    if store.digest(bundle) != content["digest"]:
        raise InvalidFile({"digest": "It is not the bundle's: the file was changed after it was downloaded."})
    return Uploaded(line=known.name, number=content["number"], label=content["label"], bundle=bundle)


def _problems(content: Mapping[str, Any]) -> dict[str, str]:
    unknown = {name: f"There is no such value. Allowed: {', '.join(KEYS)}." for name in content.keys() - KEYS.keys()}
    wrong = {
        name: f"{str(content[name])[:80]!r} is no {kind.__name__}." if name in content else "It is missing."
        for name, kind in KEYS.items()
        if not isinstance(content.get(name), kind) or isinstance(content.get(name), bool)
    }
    if not wrong and content["format"] != FORMAT:
        wrong["format"] = f"{content['format'][:80]!r} is not {FORMAT!r}."
    return {**unknown, **wrong}


def compared(uploaded: Uploaded) -> list[Difference]:
    """In which values it differs from what is live for everybody."""
    return list(differences(store.bundle(uploaded.line, rollout.pointer(uploaded.line).stable), uploaded.bundle))


def keep(uploaded: Uploaded, change: Change, label: str | None = None) -> Release:
    """Store it as a draft, live for nobody, by its own name or another. One equal to the newest release is that one."""
    return store.store(uploaded.line, uploaded.bundle, change, uploaded.label if label is None else label)
