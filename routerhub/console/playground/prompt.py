"""What is typed into the playground, and the request that it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from autorouter.decision.candidates import price_now
from autorouter.decision.ranking import Rankings
from autorouter.serializers import MAX_TOKENS, SelectSerializer
from budgets.types import Caller
from models_registry.types import Model
from routerhub.audit.serializers import valid
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX
from routerhub.gateway.protocols.openai_models import is_shown

MAX_CHARS = 400_000
MAX_PICTURES = 8
PICTURE = {"type": "image_url", "image_url": {"url": "data:,"}}
"""Stands for one that stays in the browser until the prompt is sent."""
WORDS = {
    "balanced": _("Balanced"), "quality": _("Quality"), "speed": _("Speed"), "cost": _("Cost"), "privacy": _("Privacy"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A model that may be named, with what a token costs there in dollars; None: nobody knows."""

    id: str
    input_usd: float | None
    output_usd: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """What may be asked for by name."""

    policies: tuple[str, ...]
    models: tuple[Offer, ...]

    @property
    def names(self) -> list[str]:
        return [AUTO, *(POLICY_PREFIX + name for name in self.policies), *(each.id for each in self.models)]


def offers(rankings: Rankings, caller: Caller, now: datetime) -> Offers:
    """As the gateway's list of models says it to the same caller."""
    chat = [each for each in rankings.catalogue.models.values() if each.kind == "chat" and is_shown(each, caller, now)]
    return Offers(
        policies=tuple(sorted(rankings.router.policies)),
        models=tuple(_offer(each, rankings, now) for each in sorted(chat, key=lambda model: model.id)),
    )


def _offer(model: Model, rankings: Rankings, now: datetime) -> Offer:
    price = price_now(model, rankings.availability, now)
    rates = (price.rates.input, price.rates.output) if price else (None, None)
    input_usd, output_usd = (None if rate is None else float(rate / 1_000_000) for rate in rates)
    return Offer(id=model.id, input_usd=input_usd, output_usd=output_usd)


class PromptForm(forms.Form):
    """The page's one form. Its script sends it along at every change, and without script a button does."""

    prompt = forms.CharField(required=False, max_length=MAX_CHARS, strip=False)
    system = forms.CharField(required=False, max_length=MAX_CHARS, strip=False)
    model = forms.ChoiceField(initial=AUTO)
    priority = forms.ChoiceField(choices=list(WORDS.items()))
    max_cost_usd = forms.DecimalField(required=False, min_value=0, max_digits=18, decimal_places=9)
    max_output_tokens = forms.IntegerField(required=False, min_value=1, max_value=MAX_TOKENS)
    pictures = forms.IntegerField(required=False, min_value=0, max_value=MAX_PICTURES)

    def __init__(self, *arguments: Any, offers: Offers, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["model"].choices = [(name, name) for name in offers.names]  # type: ignore[attr-defined]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written, so that there is nothing to decide."""
        return not self.cleaned_data["prompt"].strip() and not self.cleaned_data["pictures"]

    def asked(self, priority: str = "") -> dict[str, Any]:
        """The request as SelectView takes it, of this priority or of the one that was chosen."""
        given = self.cleaned_data
        body: dict[str, Any] = {
            "messages": _messages(given), "stream": True, "priority": priority or given["priority"],
            "max_cost_usd": given["max_cost_usd"], "max_output_tokens": given["max_output_tokens"],
            **_named(given["model"]),
        }  # fmt: skip
        return valid(SelectSerializer(data=body))


def _named(model: str) -> dict[str, Any]:
    if model == AUTO:
        return {}
    policy = model.removeprefix(POLICY_PREFIX)
    return {"policy": policy} if policy != model else {"candidates": [model]}


def _messages(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    system = [{"role": "system", "content": given["system"]}] if given["system"].strip() else []
    pictures = [PICTURE] * (given["pictures"] or 0)
    said = [{"type": "text", "text": given["prompt"]}, *pictures] if pictures else given["prompt"]
    return [*system, {"role": "user", "content": said}]
