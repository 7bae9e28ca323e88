"""Selections that are kept, for staff to read."""

from django.contrib import admin
from unfold.decorators import display

from analytics.models import Selection
from budgets.money import dollars
from routerhub.audit.admin import FactAdmin


@admin.register(Selection)
class SelectionAdmin(FactAdmin):
    """What was selected for somebody who calls the model elsewhere, and what came of it."""

    list_display = ["created_at", "model", "task", "state", "estimated", "account_id"]
    list_filter = [("completed_at", admin.EmptyFieldListFilter)]
    search_fields = ["id", "model", "session", "task_id", "worker"]

    @display(description="Task")
    def task(self, row: Selection) -> str:
        return f"{row.complexity} {row.category}".strip()

    @display(description="Outcome", label={"waiting": "info", "success": "success", "failure": "danger"})
    def state(self, row: Selection) -> str:
        if row.outcome is None:
            return "waiting"
        return "success" if row.outcome["success"] else "failure"

    @display(description="Estimated cost")
    def estimated(self, row: Selection) -> str:
        return dollars(row.estimated_nano, False)
