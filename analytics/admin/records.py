"""Request records, for staff to read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from unfold.decorators import display

from analytics.admin.bodies import said_panel
from analytics.admin.decisions import DECISION_PANELS
from analytics.admin.requests import listed
from analytics.models import Record
from budgets.money import dollars
from routerhub.audit.admin import FactAdmin


@admin.register(Record)
class RecordAdmin(FactAdmin):
    """What was asked, which model answered, why, and what it cost."""

    fieldsets = [
        ("Decision", {"fields": ["decided"]}),
        ("Attempts", {"fields": ["tried"]}),
        ("What was said", {"fields": ["said"]}),
        (
            "Request",
            {
                "fields": [
                    ("operation_id", "created_at"),
                    ("account_id", "key_id", "user_id"),
                    ("requested_model", "policy", "task_type"),
                    ("category", "complexity", "confidence", "second", "read_by"),
                    ("session", "tags", "priority"),
                    ("task_id", "worker"),
                    ("experiment", "phase", "variant", "unit", "propensity"),
                    "metadata",
                    ("ip", "user_agent"),
                ]
            },
        ),
        (
            "Answer",
            {
                "fields": [
                    ("outcome", "http_status", "error_kind", "deployment"),
                    "error",
                    ("latency_ms", "ttft_ms", "is_stream"),
                    ("input_tokens", "output_tokens", "is_usage_estimated"),
                    ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
                    ("cost", "estimated", "saved"),
                    ("cost_basis", "reported_cost", "is_cost_disputed"),
                    ("catalogue_release", "router_release"),
                ]
            },
        ),
    ]
    readonly_fields = ["decided", "tried", "said", "cost", "estimated", "saved", "reported_cost"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return listed(request)

    @display(description="Cost")
    def cost(self, row: Record) -> str:
        return dollars(row.cost_nano, row.is_sandbox)

    @display(description="Estimated cost")
    def estimated(self, row: Record) -> str:
        return dollars(row.cost_estimated_nano, row.is_sandbox)

    @display(description="Saved by the cache")
    def saved(self, row: Record) -> str:
        return "-" if row.saved_nano is None else dollars(row.saved_nano)

    @display(description="The answer's cost by the provider itself")
    def reported_cost(self, row: Record) -> str:
        return "-" if row.reported_cost_nano is None else dollars(row.reported_cost_nano)

    @display(description="Why this model")
    def decided(self, row: Record) -> str:
        return format_html_join("", "{}", ((panel(row),) for panel in DECISION_PANELS))

    @display(description="Calls")
    def tried(self, row: Record) -> str:
        return render_to_string("analytics/attempts.html", {"attempts": row.attempts})

    @display(description="Request and answer")
    def said(self, row: Record) -> str:
        return said_panel(row)
