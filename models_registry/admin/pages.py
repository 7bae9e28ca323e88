"""The catalogue's own pages in the admin: price lists, imports and exports."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.html import format_html

from models_registry.admin.display import waiting_link
from models_registry.admin.forms import ApplyForm, DeprecateForm, DuplicateForm, PriceListQuery, UploadForm
from models_registry.catalogue import editing
from models_registry.choices import ImportState
from models_registry.errors import RegistryError, UnwritableFile
from models_registry.models import Import, Model
from models_registry.prices import lists, syncing
from models_registry.transfer import importing, resources
from models_registry.viewsets import file_response
from routerhub.audit.change import Change, change_by
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import StaffPage, page

MAX_NEW = 60


@page("prices/sync/", "sync_prices")
class SyncPage(StaffPage):
    """Prices of others against ours, applied line by line."""

    title = "Sync prices"
    template_name = "models_registry/sync.html"
    permission = "models_registry.change_model"
    actions: ClassVar = {"": ApplyForm}
    refusals: ClassVar = (*StaffPage.refusals, RegistryError)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        asked = PriceListQuery(self.request.GET).asked()
        changes: list[syncing.PriceChange] = []
        problem = ""
        try:
            changes = lists.compare(asked["source"], asked["online"])
        except RegistryError as refused:
            problem = str(refused)
        words = asked["q"].lower().split()
        new = [each for each in changes if each.kind == "new" and all(word in each.place.lower() for word in words)]
        return super().get_context_data(
            **given, source=asked["source"], sources=lists.SOURCES, online=asked["online"], problem=problem,
            query=asked["q"], changed=[_row(each) for each in changes if each.kind == "changed"],
            vanished=[_row(each) for each in changes if each.kind == "vanished"],
            new=[_row(each) for each in new[:MAX_NEW]], new_count=len(new),
        )  # fmt: skip

    def act(self, form: ApplyForm, **_: Any) -> HttpResponse:
        asked = PriceListQuery(self.request.GET).asked()
        applied = lists.apply(asked["source"], asked["online"], form.cleaned_data["key"], self.change(form))
        waiting = sum(bool(change.doubts) for change in applied)
        changes = f"{len(applied)} price change{'' if len(applied) == 1 else 's'}"
        told = waiting_link(f"{waiting} wait for approval") if waiting else "none waits for approval"
        messages.success(self.request, format_html("Applied {}: {}.", changes, told))
        return redirect(self.request.get_full_path())


def _row(change: syncing.PriceChange) -> dict[str, Any]:
    return {"change": change, "key": change.key, "difference": lists.difference(change.before, change.after)}


@page("imports/", "imports")
class ImportsPage(StaffPage):
    """Send a file in, take one out, and see the imports so far."""

    title = "Import and export"
    template_name = "models_registry/imports.html"
    permission = "models_registry.change_model"
    actions: ClassVar = {"": UploadForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(
            **given, tables=resources.TABLES, formats=list(resources.FORMATS), models=Model.objects.count(),
            jobs=Import.objects.defer("content", "outcome").select_related("author")[:30],
        )  # fmt: skip

    def act(self, form: UploadForm, **_: Any) -> HttpResponse:
        file = form.cleaned_data["file"]
        format_name = file.name.rpartition(".")[2].lower()
        change = change_by(self.request, "")
        job = importing.submit(form.cleaned_data["table"], format_name, file.name, file.read(), change)
        return redirect("admin:import", job.pk)


@page("imports/<int:pk>/", "import")
class ImportPage(StaffPage):
    """One import: how far it is, what it would change, what is wrong with it; and the button that applies it."""

    title = "Import"
    template_name = "models_registry/import.html"
    permission = "models_registry.change_model"
    actions: ClassVar = {"": ReasonedForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        job = get_object_or_404(Import.objects.defer("content"), pk=self.kwargs["pk"])
        is_working = job.state in {ImportState.WAITING, ImportState.CHECKING, ImportState.APPLYING}
        changes = job.outcome.get("new", 0) + job.outcome.get("changed", 0)
        return super().get_context_data(**given, job=job, is_working=is_working, changes=changes, title=str(job))

    def act(self, form: ReasonedForm, **options: Any) -> HttpResponse:
        job = get_object_or_404(Import, pk=options["pk"])
        importing.confirm(job, self.change(form))
        return redirect("admin:import", job.pk)


@page("imports/<int:pk>/progress/", "import_progress")
def import_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an import is, for the page that waits for it."""
    if not request.user.has_perm(ImportPage.permission):
        raise PermissionDenied
    job = get_object_or_404(Import.objects.defer("content", "outcome"), pk=pk)
    return JsonResponse({"state": job.state, "done": job.done, "total": job.total})


class ModelPage(StaffPage):
    """A button on the page of a model: a form, and the catalogue's editing behind it."""

    template_name = "models_registry/action.html"
    verb = ""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        row = self._row()
        return super().get_context_data(title=f"{self.verb} {row}", verb=self.verb, row=row, **given)

    def act(self, form: forms.Form, **_: Any) -> HttpResponse:
        row = self._row()
        made = Model.objects.get(identifier=self.edit(row, form.cleaned_data, self.change(form)))
        messages.success(self.request, f"{self.verb}d: {made}.")
        return redirect("admin:models_registry_model_change", made.pk)

    def edit(self, row: Model, given: Mapping[str, Any], change: Change) -> str:
        """Make the change and return the id of the model to go to. Raises InvalidRelease."""
        raise NotImplementedError

    def _row(self) -> Model:
        return get_object_or_404(Model, pk=self.kwargs["object_id"])


class DuplicatePage(ModelPage):
    """A copy under another id, with deployments and prices."""

    verb = "Duplicate"
    permission = "models_registry.add_model"
    actions: ClassVar = {"": DuplicateForm}

    def edit(self, row: Model, given: Mapping[str, Any], change: Change) -> str:
        editing.duplicate(row.identifier, given["id"], change)
        return str(given["id"])


class DeprecatePage(ModelPage):
    """From a day on the model is no longer chosen, and who names it gets the successor."""

    verb = "Deprecate"
    permission = "models_registry.change_model"
    actions: ClassVar = {"": DeprecateForm}

    def edit(self, row: Model, given: Mapping[str, Any], change: Change) -> str:
        successor = given["successor"].identifier if given["successor"] else ""
        editing.deprecate(row.identifier, given["deprecated_from"], successor, change)
        return row.identifier


@page("exports/<str:table>.<str:format_name>", "export")
def export(request: HttpRequest, table: str, format_name: str) -> HttpResponse:
    """A table as a download."""
    if not request.user.has_perm("models_registry.view_model"):
        raise PermissionDenied
    if table not in resources.TABLES or format_name not in resources.FORMATS:
        return redirect("admin:imports")
    try:
        return file_response(table, format_name)
    except UnwritableFile as problem:
        messages.error(request, str(problem))
        return redirect("admin:imports")
