"""What can go wrong with the catalogue.

RegistryError
├── UnknownPrice      no price is known for a deployment, a moment or a token class
├── ImpossibleUsage   token counts that contradict one another
├── UnreadableSource  a price list that could not be fetched or read
├── UnreadableFile    an import that is not of its format
├── UnwritableFile    an export that its format cannot hold
└── UpstreamError     see models_registry.upstream.errors
"""


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
