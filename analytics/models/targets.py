"""What is wanted of the routing beside the mission's own targets."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models

from budgets.limits.names import subject_of
from routerhub.audit.models import Audited


class PolicyBand(Audited):
    """Between which shares of the requests a policy is to be used. See analytics.reports.targets."""

    policy = models.SlugField(max_length=64, unique=True, help_text="The policy's name.")
    low_percent = models.PositiveSmallIntegerField(
        "at least", default=0, validators=[MaxValueValidator(100)], help_text="Percent of the requests that a policy answered."
    )  # fmt: skip
    high_percent = models.PositiveSmallIntegerField(
        "at most", default=100, validators=[MaxValueValidator(100)], help_text="Percent of the requests that a policy answered."
    )  # fmt: skip

    class Meta:
        ordering = ["policy"]

    def __str__(self) -> str:
        return f"{self.policy} {self.low_percent} to {self.high_percent} %"

    def clean(self) -> None:
        try:
            subject_of("policy", self.policy)
        except ValidationError as unknown:
            raise ValidationError({"policy": unknown.message_dict["subject"]}) from unknown
        if self.low_percent is not None and self.high_percent is not None and self.low_percent > self.high_percent:
            raise ValidationError({"high_percent": f"{self.high_percent} is less than the least, {self.low_percent}."})
