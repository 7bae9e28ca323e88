"""The releases' pages register themselves."""

from routerhub.releases import deeds, pages, switch_page

__all__ = ["deeds", "pages", "switch_page"]
