"""Accounts and their members, for staff."""

from typing import Any

from django.contrib import admin
from unfold.admin import TabularInline

from budgets.models import Account, Membership
from routerhub.audit.admin import ON_ONE_LINE, AuditedAdmin


class MembershipInline(TabularInline):
    """To look at: a membership has a page of its own, which knows who may become what."""

    model = Membership
    extra = 0
    fields = ["user", "role", "is_active"]
    show_change_link = True
    can_delete = False

    def has_add_permission(self, _request: Any, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: Any, _obj: Any = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(AuditedAdmin):
    formfield_overrides = ON_ONE_LINE
    list_display = ["name", "slug", "is_active", "is_pro", "created_at"]
    list_filter = ["is_active", "is_pro", "legal_hold"]
    search_fields = ["name", "slug"]
    inlines = [MembershipInline]
