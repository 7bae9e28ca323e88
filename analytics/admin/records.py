"""Request records, for staff to read."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from analytics.models import Record
from budgets.choices import Outcome
from budgets.money import dollars
from models_registry.catalogue.compiler import provider_names
from routerhub.audit.admin import FactAdmin, known_values

DECISION_PANELS: list[Callable[[Record], SafeString]] = []
"""What the page of a request shows of its decision. Who can make it again adds a panel here; analytics does not know how."""
RECORD_FILTERS: list[Any] = [
    ("outcome", known_values(lambda: Outcome.values)), ("provider", known_values(provider_names)), "is_stream", "is_sandbox",
    "is_cost_disputed",
]  # fmt: skip
"""By what requests are filtered. Who knows the words that the router writes adds its columns here."""


@admin.register(Record)
class RecordAdmin(FactAdmin):
    """What was asked, which model answered, why, and what it cost."""

    list_display = ["created_at", "known_as", "task", "outcome_label", "tokens", "cost", "latency"]
    sortable_by = ("created_at", "cost", "latency")
    list_filter = RECORD_FILTERS
    list_filter_submit = True
    search_fields = ["operation_id", "model", "session", "task_id", "worker"]
    fieldsets = [
        ("Decision", {"fields": ["decided"]}),
        ("Attempts", {"fields": ["tried"]}),
        (
            "Request",
            {
                "fields": [
                    ("operation_id", "created_at"),
                    ("account_id", "key_id", "user_id"),
                    ("requested_model", "policy", "task_type"),
                    ("session", "tags", "priority"),
                    ("task_id", "worker"),
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
    readonly_fields = ["decided", "tried", "cost", "estimated", "saved", "reported_cost"]

    @display(description="Model", header=True)
    def known_as(self, row: Record) -> list[str]:
        return [
            row.model or "none",
            ", ".join(filter(None, [row.provider, f"asked for {row.requested_model or 'nothing readable'}"])),
        ]

    @display(description="Task")
    def task(self, row: Record) -> str:
        return f"{row.complexity} {row.category}".strip()

    @display(
        description="Outcome",
        label={
            "success": "success",
            "failure": "danger",
            "abandoned": "warning",
            "unknown": "warning",
            "refused": "info",
        },
    )
    def outcome_label(self, row: Record) -> str:
        return row.outcome

    @display(description="Tokens in / out")
    def tokens(self, row: Record) -> str:
        return f"{row.input_tokens:,} / {row.output_tokens:,}"

    @display(description="Cost", ordering="cost_nano")
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

    @display(description="Latency", ordering="latency_ms")
    def latency(self, row: Record) -> str:
        return f"{row.latency_ms:,} ms"

    @display(description="Why this model")
    def decided(self, row: Record) -> str:
        return format_html_join("", "{}", ((panel(row),) for panel in DECISION_PANELS))

    @display(description="Calls")
    def tried(self, row: Record) -> str:
        return render_to_string("analytics/attempts.html", {"attempts": row.attempts})
