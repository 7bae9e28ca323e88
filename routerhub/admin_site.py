"""The admin site. Auditing is a property of the site, not of each page: every table with a history asks why it is changed.

A page that names a `publish` function (author, reason) makes its change live in the same transaction. A release that
breaks a rule comes back as a form error and nothing is written.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from simple_history.admin import SimpleHistoryAdmin
from unfold.sites import UnfoldAdminSite
from unfold.widgets import UnfoldAdminTextInputWidget

from autorouter.admin import tuning_pages
from experiments import pages as experiment_pages
from models_registry.admin import pages as registry_pages
from routerhub.audit import history, history_pages
from routerhub.releases import pages as router_pages
from routerhub.releases.errors import InvalidRelease

ADDED = "added in the admin"
DELETED = "deleted in the admin"
PROBLEMS = "_release_problems"


class ReasonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Asks why a row is changed, and shows what is wrong with the release that the change would make."""

    problems: Iterable[str] = ()
    reason = forms.CharField(
        max_length=1000,
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


class Audited(SimpleHistoryAdmin):  # type: ignore[misc]
    """Mixed into every page whose model keeps a history."""

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

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        history.stamp(obj, request.user, _reason(form))  # type: ignore[arg-type]
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        changed = formset.save(commit=False)
        for row in [*changed, *formset.deleted_objects]:
            history.stamp(row, request.user, _reason(form))  # type: ignore[arg-type]
        for row in changed:
            row.save()
        for row in formset.deleted_objects:
            row.delete()
        formset.save_m2m()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self._publish(request, _reason(form))

    def changeform_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        """Saved and published in one transaction; a release that breaks a rule comes back as form errors."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, *arguments, **options)  # type: ignore[no-any-return]
        except InvalidRelease as invalid:
            return self._shown_again(
                request, [f"{path}: {problem}" for path, problem in invalid.problems.items()], *arguments, **options
            )
        except IntegrityError as clash:
            told = getattr(getattr(clash.__cause__, "diag", None), "message_detail", None) or str(clash)
            return self._shown_again(
                request, [f"This cannot stand beside what is there. {told}"], *arguments, **options
            )

    def _shown_again(self, request: HttpRequest, problems: list[str], *arguments: Any, **options: Any) -> HttpResponse:
        setattr(request, PROBLEMS, problems)
        return super().changeform_view(request, *arguments, **options)  # type: ignore[no-any-return]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """One place shows every history."""
        table = self.model._meta.model_name
        return redirect(f"{reverse('admin:changes')}?table={table}&row={object_id}")

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with transaction.atomic():
            history.delete([obj], request.user, DELETED)  # type: ignore[arg-type]
            self._publish(request, f"{DELETED}: {obj}")

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with transaction.atomic():
            history.delete(list(queryset), request.user, DELETED)  # type: ignore[arg-type]
            self._publish(request, DELETED)

    def _publish(self, request: HttpRequest, reason: str) -> None:
        publish = getattr(self, "publish", None)
        if publish is not None:
            publish(request.user, reason)


def _reason(form: Any) -> str:
    return form.cleaned_data.get("reason") or ADDED


class RouterHubSite(UnfoldAdminSite):  # type: ignore[misc]
    """Mixes auditing into the page of every model that keeps a history."""

    index_title = "Overview"

    def get_urls(self) -> list[Any]:
        """The pages that belong to no single table, then the tables' own."""
        view = self.admin_view
        return [
            path("prices/sync/", view(registry_pages.SyncPage.as_view()), name="sync_prices"),
            path("imports/", view(registry_pages.ImportsPage.as_view()), name="imports"),
            path("imports/<int:pk>/", view(registry_pages.ImportPage.as_view()), name="import"),
            path("exports/<str:table>.<str:format_name>", view(registry_pages.export), name="export"),
            path("tuning/", view(tuning_pages.TuningPage.as_view()), name="tuning"),
            path("scores/", view(tuning_pages.ScoresPage.as_view()), name="scores"),
            path("releases/", view(router_pages.ReleasesPage.as_view()), name="releases"),
            path(
                "releases/<str:line>/difference/",
                view(router_pages.DifferencePage.as_view()),
                name="release_difference",
            ),
            path("decisions/<str:operation_id>/", view(experiment_pages.DecisionPage.as_view()), name="decision"),
            path("backtest/", view(experiment_pages.BacktestPage.as_view()), name="backtest"),
            path("changes/", view(history_pages.ChangesPage.as_view()), name="changes"),
            path("changes/<str:table>/<int:number>/", view(history_pages.VersionPage.as_view()), name="version"),
            *super().get_urls(),
        ]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        for model in models:
            super().register(model, _audited(model, admin_class or ModelAdmin), **options)


def _audited(model: type[Model], admin_class: type[Any]) -> type[Any]:
    if not hasattr(model._meta, "simple_history_manager_attribute"):
        return admin_class
    form = type(f"{model.__name__}Form", (ReasonForm, admin_class.form), {})
    return type(admin_class.__name__, (Audited, admin_class), {"form": form, "__module__": admin_class.__module__})
