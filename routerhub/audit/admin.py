"""The admin page of an audited table: it asks why, keeps who and from where, and makes the change live.

Saving, versions and release are one transaction. A release that breaks a rule comes back as form errors and nothing is
written.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from routerhub.audit import history, history_pages, publishing
from routerhub.audit.change import Change, change_by
from routerhub.audit.errors import ChangeRefused
from routerhub.audit.forms import MAX_REASON_CHARS, NumericForm

__all__ = ["AuditedAdmin", "DecidedAdmin", "FactAdmin", "ReasonForm", "RowForm", "form_change", "history_pages"]

ADDED = "added in the admin"
DELETED = "deleted in the admin"
PROBLEMS = "_release_problems"


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
        self.fields["reason"].required = self.instance.pk is not None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.problems:
            raise ValidationError(list(self.problems))
        return cleaned


class AuditedAdmin(SimpleHistoryAdmin, ModelAdmin):
    """The page of a table whose versions are kept; what a page adds of its own stands in its subclass."""

    form: type[ReasonForm] = ReasonForm
    """A page's own form derives from it."""

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
        publishing.publish(self.model, form_change(request, form))

    def changeform_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        """Saved and published in one transaction; a release that breaks a rule comes back as form errors."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, *arguments, **options)  # type: ignore[no-any-return]
        except ChangeRefused as invalid:
            problems = [f"{path}: {problem}" for path, problem in invalid.problems.items()]
            return self._shown_again(request, problems, *arguments, **options)
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

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self._delete([obj], change_by(request, f"{DELETED}: {obj}"))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        self._delete(list(queryset), change_by(request, DELETED))

    def _delete(self, rows: list[Model], change: Change) -> None:
        with transaction.atomic():
            history.delete(rows, change)
            publishing.publish(self.model, change)


class DecidedAdmin(AuditedAdmin):
    """The page of an audited table that the product fills: people decide on its rows by the list's actions alone."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


class FactAdmin(ModelAdmin):
    """The page of a table of facts: to look at, since only the product writes them."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


def form_change(request: HttpRequest, form: Any) -> Change:
    """The change that a form of these pages makes."""
    return change_by(request, form.cleaned_data.get("reason") or ADDED)
