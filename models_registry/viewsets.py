"""The catalogue in the REST API."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import editing
from models_registry.catalogue.bundles import price_json
from models_registry.catalogue.compiler import LINE
from models_registry.circuits import rows as circuits
from models_registry.filters import ModelFilter, PriceFilter, with_price
from models_registry.models import Deployment, Import, Model, Price, Provider
from models_registry.prices import lists, rows, syncing
from models_registry.serializers import (
    DeprecateSerializer,
    DuplicateSerializer,
    ImportSerializer,
    ModelChangeSerializer,
    ModelSerializer,
    NewModelSerializer,
    NewPriceSerializer,
    PriceListQuery,
    PriceRowSerializer,
    ProviderChangeSerializer,
    ProviderSerializer,
    SyncSerializer,
)
from models_registry.transfer import importing, resources
from routerhub.audit import history
from routerhub.audit.change import change_by
from routerhub.audit.permissions import Readers, TablePermissions, may
from routerhub.audit.serializers import ReasonSerializer, reason_of, valid
from routerhub.releases import store

CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ModelViewSet(viewsets.ReadOnlyModelViewSet[Model]):
    """Models that may be asked for; internal ones are shown to staff only. A change says why and is live at once."""

    queryset = Model.objects.select_related("successor")
    serializer_class = ModelSerializer
    permission_classes = [TablePermissions]
    by_account = True
    readers: Readers = "keys"
    filterset_class = ModelFilter
    adding_actions: ClassVar = {"duplicate"}
    lookup_field = "identifier"
    lookup_value_regex = "[^/]+:.+"

    def get_queryset(self) -> QuerySet[Model]:
        in_force = Prefetch("deployments__prices", Price.objects.filter(waits_because=""))
        places = Prefetch("deployments", circuits.with_circuit(Deployment.objects.all()))
        models = with_price(super().get_queryset()).prefetch_related(places, "deployments__probe", in_force)
        return models if may(self.request.user, "view", Model) else models.filter(is_internal_only=False)

    @extend_schema(request=NewModelSerializer, responses={201: ModelSerializer})
    def create(self, request: Request) -> Response:
        serializer = NewModelSerializer(data=request.data)
        values = valid(serializer)
        editing.add(values["id"], serializer.facts(), change_by(request, values["reason"]))
        return self._shown(values["id"], 201)

    @extend_schema(request=ModelChangeSerializer)
    def partial_update(self, request: Request, identifier: str) -> Response:
        self.get_object()
        serializer = ModelChangeSerializer(data=request.data)
        values = valid(serializer)
        editing.update(identifier, serializer.facts(), change_by(request, values["reason"]))
        return self._shown(identifier)

    @extend_schema(parameters=[OpenApiParameter("reason", str, required=True)])
    def destroy(self, request: Request, identifier: str) -> Response:
        """The reason stands in the query or in the body."""
        self.get_object()
        editing.remove(identifier, change_by(request, reason_of(request)))
        return Response(status=204)

    @extend_schema(request=DuplicateSerializer, responses={201: ModelSerializer})
    def duplicate(self, request: Request, identifier: str) -> Response:
        """A copy under another id, with deployments and prices."""
        self.get_object()
        values = valid(DuplicateSerializer(data=request.data))
        editing.duplicate(identifier, values["id"], change_by(request, values["reason"]))
        return self._shown(values["id"], 201)

    @extend_schema(request=DeprecateSerializer)
    def deprecate(self, request: Request, identifier: str) -> Response:
        """From that day on it is no longer chosen, and who names it is told the successor."""
        self.get_object()
        values = valid(DeprecateSerializer(data=request.data))
        change = change_by(request, values["reason"])
        editing.deprecate(identifier, values["deprecated_from"], values["successor"], change)
        return self._shown(identifier)

    def _shown(self, identifier: str, status: int = 200) -> Response:
        return Response(ModelSerializer(self.get_queryset().get(identifier=identifier)).data, status)


class ProviderViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, viewsets.ReadOnlyModelViewSet[Provider]):
    """Who makes and serves models."""

    queryset = Provider.objects.all()
    permission_classes = [TablePermissions]
    readers: Readers = "keys"
    lookup_field = "name"
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_serializer_class(self) -> Any:
        return ProviderSerializer if self.action in {"list", "retrieve"} else ProviderChangeSerializer

    def perform_create(self, serializer: Any) -> None:
        self._save(Provider(), serializer)

    def perform_update(self, serializer: Any) -> None:
        self._save(serializer.instance, serializer)

    @transaction.atomic
    def _save(self, row: Provider, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        change = change_by(self.request, values.pop("reason"))
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean()
        history.stamp(row, change)
        row.save()
        store.publish(LINE, change)
        serializer.instance = row


class PriceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Price]):
    """Every price row, those that wait for approval among them. Rows are added, never edited."""

    queryset = Price.objects.select_related("deployment__model")
    serializer_class = PriceRowSerializer
    permission_classes = [TablePermissions]
    filterset_class = PriceFilter

    @extend_schema(request=NewPriceSerializer, responses={201: PriceRowSerializer})
    def create(self, request: Request) -> Response:
        values = dict(valid(NewPriceSerializer(data=request.data)))
        deployment, reason = values.pop("deployment"), values.pop("reason")
        for name in ("model", "provider", "upstream_model"):
            values.pop(name, None)
        row = rows.add(deployment, values, change_by(request, reason))
        return Response(PriceRowSerializer(row).data, 201)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let a price that waits count."""
        row = self.get_object()
        rows.approve(row, change_by(request, valid(ReasonSerializer(data=request.data))["reason"]))
        row.refresh_from_db()
        return Response(PriceRowSerializer(row).data)

    @extend_schema(request=ReasonSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Delete a price that waits; the history keeps it."""
        rows.reject(self.get_object(), change_by(request, valid(ReasonSerializer(data=request.data))["reason"]))
        return Response(status=204)


class PriceSyncView(APIView):
    """The catalogue's prices against a price list. It changes models, and is for who may do that."""

    table = Model
    permission_classes = [TablePermissions]
    verbs: ClassVar = {"GET": "change", "POST": "change"}

    @extend_schema(parameters=[PriceListQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        asked = valid(PriceListQuery(data=request.query_params))
        changes = lists.compare(**asked)
        return Response({"source": asked["source"], "changes": [_change_json(change) for change in changes]})

    @extend_schema(request=SyncSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        asked = valid(SyncSerializer(data=request.data))
        applied = lists.apply(asked["source"], asked["online"], asked["keys"], change_by(request, asked["reason"]))
        return Response({"applied": [_change_json(change) for change in applied]})


def _change_json(change: syncing.PriceChange) -> dict[str, Any]:
    return {
        "key": change.key,
        "kind": change.kind,
        "model": change.model,
        "place": change.place,
        "before": price_json(change.before) if change.before else None,
        "after": price_json(change.after) if change.after else None,
        "doubts": change.doubts,
        "obstacle": change.obstacle,
        "note": change.note,
    }


class ImportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Import]):
    """Files on their way into the tables: posted, checked in the background, applied when somebody says so. They change
    models, and are for who may do that."""

    queryset = Import.objects.defer("content").select_related("author")
    table = Model
    serializer_class = ImportSerializer
    permission_classes = [TablePermissions]
    verbs: ClassVar = {"GET": "change", "POST": "change"}

    @extend_schema(
        request={"multipart/form-data": {"type": "object", "properties": {
            "table": {"type": "string"}, "format": {"type": "string"}, "file": {"type": "string", "format": "binary"}}}},
        responses={201: ImportSerializer},
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        file = request.FILES.get("file")
        asked = request.data if isinstance(request.data, Mapping) else {}
        if file is None:
            raise ValidationError({"file": "Send the file as multipart/form-data."})
        name = file.name or "file"
        format_name = asked.get("format") or name.rpartition(".")[2].lower()
        job = importing.submit(asked.get("table", "models"), format_name, name, file.read(), change_by(request, ""))
        return Response(ImportSerializer(job).data, 201)

    def get_parsers(self) -> list[Any]:
        is_upload = self.request is not None and self.request.content_type.startswith("multipart/")
        return [MultiPartParser()] if is_upload else super().get_parsers()

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        """Write a checked import's rows, all of them, and publish."""
        job = self.get_object()
        importing.confirm(job, change_by(request, valid(ReasonSerializer(data=request.data))["reason"]))
        job.refresh_from_db()
        return Response(ImportSerializer(job).data)


class ExportView(APIView):
    """A table as a file that an import takes back: /api/exports/models?as=csv"""

    table = Model
    permission_classes = [TablePermissions]

    @extend_schema(
        operation_id="exports_of_a_table",
        parameters=[OpenApiParameter("as", str, enum=list(CONTENT_TYPES))], responses=OpenApiTypes.BINARY,
    )  # fmt: skip
    def get(self, request: Request, table: str) -> HttpResponse:
        format_name = request.query_params.get("as", "json")
        if table not in resources.TABLES or format_name not in CONTENT_TYPES:
            allowed = f"tables {', '.join(resources.TABLES)}; formats {', '.join(CONTENT_TYPES)}"
            raise ValidationError({"as": f"{table} as {format_name}: allowed are {allowed}."})
        return file_response(table, format_name)


def file_response(table: str, format_name: str) -> HttpResponse:
    """The table as a download."""
    known = resources.TABLES[table]
    content = resources.write_file(known, catalogue_compiler.compile_bundle()[known.kind], format_name)
    headers = {"Content-Disposition": f'attachment; filename="{table}-{now():%Y-%m-%d}.{format_name}"'}
    return HttpResponse(content, content_type=CONTENT_TYPES[format_name], headers=headers)
