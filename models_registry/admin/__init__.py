"""The catalogue's tables for staff. Pages that belong to no single table are in models_registry/pages.py."""

from models_registry.admin import models, places

__all__ = ["models", "places"]
