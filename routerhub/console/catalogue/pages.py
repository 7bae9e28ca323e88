"""The catalogue, with up to four models side by side above it, and the page of one model."""

from typing import Any

from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from autorouter.types import CATEGORIES, COST_TIERS
from autorouter.viewsets import decisions
from budgets.people import playground
from models_registry.types import Model
from routerhub.console.catalogue import history, usage
from routerhub.console.catalogue.asking import CONTEXTS, MAX_COMPARED, SORTS, UP_TO, wanted
from routerhub.console.catalogue.comparing import compared
from routerhub.console.catalogue.lines import TAKES, Line, line, score_bars
from routerhub.console.playground.pages import Deciding
from routerhub.gateway.protocols.openai_models import is_shown


class CataloguePage(Deciding):
    """What the person may call, as the gateway's list of models says it to them."""

    nav = "console_models"
    right = "models_registry.view_model"

    @cached_property
    def lines(self) -> dict[str, Line]:
        own = decisions.wanted_by(self.asker)
        return {each.id: line(each, self.rankings, own, self.now) for each in self._models()}

    def _models(self) -> list[Model]:
        caller = self.asker.auth
        found = [each for each in self.rankings.catalogue.models.values() if is_shown(each, caller, self.now)]
        return sorted(found, key=lambda model: model.id)


class ModelsPage(CataloguePage):
    """All of them, by filters, in an order."""

    template_name = "console/catalogue/list.html"
    title = _("Models")

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        chat = {name: each for name, each in self.lines.items() if each.model.kind == "chat"}
        providers = sorted({each.model.provider for each in chat.values()})
        asked = wanted(self.request.GET, providers, list(chat))
        found = asked.ordered([each for each in chat.values() if asked.holds(each)])
        chosen = [chat[name] for name in asked.compared]
        subtitle = gettext("catalogue release %(number)s · speed and success as measured lately")
        return super().get_context_data(
            wanted=asked, found=[(each, _score(each, asked.category)) for each in found], count=len(chat),
            providers=providers, takes=TAKES, tiers=COST_TIERS, up_to=UP_TO, contexts=CONTEXTS, categories=CATEGORIES,
            sorts=[(name, asked.link(sort=name)) for name in SORTS], links={name: asked.link(sort=name) for name in SORTS},
            compared=compared(chosen, usage.of_month(self.account.pk, self.now)) if len(chosen) > 1 else None,
            removals=[asked.link(compare=[name for name in asked.compared if name != each.id]) for each in chosen],
            most=MAX_COMPARED, may_send=playground.may_send(self.membership),
            subtitle=subtitle % {"number": self.rankings.catalogue.release}, **given,
        )  # fmt: skip


def _score(each: Line, name: str) -> str:
    value = each.score(name)
    return f"{value:.1f}" if value is not None else ""


class ModelPage(CataloguePage):
    """One model: prices, places, scores, what it takes, how it did, and what the account asked of it."""

    template_name = "console/catalogue/model.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        catalogue, availability = self.rankings.catalogue, self.rankings.availability
        name = catalogue.names.get(self.kwargs["identifier"], "")
        if name not in self.lines:
            raise Http404(f"There is no model {self.kwargs['identifier']} that you may call.")
        found = self.lines[name]
        used = usage.of_month(self.account.pk, self.now, name).by_model.get(name)
        marks = {each.name: (each.is_zero_retention, each.is_local) for each in catalogue.providers.values()}
        return super().get_context_data(
            title=name, line=found, model=found.model, scores=score_bars(found.profile),
            prices=history.prices(found.model, self.now), used=usage.told(used) if used else None,
            places=history.places(found.model, sorted(availability.providers), availability, marks),
            may_send=playground.may_send(self.membership), **given,
        )  # fmt: skip
