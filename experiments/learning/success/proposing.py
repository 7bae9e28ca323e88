"""A round of learning from outcomes: a proposal for each model of which they surely say something, with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from autorouter.configuration import learned
from autorouter.configuration.compiler import LINE
from experiments.choices import ProposalKind, ProposalState
from experiments.errors import RolloutRefused
from experiments.learning import proposals
from experiments.learning.proposals import NO_EVIDENCE, Found
from experiments.learning.success import drafting, gathering, judging, replaying
from experiments.learning.success.fitting import MIN_OUTCOMES
from experiments.learning.success.gathering import Gathered
from experiments.learning.success.judging import Judged, Judgement
from experiments.models import LearningRound, Proposal
from experiments.rollouts import stepping
from routerhub.audit.change import Change

WINDOW = timedelta(days=90)
FORGOTTEN = "no outcomes surely bear out any more what was learned: back to the profile"


def learn() -> LearningRound:
    """One round. It may take minutes, before anything is written: every figure of it is of outcomes that were held out."""
    moment = now()
    since = moment - WINDOW
    gathered = gathering.gather(since)
    priors = replaying.priors_of(replaying.releases()[1], gathered.outcomes)
    judged = judging.judge(gathered.outcomes, priors)
    found = _found(judged, since)
    with transaction.atomic():
        made = LearningRound.objects.create(
            began_at=moment, since=since, records=gathered.requests, feedback=len(gathered.outcomes),
            proposals=len(found), verdict=_verdict(gathered, judged, found),
        )  # fmt: skip
        _roll_out(proposals.propose(made, found, [ProposalKind.SUCCESS]))
    return made


def _verdict(gathered: Gathered, judged: Judged, found: Sequence[Found]) -> str:
    basis = (
        f"{gathered.judged:,} judged and {gathered.failed:,} failed requests with their words, {gathered.imported:,} imported"
        " outcomes"
    )
    if found:
        return f"success of {len(found)} of {len(judged.models)} models, from {basis}"
    return (
        f"{NO_EVIDENCE} of success: {basis}; a model needs {MIN_OUTCOMES} of one category, and to foretell those held out"
        " surely better than its profile"
    )


def _found(judged: Judged, since: datetime) -> list[Found]:
    """What the tables do not say yet; and what they say of a model that outcomes no longer bear out, to be forgotten."""
    before = drafting.in_tables()
    sure = {each.model: each for each in judged.models if each.learned}
    lessons = {model: drafting.NOTHING for model in sorted(before) if model not in sure}
    lessons |= {model: each.learned for model, each in sure.items() if each.learned}
    after = {model: learned.spelled(lesson) for model, lesson in lessons.items()}
    changed = [model for model in lessons if after[model] != before.get(model)]
    shared = {
        "traffic": replaying.changes(lessons, judged.common, since),
        "off_policy": replaying.off_policy(lessons, since),
    } if changed else {}  # fmt: skip
    return [
        Found(
            kind=ProposalKind.SUCCESS, subject=model, detail="", before=before.get(model, {}), after=after[model],
            summary=_summary(sure[model]) if model in sure else FORGOTTEN,
            evidence={**(_evidence(sure[model]) if model in sure else {}), **shared},
        )
        for model in changed
    ]  # fmt: skip


def _evidence(judgement: Judgement) -> dict[str, Any]:
    """What the proposal keeps: all but the weights themselves."""
    return {
        "outcomes": judgement.outcomes, "questions": judgement.questions, "words": judgement.way == "terms",
        "held_out": {
            "loss_profile": judgement.loss_profile, "loss_learned": judgement.loss_learned, "gain": list(judgement.gain),
            "calibration_profile": judgement.calibration_profile, "calibration_learned": judgement.calibration_learned,
        },
        "kinds": [asdict(each) for each in judgement.kinds],
    }  # fmt: skip


def _summary(judgement: Judgement) -> str:
    gain, low, high = judgement.gain
    kinds = ", ".join(each.category for each in judgement.kinds if each.is_learned)
    by = "kinds of task and words" if judgement.way == "terms" else "kinds of task"
    return (
        f"{judgement.outcomes:,} outcomes of {judgement.questions:,} questions ({kinds}): learned by {by}, those held out are"
        f" foretold with a log loss of {judgement.loss_learned:.3f} instead of the profile's {judgement.loss_profile:.3f}"
        f" (better by {gain:.3f}, 95 % interval {low:.3f} to {high:.3f})"
    )


# --- by itself


def _roll_out(made: Sequence[Proposal]) -> None:
    """Let what is of kinds accepted before go out by guarded steps, where staff tuned it so and no rollout is under way."""
    known = drafting.accepted_kinds()
    ready = [each for each in made if _kinds(each.after) <= known.get(each.subject, set())]
    if not ready or not replaying.releases()[1].config.rolls_out_learned:
        return
    change = Change(reason=f"by itself, since its kinds were accepted before: success of {len(ready)} models")
    try:
        with transaction.atomic():
            release = drafting.draft(ready, change)
            stepping.start(LINE, release, change)
            for each in ready:
                proposals.decide(each, ProposalState.ACCEPTED, change, release)
    except RolloutRefused as refused:
        for each in ready:
            each.summary = f"{each.summary}. It waits for you: {refused}"
            each.save(update_fields=["summary"])


def _kinds(spelled: Mapping[str, Any]) -> set[str]:
    return set(spelled["kinds"])
