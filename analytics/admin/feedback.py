"""Feedback, for staff to read."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from analytics.models import Feedback
from routerhub.audit.admin import FactAdmin


@admin.register(Feedback)
class FeedbackAdmin(FactAdmin):
    """How satisfied people were with answers."""

    list_display = ["reported_at", "satisfaction", "given_as", "comment", "answer", "account_id", "user_id"]
    list_filter = ["given_as", "reported_at"]
    search_fields = ["operation_id", "comment"]

    @display(description="Answer")
    def answer(self, row: Feedback) -> SafeString:
        where = reverse("admin:analytics_record_change", args=[row.operation_id])
        return format_html('<a href="{}">{}</a>', where, row.operation_id)
