"""Exports and kept views in the REST API: whoever may look at requests has those of their own."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.exports import jobs
from analytics.exports.streaming import Download
from analytics.models import Export, ExportState, Record, SavedView
from analytics.requests import views
from analytics.requests.filters import RecordFilter
from analytics.serializers.exports import (
    ExportSerializer,
    NewExportSerializer,
    NewSavedViewSerializer,
    SavedViewSerializer,
)
from budgets.people import naming
from budgets.people.authentication import caller_of
from budgets.people.rights import accounts_open
from routerhub.audit.change import author_of, change_by
from routerhub.audit.permissions import Readers, TablePermissions, may, right
from routerhub.audit.serializers import valid
from routerhub.tenancy.scope import streamed

BY_API = "by the API"


def own(rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
    """Those of whoever asks: a key has what was asked for by keys of its account, and of its person."""
    caller, person = caller_of(request), author_of(request)
    found = rows.filter(user_id=person.pk if person else None)
    return found.filter(account_id=caller.account_id) if caller else found


class ExportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin,
                    viewsets.GenericViewSet[Export]):  # fmt: skip
    """Files of requests that are written in the background, each its owner's alone. What one may look at one may export."""

    queryset = Export.objects.all()
    serializer_class = ExportSerializer
    permission_classes = [TablePermissions]
    table = Record
    only_reads = True
    readers: Readers = "routing"
    by_account = True
    lookup_url_kwarg = "export_id"
    lookup_value_regex = "[0-9a-f-]{36}"
    """Tables of the catalogue are exported below the same address, by name."""

    def get_queryset(self) -> QuerySet[Export]:
        return own(super().get_queryset(), self.request)

    @extend_schema(request=NewExportSerializer, responses={202: ExportSerializer})
    def create(self, request: Request) -> Response:
        """Have a selection written, by the filters of /api/requests. Three of one's own may be under way."""
        values, caller, person = valid(NewExportSerializer(data=request.data)), caller_of(request), author_of(request)
        chosen = _chosen(values["query"], request)
        user_id, account_id = person.pk if person else None, caller.account_id if caller else None
        export = jobs.start(chosen, values["format"], user_id, account_id, change_by(request, BY_API))
        return Response(self.get_serializer(export).data, 202)

    @extend_schema(responses={(200, "*/*"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, export_id: str) -> HttpResponseBase:
        """The file, while it is ready."""
        export: Export = self.get_object()
        if export.state != ExportState.READY:
            raise ValidationError({"state": f"{export} is not there: {export.get_state_display().lower()}."})
        return Download(streamed(jobs.content(export)), export.name, export.format)


def _chosen(query: Mapping[str, str], request: Request) -> RecordFilter:
    """The selection of a query, among what whoever asks may see. Raises ValidationError."""
    if unknown := sorted(query.keys() - RecordFilter.base_filters.keys()):
        raise ValidationError(
            {unknown[0][:50]: f"There is no such filter: {', '.join(sorted(RecordFilter.base_filters))}."}
        )
    chosen = RecordFilter(dict(query), Record.objects.for_caller(request.user))
    if not chosen.is_valid():
        raise ValidationError(chosen.errors)
    return chosen


class SavedViewViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[SavedView]):
    """Filters of /api/requests with a name: one's own, and those that are shared with whoever asks."""

    queryset = SavedView.objects.select_related("user")
    serializer_class = SavedViewSerializer
    permission_classes = [TablePermissions]
    table = Record
    only_reads = True
    readers: Readers = "routing"
    by_account = True

    def get_queryset(self) -> QuerySet[SavedView]:
        person: Any = author_of(self.request)
        if self.action == "destroy":
            return self.queryset.filter(user=person)
        return SavedView.objects.for_person(person, self.request.user, Record).select_related("user")

    @extend_schema(request=NewSavedViewSerializer, responses={201: SavedViewSerializer})
    def create(self, request: Request) -> Response:
        values = valid(NewSavedViewSerializer(data=request.data))
        view = views.keep(
            author_of(request), values["name"], values["query"], change_by(request, BY_API),
            account_id=self._account(values, request), is_shared=values["is_shared"],
        )  # fmt: skip
        return Response(SavedViewSerializer(view).data, 201)

    def perform_destroy(self, view: SavedView) -> None:
        views.forget(view, change_by(self.request, BY_API))

    def _account(self, values: Mapping[str, Any], request: Request) -> int | None:
        """With whose members it is shared: of a key, always those of its account. Raises ValidationError."""
        caller = caller_of(request)
        if not values["is_shared"]:
            return None
        if caller is not None:
            return caller.account_id
        is_staff = may(request.user, "view", Record)
        if values["account"] is None:
            if not is_staff:
                raise ValidationError(
                    {"account": "Name the account that it is shared with: only staff share with staff."}
                )
            return None
        among = None if is_staff else accounts_open(request.user, right("view", Record))
        return naming.account_of(values["account"], among).id
