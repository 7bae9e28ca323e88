"""Changes proposed from records and feedback, with their evidence. A person accepts or rejects each; nothing changes by itself.

A score is proposed where people judged a model's answers in a category surely better or worse than those of the other
models there; an order where one model of a policy surely succeeds more often than the one before it. Where the samples are
too small to say so, the round says "no evidence".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from analytics.models import Feedback, Record
from autorouter.configuration import policies, profiles
from autorouter.decision.ordering import Measured, interval
from experiments.choices import ProposalKind, ProposalState
from experiments.learning import adjusting
from experiments.learning.success import drafting
from experiments.models import LearningRound, Proposal
from routerhub import intervals
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import rollout, store

WINDOW = timedelta(days=30)
MIN_JUDGED = 30
"""Fewer judged answers of a model in a category say nothing."""
MIN_REQUESTS = 50
POINTS = 20
"""By how many points of a profile score one whole step of satisfaction, 0 to 1, is reckoned. An estimate, said as such."""
MAX_POINTS = Decimal(5)
"""No round moves a score further."""
NO_EVIDENCE = "no evidence"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A change that the traffic speaks for."""

    kind: ProposalKind
    subject: str
    detail: str
    before: Any
    after: Any
    evidence: Mapping[str, Any]
    summary: str
    """The evidence in words."""


@transaction.atomic
def learn() -> LearningRound:
    """One round. Open proposals of earlier rounds that it does not make again are outdated."""
    moment = now()
    since = moment - WINDOW
    bundle = _live_bundle()
    judged = _judged(since)
    found = [*_scores(judged, bundle["profiles"]), *_orders(bundle["policies"])]
    seen = Record.objects.filter(created_at__gte=since).count()
    judgements = sum(len(values) for values in judged.values())
    verdict = f"{len(found)} proposals" if found else _nothing(seen, judgements)
    made = LearningRound.objects.create(
        began_at=moment, since=since, records=seen, feedback=judgements, proposals=len(found), verdict=verdict
    )
    propose(made, found, (ProposalKind.SCORE, ProposalKind.ORDER))
    return made


def propose(made: LearningRound, found: Iterable[Found], kinds: Iterable[ProposalKind]) -> list[Proposal]:
    """What a round found, in place of the open proposals of these kinds."""
    Proposal.objects.filter(state=ProposalState.OPEN, kind__in=kinds).update(state=ProposalState.OUTDATED)
    return [
        Proposal.objects.create(**{name: getattr(each, name) for name in Found.__slots__}, learned_in=made)
        for each in found
    ]


def _nothing(records: int, judgements: int) -> str:
    return (
        f"{NO_EVIDENCE}: of {records:,} requests {judgements:,} were judged; a score needs {MIN_JUDGED} judged answers of a"
        f" model in one category, an order {MIN_REQUESTS} requests of two models in one policy, and a difference that is sure"
    )


def _live_bundle() -> Mapping[str, Any]:
    pointer = rollout.pointers().get("router")
    return store.bundle("router", pointer.stable if pointer else 0)


def _judged(since: datetime) -> dict[tuple[str, str], list[float]]:
    """Satisfaction by model and category."""
    satisfaction = dict(Feedback.objects.filter(reported_at__gte=since).values_list("operation_id", "satisfaction"))
    rows = Record.objects.filter(created_at__gte=since, operation_id__in=satisfaction, outcome="success").order_by()
    found: dict[tuple[str, str], list[float]] = {}
    for operation, model, category in rows.values_list("operation_id", "model", "category"):
        found.setdefault((model, category), []).append(float(satisfaction[operation]))
    return found


def _scores(judged: Mapping[tuple[str, str], Sequence[float]], profiles: Mapping[str, Any]) -> Iterator[Found]:
    """Models whose answers in a category please surely more, or less, than those of all others there."""
    for (model, category), own in sorted(judged.items()):
        others = [
            each for (other, kind), values in judged.items() if kind == category and other != model for each in values
        ]
        if len(own) < MIN_JUDGED or len(others) < MIN_JUDGED:
            continue
        (mean, low, high), (rest, rest_low, rest_high) = intervals.mean(own), intervals.mean(others)
        if low <= rest_high and high >= rest_low:
            continue
        known = profiles.get(model, {}).get(category, {}).get("value", 70)
        step = max(-MAX_POINTS, min(MAX_POINTS, Decimal(str(round((mean - rest) * POINTS, 1)))))
        after = max(Decimal(0), min(Decimal(100), Decimal(str(known)) + step))
        if after == known:
            continue
        summary = (
            f"{len(own)} judged {category} answers of {model} please {mean:.2f} of 1 (95 % interval {low:.2f} to {high:.2f}),"
            f" {len(others)} of the other models {rest:.2f} ({rest_low:.2f} to {rest_high:.2f})"
        )
        yield Found(
            kind=ProposalKind.SCORE, subject=model, detail=category, before=known, after=float(after), summary=summary,
            evidence={"sample": len(own), "mean": mean, "interval": [low, high], "others": len(others),
                      "others_mean": rest, "others_interval": [rest_low, rest_high]},
        )  # fmt: skip


def _orders(written: Mapping[str, Any]) -> Iterator[Found]:
    """Policies in which a model surely succeeds more often than the one that stands before it."""
    for name, facts in sorted(written.items()):
        measured = adjusting.measured(name, WINDOW)
        order = list(facts["models"])
        for at, (first, second) in enumerate(pairwise(order)):
            one, other = (measured.get(each, Measured(requests=0, successes=0)) for each in (first, second))
            if min(one.requests, other.requests) < MIN_REQUESTS or interval(one)[1] >= interval(other)[0]:
                continue
            after = [*order[:at], second, first, *order[at + 2 :]]
            summary = (
                f"in {name} {second} succeeds in {other.rate:.1%} of {other.requests} requests, {first} before it in"
                f" {one.rate:.1%} of {one.requests}; their 95 % intervals do not meet"
            )
            yield Found(
                kind=ProposalKind.ORDER, subject=name, detail="", before=order, after=after, summary=summary,
                evidence={each: {"sample": found.requests, "success": found.rate, "interval": list(interval(found))}
                          for each, found in ((first, one), (second, other))},
            )  # fmt: skip
            break


def waiting() -> QuerySet[Proposal]:
    """The open ones, the newest first: a person accepts or rejects each."""
    return Proposal.objects.filter(state=ProposalState.OPEN).order_by("-pk")


@transaction.atomic
def accept(proposal: Proposal, change: Change) -> None:
    """Make the change, as an ordinary one with history and a release; of learned success, a draft that is live for nobody.

    Raises ValidationError, InvalidRelease.
    """
    proposal = _open(proposal)
    why = change.because(f"proposal {proposal.pk}: {change.reason}")
    if proposal.kind == ProposalKind.SCORE:
        source = f"feedback on {proposal.evidence['sample']} requests, proposal {proposal.pk}"
        release = profiles.set_score(
            proposal.subject,
            proposal.detail,
            Decimal(str(proposal.after)),
            source,
            datetime.now(UTC).date(),
            why,
        )
    elif proposal.kind == ProposalKind.SUCCESS:
        release = drafting.draft([proposal], why)
    else:
        release = policies.reorder(proposal.subject, proposal.before, proposal.after, why)
    decide(proposal, ProposalState.ACCEPTED, change, release)


@transaction.atomic
def reject(proposal: Proposal, change: Change) -> None:
    """Leave everything as it is, and keep that it was decided so. Raises ValidationError."""
    proposal = _open(proposal)
    decide(proposal, ProposalState.REJECTED, change, None)


def _open(proposal: Proposal) -> Proposal:
    """The row as it stands now, locked: somebody else may have decided meanwhile. Raises ValidationError."""
    found = Proposal.objects.select_for_update().get(pk=proposal.pk)
    if found.state != ProposalState.OPEN:
        raise ValidationError(f"Proposal {found.pk} is {found.get_state_display().lower()}.")
    return found


def decide(proposal: Proposal, state: ProposalState, change: Change, release: int | None) -> None:
    """Keep what was decided of a proposal, by whom and why."""
    proposal.state, proposal.reason, proposal.release = state, change.reason[:255], release
    proposal.decided_at, proposal.decided_by_id = now(), change.author_id
    history.stamp(proposal, change)
    proposal.save()
