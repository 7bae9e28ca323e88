"""The catalogue's pages for staff."""

from models_registry.admin import deployments, models, pages

__all__ = ["deployments", "models", "pages"]
