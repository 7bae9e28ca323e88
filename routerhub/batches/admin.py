"""Batches for staff to look at, and to cancel."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.decorators import display

from budgets.money import dollars
from routerhub.audit.admin import FactAdmin, known_values
from routerhub.audit.permissions import right
from routerhub.batches.choices import Status
from routerhub.batches.models import Batch
from routerhub.batches.rows import cancel

LABELS = {
    Status.COMPLETED.label: "success", Status.FAILED.label: "danger", Status.EXPIRED.label: "warning",
    Status.CANCELLED.label: "warning", Status.CANCELLING.label: "warning", Status.IN_PROGRESS.label: "info",
}  # fmt: skip


@admin.register(Batch)
class BatchAdmin(FactAdmin):
    """Many requests in one file: how far they are, what they cost, and which model each group of them got."""

    list_display = ["known_as", "state", "progress", "cost", "account_id", "created_at", "expires_at"]
    sortable_by = ("created_at",)
    list_filter = [("status", known_values(lambda: Status.values))]
    search_fields = ["id", "input_file_id"]
    actions = ["cancel_batches"]
    fieldsets = [
        ("Progress", {"fields": [("status", "progress", "cost"), "refused_because", "shared"]}),
        (
            "Batch",
            {
                "fields": [
                    ("id", "endpoint"), ("account_id", "key_id", "ip"), ("input_file_id", "completion_window"),
                    ("created_at", "in_progress_at", "expires_at"), ("finalizing_at", "completed_at", "failed_at"),
                    ("expired_at", "cancelling_at", "cancelled_at"), "metadata",
                ]
            },
        ),
    ]  # fmt: skip
    readonly_fields = ["progress", "cost", "refused_because", "shared"]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(right("change", Batch)))

    @admin.action(permissions=["cancel"], description="Cancel selected batches")
    def cancel_batches(self, request: HttpRequest, rows: QuerySet[Batch]) -> None:
        chosen = list(rows)
        cancelled = cancel(chosen)
        if cancelled:
            messages.success(request, f"Being cancelled: {', '.join(cancelled)}. What is answered is kept.")
        if ended := [row.pk for row in chosen if row.pk not in cancelled]:
            messages.warning(request, f"Ended before, or about to: {', '.join(ended)}.")

    @display(description="Batch", header=True)
    def known_as(self, row: Batch) -> list[str]:
        return [row.pk, row.endpoint]

    @display(description="Status", label=LABELS)
    def state(self, row: Batch) -> str:
        return str(Status(row.status).label)

    @display(description="Answered + failed")
    def progress(self, row: Batch) -> str:
        return f"{row.completed:,} + {row.failed:,} of {row.total:,}"

    @display(description="Cost so far")
    def cost(self, row: Batch) -> str:
        return dollars(row.cost_nano, row.is_sandbox)

    @display(description="Why it failed")
    def refused_because(self, row: Batch) -> str:
        return render_to_string("batches/errors.html", {"errors": row.errors}) if row.errors else "-"

    @display(description="Decided once for each")
    def shared(self, row: Batch) -> str:
        return render_to_string("batches/groups.html", {"groups": row.groups}) if row.groups else "-"
