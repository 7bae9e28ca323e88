"""What is kept, for staff to look at: whose, what, how large and until when, but never the content."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from unfold.decorators import display

from routerhub.audit.admin import FactAdmin, known_values
from routerhub.storage.models import File, Item
from routerhub.storage.types import REQUESTS, RESULTS


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


@admin.register(File)
class FileAdmin(FactAdmin):
    """What accounts sent and batches wrote: whose, how large and until when."""

    list_display = ["filename", "purpose", "account_id", "content_size", "created_at", "expires_at"]
    list_filter = [("purpose", known_values(lambda: (REQUESTS, RESULTS)))]
    search_fields = ["id", "filename"]
    fields = [("id", "filename"), ("purpose", "account_id"), ("size", "pieces"), ("created_at", "expires_at")]

    @display(description="Size")
    def content_size(self, row: File) -> str:
        return filesizeformat(row.size)
