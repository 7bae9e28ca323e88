"""The catalogue's own pages in the admin: price lists, imports and exports."""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now

from models_registry.admin.forms import ApplyForm, PriceListForm, UploadForm
from models_registry.choices import ImportState
from models_registry.errors import RegistryError, UnwritableFile
from models_registry.models import Import, Model
from models_registry.prices import lists, syncing
from models_registry.transfer import importing, resources
from models_registry.viewsets import file_response
from routerhub.audit.change import change_by
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import ReasonedPage, StaffPage, page

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
        asked = PriceListForm.asked(self.request.GET)
        changes: list[syncing.PriceChange] = []
        problem = ""
        try:
            moment = now()
            changes = syncing.compare(lists.offers(asked["source"], asked["online"], moment.date()), moment)
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
        asked = PriceListForm.asked(self.request.GET)
        moment = now()
        offers = lists.offers(asked["source"], asked["online"], moment.date())
        applied = syncing.apply(offers, form.cleaned_data["key"], moment, self.change(form))
        waiting = sum(bool(change.doubts) for change in applied)
        messages.success(self.request, f"Applied {len(applied)}, of which {waiting} wait for approval.")
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
class ImportPage(ReasonedPage):
    """One import: how far it is, what it would change, what is wrong with it; and the button that applies it."""

    title = "Import"
    template_name = "models_registry/import.html"
    permission = "models_registry.change_model"

    def get(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        if request.GET.get("as") == "json":
            job = get_object_or_404(Import.objects.defer("content", "outcome"), pk=options["pk"])
            return JsonResponse({"state": job.state, "done": job.done, "total": job.total})
        return super().get(request, *arguments, **options)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        job = get_object_or_404(Import.objects.defer("content"), pk=self.kwargs["pk"])
        is_working = job.state in {ImportState.WAITING, ImportState.CHECKING, ImportState.APPLYING}
        return super().get_context_data(**given, job=job, is_working=is_working, title=str(job))

    def act(self, form: ReasonedForm, **options: Any) -> HttpResponse:
        job = get_object_or_404(Import, pk=options["pk"])
        importing.confirm(job, self.change(form))
        return redirect("admin:import", job.pk)


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
