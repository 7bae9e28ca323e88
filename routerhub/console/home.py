"""Home: what needs attention, what is spent, what routing saved, how one's tools are connected, and what came in last."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.utils.translation import gettext as _

from analytics.dashboards import period
from analytics.requests import listing
from budgets import formats
from budgets.alerts import raising
from budgets.alerts import showing as alerts
from budgets.forecasting import burning
from budgets.limits import showing as limits
from budgets.money import rounded
from budgets.people import granting
from routerhub.console.forms import ConsoleForm
from routerhub.console.keys.forms import NewKeyForm
from routerhub.console.pages import ConsolePage

TOOLS = {"curl": "curl", "openai": "openai", "anthropic": "anthropic", "claude": "Claude Code", "codex": "Codex"}
LATEST, KEYS = 8, 5
RECORDS, ADD_KEYS = "analytics.view_record", "budgets.add_apikey"


class ToolKeyForm(NewKeyForm):
    """A key for the tool that is looked at: its lines show it."""

    tool = forms.ChoiceField(choices=[*TOOLS.items()], required=False, widget=forms.HiddenInput)


class AlertForm(ConsoleForm):
    alert = forms.IntegerField()


class HomePage(ConsolePage):
    template_name = "console/home/home.html"
    title = "Home"
    nav = "console"
    actions: ClassVar = {"key": ToolKeyForm, "acknowledge": AlertForm}
    new_key = ""
    """The text of a key that was just made: it is shown in this one answer."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        moment, sent = now(), given.pop("form", None)
        key_form = sent if isinstance(sent, ToolKeyForm) else ToolKeyForm(initial={"reason": _("To connect a tool")})
        tool = key_form.data.get("tool", "")
        context = {
            "alerts": alerts.open_alerts(self.request.user, self.account), "tools": TOOLS, "key_form": key_form,
            "subtitle": f"{self.account.name} · {moment.astimezone(self.zone):%B %Y} · {_('times in')} {self.zone.key}",
            "site": settings.PUBLIC_URL or self.request.build_absolute_uri("/").rstrip("/"), "new_key": self.new_key,
            "may_make_keys": self.extent(ADD_KEYS) is not None, "tool": tool if tool in TOOLS else "curl",
            "may_acknowledge": self.extent("budgets.change_alert") is not None, **self._figures(moment),
        }  # fmt: skip
        return super().get_context_data(**context, **given, form=None)

    def _figures(self, moment: datetime) -> dict[str, Any]:
        if self.extent(RECORDS) is None:
            return {}
        burn = burning.burn_of(self.account.pk, self.zone, moment)
        ran = period.of_account(self.account.pk, burn.start, burn.before, moment, self.zone.key)
        return {"burn": burn, "period": ran, "keys": self._keys(moment, ran.keys), "latest": latest(self)}

    def _keys(self, moment: datetime, spent: Mapping[str, str]) -> list[dict[str, str]]:
        """Those that were used last, of what one's role lets one look after."""
        working = granting.of_account(self.request.user, self.account).filter(revoked_at=None, is_enabled=True)
        found = list(working.order_by(F("use__last_used_at").desc(nulls_last=True), "-pk")[:KEYS])
        own = limits.of_keys(self.request.user, self.account, moment)
        local = moment.astimezone(self.zone)
        return [
            {
                "name": key.name, "prefix": key.prefix, "number": key.pk,
                "used": formats.ago(key.use.last_used_at.astimezone(self.zone), local) if hasattr(key, "use") else "",
                "spent": limit.spent if (limit := own.get(str(key.pk))) else spent.get(str(key.pk), rounded(0)),
                "of": f"{_('of')} {limit.amount}, {limit.kind}" if limit else "",
            }
            for key in found
        ]  # fmt: skip

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        if self.action == "acknowledge":
            found = alerts.open_alerts(self.request.user, self.account)
            alert = get_object_or_404(found, pk=form.cleaned_data["alert"])
            self.demand(self.request.user.has_perm("budgets.change_alert", alert))
            raising.acknowledge(alert, self.request.user)
            return redirect("console")
        key = granting.new(self.account, self.request.user)
        self.new_key = granting.make(self.request.user, key, False, form.values(), self.change(form), form.limit())
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
