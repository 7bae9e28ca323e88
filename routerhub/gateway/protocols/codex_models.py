"""The list of models as Codex reads it: GET /v1/models?client_version=... It asks where its key comes from a command or a login.

What is not in the list is worked with all the same, by what Codex supposes of a model that it does not know. For a model that
is in the list, its `base_instructions` take the place of Codex's own, so they say what an agent there has to know. Tried with
Codex 0.171; the shape is that of its `ModelInfo`, https://github.com/openai/codex, codex-rs/protocol/src/openai_models.rs.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from autorouter.types import RouterRelease
from budgets.types import Caller
from models_registry.types import Catalogue, Model
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX
from routerhub.gateway.protocols.openai_models import is_shown

QUERY = "client_version"
"""By it Codex is known: no other client's list has it."""
MAX_TOOL_OUTPUT = {"mode": "tokens", "limit": 10_000}
INSTRUCTIONS = """\
You are a coding agent in Codex, a program in the user's terminal. You and the user share a folder: the tools that you are \
given read and change it, and run commands in it.
- Look before you act: read the files that a task is about, and the AGENTS.md files that hold for them, and follow those.
- Do what is asked, wholly and no more: change as little as does it, in the style of what is there, and undo nobody's work.
- Work until it is done. Check it by running the tests or the program where there are any, and mend what fails.
- Never claim what you did not see. Say what could not be done, and why.
- Ask before what cannot be undone, unless the user has allowed it.
- End with a few plain sentences on what you did and where.
"""


def listed(
    catalogue: Catalogue, router: RouterRelease, _: Mapping[str, str], caller: Caller, now: datetime
) -> dict[str, Any]:
    """{"models": [...]}: the router, its policies, then every model that can call tools, without which Codex does nothing."""
    models = [each for each in catalogue.models.values() if is_shown(each, caller, now) and each.has("tools")]
    shown = {each.id: each for each in sorted(models, key=lambda model: model.id) if each.kind == "chat"}
    lines = [_line(AUTO, "RouterHub chooses", "The model that suits each request.", shown.values())]
    for name, policy in router.policies.items():
        if own := [shown[each] for each in policy.models if each in shown]:
            lines.append(_line(POLICY_PREFIX + name, policy.title or name, "Chosen by this policy.", own))
    lines += [_line(each.id, each.name, each.user_description, [each]) for each in shown.values()]
    return {"models": [{**line, "priority": at} for at, line in enumerate(lines)]}


def _line(slug: str, name: str, description: str, models: Iterable[Model]) -> dict[str, Any]:
    """One line, for whichever of these models comes to answer: the router passes over those with too small a window."""
    answering = list(models)
    return {
        "slug": slug,
        "display_name": name,
        "description": description,
        "supported_reasoning_levels": [],
        "shell_type": "shell_command",
        "visibility": "list",
        "supported_in_api": True,
        "upgrade": None,
        "base_instructions": INSTRUCTIONS,
        "supports_reasoning_summaries": False,
        "support_verbosity": False,
        "default_verbosity": None,
        "apply_patch_tool_type": None,
        "truncation_policy": MAX_TOOL_OUTPUT,
        "supports_parallel_tool_calls": True,
        "context_window": max((each.context_window for each in answering), default=None),
        "input_modalities": ["text", "image"] if any(each.has("vision") for each in answering) else ["text"],
        "experimental_supported_tools": [],
    }
