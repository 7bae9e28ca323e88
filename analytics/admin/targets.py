"""What is wanted of the routing, for staff."""

from django.contrib import admin

from analytics.models import PolicyBand
from routerhub.audit.admin import AuditedAdmin


@admin.register(PolicyBand)
class PolicyBandAdmin(AuditedAdmin):
    """Between which shares of the requests each policy is to be used; how they stand is on the page Performance."""

    list_display = ["policy", "low_percent", "high_percent"]
    sortable_by = ("policy",)
