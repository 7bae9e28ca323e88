"""The kinds of what is kept, for people."""

from django.db.models import TextChoices


class Kind(TextChoices):
    RESPONSE = "response"
    ANSWER = "answer", "idempotent answer"
    CACHE = "cache", "cached answer"
    FILE = "file", "piece of a file"
