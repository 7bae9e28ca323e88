"""Find: pages, models and requests, by a few letters or an id."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.requests import listing
from budgets.limits.names import KNOWN
from routerhub.console import navigation
from routerhub.console.pages import ConsolePage

MAX_MODELS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    icon: str
    word: str
    what: str
    url: str


class FindPage(ConsolePage):
    """The page that works without script; what the dialog fetches is its list alone."""

    title = "Find"
    template_name = "console/find/page.html"

    def get_template_names(self) -> list[str]:
        is_fetched = self.request.headers.get("X-Requested-With") == "fetch"
        return ["console/find/results.html"] if is_fetched else super().get_template_names()

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        asked = self.request.GET.get("q", "").strip()[:100]
        found = [*self._requests(asked), *self._pages(asked), *self._models(asked)]
        return super().get_context_data(**given, asked=asked, found=found)

    def _requests(self, asked: str) -> Iterator[Found]:
        try:
            operation = UUID(asked)
        except ValueError:
            return
        of_account = listing.of_account(self.account.pk)
        if self.extent("analytics.view_record") and of_account.filter(operation_id=operation).exists():
            url = reverse("console_request", args=[operation])
            yield Found(icon="receipt_long", word=str(operation), what=_("request"), url=url)

    def _pages(self, asked: str) -> Iterator[Found]:
        for section in navigation.sidebar(self):
            for link in section["links"]:
                if asked.lower() in str(link["word"]).lower():
                    yield Found(icon=link["icon"], word=str(link["word"]), what=_("page"), url=link["url"])

    def _models(self, asked: str) -> Iterator[Found]:
        if not asked:
            return
        known = sorted(each for each in KNOWN["model"]() if asked.lower() in each.lower())
        for name in known[:MAX_MODELS]:
            yield Found(icon="deployed_code", word=name, what=_("model"), url=reverse("console_model", args=[name]))
