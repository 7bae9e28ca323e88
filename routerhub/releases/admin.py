"""The releases' pages register themselves."""

from routerhub.releases import deeds, pages

__all__ = ["deeds", "pages"]
