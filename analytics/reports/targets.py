"""The targets of the mission, and how they stand."""

from dataclasses import replace

from django.utils.timezone import now

from analytics.models import PolicyBand
from analytics.reports import measures
from analytics.reports.adding import total
from analytics.reports.asking import ask
from analytics.reports.types import PolicyShare, Target, Targets
from analytics.windows.types import Figures, Question, Row
from budgets.limits.keeping import Keeping, keeping
from budgets.money import dollars
from budgets.types import NANO

MAX_COST_NANO, MIN_SUCCESS, MAX_LATENCY_MS = 50_000_000, 0.95, 5_000
"""The mission's: of a task on the average."""
BAND = (0.0, 0.8)
"""The share that a policy may have where staff set no band: none may take nearly everything."""
NOTHING = "-"


def targets(question: Question) -> Targets:
    """Of all requests that the question is about, whatever it is grouped by; spend against the limits is as it stands now."""
    answer = ask(replace(question, by=("policy",), step=None, distributions=False))
    shares = policy_shares(answer.rows)
    whole = total(row.figures for row in answer.rows)
    kept = keeping(question.accounts, now())
    found = (_cost(whole), _success(whole), _latency(whole), _budget(kept), _balance(shares))
    return Targets(question=question, targets=found, policies=shares, as_of=answer.as_of)


def policy_shares(rows: tuple[Row, ...]) -> tuple[PolicyShare, ...]:
    """Of the requests that a policy was used for, the most used first; and those that have a band and were not used."""
    bands = {band.policy: (band.low_percent / 100, band.high_percent / 100) for band in PolicyBand.objects.all()}
    used = {row.group[0]: measures.called(row.figures) for row in rows if row.group[0]}
    counts = {**dict.fromkeys(bands, 0), **used}
    every = sum(counts.values())
    found = [
        PolicyShare(policy=policy, requests=count, share=count / every, low=low, high=high)
        for policy, count in counts.items()
        if every
        for low, high in (bands.get(policy, BAND),)
    ]
    return tuple(sorted(found, key=lambda each: (-each.requests, each.policy)))


def _cost(whole: Figures) -> Target:
    mean = measures.mean_cost_nano(whole)
    return Target(
        name="cost", title="Mean cost per task", wanted=f"below {dollars(MAX_COST_NANO)}",
        value=NOTHING if mean is None else dollars(round(mean)), figure=None if mean is None else mean / NANO,
        is_met=None if mean is None else mean < MAX_COST_NANO,
    )  # fmt: skip


def _success(whole: Figures) -> Target:
    share = measures.success(whole)
    return Target(
        name="success", title="Success", wanted=f"at least {MIN_SUCCESS:.0%}", value=_percent(share), figure=share,
        is_met=None if share is None else share >= MIN_SUCCESS, note="of what was neither refused nor left by the caller",
    )  # fmt: skip


def _latency(whole: Figures) -> Target:
    mean = measures.mean_latency_ms(whole)
    return Target(
        name="latency", title="Mean answer", wanted=f"below {MAX_LATENCY_MS / 1000:g} s",
        value=NOTHING if mean is None else f"{mean / 1000:.2f} s", figure=mean,
        is_met=None if mean is None else mean < MAX_LATENCY_MS,
    )  # fmt: skip


def _budget(kept: Keeping) -> Target:
    share = kept.fullest_share
    problems = [f"{name} is full" for name in kept.full] + [f"{name} is expected to be passed" for name in kept.passing]
    return Target(
        name="budget", title="Spend within budget", wanted="no limit full, none expected to be passed",
        value=NOTHING if share is None else f"{share:.0f}% of the fullest limit", figure=None if share is None else share / 100,
        is_met=kept.is_kept, note="; ".join(problems) if kept.limits else "no limit in money runs: set one to see this",
    )  # fmt: skip


def _balance(shares: tuple[PolicyShare, ...]) -> Target:
    outside = [each for each in shares if not each.is_within]
    largest = max((each.share for each in shares), default=None)
    told = [f"{each.policy} has {each.share:.0%}, wanted {each.low:.0%} to {each.high:.0%}" for each in outside]
    return Target(
        name="balance", title="Balanced use of the policies", wanted="each within its band",
        value=NOTHING if largest is None else f"{len(shares) - len(outside)} of {len(shares)} within", figure=largest,
        is_met=not outside if shares else None, note="; ".join(told),
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.1%}"
