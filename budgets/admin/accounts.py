"""Accounts and their members, for staff."""

from django.contrib import admin
from unfold.admin import TabularInline

from budgets.models import Account, Membership
from routerhub.audit.admin import ON_ONE_LINE, AuditedAdmin


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    fields = ["user", "role"]


@admin.register(Account)
class AccountAdmin(AuditedAdmin):
    formfield_overrides = ON_ONE_LINE
    list_display = ["name", "slug", "is_active", "is_pro", "created_at"]
    list_filter = ["is_active", "is_pro"]
    search_fields = ["name", "slug"]
    inlines = [MembershipInline]
