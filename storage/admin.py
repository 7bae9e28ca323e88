"""What is kept, for staff to look at: whose, what, how large and until when, but never the content."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from unfold.decorators import display

from routerhub.audit.admin import FactAdmin
from storage.models import Item


@admin.register(Item)
class ItemAdmin(FactAdmin):
    list_display = ["name", "kind", "account_id", "sealed_size", "created_at", "expires_at"]
    list_filter = ["kind"]
    search_fields = ["name"]
    show_full_result_count = False
    fields = [("kind", "name"), ("account_id", "claim"), "size", ("created_at", "expires_at")]

    @display(description="Size", ordering="size")
    def sealed_size(self, row: Item) -> str:
        return filesizeformat(row.size)
