"""Two pages of the admin on which the router is tuned: its tuning values as sliders, and the matrix of all scores."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import localdate

from autorouter.admin.tuning_forms import (
    NUMBERS,
    WHOLE,
    ScoresForm,
    TuningForm,
    plain,
    read_config,
    read_row,
)
from autorouter.choices import Dimension
from autorouter.configuration import profiles, save
from autorouter.configuration.bundles import DIMENSIONS, SCORE
from autorouter.configuration.compiler import LINE
from autorouter.configuration.tunables import SETTINGS, SPEED_BONUS, SPEED_BONUSES, Setting
from autorouter.models import Profile, ProfileScore, RouterConfiguration
from autorouter.types import COMPLEXITIES, COST_TIERS
from routerhub.audit.forms import MAX_REASON_CHARS
from routerhub.audit.pages import StaffPage, page
from routerhub.releases import lines, rollout, store, switches

MAX_LINEAR = 15
"""A range of more than so many times the default gets a slider whose steps grow."""
STEPS = tuple(Decimal(text) for text in ("1", "0.05", "0.01"))
MIN_STEPS = 80
COLOURED_FROM = 40
"""Scores below are coloured like this one, since hardly any is that low."""
GROUPS: tuple[tuple[str, str, Mapping[str, tuple[str, str]]], ...] = (
    ("Bonuses", "Points added to a model's score for the task's category, before any factor.", {
        "stickiness_bonus": ("Stickiness", "For the model that answered last. 0 also ends the loyalty of sessions."),
        "reasoning_bonus": ("Reasoning", "For models that reason, on complex tasks."),
        "research_bonus": ("Research", "For models of Perplexity, on research."),
    }),
    ("Complexity", "Factors on that sum, so that easy work goes to small models and hard work to strong ones.", {
        "simple_penalty": ("Simple penalty", "Every score is multiplied by it when the task is simple."),
        "complex_multiplier": ("Complex boost", "Strong models' scores are multiplied by it when the task is complex."),
        "complex_threshold": ("Strong from", "The overall quality from which a model gets the complex boost."),
    }),
    ("Cost tiers", "Which models count as cheap, mid or premium, by the mean of their input and output price.", {
        "cheap_below": ("Cheap below", "A mean price below this is cheap."),
        "mid_below": ("Premium from", "A mean price from here on is premium; what is between is mid."),
    }),
    ("Context", "How the size of a request is held against a model's window.", {
        "context_buffer": ("Context buffer", "Estimated tokens are multiplied by it before they are compared with the window."),
        "long_context_threshold": ("Long context from", "A task of this size or more is marked as long context."),
    }),
    ("Classification", "Who finds out what a request is about: the local classifier, or a small model that is asked first.", {
        "router_max_retries": ("Retries", "How often the router model is asked again when its answer is of no use."),
        "router_deadline_ms": ("Deadline", "For all its tries together; after that the local classifier decides."),
    }),
)  # fmt: skip
TIER_WORDS = {"cheap": "Cheap", "mid": "Mid", "premium": "Premium"}


class TunedPage(StaffPage):
    """A page that who may only look sees too, and whose form comes back with its problems beside the fields."""

    def again(self, form: forms.Form) -> HttpResponse:
        messages.error(self.request, "Nothing was saved: see what is wrong below.")
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(
            pointer=rollout.pointer(LINE), is_on=switches.is_on(LINE), switch=lines.find(LINE).switch,
            max_reason_chars=MAX_REASON_CHARS, **given,
        )  # fmt: skip


@page("tuning/", "tuning")
class TuningPage(TunedPage):
    """Every tuning value as a slider, with what a change would do to the last requests beside it."""

    title = "Tuning"
    template_name = "autorouter/tuning.html"
    permission = "autorouter.view_routerconfiguration"
    change_permission = "autorouter.change_routerconfiguration"
    actions: ClassVar = {"": TuningForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        row = _row()
        shown = read_row(row)
        form = given.get("form") or TuningForm(initial={**shown, "how": "live", "percent": 10, "seen": _newest(row)})
        shown |= {name: form[name].value() for name in form.fields if form.is_bound}
        models = _models()
        context = super().get_context_data(**{**given, "form": form})
        live = read_config(store.bundle(LINE, context["pointer"].stable)["config"])
        return {
            **context,
            "row": row, "last": row.history.first() if row.pk else None, "shown": shown, "models": models,
            "groups": [_group(form, shown, live, *group) for group in GROUPS],
            "weights": [(complexity, [_weight(form, shown, live, complexity, tier) for tier in COST_TIERS])
                        for complexity in COMPLEXITIES],
            "tiers": list(TIER_WORDS.values()), "bonus": _limits(SPEED_BONUS),
            "bonuses": _rows(shown["speed_bonuses"]),
            "facts": {"live": live, "models": models, "speed_bonuses": dict(SPEED_BONUSES)},
        }  # fmt: skip

    def form_options(self) -> dict[str, Any]:
        row = _row()
        return {"models": [*_models(), row.router_model], "newest": _newest(row)}

    def act(self, form: TuningForm, **_: Any) -> HttpResponse:
        percent = form.cleaned_data["for_percent"]
        number = save.save_tuning(_row(), form.values(), percent, self.change(form))
        messages.success(self.request, _outcome(number, percent))
        return redirect("admin:tuning")

    def refuse(self, form: forms.Form, refused: Exception) -> None:
        """What the release breaks, beside the field that it is about."""
        problems = getattr(refused, "problems", None)
        if problems is None:
            super().refuse(form, refused)
        else:
            form.refuse({path: [problem] for path, problem in problems.items()})  # type: ignore[attr-defined]


@page("scores/", "scores")
class ScoresPage(TunedPage):
    """All scores of all models as one heat map, edited in place and saved at once."""

    title = "Score matrix"
    template_name = "autorouter/score_matrix.html"
    permission = "autorouter.view_profile"
    change_permission = "autorouter.change_profile"
    actions: ClassVar = {"": ScoresForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        form = given.get("form") or ScoresForm(initial={"dated": localdate().isoformat()})
        rows = _matrix()
        return super().get_context_data(
            **{**given, "form": form},
            rows=rows, dim=COLOURED_FROM, providers=sorted({row["provider"] for row in rows}), score=_limits(SCORE),
            dimensions=[(choice.value, choice.label) for choice in Dimension],
            sources=ProfileScore.objects.order_by("source").values_list("source", flat=True).distinct(),
            kept=form.data.get("changes", "") if form.is_bound else "",
        )  # fmt: skip

    def form_options(self) -> dict[str, Any]:
        return {"models": [row["model"] for row in _matrix()]}

    def act(self, form: ScoresForm, **_: Any) -> HttpResponse:
        number = profiles.set_scores(form.facts(), self.change(form))
        count = sum(len(scores) for scores in form.cleaned_data["changes"].values())
        saved = f"{count} {'score' if count == 1 else 'scores'} saved."
        messages.success(self.request, f"{saved} {_outcome(number, save.LIVE)}")
        return redirect("admin:scores")

    def refuse(self, form: forms.Form, refused: Exception) -> None:
        for path, problem in getattr(refused, "problems", {"": str(refused)}).items():
            form.add_error("changes", f"{path}: {problem}")


def _outcome(number: int, percent: int) -> str:
    """For whom the release is live now, which during a rollout is not always for whom it was meant."""
    pointer = rollout.pointer(LINE)
    if pointer.candidate == number:
        return f"Release {number} is live for {pointer.percent} %."
    if pointer.stable == number:
        return f"Release {number} is live for all."
    return f"Release {number} is a draft, live for nobody." if not percent else f"Release {number} is stored."


def _row() -> RouterConfiguration:
    return RouterConfiguration.objects.first() or RouterConfiguration(pk=1)


def _newest(row: RouterConfiguration) -> int:
    """The number of the row's newest version: another number means that somebody changed it."""
    version = row.history.order_by("-history_id").first()
    return version.history_id if version else 0


def _models() -> list[str]:
    """The ids of the catalogue that is live for all."""
    return sorted(store.bundle("catalogue", rollout.pointer("catalogue").stable)["models"])


def _step(setting: Setting, is_whole: bool) -> Decimal:
    """The coarsest step that leaves the slider enough of them."""
    fine = (step for step in STEPS if (setting.high - setting.low) / step >= MIN_STEPS)
    return STEPS[0] if is_whole else next(fine, STEPS[-1])


def _limits(setting: Setting, is_whole: bool = False) -> dict[str, str]:
    """A setting for the page. `curve`: the figure below which steps stay small; settings of one unit share it."""
    kin = [each.default - each.low for each in SETTINGS.values() if each.unit == setting.unit]
    is_wide = setting.default > 0 and setting.high - setting.low > MAX_LINEAR * (setting.default - setting.low)
    return {
        "low": plain(setting.low), "high": plain(setting.high), "default": plain(setting.default), "unit": setting.unit,
        "step": plain(_step(setting, is_whole)), "curve": plain(min(kin) / 10) if is_wide and kin else "",
    }  # fmt: skip


def _knob(form: TuningForm, shown: Mapping[str, Any], live: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = shown.get(name)
    return {
        "name": name, **_limits(NUMBERS[name], name in WHOLE), "is_whole": name in WHOLE, "live": plain(live[name]),
        "value": value if isinstance(value, str) else plain(value), "errors": form.errors.get(name, []),
    }  # fmt: skip


def _weight(
    form: TuningForm, shown: Mapping[str, Any], live: Mapping[str, Any], complexity: str, tier: str
) -> dict[str, Any]:
    knob = _knob(form, shown, live, f"weight_{complexity}_{tier}")
    return {**knob, "label": f"Weight of {tier} when {complexity}", "path": f"tier_weights.{complexity}.{tier}"}


def _group(
    form: TuningForm, shown: Mapping[str, Any], live: Mapping[str, Any], title: str, told: str,
    knobs: Mapping[str, tuple[str, str]],
) -> dict[str, Any]:  # fmt: skip
    found = [
        {**_knob(form, shown, live, name), "label": label, "told": sentence, "path": name}
        for name, (label, sentence) in knobs.items()
    ]
    return {"title": title, "told": told, "knobs": found}


def _rows(bonuses: Any) -> list[tuple[str, str]]:
    """The speed bonuses row by row, from the values or as they were sent."""
    pairs = bonuses.items() if isinstance(bonuses, dict) else bonuses or []
    return [(pattern, points if isinstance(points, str) else plain(points)) for pattern, points in pairs]


def _matrix() -> list[dict[str, Any]]:
    """A row for every model that is in the catalogue or has a profile, with its scores in the order of the columns."""
    scores: dict[str, dict[str, ProfileScore]] = {model: {} for model in _models()}
    for profile in Profile.objects.prefetch_related("scores"):
        scores[profile.model] = {score.dimension: score for score in profile.scores.all()}
    return [
        {"model": model, "provider": model.partition(":")[0], "name": model.partition(":")[2] or model,
         "cells": [(name, by_dimension.get(name)) for name in DIMENSIONS]}
        for model, by_dimension in sorted(scores.items())
    ]  # fmt: skip
