"""The playground: the page, what it shows while somebody types, and the key by which its script sends."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from autorouter.decision.ranking import Rankings
from autorouter.types import Decision
from autorouter.viewsets import decisions
from budgets import money
from budgets.limits import outlook
from budgets.people import playground
from budgets.types import Caller
from routerhub.audit.change import change_by
from routerhub.console.pages import ConsolePage
from routerhub.console.playground.candidates import Found, found
from routerhub.console.playground.prompt import WORDS, Offers, PromptForm, offers


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """The person as the gateway will know them when they send."""

    auth: Caller
    user: Any


class Deciding(ConsolePage):
    """A page that knows what the router would do for its person in the account."""

    @cached_property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @cached_property
    def asker(self) -> Asker:
        return Asker(auth=playground.caller(self.membership), user=self.request.user)

    @cached_property
    def rankings(self) -> Rankings:
        return decisions.rankings_of(self.asker)

    def decided(self, asked: Any) -> Decision:
        decision = decisions.decided(self.asker, asked, self.rankings, self.now)
        return decisions.limited(self.asker, asked, decision, self.rankings, self.now)


class PlaygroundPage(Deciding):
    """Where a prompt is typed. Its form works without script, but for sending."""

    template_name = "console/playground/page.html"
    nav = "console_playground"
    title = _("Playground")
    subtitle = _("nothing is sent until you press Send")

    @cached_property
    def offers(self) -> Offers:
        return offers(self.rankings, self.asker.auth, self.now)

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return self._shown(PromptForm(initial=self._initial(), offers=self.offers), None)

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        form = PromptForm(request.POST, offers=self.offers)
        return self._shown(form, self._found(form) if form.is_valid() and not form.is_empty else None)

    def _initial(self) -> dict[str, str]:
        """What a link asks for, and the person's own priority."""
        given, names = self.request.GET, self.offers.names
        priorities = (given.get("priority"), decisions.wanted_by(self.asker).priority, "balanced")
        return {
            "model": given["model"] if given.get("model") in names else names[0],
            "second": given["second"] if given.get("second") in names else "",
            "priority": next(each for each in priorities if each in WORDS),
        }

    def _found(self, form: PromptForm) -> Found:
        decision = self.decided(form.asked())
        is_balanced = form.cleaned_data["priority"] == "balanced"
        balanced = decision if is_balanced else self.decided(form.asked("balanced"))
        return found(decision, balanced, form.cleaned_data["max_output_tokens"])

    def _shown(self, form: PromptForm, shown: Found | None) -> HttpResponse:
        return self.render_to_response(
            self.get_context_data(
                form=form, found=shown, offers=self.offers, may_send=playground.may_send(self.membership),
                room=self._room(),
                asks_further=self._asks_further(),
            )
        )  # fmt: skip

    def _asks_further(self) -> str:
        """When the gateway would ask the router model too, which this page does not pay for; empty: never."""
        config = self.rankings.router.config
        if config.classifies_with_model == "always":
            return gettext("the gateway asks the router model too")
        told = gettext("below %(threshold)s the gateway asks the router model too")
        return told % {"threshold": config.model_threshold} if config.classifies_with_model == "unsure" else ""

    def _room(self) -> str:
        """What the limits leave of money, in words; empty where none counts the person."""
        room = outlook.least_money(self.asker.auth, self.now)
        if room is None:
            return ""
        told = gettext("%(left)s left of the %(period)s limit of this %(kind)s")
        return told % {"left": money.rounded(max(0, room.left)), "period": room.period, "kind": room.kind}


class CandidatesPage(PlaygroundPage):
    """The part of the page that follows what is typed."""

    template_name = "console/playground/found.html"
    http_method_names = ("post",)


class KeyPage(ConsolePage):
    """POST: the key by which the page's script calls the gateway for the next minutes. It is told here, and kept in no cache."""

    right = playground.RIGHT
    http_method_names = ("post",)

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        key, text = playground.open_key(self.membership, change_by(request, "to send from the playground"))
        told = JsonResponse({"key": text, "expires_at": key.expires_at})
        told["Cache-Control"] = "no-store"
        return told
