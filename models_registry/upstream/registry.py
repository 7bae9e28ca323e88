"""Every upstream protocol that is spoken, by the name that a provider's `protocol` has: one module for each."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import aiohttp

from models_registry import upstream
from models_registry.upstream.base import Adapter
from models_registry.upstream.tool_names import keeping_names

MODULES = [import_module(found.name) for found in walk_packages(upstream.__path__, f"{upstream.__name__}.")
           if found.name != __name__]  # fmt: skip
ADAPTERS: Mapping[str, Any] = {
    module.ADAPTER.protocol: module.ADAPTER for module in MODULES if hasattr(module, "ADAPTER")
}
"""The class of each: what a module names as its ADAPTER."""


def open_adapters(session: aiohttp.ClientSession) -> Mapping[str, Adapter]:
    """An adapter for each."""
    return {protocol: keeping_names(made)(session) for protocol, made in ADAPTERS.items()}
