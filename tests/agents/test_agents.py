"""Claude Code and Codex, the programs themselves, with RouterHub as the only thing that they know: a text, and a tool's round.

Both are fetched once, see tests/agents/programs.py. Where they cannot be had, the tests say so.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.agents import programs
from tests.agents.model import AgentModel, serving
from tests.installing import NotInstalled
from tests.stack import Stack, running_stack

pytestmark = pytest.mark.xdist_group("agents")
READS = "cat note.txt"
TOOLS: Mapping[str, Mapping[str, object]] = {
    "Bash": {"command": READS, "description": "Reads the note"},
    "exec_command": {"cmd": READS},
    "shell_command": {"command": READS},
    "shell": {"command": READS.split()},
}
"""How each agent's own tool is asked to read a file."""
NOTE = "The cat is called Mimi."
WAIT_S = 180


@pytest.fixture(scope="module")
def model() -> Iterator[AgentModel]:
    with serving(TOOLS) as model:
        yield model


@pytest.fixture(scope="module")
def stack(model: AgentModel) -> Iterator[Stack]:
    with running_stack(processes=1, SANDBOX="off", OPENAI_API_KEY="sk-real", OPENAI_BASE_URL=model.url) as stack:
        yield stack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the agent works, with a note in it. Its home is another one, so that it knows nobody."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "note.txt").write_text(NOTE)
    return tmp_path


def said(command: list[str], folder: Path, **env: str) -> str:
    """What the agent answers. Fails when it does."""
    return ran(command, folder, **env).stdout


def ran(command: list[str], folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command, cwd=folder / "work", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home"), **env},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def program(which: programs.Agent) -> str:
    try:
        return str(programs.installed_agent(which))
    except NotInstalled as problem:
        pytest.skip(f"{which.package} cannot be had here: {problem}")


def claude(stack: Stack, folder: Path, prompt: str) -> str:
    return said(
        [program(programs.CLAUDE_CODE), "-p", prompt, "--allowedTools", "Bash"],
        folder,
        ANTHROPIC_BASE_URL=stack.url,
        ANTHROPIC_AUTH_TOKEN=stack.key,
        ANTHROPIC_API_KEY="",
        ANTHROPIC_MODEL="auto",
        ANTHROPIC_DEFAULT_HAIKU_MODEL="auto",
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
    )


CODEX_CONFIG = """
model = "auto"
model_provider = "routerhub"

[model_providers.routerhub]
name = "RouterHub"
base_url = "{url}/v1"
env_key = "ROUTERHUB_API_KEY"
wire_api = "responses"
"""


def codex(stack: Stack, folder: Path, prompt: str) -> str:
    home = folder / "home" / ".codex"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(CODEX_CONFIG.format(url=stack.url))
    command = [program(programs.CODEX), "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    return said([*command, prompt], folder, ROUTERHUB_API_KEY=stack.key)


@pytest.mark.parametrize("agent", [claude, codex])
def test_an_agent_answers_and_goes_a_whole_round_with_a_tool(
    agent: programs.Ask, stack: Stack, model: AgentModel, folder: Path
) -> None:
    model.requests.clear()
    assert NOTE in agent(stack, folder, "What does the note say?")
    first, last = model.requests[0], model.requests[-1]
    assert any(READS in str(message.get("tool_calls")) for message in last["messages"]), "its own call comes back"
    assert len(last["messages"]) > len(first["messages"])
    query = "SELECT DISTINCT outcome, http_status FROM analytics_record"
    assert stack.rows(query) == [("success", 200)]


@pytest.mark.parametrize("agent", [claude, codex])
def test_an_agent_answers_with_text(agent: programs.Ask, stack: Stack, model: AgentModel, folder: Path) -> None:
    tools, model.tools = model.tools, {}
    try:
        assert "Hello!" in agent(stack, folder, "Say hello")
    finally:
        model.tools = tools


def test_codex_reads_the_list_of_models_where_a_command_gives_its_key(
    stack: Stack, model: AgentModel, folder: Path
) -> None:
    """With a key from the environment it does not ask, and works by what it supposes of a model."""
    home = folder / "home" / ".codex"
    home.mkdir()
    asks = '[model_providers.routerhub.auth]\ncommand = "printenv"\nargs = ["ROUTERHUB_API_KEY"]\n'
    config = CODEX_CONFIG.format(url=stack.url).replace('env_key = "ROUTERHUB_API_KEY"\n', "")
    (home / "config.toml").write_text(config + asks)
    command = [program(programs.CODEX), "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    done = ran([*command, "What does the note say?"], folder, ROUTERHUB_API_KEY=stack.key)
    assert NOTE in done.stdout
    assert "Model metadata" not in done.stderr
    assert "failed to refresh available models" not in done.stderr
    known = json.loads((home / "models_cache.json").read_text())
    assert known["models"][0]["slug"] == "auto"
