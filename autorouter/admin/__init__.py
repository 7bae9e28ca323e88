"""The router's pages for staff."""

from autorouter.admin import people, policies, profiles, tuning_pages

__all__ = ["people", "policies", "profiles", "tuning_pages"]
