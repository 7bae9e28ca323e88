"""The releases' pages register themselves."""

from routerhub.releases import pages

__all__ = ["pages"]
