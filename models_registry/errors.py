"""What can go wrong with the catalogue.

InvalidRelease (routerhub.releases.errors)
└── InvalidCatalogue  a bundle, or what would become one, that breaks a rule of the catalogue

RegistryError
├── UnknownPrice      no price is known for a deployment, a moment or a token class
├── ImpossibleUsage   token counts that contradict one another
├── UnreadableSource  a price list that could not be fetched or read
├── UnreadableFile    an import that is not of its format
├── UnwritableFile    an export that its format cannot hold
└── UpstreamError     see models_registry.upstream.errors
"""

import re
from dataclasses import fields

from models_registry.types import Model, Provider
from routerhub.releases.errors import InvalidRelease

_FIELDS = "|".join(sorted({field.name for kind in (Model, Provider) for field in fields(kind)}))
_PATH = re.compile(rf"(?:models|providers)\.(?P<name>.+?)(?:\.(?P<field>(?:{_FIELDS})(?:[.\[].*)?))?")
"""Of a value in a bundle. Names have dots of their own, so that a field is known by its name."""
_STEP = re.compile(r"\.(?=[a-z_]+(?:[.\[]|$))")


class InvalidCatalogue(InvalidRelease):
    """A bundle that breaks a rule of the catalogue; carries every problem, by the path of its value."""

    def label(self, path: str) -> str:
        """models.openai:gpt-5.deployments[0].prices is "openai:gpt-5, deployment 1, prices"."""
        found = _PATH.fullmatch(path)
        if found is None:
            return path
        steps = _STEP.split(found["field"]) if found["field"] else []
        return ", ".join([found["name"], *map(_step_label, steps)])


def _step_label(step: str) -> str:
    """max_output is "max output", deployments[0] is "deployment 1", deployments.openai/gpt-5 is "deployment openai/gpt-5"."""
    one = re.fullmatch(r"(\w+)s(?:\[(\d+)\]|\.(.+))", step)
    if one is None:
        return step.replace("_", " ")
    return f"{one[1]} {int(one[2]) + 1 if one[2] else one[3]}"


class RegistryError(Exception):
    """Base of this app's errors. The message says what was given and what is allowed."""


class UnknownPrice(RegistryError):
    """No price is known for a deployment, a moment or a token class. It is never taken for free."""


class ImpossibleUsage(RegistryError):
    """Token counts that contradict one another, such as more cached than input tokens."""


class UnreadableSource(RegistryError):
    """A price list that could not be fetched or read."""


class UnreadableFile(RegistryError):
    """An import that is not of its format."""


class UnwritableFile(RegistryError):
    """An export that its format cannot hold."""
