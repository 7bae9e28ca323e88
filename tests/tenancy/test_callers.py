"""Who works across accounts, all of them: a new one is named here, with a reason, or asks for an account."""

import re
import subprocess
from pathlib import Path

from routerhub.celery import app
from routerhub.tenancy.tasks import AcrossAccounts, OfAccount
from tests.stack import ROOT

ACROSS_ACCOUNTS = {
    "analytics/bodies/keeping.py": "what was said, of whichever accounts, written together",
    "budgets/ledger/database.py": "the set of limits, and what became of an operation",
    "budgets/limits/outlook.py": "limits of the whole site count whoever asks what would be chosen",
    "budgets/people/authentication.py": "when keys were used last, of all that this process has noted",
    "budgets/people/invitations.py": "who is invited belongs to no account yet",
    "budgets/people/sign_in/openid.py": "groups say which accounts somebody belongs to",
    "budgets/people/settings.py": "a new account is nobody's yet, and no other may have its slug",
    "manage.py": "commands are run by whoever runs the site",
    "routerhub/audit/events.py": "who signs in, or fails to, is nobody yet",
    "routerhub/gateway/snapshots/snapshots.py": "every key and everybody's preferences, held in memory",
    "routerhub/tenancy/middleware.py": "logins with a right to see what belongs to accounts",
    "routerhub/tenancy/tasks.py": "the tasks below",
}
"""Modules that name the system scope, and for what."""
TASKS = {
    "analytics.tasks.extend_partitions", "analytics.tasks.find_anomalies", "analytics.tasks.forget_bodies",
    "analytics.tasks.forget_exports", "analytics.tasks.forget_selections", "analytics.tasks.measure",
    "analytics.tasks.prune", "analytics.tasks.roll_up", "analytics.tasks.work_exports",
    "autorouter.tasks.forget_ended_sessions",
    "budgets.tasks.check_alerts", "budgets.tasks.close_months", "budgets.tasks.forecast", "budgets.tasks.forget_deliveries",
    "budgets.tasks.rebalance_shares", "budgets.tasks.reconcile", "budgets.tasks.roll_up_hours", "budgets.tasks.send_alerts",
    "routerhub.audit.tasks.seal_chain", "routerhub.audit.tasks.verify_chain", "routerhub.audit.tasks.verify_newest",
    "experiments.tasks.adjust_policies", "experiments.tasks.check_rollouts", "experiments.tasks.learn",
    "experiments.tasks.learn_success", "experiments.tasks.look_at_tests", "routerhub.gateway.batches.tasks.work_batches",
    "routerhub.storage.tasks.forget_expired",
}  # fmt: skip
OF_NOBODY = {
    "models_registry.tasks.probe_deployments", "models_registry.tasks.work_imports",
    "routerhub.releases.tasks.enter_switches",
}  # fmt: skip
"""Tasks that touch no row of an account."""
IN_SQL = {
    "accounts_of_key", "accounts_of_user", "free_slots", "limit_was_set",
    "record_many", "renew_slots", "reserve_many", "settle_many",
    "sweep_holds",
}  # fmt: skip
"""The ledger's functions, which put the scope in force for the transaction that they are called in; and the two ways in."""
NAMED = re.compile(r"\bsystem\(\)|\bSYSTEM\b|is_system=True")


def sources(*endings: str) -> dict[str, str]:
    """The product's own files, by path."""
    listed = subprocess.run(["git", "ls-files", *endings], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [each for each in listed.split() if not each.startswith("tests/")]
    return {path: Path(ROOT, path).read_text() for path in paths}


def test_who_enters_the_system_scope_is_named_here() -> None:
    own = {"routerhub/tenancy/scope.py", "routerhub/tenancy/owners.py", "routerhub/tenancy/policies.py"}
    assert {path for path, text in sources("*.py").items() if NAMED.search(text)} - own == ACROSS_ACCOUNTS.keys()


def test_every_task_says_for_whom_it_works() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if ".tasks." in name}
    assert {name for name, task in ours.items() if isinstance(task, AcrossAccounts)} == TASKS
    assert {name for name, task in ours.items() if not isinstance(task, AcrossAccounts | OfAccount)} == OF_NOBODY


def test_which_functions_of_the_database_work_across_accounts() -> None:
    found = set()
    for text in sources("*.sql").values():
        for function in re.split(r"(?=^CREATE (?:OR REPLACE )?FUNCTION )", text, flags=re.MULTILINE):
            if "set_config('routerhub.scope', 'system'" in function:
                found.add(re.match(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)", function)[1])  # type: ignore[index]
    assert found == IN_SQL
