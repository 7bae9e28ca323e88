"""The words that a field of the budgets may take."""

from django.db import models


class ScopeKind(models.TextChoices):
    SITE = "site", "Whole site"
    ACCOUNT = "account", "Account"
    USER = "user", "User"
    KEY = "key", "API key"
    POLICY = "policy", "Policy"
    MODEL = "model", "Model"
    PROVIDER = "provider", "Provider"
    TAG = "tag", "Tag"


class Measure(models.TextChoices):
    MONEY = "money", "Money"
    REQUESTS = "requests", "Requests"
    TOKENS = "tokens", "Tokens"


class Period(models.TextChoices):
    MINUTE = "minute", "Minute"
    HOUR = "hour", "Hour"
    DAY = "day", "Day"
    WEEK = "week", "Week"
    MONTH = "month", "Month"
    TOTAL = "total", "In all"


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


class Outcome(models.TextChoices):
    SUCCESS = "success", "Success"
    FAILURE = "failure", "Failure"
    ABANDONED = "abandoned", "Abandoned"
    UNKNOWN = "unknown", "Unknown"


class EntryKind(models.TextChoices):
    CHARGE = "charge", "Charge"
    CORRECTION = "correction", "Correction"


class Endpoint(models.TextChoices):
    """What a key may call: the word after /v1/, or the REST API."""

    CHAT = "chat", "Chat completions"
    RESPONSES = "responses", "Responses"
    MESSAGES = "messages", "Messages"
    EMBEDDINGS = "embeddings", "Embeddings"
    MODELS = "models", "List of models"
    FILES = "files", "Files"
    BATCHES = "batches", "Batches"
    API = "api", "REST API"


class KeyPermission(models.TextChoices):
    INFERENCE = "inference", "Call models"
    ROUTING = "routing", "Read routing decisions"
    ADMIN = "admin", "Change configuration"
