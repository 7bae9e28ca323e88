"""The words that a field of the registry may take."""

from django.db import models


class Protocol(models.TextChoices):
    OPENAI = "openai", "OpenAI-compatible"
    OPENAI_RESPONSES = "openai-responses", "OpenAI Responses"
    ANTHROPIC = "anthropic", "Anthropic"
    GOOGLE = "google", "Google"


class ModelKind(models.TextChoices):
    CHAT = "chat", "Chat"
    EMBEDDING = "embedding", "Embedding"


class OutputLimitField(models.TextChoices):
    MAX_TOKENS = "max_tokens", "max_tokens"
    MAX_COMPLETION_TOKENS = "max_completion_tokens", "max_completion_tokens"


class DeploymentStatus(models.TextChoices):
    AVAILABLE = "available", "Available"
    DEGRADED = "degraded", "Degraded"
    DOWN = "down", "Down"


class SpeedTier(models.TextChoices):
    INSTANT = "instant", "Instant"
    FAST = "fast", "Fast"
    STANDARD = "standard", "Standard"
    SLOW = "slow", "Slow"


class CapabilityChoice(models.TextChoices):
    VISION = "vision", "Vision"
    TOOLS = "tools", "Tools"
    AUDIO = "audio", "Audio"
    STRUCTURED_OUTPUT = "structured_output", "Structured output"
    STREAMING = "streaming", "Streaming"


class ImportFormat(models.TextChoices):
    JSON = "json", "JSON"
    CSV = "csv", "CSV"
    XLSX = "xlsx", "XLSX"


class ImportState(models.TextChoices):
    WAITING = "waiting", "Waiting to be checked"
    CHECKING = "checking", "Checking"
    CHECKED = "checked", "Ready to apply"
    REFUSED = "refused", "Has errors"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Applied"
    FAILED = "failed", "Failed"
