"""The catalogue's tables for staff. Pages that belong to no single table are in models_registry/admin/pages.py."""

from models_registry.admin import deployments as places
from models_registry.admin import models

__all__ = ["models", "places"]
