"""What was dropped when its time was over, in the REST API."""

from rest_framework import viewsets

from analytics.models import Pruning
from analytics.serializers.prunings import PruningSerializer
from routerhub.audit.permissions import TablePermissions


class PruningViewSet(viewsets.ReadOnlyModelViewSet[Pruning]):
    """Each partition that went, and the rows that were deleted where there are none, newest first."""

    queryset = Pruning.objects.all()
    serializer_class = PruningSerializer
    permission_classes = [TablePermissions]
    filterset_fields = ["kind", "part"]
