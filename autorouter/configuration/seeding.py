"""Fill empty tables from release 0, so that staff begin with something to edit.

What is there is never overwritten, what staff deleted stays deleted, and a rollback or a rollout is never undone.
"""

from django.db import transaction

from autorouter.configuration import compiler, tables
from autorouter.configuration.release0 import BUNDLE
from autorouter.models import Policy, Profile, RouterConfiguration, TaskType
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import rollout, store

SEED = Change(reason="seed")
KINDS = {"profiles": (Profile, "model"), "policies": (Policy, "name"), "task_types": (TaskType, "name")}


@transaction.atomic
def seed() -> dict[str, int]:
    """Add what was never there and publish; no task type whose policy staff switched off.

    Returns how many rows of each kind were added, and the live release.
    """
    there = compiler.compile_bundle()
    is_settled = store.is_settled(compiler.LINE)
    has_configuration = RouterConfiguration.objects.exists()
    missing = {
        kind: {name: facts for name, facts in BUNDLE[kind].items() if name not in history.ever_named(model, field)}
        for kind, (model, field) in KINDS.items()
    }
    policies = {**there["policies"], **missing["policies"]}
    missing["task_types"] = {name: policy for name, policy in missing["task_types"].items() if policy in policies}
    if not has_configuration or any(missing.values()):
        target = {kind: {**there[kind], **added} for kind, added in missing.items()}
        tables.write({**there, **target, **({} if has_configuration else {"config": BUNDLE["config"]})}, SEED)
    if is_settled:
        store.publish(compiler.LINE, SEED)
    counts = {kind.replace("_", " "): len(added) for kind, added in missing.items()}
    return {"configurations": 0 if has_configuration else 1, **counts, "release": rollout.pointers()["router"].stable}
