"""The admin page of an audited table: it asks why, keeps who and from where, and makes the change live.

Saving, versions and release are one transaction. A release that breaks a rule comes back as form errors and nothing is
written.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AllValuesFieldListFilter
from django.contrib.admin.actions import delete_selected as django_delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from routerhub.audit import history, history_pages, publishing
from routerhub.audit.change import Change, change_by
from routerhub.audit.errors import ChangeRefused
from routerhub.audit.forms import MAX_REASON_CHARS, NumericForm, ReasonedForm

__all__ = [
    "ON_ONE_LINE", "AuditedAdmin", "DecidedAdmin", "FactAdmin", "ReasonForm", "RowForm", "TableAdmin", "TakesPartsAlong",
    "asks_why", "delete_selected", "differs", "form_change", "history_pages", "known_values",
]  # fmt: skip

ADDED = "added in the admin"
ON_ONE_LINE = {ArrayField: {"widget": UnfoldAdminTextInputWidget}}
"""The `formfield_overrides` of a page whose lists are short."""
CLASHES = (ChangeRefused, IntegrityError)
"""What a deletion is refused by when it is written."""
MAX_NAMED = 20
"""So many of the rows that an action is about are named before it."""
PROBLEMS, UNCHANGED = "_release_problems", "_is_unchanged"
SUCCESSFULLY = re.compile(r" successfully\b|^Successfully ")
"""Django's word."""
NOTHING_DIFFERS = "Nothing differs from what is saved, so nothing was saved."


class TableAdmin(ModelAdmin):
    """The page of any table, with a list that is drawn at once: each row costs some milliseconds."""

    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True
    figures: Sequence[str] = ()
    """Columns of the list that are worked out and hold a number, beside those whose fields do."""
    moments: Sequence[str] = ()
    """Columns of the list that are worked out and hold a moment."""
    on_phone: Sequence[str] = ()
    """The four columns that a phone shows: what, its figure, a detail, the time or state. Empty: by what the columns hold."""

    def message_user(self, request: HttpRequest, message: Any, *arguments: Any, **options: Any) -> None:
        """In plain words: what was done was done."""
        words = SUCCESSFULLY.sub("", str(message))
        plain = f"{words[:1].upper()}{words[1:]}"
        told = mark_safe(plain) if hasattr(message, "__html__") else plain  # noqa: S308 - as it was given
        super().message_user(request, told, *arguments, **options)


def known_values(words: Callable[[], Iterable[str]]) -> type[AllValuesFieldListFilter]:
    """The filter by a column that holds one of these words. Django's own asks the whole table for them, each time."""

    class KnownValuesFilter(AllValuesFieldListFilter):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.lookup_choices: Any = list(words())

    return KnownValuesFilter


class RowForm(NumericForm, forms.ModelForm):  # type: ignore[type-arg]
    """The form of a row of its own, or of one in a page's table."""


class ReasonForm(RowForm):
    """Asks why a row is changed, and shows what is wrong with the release that the change would make."""

    problems: Iterable[str] = ()
    reason = forms.CharField(
        max_length=MAX_REASON_CHARS,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why is this changed? It is kept in the history, beside your name.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["reason"].required = not self.instance._state.adding

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.problems:
            raise ValidationError(list(self.problems))
        return cleaned


class AuditedAdmin(SimpleHistoryAdmin, TableAdmin):
    """The page of a table whose versions are kept; what a page adds of its own stands in its subclass."""

    form: type[ReasonForm] = ReasonForm
    """A page's own form derives from it."""
    deleting = ""
    """What else deleting a row does, for the page that asks why."""

    def get_form(self, request: HttpRequest, obj: Model | None = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        return type(form.__name__, (form,), {"problems": getattr(request, PROBLEMS, ())})

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The reason comes last; where nothing may be changed it is not asked for."""
        fieldsets = [
            (name, {**options, "fields": [field for field in options["fields"] if field != "reason"]})
            for name, options in super().get_fieldsets(request, obj)
        ]
        if self.has_change_permission(request, obj):
            fieldsets.append(("Reason", {"fields": ["reason"]}))
        return fieldsets

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and not differs(form):
            return
        history.stamp(obj, form_change(request, form))
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        changed = formset.save(commit=False)
        for row in [*changed, *formset.deleted_objects]:
            history.stamp(row, form_change(request, form))
        for row in changed:
            row.save()
        for row in formset.deleted_objects:
            row.delete()
        formset.save_m2m()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        below = [
            row
            for formset in formsets
            for row in (*formset.new_objects, *formset.changed_objects, *formset.deleted_objects)
        ]
        if change and not differs(form) and not below:
            setattr(request, UNCHANGED, True)
            return
        publishing.publish(self.model, form_change(request, form))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if not hasattr(request, UNCHANGED):
            return super().response_change(request, obj)  # type: ignore[no-any-return]
        messages.info(request, NOTHING_DIFFERS)
        return redirect(request.get_full_path())

    def changeform_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        """Saved and published in one transaction; a release that breaks a rule comes back as form errors."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, *arguments, **options)  # type: ignore[no-any-return]
        except ChangeRefused as invalid:
            return self._shown_again(request, invalid.sentences(), *arguments, **options)
        except IntegrityError as clash:
            detail = getattr(getattr(clash.__cause__, "diag", None), "message_detail", None) or str(clash)
            return self._shown_again(
                request, [f"This cannot stand beside what is there. {detail}"], *arguments, **options
            )

    def _shown_again(self, request: HttpRequest, problems: list[str], *arguments: Any, **options: Any) -> HttpResponse:
        setattr(request, PROBLEMS, problems)
        return super().changeform_view(request, *arguments, **options)  # type: ignore[no-any-return]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """One place shows every history."""
        table = self.model._meta.model_name
        return redirect(f"{reverse('admin:changes')}?table={table}&row={object_id}")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        context = {**(extra_context or {}), "deleting": self.deleting, "form": _asked_why(request)}
        try:
            return super().delete_view(request, object_id, context)  # type: ignore[no-any-return]
        except CLASHES as refused:
            messages.error(request, f"Nothing was deleted. {refused}")
            return redirect(request.get_full_path())

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.delete_queryset(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Model]) -> None:
        change = change_by(request, request.POST["reason"].strip())
        history.delete(list(queryset), change)
        publishing.publish(self.model, change)


def differs(form: Any) -> bool:
    """Whether a form was sent with anything but a reason that is not there already."""
    return any(name != "reason" for name in form.changed_data)


class TakesPartsAlong:
    """For rows with parts that nobody deletes by hand: they go with what they belong to, which needs no right of its own."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        found, counts, _, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        return found, counts, set(), protected


def _asked_why(request: HttpRequest) -> ReasonedForm:
    """The reason that came with the button. Without one the button counts as not pressed, so that Django asks again."""
    form = ReasonedForm(request.POST if "post" in request.POST else None)
    if not form.is_valid():
        request.POST = QueryDict()
    return form


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> Any:
    """Django's, which asks why where the reason is kept."""
    if not isinstance(page, AuditedAdmin):
        return django_delete_selected(page, request, rows)
    form = _asked_why(request)
    try:
        with transaction.atomic():
            asked: Any = django_delete_selected(page, request, rows)
    except CLASHES as refused:
        messages.error(request, f"Nothing was deleted. {refused}")
        return None
    if asked is not None:
        asked.context_data |= {"deleting": page.deleting, "form": form}
    return asked


def asks_why(deed: Callable[..., None]) -> Callable[..., HttpResponse | None]:
    """An action of a list that first shows the rows which it is about, and takes the reason.

    It is written as `def approve(self, request, rows, change)`.
    """

    @wraps(deed)
    def ask(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        form = ReasonedForm(request.POST if "post" in request.POST else None)
        if form.is_valid():
            deed(page, request, rows, change_by(request, form.cleaned_data["reason"]))
            return None
        name = deed.__name__
        context = {
            **page.admin_site.each_context(request), "title": page.get_action(name)[2], "action": name, "form": form,
            "rows": rows[:MAX_NAMED], "more": max(0, rows.count() - MAX_NAMED), "checkbox": ACTION_CHECKBOX_NAME,
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME), "is_all": request.POST.get("select_across", "0"),
        }  # fmt: skip
        return TemplateResponse(request, "audit/action.html", context)

    return ask


class DecidedAdmin(AuditedAdmin):
    """The page of an audited table that the product fills: people decide on its rows by the list's actions alone."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


class FactAdmin(TableAdmin):
    """The page of a table of facts: to look at, since only the product writes them. A fact has no history. They grow without
    end, so that a list is sorted by columns that an index begins with, and by no others."""

    sortable_by: Sequence[str] = ()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "show_history": False})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Whoever comes all the same is shown the fact."""
        messages.info(request, "A fact is written once: it has no history.")
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


def form_change(request: HttpRequest, form: Any) -> Change:
    """The change that a form of these pages makes."""
    return change_by(request, form.cleaned_data.get("reason") or ADDED)
