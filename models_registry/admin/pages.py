"""The catalogue's own pages in the admin: price lists, imports and exports."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.views.generic import TemplateView

from models_registry.choices import ImportState
from models_registry.errors import RegistryError, UnwritableFile
from models_registry.models import Import, Model
from models_registry.prices import lists, syncing
from models_registry.transfer import importing, resources
from models_registry.viewsets import file_response

MAX_NEW = 60


class StaffPage(TemplateView):
    """A page of the admin. An action that is refused is told at the top, and the page shown again as it was."""

    title = ""
    permission = "models_registry.change_model"
    refusals: tuple[type[Exception], ...] = (ValidationError, RegistryError)

    def dispatch(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        return super().dispatch(request, *arguments, **options)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**{**admin.site.each_context(self.request), "title": self.title, **given})

    def post(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return self.act(request, **options)
        except self.refusals as refused:
            for text in getattr(refused, "messages", None) or [str(refused)]:
                messages.error(request, text)
            return self.get(request, *arguments, **options)

    def act(self, request: HttpRequest, **_: Any) -> HttpResponse:
        """What the page's button does. Raises one of `refusals`."""
        raise ValidationError("There is nothing to do on this page.")


def author(request: HttpRequest) -> AbstractBaseUser | None:
    return request.user if isinstance(request.user, AbstractBaseUser) else None


def reason(request: HttpRequest) -> str:
    """The reason that was typed. Raises ValidationError."""
    given = request.POST.get("reason", "").strip()
    if not given:
        raise ValidationError("Say why: it is kept in the history, beside your name.")
    return given


class SyncPage(StaffPage):
    """Prices of others against ours, applied line by line."""

    title = "Sync prices"
    template_name = "models_registry/sync.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        asked = self.request.GET
        source, online = asked.get("source", lists.SOURCES[0]), "online" in asked
        changes: list[syncing.Change] = []
        problem = ""
        try:
            moment = now()
            changes = syncing.compare(lists.offers(source, online, moment.date()), moment)
        except RegistryError as refused:
            problem = str(refused)
        words = asked.get("q", "").lower().split()
        new = [
            change for change in changes if change.kind == "new" and all(word in change.place.lower() for word in words)
        ]
        return super().get_context_data(
            **given, source=source, sources=lists.SOURCES, online=online, problem=problem, query=asked.get("q", ""),
            changed=[_row(change) for change in changes if change.kind == "changed"],
            vanished=[_row(change) for change in changes if change.kind == "vanished"],
            new=[_row(change) for change in new[:MAX_NEW]], new_count=len(new),
        )  # fmt: skip

    def act(self, request: HttpRequest, **_: Any) -> HttpResponse:
        keys = request.POST.getlist("key")
        if not keys:
            raise ValidationError("Choose at least one line.")
        moment = now()
        offers = lists.offers(request.GET.get("source", lists.SOURCES[0]), "online" in request.GET, moment.date())
        applied = syncing.apply(offers, keys, moment, author(request), reason(request))
        waiting = sum(bool(change.doubts) for change in applied)
        messages.success(request, f"Applied {len(applied)}, of which {waiting} wait for approval.")
        return redirect(request.get_full_path())


def _row(change: syncing.Change) -> dict[str, Any]:
    return {"change": change, "key": change.key, "told": lists.difference(change.before, change.after)}


class ImportsPage(StaffPage):
    """Send a file in, take one out, and see the imports so far."""

    title = "Import and export"
    template_name = "models_registry/imports.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(
            **given, tables=resources.TABLES, formats=list(resources.FORMATS), models=Model.objects.count(),
            jobs=Import.objects.defer("content", "outcome").select_related("author")[:30],
        )  # fmt: skip

    def act(self, request: HttpRequest, **_: Any) -> HttpResponse:
        file = request.FILES.get("file")
        if file is None:
            raise ValidationError("Choose a file.")
        name = file.name or "file"
        content = file.read()
        job = importing.submit(
            request.POST.get("table", ""), name.rpartition(".")[2].lower(), name, content, author(request)
        )
        return redirect("admin:import", job.pk)


class ImportPage(StaffPage):
    """One import: how far it is, what it would change, what is wrong with it; and the button that applies it."""

    title = "Import"
    template_name = "models_registry/import.html"

    def get(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        if request.GET.get("as") == "json":
            job = get_object_or_404(Import.objects.defer("content", "outcome"), pk=options["pk"])
            return JsonResponse({"state": job.state, "done": job.done, "total": job.total})
        return super().get(request, *arguments, **options)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        job = get_object_or_404(Import.objects.defer("content"), pk=given["pk"])
        is_working = job.state in {ImportState.WAITING, ImportState.CHECKING, ImportState.APPLYING}
        return super().get_context_data(**given, job=job, is_working=is_working, title=str(job))

    def act(self, request: HttpRequest, **options: Any) -> HttpResponse:
        job = get_object_or_404(Import, pk=options["pk"])
        importing.confirm(job, author(request), reason(request))
        return redirect("admin:import", job.pk)


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
