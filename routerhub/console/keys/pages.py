"""The keys of an account, and one of them. Those that one may see are listed, by one's role."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.dashboards import ranges
from analytics.windows import reading
from analytics.windows.steps import floor
from analytics.windows.types import Question
from autorouter.people import preference_sets
from autorouter.people.preference_owners import Owner
from budgets.formats import ago, day
from budgets.limits import showing
from budgets.limits.setting import limit_key
from budgets.money import rounded
from budgets.people import granting, keys
from routerhub.console.keys.forms import KeyForm, LimitForm, NewKeyForm, RevokeForm, RotateForm
from routerhub.console.pages import ConsolePage

SOON = timedelta(days=7)
FIELDS = (
    "name", "is_enabled", "preferences", "expires_at", "max_concurrent", "permissions", "endpoints", "models", "policies",
    "networks", "regions",
)  # fmt: skip


def state_of(key: Any, now: datetime) -> tuple[str, str]:
    """The look and the word of how a key stands."""
    if key.revoked_at:
        return "", _("revoked")
    if not key.is_enabled:
        return "", _("off")
    if key.expires_at and key.expires_at <= now:
        return "bad", _("expired")
    if key.expires_at and key.expires_at <= now + SOON:
        return "near", _("expires soon")
    if key.previous_until and key.previous_until > now:
        return "ack", _("two secrets work")
    return ("ok", _("in use")) if hasattr(key, "use") else ("", _("never used"))


def told(page: ConsolePage, key: Any, text: str) -> HttpResponse:
    """The page that shows a secret: nobody keeps it, and no other page has it."""
    address = page.request.build_absolute_uri("/").rstrip("/")
    given = {"title": key.name, "key": key, "text": text, "address": address, "form": None}
    answer = render(page.request, "console/keys/told.html", ConsolePage.get_context_data(page, **given))
    answer["Cache-Control"] = "no-store"
    return answer


class KeysPage(ConsolePage):
    """All keys, those that open something first."""

    title = _("Keys")
    nav = "console_keys"
    right = "budgets.view_apikey"
    template_name = "console/keys/list.html"
    actions: ClassVar = {"": NewKeyForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        now = timezone.now()
        found = list(granting.of_account(self.request.user, self.account))
        limits, spent = showing.of_keys(self.request.user, self.account, now), self._spent(now)
        rows = [_row(key, limits.get(str(key.pk)), spent.get(str(key.pk), 0), now) for key in found]
        return super().get_context_data(
            rows=[row for row in rows if not row["key"].revoked_at], revoked=[row for row in rows if row["key"].revoked_at],
            may_add=self.extent("budgets.add_apikey") is not None, **given,
        )  # fmt: skip

    def _spent(self, now: datetime) -> dict[str, int]:
        """Nano-dollars by key since the month began, what the sandbox made up included while it answers."""
        here = now.astimezone(self.zone)
        asked = Question(
            since=floor(here, "month"), until=ranges.whole(here), zone=self.account.timezone, by=("key",),
            accounts=frozenset([self.account.pk]), traffic="both",
        )  # fmt: skip
        return {row.group[0]: row.figures.cost_nano for row in reading.ask(asked).rows}

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        key = granting.new(self.account, self.request.user)
        text = granting.make(self.request.user, key, False, form.values(), self.change(form), form.limit())
        return told(self, key, text)


class KeyPage(ConsolePage):
    """One key: what it may be used for, its limit, a new secret, its end."""

    nav = "console_keys"
    right = "budgets.view_apikey"
    template_name = "console/keys/one.html"
    actions: ClassVar = {"save": KeyForm, "rotate": RotateForm, "revoke": RevokeForm, "limit": LimitForm}

    @property
    def key(self) -> Any:
        """Raises Http404 for one that there is not, or that is nobody's affair here."""
        if not hasattr(self, "_key"):
            self._key = granting.of_account(self.request.user, self.account).filter(pk=self.kwargs["number"]).first()
        if self._key is None:
            raise Http404("There is no such key here.")
        return self._key

    @property
    def limit(self) -> Any:
        """Of its own, as it stands."""
        return showing.of_keys(self.request.user, self.account, timezone.now()).get(str(self.key.pk))

    def form_options(self) -> dict[str, Any]:
        return self._for_key() if self.action == "save" else {}

    def _for_key(self) -> dict[str, Any]:
        owners = [Owner(account_id=self.account.pk), *([Owner(user_id=self.key.user_id)] if self.key.user_id else [])]
        sets = {each.pk: each for owner in owners for each in preference_sets.of_owner(owner)}
        return {"role": self.membership.role, "key": self.key, "sets": sets}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        key, now = self.key, timezone.now()
        limit = self.limit
        sent = {self.action: given.pop("form")} if given.get("form") is not None else {}
        initial = {name: getattr(key, name) for name in FIELDS}
        forms = {
            "save": KeyForm(initial={**initial, "preferences": key.preferences_id}, **self._for_key()),
            "rotate": RotateForm(), "revoke": RevokeForm(),
            "limit": LimitForm(initial={"amount": limit.row.amount / 10**9, "period": limit.row.period} if limit else None),
        } | sent  # fmt: skip
        return super().get_context_data(**{
            "title": key.name, "row": _row(key, limit, 0, now), "limit": limit, "forms": forms, "form": None,
            "may_change": self.may_change(key), "may_limit": self.may_limit(limit), **given,
        })  # fmt: skip

    def may_change(self, key: Any) -> bool:
        extent = self.extent("budgets.change_apikey")
        return key.revoked_at is None and (
            extent == "account" or (extent == "own" and key.user_id == self.request.user.pk)
        )

    def may_limit(self, limit: Any) -> bool:
        """Limits that the site gave are changed by staff alone."""
        return self.extent("budgets.change_limit") == "account" and not (limit and limit.row.is_given)

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        if self.action == "limit":
            self.demand(self.may_limit(self.limit))
            return self._limit(form)
        self.demand(self.may_change(self.key))
        deeds: dict[str, Callable[[Any], HttpResponse]] = {
            "save": self._save,
            "rotate": self._rotate,
            "revoke": self._revoke,
        }
        return deeds[self.action](form)

    def _save(self, form: Any) -> HttpResponse:
        granting.alter(self.key, {name: form.cleaned_data[name] for name in FIELDS}, self.change(form))
        return self._done(_("Saved. It counts in every process within a second."))

    def _rotate(self, form: Any) -> HttpResponse:
        until = timezone.now() + timedelta(hours=int(form.cleaned_data["hours"]))
        return told(self, self.key, keys.rotate(self.key, until, self.change(form)))

    def _revoke(self, form: Any) -> HttpResponse:
        keys.revoke(self.key, self.change(form))
        return self._done(_("Revoked. It opens nothing any more."))

    def _limit(self, form: Any) -> HttpResponse:
        limit_key(self.key, form.cleaned_data["amount"], form.cleaned_data["period"], self.change(form))
        return self._done(_("Saved. The limit counts from now on."))

    def _done(self, said: str) -> HttpResponse:
        messages.success(self.request, said)
        return redirect("console_key", number=self.key.pk)


def _row(key: Any, limit: Any, spent: int, now: datetime) -> dict[str, Any]:
    look, word = state_of(key, now)
    used = key.use.last_used_at if hasattr(key, "use") else None
    return {
        "key": key, "look": look, "word": word, "limit": limit, "spent": rounded(spent),
        "used_at": used, "used": ago(used, now) if used else "", "expires": day(key.expires_at) if key.expires_at else "",
    }  # fmt: skip
