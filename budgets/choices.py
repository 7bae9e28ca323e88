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
    WORKER = "worker", "Worker"
    SESSION = "session", "Session"
    TASK = "task", "Task"
    POLICY_TASK = "policy_task", "Each task under policy"


class KeepBodies(models.TextChoices):
    """Of which of an account's keys what requests and answers say is kept."""

    NONE = "none", "Of no key"
    CHOSEN = "chosen", "Of the keys that say so"
    ALL = "all", "Of every key that does not say no"


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
    DAYS = "days", "Every N days"
    RANGE = "range", "From a day to a day"
    TOTAL = "total", "In all"


class Mode(models.TextChoices):
    HARD = "hard", "Hard: what does not fit is refused"
    SOFT = "soft", "Soft: alerts, refuses nothing"
    PAUSE = "pause", "Hard, and dear models pause from the soft mark on"


class MaxTier(models.TextChoices):
    CHEAP = "cheap", "Cheap"
    MID = "mid", "Mid"


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


class MissingUsage(models.TextChoices):
    ESTIMATE = "estimate", "What is counted here, marked as estimated"
    CEILING = "ceiling", "All that was held, marked as such"


class EntryKind(models.TextChoices):
    CHARGE = "charge", "Charge"
    CORRECTION = "correction", "Correction"
    CREDIT = "credit", "Credit"


class Basis(models.TextChoices):
    """See budgets.types.Basis."""

    PRICED = "priced", "Reported usage by price"
    ESTIMATED = "estimated", "Counted usage by price"
    NO_PRICE = "no_price", "The account's figure, there is no price"
    NO_USAGE = "no_usage", "What was held, no usage was told"
    HELD = "held", "What was held, nothing else is known"


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


class AlertKind(models.TextChoices):
    LIMIT = "limit", "Limit"
    SPEND = "spend", "Own spend"
    FORECAST = "forecast", "Forecast"
    ANOMALY = "anomaly", "Anomaly"
    AUDIT = "audit", "Audit"
    EXPERIMENT = "experiment", "A/B test"


class AlertState(models.TextChoices):
    OK = "ok", "OK"
    NEAR = "near", "Near"
    TRIGGERED = "triggered", "Triggered"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"


class Window(models.TextChoices):
    """Over which time an alert on one's own spend adds up."""

    DAY = "day", "A calendar day"
    WEEK = "week", "A calendar week"
    MONTH = "month", "A calendar month"
    HOURS_24 = "24h", "Any 24 hours"
    DAYS_7 = "7d", "Any 7 days"
    DAYS_30 = "30d", "Any 30 days"


class ChannelKind(models.TextChoices):
    EMAIL = "email", "Email"
    CHAT = "chat", "Chat"
    WEBHOOK = "webhook", "Webhook"


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Pending"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"
