"""Every protocol that clients may speak: one module here for each."""

from importlib import import_module
from pkgutil import iter_modules

from routerhub.gateway import protocols
from routerhub.gateway.protocols.base import ChatProtocol

MODULES = [import_module(f"{protocols.__name__}.{found.name}") for found in iter_modules(protocols.__path__)
           if found.name != "registry"]  # fmt: skip


def chat_protocols() -> list[ChatProtocol]:
    """The protocol of each module that names one as its PROTOCOL."""
    return [module.PROTOCOL for module in MODULES if hasattr(module, "PROTOCOL")]
