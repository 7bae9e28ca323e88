"""The words that a field of the router may take."""

from django.db import models


class Dimension(models.TextChoices):
    """What a profile scores: overall quality and the eight categories."""

    QUALITY = "quality", "Quality"
    CODING = "coding", "Coding"
    REASONING = "reasoning", "Reasoning"
    CREATIVE = "creative", "Creative"
    FACTUAL = "factual", "Factual"
    ANALYSIS = "analysis", "Analysis"
    CONVERSATION = "conversation", "Conversation"
    MULTIMODAL = "multimodal", "Multimodal"
    RESEARCH = "research", "Research"


class PriorityChoice(models.TextChoices):
    """What a user may prefer: balanced is the scoring as it is."""

    BALANCED = "balanced", "Balanced"
    SPEED = "speed", "Speed"
    COST = "cost", "Cost"
    QUALITY = "quality", "Quality"
    PRIVACY = "privacy", "Privacy"
