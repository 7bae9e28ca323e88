"""Two pages of the admin on which the router is tuned: its tunables as sliders, and the matrix of all scores."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import localdate

from autorouter.admin.controls import Controls, limits
from autorouter.admin.tuning_forms import OpenForm, ScoresForm, TuningForm, read_row
from autorouter.choices import Dimension
from autorouter.configuration import profiles, save
from autorouter.configuration.bundles import DIMENSIONS, SCORE
from autorouter.configuration.compiler import LINE
from autorouter.configuration.tunables import shapes
from autorouter.models import Profile, ProfileScore, RouterConfiguration
from routerhub.audit.admin import NOTHING_DIFFERS
from routerhub.audit.forms import MAX_REASON_CHARS
from routerhub.audit.pages import StaffPage, page
from routerhub.releases import lines, rollout, store, switches
from routerhub.releases.errors import UnknownRelease

COLOURED_FROM = 40
"""Scores below are coloured like this one, since hardly any is that low."""


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
    """Every tunable as a slider, with what a change would do to the last requests beside it."""

    title = "Tuning"
    template_name = "autorouter/tuning.html"
    permission = "autorouter.view_routerconfiguration"
    change_permission = "autorouter.change_routerconfiguration"
    actions: ClassVar = {"": TuningForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        row, opened = _row(), self._opened()
        draft = store.find(LINE, opened or 0)
        shown = read_row(row) if opened is None else shapes.flatten(store.bundle(LINE, opened)["config"])
        how = {"how": "live" if opened is None else "draft", "percent": 10, "label": draft.label if draft else ""}
        form = given.get("form") or TuningForm(initial={**shown, **how, "seen": _newest(row)})
        shown |= {name: form[name].value() for name in form.fields if form.is_bound}
        context = super().get_context_data(**{**given, "form": form})
        live = shapes.flatten(store.bundle(LINE, context["pointer"].stable)["config"])
        models = _models()
        controls = Controls(form=form, shown=shown, live=live)
        return {
            **context,
            "opened": opened, "draft": draft,
            "row": row, "last": row.history.first() if row.pk else None, "shown": shown, "models": models,
            "groups": [controls.group(group) for group in shapes.GROUPS],
            "facts": {"live": live, "models": models, "defaults": shapes.DEFAULTS},
        }  # fmt: skip

    def _opened(self) -> int | None:
        """The release that the address names; one that there is not is said."""
        number: int | None = OpenForm(self.request.GET).asked()["release"]
        try:
            if number is not None:
                rollout.demand_stored(LINE, number)
        except UnknownRelease as unknown:
            messages.error(self.request, str(unknown))
            return None
        return number

    def form_options(self) -> dict[str, Any]:
        return {"newest": _newest(_row())}

    def act(self, form: TuningForm, **_: Any) -> HttpResponse:
        percent, label = form.cleaned_data["for_percent"], form.cleaned_data["label"]
        row, values = _row(), form.values()
        if save.differs(row, values):
            number = save.save_tuning(row, values, percent, self.change(form), label)
            messages.success(self.request, _outcome(number, percent))
        else:
            messages.info(self.request, NOTHING_DIFFERS)
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
            rows=rows, dim=COLOURED_FROM, providers=sorted({row["provider"] for row in rows}), score=limits(SCORE),
            dimensions=[(choice.value, choice.label) for choice in Dimension],
            sources=ProfileScore.objects.order_by("source").values_list("source", flat=True).distinct(),
            edits=form.data.get("changes", "") if form.is_bound else "",
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
