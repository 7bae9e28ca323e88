"""The releases' pages register themselves."""

from routerhub.releases import deeds, drafts, pages, switch_page

__all__ = ["deeds", "drafts", "pages", "switch_page"]
