"""What was dropped when its time was over, for staff to read."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from unfold.decorators import display

from analytics.models import Pruning
from routerhub.audit.admin import FactAdmin


@admin.register(Pruning)
class PruningAdmin(FactAdmin):
    """Each partition that went, and the rows that were deleted where there are none."""

    list_display = ["pruned_at", "kind", "part", "until", "rows", "kept", "size", "reason"]
    list_filter = ["kind"]
    search_fields = ["part", "reason"]

    @display(description="Disk space", ordering="bytes")
    def size(self, row: Pruning) -> str:
        return filesizeformat(row.bytes) if row.bytes else "-"
