"""The books, for staff: to look at."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from unfold.decorators import display

from budgets.admin.limits import measured
from budgets.limits.names import named
from budgets.models import Account, Counter, Hold, LedgerEntry
from budgets.money import dollars
from routerhub.audit.admin import FactAdmin


class Books(FactAdmin):
    """To look at: only the ledger's functions write here."""

    @display(description="Amount", ordering="amount_nano")
    def amount(self, row: Hold | LedgerEntry) -> str:
        return dollars(row.amount_nano, isinstance(row, LedgerEntry) and row.is_sandbox)


class NamedLimits(ChangeList):
    """The rows of a page say by name whose limits they are of."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        named(row.limit for row in self.result_list)


@admin.register(Counter)
class CounterAdmin(Books):
    list_display = ["limit", "period", "period_start", "spent_shown", "reserved_shown"]
    list_filter = ["measure", "period"]
    list_select_related = ["limit"]
    ordering = ["-limit_id", "-period_start"]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return NamedLimits

    @display(description="Spent", ordering="spent")
    def spent_shown(self, row: Counter) -> str:
        return measured(row, row.spent, row.sandbox)

    @display(description="Reserved", ordering="reserved")
    def reserved_shown(self, row: Counter) -> str:
        return measured(row, row.reserved)


class NamedAccounts(ChangeList):
    """The rows of a page say by name which account they are of, also one that is gone: then by its number."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        slugs = dict(
            Account.objects.filter(pk__in={row.account_id for row in self.result_list}).values_list("pk", "slug")
        )
        for row in self.result_list:
            row.account_called = slugs.get(row.account_id, f"number {row.account_id}")


class OfAccounts(Books):
    """Books of accounts."""

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return NamedAccounts

    @display(description="Account", ordering="account_id")
    def account(self, row: Any) -> str:
        return str(row.account_called)


@admin.register(Hold)
class HoldAdmin(OfAccounts):
    list_display = ["operation_id", "hop", "account", "amount", "tokens", "created_at", "lease_until"]
    search_fields = ["operation_id"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(OfAccounts):
    list_display = [
        "operation_id",
        "hop",
        "kind",
        "model",
        "account",
        "amount",
        "overrun",
        "basis",
        "outcome",
        "incurred_at",
    ]
    list_filter = ["kind", "basis", "outcome", "is_sandbox"]
    search_fields = ["operation_id", "refers_to"]
    fieldsets = [
        (None, {"fields": [("operation_id", "hop", "kind"), ("amount", "overrun", "outcome"), ("incurred_at", "settled_at")]}),
        ("Price", {"fields": [("model", "provider"), ("deployment", "priced_from"), "basis"]}),
        ("Usage", {"fields": [
            ("input_tokens", "cache_read_tokens", "audio_input_tokens"), ("cache_write_tokens", "cache_write_1h_tokens"),
            ("output_tokens", "reasoning_tokens", "audio_output_tokens"), "web_searches",
        ]}),
        ("Who", {"fields": [("account_id", "key_id", "user_id"), ("task_type", "category", "is_sandbox"), "scopes"]}),
        ("Credit", {"fields": ["refers_to", ("author", "address"), "reason"]}),
    ]  # fmt: skip
    readonly_fields = ["amount", "overrun"]

    @display(description="Overrun", ordering="overrun_nano")
    def overrun(self, row: LedgerEntry) -> str:
        return dollars(row.overrun_nano, row.is_sandbox)
