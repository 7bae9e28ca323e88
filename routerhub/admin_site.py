"""The admin site: the pages that belong to no single table, then the tables' own."""

from typing import Any

from django.urls import path
from unfold.sites import UnfoldAdminSite

from routerhub.audit.page_checks import pages_that_do_not_ask_why
from routerhub.audit.pages import ADDRESSES


class RouterHubSite(UnfoldAdminSite):  # type: ignore[misc]
    """The site that all apps register their tables and pages on."""

    index_title = "Overview"

    def get_urls(self) -> list[Any]:
        own = [path(each.route, self.admin_view(each.view), name=each.name) for each in ADDRESSES]
        return [*own, *super().get_urls()]

    def check(self, app_configs: Any) -> list[Any]:
        """As Django's, and that nothing audited can be changed without saying why."""
        return [*super().check(app_configs), *pages_that_do_not_ask_why(self._registry)]
