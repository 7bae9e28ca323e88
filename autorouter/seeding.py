"""Fill empty tables from release 0, so that staff begin with something to edit.

What is there is never overwritten, what staff deleted stays deleted, and a rollback or a rollout is never undone.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from simple_history.utils import bulk_create_with_history

from autorouter import bundles, configuration
from autorouter.models import Policy, Profile, ProfileScore, RouterConfiguration, TaskType
from autorouter.static import STATIC
from autorouter.types import Policy as StaticPolicy
from autorouter.types import Profile as StaticProfile
from autorouter.types import Score
from models_registry import audit, releases

REASON = "seed"


@transaction.atomic
def seed() -> dict[str, int]:
    """Add what was never there and publish. Returns how many rows of each kind were added, and the live release."""
    is_settled = releases.is_settled("router", configuration.compile_bundle(), bundles.read)
    added = {
        "configurations": _configuration(),
        "profiles": _profiles(),
        "policies": _policies(),
        "task types": _task_types(),
    }
    if is_settled:
        configuration.publish(None, REASON)
    return {**added, "release": releases.pointers()["router"].stable}


def _add(rows: Sequence[Any]) -> list[Any]:
    """The rows, saved at once, with a first version of each in the history."""
    if not rows:
        return []
    added: list[Any] = bulk_create_with_history(rows, type(rows[0]), default_change_reason=REASON)
    return added


def _configuration() -> int:
    return 0 if RouterConfiguration.objects.exists() else len(_add([RouterConfiguration(pk=1)]))


def _profiles() -> int:
    there = audit.ever_named(Profile, "model")
    added = _add([Profile(model=model) for model in STATIC.profiles if model not in there])
    _add([score for profile in added for score in _scores(profile, STATIC.profiles[profile.model])])
    return len(added)


def _scores(profile: Profile, known: StaticProfile) -> Iterator[ProfileScore]:
    scores: list[tuple[str, Score | None]] = [("quality", known.quality), *known.categories.items()]
    return (_score(profile, dimension, score) for dimension, score in scores if score)


def _policies() -> int:
    there = audit.ever_named(Policy, "name")
    return len(_add([_policy(known) for name, known in STATIC.policies.items() if name not in there]))


def _task_types() -> int:
    there = audit.ever_named(TaskType, "name")
    missing = [TaskType(name=name, policy=policy) for name, policy in STATIC.task_types.items() if name not in there]
    return len(_add(missing))


def _score(profile: Profile, dimension: str, score: Score) -> ProfileScore:
    return ProfileScore(
        profile=profile,
        dimension=dimension,
        value=score.value,
        source=score.source,
        dated=date.fromisoformat(score.dated),
        is_estimated=score.is_estimated,
    )


def _policy(known: StaticPolicy) -> Policy:
    return Policy(
        name=known.name,
        version=known.version,
        title=known.title,
        model_ids=list(known.models),
        max_cost_usd=known.max_cost_usd,
        max_output_tokens=known.max_output_tokens,
        temperature=known.temperature,
    )
