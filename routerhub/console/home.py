"""Home: what needs attention, what is spent, what routing saved, how one's tools are connected, and what came in last."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from analytics.dashboards import period
from analytics.requests import listing
from budgets import formats
from budgets.alerts import raising, seeing
from budgets.forecasting import burning
from budgets.money import rounded
from budgets.people import keys_in_use, new_keys
from budgets.people.keys import MAX_LIMIT_USD
from budgets.people.keys_in_use import KeyInUse
from routerhub.audit.change import change_by
from routerhub.audit.forms import NumericForm
from routerhub.console.pages import ConsolePage

TOOLS = {"curl": "curl", "openai": "openai", "anthropic": "anthropic", "claude": "Claude Code", "codex": "Codex"}
LASTS = {"30": _("30 days"), "90": _("90 days"), "365": _("a year"), "": _("no end")}
LATEST, KEYS = 8, 5
ON_THE_PAGE = "made on the console's Home"
RECORDS, ADD_KEYS = "analytics.view_record", "budgets.add_apikey"


class KeyForm(NumericForm, forms.Form):
    """A key of one's own."""

    name = forms.CharField(max_length=100)
    limit_usd = forms.DecimalField(
        required=False, min_value=0, max_value=MAX_LIMIT_USD, max_digits=19, decimal_places=9
    )
    lasts = forms.ChoiceField(choices=[*LASTS.items()], required=False)
    tool = forms.ChoiceField(choices=[*TOOLS.items()], required=False)


class AlertForm(NumericForm, forms.Form):
    alert = forms.IntegerField()


class HomePage(ConsolePage):
    template_name = "console/home/home.html"
    title = _("Home")
    nav = "console"
    actions: ClassVar = {"key": KeyForm, "acknowledge": AlertForm}
    new_key = ""
    """The text of a key that was just made: it is shown in this one answer."""

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.account.timezone)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        moment, form = now(), given.get("form")
        context = {
            "alerts": seeing.open_alerts(self.request.user, self.account.pk), "tools": TOOLS, "lasts": LASTS,
            "subtitle": f"{self.account.name} · {moment.astimezone(self.zone):%B %Y} · {_('times in')} {self.zone.key}",
            "site": settings.PUBLIC_URL or self.request.build_absolute_uri("/").rstrip("/"), "new_key": self.new_key,
            "may_make_keys": self.extent(ADD_KEYS) is not None, "tool": self._tool(form), "asks_for_key": self._is_again(form),
            **self._figures(moment),
        }  # fmt: skip
        return super().get_context_data(**context, **given)

    def _figures(self, moment: Any) -> dict[str, Any]:
        if self.extent(RECORDS) is None:
            return {}
        burn = burning.burn_of(self.account.pk, self.zone, moment)
        ran = period.of_account(self.account.pk, burn.start, burn.before, moment, self.zone.key)
        return {
            "burn": burn, "period": ran, "keys": self._keys(moment, ran.keys), "latest": latest(self),
        }  # fmt: skip

    def _keys(self, moment: Any, spent: Mapping[str, str]) -> list[dict[str, str]]:
        found = keys_in_use.in_use(self.request.user, self.account.pk, moment, KEYS)
        local = moment.astimezone(self.zone)
        return [
            {
                "name": key.name, "prefix": key.prefix, "spent": _spent(key, spent), "of": _limit(key),
                "used": formats.ago(key.last_used_at.astimezone(self.zone), local) if key.last_used_at else "",
            }
            for key in found
        ]  # fmt: skip

    def _tool(self, form: Any) -> str:
        given = form.data.get("tool", "") if form else ""
        return given if given in TOOLS else "curl"

    def _is_again(self, form: Any) -> bool:
        """Whether the form of a key came back with problems."""
        return isinstance(form, KeyForm) and bool(form.errors)

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        if self.action == "acknowledge":
            found = seeing.visible_alerts(self.request.user).filter(account=self.account.pk)
            raising.acknowledge(get_object_or_404(found, pk=form.cleaned_data["alert"]), self.request.user)
            return redirect("console")
        values = form.cleaned_data
        self.new_key = new_keys.make_own(
            self.account, values["name"], change_by(self.request, ON_THE_PAGE), limit_usd=values["limit_usd"],
            expires_at=now() + timedelta(days=int(values["lasts"])) if values["lasts"] else None,
        )  # fmt: skip
        answer = self.render_to_response(self.get_context_data(form=form))
        answer["Cache-Control"] = "no-store"
        return answer


class LatestPage(ConsolePage):
    """The newest requests alone, for a list that is kept up to date."""

    template_name = "console/home/latest.html"
    right = RECORDS

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, latest=latest(self))


def latest(page: ConsolePage) -> Any:
    return listing.newest(listing.of_account(page.account.pk), LATEST, page.account.timezone)


def _spent(key: KeyInUse, spent: Mapping[str, str]) -> str:
    return rounded(key.standing.spent) if key.standing else spent.get(str(key.id), rounded(0))


def _limit(key: KeyInUse) -> str:
    return f"of {rounded(key.standing.amount)} per {key.period}" if key.standing else ""
