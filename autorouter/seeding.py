"""Fill empty tables from release 0, so that staff begin with something to edit. What is there is never overwritten."""

from datetime import date
from typing import Any

from django.db import transaction

from autorouter import configuration
from autorouter.models import Policy, Profile, ProfileScore, RouterConfiguration, TaskType
from autorouter.static import STATIC
from autorouter.types import Profile as StaticProfile
from autorouter.types import Score
from models_registry import audit

REASON = "seed"


@transaction.atomic
def seed() -> dict[str, int]:
    """Add what is missing and publish. Returns how many rows of each kind were added, and the live release."""
    added = {
        "configurations": _configuration(),
        "profiles": sum(_profile(profile) for profile in STATIC.profiles.values()),
        "policies": sum(_policy(name) for name in STATIC.policies),
        "task types": sum(
            TaskType.objects.get_or_create(name=name, defaults={"policy": policy})[1]
            for name, policy in STATIC.task_types.items()
        ),
    }
    return {**added, "release": configuration.publish(None, REASON)}


def _save(row: Any) -> None:
    audit.stamp(row, None, REASON)
    row.save()


def _configuration() -> int:
    if RouterConfiguration.objects.exists():
        return 0
    _save(RouterConfiguration(pk=1))
    return 1


def _profile(known: StaticProfile) -> int:
    profile, is_new = Profile.objects.get_or_create(model=known.model)
    if not is_new:
        return 0
    scores: list[tuple[str, Score | None]] = [("quality", known.quality), *known.categories.items()]
    for dimension, score in scores:
        if score:
            _save(_score(profile, dimension, score))
    return 1


def _score(profile: Profile, dimension: str, score: Score) -> ProfileScore:
    return ProfileScore(
        profile=profile,
        dimension=dimension,
        value=score.value,
        source=score.source,
        dated=date.fromisoformat(score.dated),
        is_estimated=score.is_estimated,
    )


def _policy(name: str) -> int:
    if Policy.objects.filter(name=name).exists():
        return 0
    known = STATIC.policies[name]
    _save(
        Policy(
            name=name,
            version=known.version,
            title=known.title,
            model_ids=list(known.models),
            max_cost_usd=known.max_cost_usd,
            max_output_tokens=known.max_output_tokens,
            temperature=known.temperature,
        )
    )
    return 1
