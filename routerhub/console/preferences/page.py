"""The page of preferences: one's own, or the account's. Everything on it works without a script: each button sends the whole form
back, so that nothing that was written is lost, and only the last one saves."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autorouter.configuration import policies
from autorouter.people import preference_owners, preference_sets
from autorouter.people.preference_owners import Owner
from autorouter.people.preference_sets import Row
from experiments.replay import rule_effects
from models_registry.catalogue import compiler
from routerhub.audit.change import change_by
from routerhub.console.forms import ReasonedConsoleForm
from routerhub.console.pages import ConsolePage
from routerhub.console.preferences import draft, sentences, shown
from routerhub.console.preferences.draft import RuleFields, ValuesForm
from routerhub.console.preferences.sentences import Titles


class NameForm(ReasonedConsoleForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    field_order = ("name", "reason")


class PreferencesPage(ConsolePage):
    """The sets of one owner, and one of them to be edited: the active one, or that of ?set=ID."""

    template_name = "console/preferences/page.html"
    title: Any = gettext_lazy("Preferences")
    nav = "console_preferences"
    is_of_account = False
    actions: ClassVar = {
        "create": NameForm, "copy": NameForm, "rename": NameForm, "activate": ReasonedConsoleForm,
        "delete": ReasonedConsoleForm,
    }  # fmt: skip

    def dispatch(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponseBase:
        self.trial: rule_effects.Trial | None = None
        self.opened: int | None = None
        self.problems: dict[int, list[str]] = {}
        self.is_reviewed = False
        self.reason = ReasonedConsoleForm()
        return super().dispatch(request, *arguments, **options)

    @cached_property
    def owner(self) -> Owner:
        return Owner(account_id=self.account.pk) if self.is_of_account else Owner(user_id=self.request.user.pk)

    @cached_property
    def may_change(self) -> bool:
        return preference_owners.may_change(self.request.user, self.owner)

    @cached_property
    def sets(self) -> list[Row]:
        return list(preference_sets.of_owner(self.owner))

    @cached_property
    def row(self) -> Row:
        """The set that is shown, with what is not saved of it."""
        given = self.request.GET.get("set")
        if given is None:
            return next((each for each in self.sets if each.is_active), self.owner.row())
        found = next((each for each in self.sets if str(each.pk) == given), None)
        if found is None:
            raise Http404(_("There is no such set."))
        return found

    @cached_property
    def saved(self) -> Row:
        """The same as it is saved."""
        return next(iter(preference_sets.of_owner(self.owner).filter(pk=self.row.pk)), self.owner.row())

    @cached_property
    def titles(self) -> Titles:
        providers, models = compiler.titles()
        return Titles(providers=providers, models=models)

    @cached_property
    def values(self) -> ValuesForm:
        return ValuesForm.of(self.row)

    # --- buttons

    def post(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        if not self.may_change:
            raise PermissionDenied("budgets.change_account")
        if request.POST.get("form") != "draft":
            return super().post(request, *arguments, **options)
        self.values = ValuesForm.of(self.row, request.POST)
        draft.put(self.row, request.POST, self.values)
        return self._edit(*request.POST.get("action", "").split(":"))

    def _edit(self, action: str, number: str = "") -> HttpResponse:
        """What a button of the form does with what stands in it."""
        if action == "add":
            draft.add_rule(self.row)
            self.opened = len(self.row.rules) - 1
        elif action == "remove" and number.isdecimal():
            self.row.rules = [rule for at, rule in enumerate(self.row.rules) if at != int(number)]
        elif action in ("test", "review", "save"):
            self.problems = draft.problems(self.row, self.values)
            if self.problems or self.values.errors:
                messages.error(self.request, _("Nothing was saved. Fix what is marked below."))
            elif action == "save":
                return self._save()
            else:
                self.trial = rule_effects.trial(self.row, self.account.pk)
                self.is_reviewed = action == "review" and bool(self.changes)
        return self.render_to_response(self.get_context_data())

    def _save(self) -> HttpResponse:
        self.reason = ReasonedConsoleForm(self.request.POST)
        if not self.reason.is_valid():
            self.trial, self.is_reviewed = rule_effects.trial(self.row, self.account.pk), True
            return self.render_to_response(self.get_context_data())
        preference_sets.save(self.row, change_by(self.request, self.reason.cleaned_data["reason"]))
        said = _("Saved. It counts from the next request on.") if self.row.is_active else _("Saved.")
        return self._back(self.row, said)

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        change, name = self.change(form), form.cleaned_data.get("name", "")
        row = self.row
        if self.action in ("create", "copy"):
            made = self.owner.row()
            made.name = name
            if self.action == "copy":
                made = preference_sets.copy(row, name, change)
            else:
                preference_sets.save(made, change)
            return self._back(made, _("%(name)s is there.") % {"name": name})
        if self.action == "rename":
            row.name = name
            preference_sets.save(row, change)
            return self._back(row, _("It is called %(name)s now.") % {"name": name})
        if self.action == "activate":
            preference_sets.activate(row, change)
            return self._back(row, _("%(name)s counts from the next request on.") % {"name": row.name})
        preference_sets.delete(row, change)
        return self._back(None, _("%(name)s is deleted.") % {"name": row.name})

    def _back(self, row: Row | None, said: str) -> HttpResponse:
        messages.success(self.request, said)
        return redirect(self.address if row is None else f"{self.address}?set={row.pk}")

    @property
    def address(self) -> str:
        return reverse("console_account_preferences" if self.is_of_account else "console_preferences")

    # --- what is shown

    @cached_property
    def changes(self) -> list[str]:
        """What is not saved."""
        return sentences.changes(self.saved, self.row, self.titles)

    @cached_property
    def of_account(self) -> Row | None:
        """The account's active set, beside one's own."""
        found = None if self.is_of_account else preference_sets.active(Owner(account_id=self.account.pk))
        return found if found is not None and found.pk else None

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        account = self.of_account
        return super().get_context_data(**{
            "row": self.row, "sets": self.sets, "address": self.address, "is_of_account": self.is_of_account,
            "may_change": self.may_change, "values": self.values, "reason": self.reason,
            "account_set": account, "account_rules": self._account_rules(account),
            "providers": shown.providers(self.row, account, self.titles), "rules": self._rules(), "changes": self.changes,
            "targets": self.titles, "effects": draft.EFFECTS, "policies": policies.active_names(),
            "other_problems": self.problems.get(-1, []), "trial": self.trial and shown.trial(self.trial, self.titles),
            "is_reviewed": self.is_reviewed, "will": shown.will(self.row, self.changes, self.trial),
            "will_activate": shown.will_activate(), "will_delete": shown.will_delete(),
            "dialogs": self._dialogs(given.get("form")), **given,
        })  # fmt: skip

    def _rules(self) -> list[RuleFields]:
        seen = {each.rule: each for each in self.trial.effects} if self.trial else {}
        prefix = preference_sets.OF_ACCOUNT if self.is_of_account else ""
        return [
            RuleFields(
                at=at, rule=rule, titles=self.titles, problems=self.problems.get(at, []),
                is_open=at == self.opened or bool(self.problems.get(at)),
                effect_seen=seen.get(f"{prefix}{rule.get('name')}"),
            )
            for at, rule in enumerate(self.row.rules)
        ]  # fmt: skip

    def _account_rules(self, account: Row | None) -> list[tuple[str, str, str]]:
        rules = account.rules if account else []
        return [
            (rule["name"], sentences.condition(rule.get("when", {})), sentences.deed(rule["then"], self.titles))
            for rule in rules
        ]

    def _dialogs(self, sent: forms.Form | None) -> dict[str, forms.Form]:
        """The form of each dialog; the one that came back with problems as it was sent."""
        initial = {"copy": {"name": f"{self.row.name} 2"}, "rename": {"name": self.row.name}}
        return {
            name: sent if sent is not None and name == self.action else form(initial=initial.get(name))
            for name, form in self.actions.items()
        }


class AccountPreferencesPage(PreferencesPage):
    is_of_account = True
