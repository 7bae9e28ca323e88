"""The releases' pages register themselves."""

from routerhub.releases import deeds, drafts, pages

__all__ = ["deeds", "drafts", "pages"]
