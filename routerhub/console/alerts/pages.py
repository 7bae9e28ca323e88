"""The page of alerts: what waits for somebody, limits as they stand, one's own alerts, and what was sent."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.windows.types import Traffic
from budgets.alerts import channels, raising, rules, showing
from budgets.formats import ago
from budgets.limits import setting
from budgets.limits import showing as limits
from models_registry.sandbox import standing_in
from routerhub.audit import history
from routerhub.console.alerts import usual
from routerhub.console.alerts.forms import (
    AcknowledgeForm,
    ChannelDeedForm,
    ChannelForm,
    ForgetChannelForm,
    LimitForm,
    NewLimitForm,
    RuleForm,
    TurnForm,
)
from routerhub.console.pages import ConsolePage

SENT = 20


class AlertsPage(ConsolePage):
    title = _("Alerts")
    nav = "console_alerts"
    right = "budgets.view_alert"
    template_name = "console/alerts/alerts.html"
    actions: ClassVar = {
        "acknowledge": AcknowledgeForm, "rule": RuleForm, "turn": TurnForm, "channel": ChannelForm, "test": ChannelDeedForm,
        "forget": ForgetChannelForm, "limit": LimitForm, "new-limit": NewLimitForm,
    }  # fmt: skip

    def form_options(self) -> dict[str, Any]:
        return {"rule": self._for_rule, "channel": self._for_channel}.get(self.action, dict)()

    def _for_rule(self) -> dict[str, Any]:
        return {"channels": showing.channels(self.request.user, self.account)}

    def _for_channel(self) -> dict[str, Any]:
        return {"may_share": self.extent("budgets.add_alertchannel") == "account"}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        user, now = self.request.user, timezone.now()
        sent = {self.action: given.pop("form")} if given.get("form") is not None else {}
        forms = {
            "rule": RuleForm(**self._for_rule()), "channel": ChannelForm(**self._for_channel()), "new_limit": NewLimitForm(),
            "limit": LimitForm(), "forget": ForgetChannelForm(),
        } | {name.replace("-", "_"): form for name, form in sent.items()}  # fmt: skip
        alerts = [
            (each, showing.figures_of(each), ago(each.changed_at, now))
            for each in showing.open_alerts(user, self.account)
        ]
        traffic: Traffic = "both" if standing_in.answers() else "real"
        found = limits.shown(limits.of_account(user, self.account), now) if self.extent("budgets.view_limit") else []
        return super().get_context_data(**{
            "subtitle": _("%(account)s · times in %(zone)s") % {"account": self.account.name, "zone": self.account.timezone},
            "alerts": alerts, "limits": found, "changeable": {each.row.pk for each in found if self._may_change(each.row)},
            "rules": showing.rules(user, self.account, now), "channels": showing.channels(user, self.account),
            "today": usual.today(self.account.pk, self.account.timezone, now.astimezone(self.zone), traffic),
            "sent": showing.sent(showing.deliveries(user, self.account)[:SENT], now), "forms": forms, "form": None,
            "may_acknowledge": self.extent("budgets.change_alert") is not None,
            "may_limit": self.extent("budgets.add_limit") == "account", **given,
        })  # fmt: skip

    def _may_change(self, row: Any) -> bool:
        """Of the account's own alone: what the site gave, staff change."""
        is_own = row.account_id == self.account.pk and not row.is_given
        return is_own and self.extent("budgets.change_limit") == "account"

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        deeds: dict[str, Callable[[Any], HttpResponse]] = {
            "acknowledge": self._acknowledge, "rule": self._rule, "turn": self._turn, "channel": self._channel,
            "test": self._test, "forget": self._forget, "limit": self._limit, "new-limit": self._new_limit,
        }  # fmt: skip
        return deeds[self.action](form)

    def _acknowledge(self, form: Any) -> HttpResponse:
        alert = found(showing.open_alerts(self.request.user, self.account), form.cleaned_data["number"])
        self.demand(self.extent("budgets.change_alert") is not None)
        raising.acknowledge(alert, self.request.user)
        return self._done(_("Acknowledged until it gets graver or its period ends: %(alert)s") % {"alert": alert})

    def _rule(self, form: Any) -> HttpResponse:
        values = {name: form.cleaned_data[name] for name in ("amount_usd", "window", "channels")}
        row = rules.new_rule(self.account, self.request.user)
        rules.add(row, self.request.user, False, values, self.change(form))
        return self._done(_("Saved. You are told once, when it is passed."))

    def _turn(self, form: Any) -> HttpResponse:
        row = found(self._own_rules(), form.cleaned_data["number"])
        rules.save(
            row, {"is_active": not row.is_active}, self.because(_("turned off") if row.is_active else _("turned on"))
        )
        return self._done(_("On again.") if row.is_active else _("Off. Nothing is told of it."))

    def _own_rules(self) -> Any:
        return rules.of_person(self.account, self.request.user)

    def _channel(self, form: Any) -> HttpResponse:
        given = dict(form.cleaned_data)
        whose = None if given.pop("is_accounts", False) else self.request.user
        values = {name: given[name] for name in ("kind", "name", "address")}
        row = rules.new_channel(self.account, whose)
        secret = rules.add(row, self.request.user, whose is None, values, self.change(form))
        if secret:
            return self._secret(row, secret)
        return self._done(_("Saved. Send a test, to see that it arrives."))

    def _secret(self, row: Any, secret: str) -> HttpResponse:
        """Shown once: nobody keeps it, and no other page has it."""
        context = ConsolePage.get_context_data(self, title=row.name, channel=row, secret=secret, form=None)
        answer = render(self.request, "console/alerts/secret.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def _test(self, form: Any) -> HttpResponse:
        row = found(showing.channels(self.request.user, self.account), form.cleaned_data["channel"])
        channels.test(row)
        return self._done(_("A test is on its way to %(name)s: the log says what becomes of it.") % {"name": row.name})

    def _forget(self, form: Any) -> HttpResponse:
        row = found(showing.channels(self.request.user, self.account), form.cleaned_data["channel"])
        extent = self.extent("budgets.delete_alertchannel")
        self.demand(extent == "account" or (extent == "own" and row.user_id == self.request.user.pk))
        history.delete([row], self.change(form))
        return self._done(_("Forgotten. Nothing is sent there any more."))

    def _limit(self, form: Any) -> HttpResponse:
        row = found(limits.of_account(self.request.user, self.account), form.cleaned_data["number"])
        self.demand(self._may_change(row))
        setting.set_limit(
            row, {name: form.cleaned_data[name] for name in ("amount", "soft_percent", "is_active")}, self.change(form)
        )
        return self._done(_("Saved. It counts from now on."))

    def _new_limit(self, form: Any) -> HttpResponse:
        self.demand(self.extent("budgets.add_limit") == "account")
        values = {name: value for name, value in form.cleaned_data.items() if name != "reason"}
        if not values["subject"]:
            values["subject"] = self.account.slug
        setting.set_limit(setting.new_limit(self.account), values, self.change(form))
        return self._done(_("Saved. It counts from now on, with what its period has seen already."))

    def _done(self, said: str) -> HttpResponse:
        messages.success(self.request, said)
        return redirect("console_alerts")


def found(rows: Any, number: Any) -> Any:
    """One of these rows. Raises Http404."""
    row = rows.filter(pk=number).first()
    if row is None:
        raise Http404("There is no such row here.")
    return row
