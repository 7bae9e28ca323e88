"""The command-line agents, each fetched once with npm at the version named here."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.installing import installed, node_project


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """A package, and where its program lies in it for Linux on x86-64."""

    name: str
    package: str
    version: str
    program: str


CLAUDE_CODE = Agent(
    name="claude-code",
    package="@anthropic-ai/claude-code",
    version="2.1.197",
    program="@anthropic-ai/claude-code-linux-x64/claude",
)
CODEX = Agent(
    name="codex",
    package="@openai/codex",
    version="0.171.0",
    program="@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
)
AGENTS = (CLAUDE_CODE, CODEX)


def installed_agent(agent: Agent) -> Path:
    """Its program, fetched now where it was not yet. Raises NotInstalled."""
    manifest = {"private": True, "dependencies": {agent.package: agent.version}}
    home = installed(agent.name, f"{agent.package}@{agent.version}", partial(node_project, manifest))
    return home / "node_modules" / agent.program
