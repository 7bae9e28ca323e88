"""Claude Code and Codex, the programs themselves, with RouterHub as the only thing that they know: a text, and a tool's round.

Both are fetched once, see tests/agents/programs.py. Where they cannot be had, the tests say so.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.agents import programs
from tests.agents.model import AgentModel, serving
from tests.installing import NotInstalled
from tests.stack import ROOT, Stack, eventually, running_stack

pytestmark = pytest.mark.xdist_group("agents")
READS = "cat note.txt"
AGAIN = "cat again.txt"
Tools = Mapping[str, Sequence[Mapping[str, object]]]


def reading(*commands: str) -> Tools:
    """How each agent's own tool is asked to run these commands at once."""
    return {
        "Bash": [{"command": command, "description": "Reads a note"} for command in commands],
        "exec_command": [{"cmd": command} for command in commands],
    }


README = (ROOT / "README.md").read_text()
NOTE = "The cat is called Mimi."
OTHER_NOTE = "The dog is called Rex."
WAIT_S = 180


@pytest.fixture(scope="module")
def model() -> Iterator[AgentModel]:
    with serving({}) as model:
        yield model


@pytest.fixture(scope="module")
def stack(model: AgentModel) -> Iterator[Stack]:
    keys = {"OPENAI_API_KEY": "sk-real", "OPENROUTER_API_KEY": "sk-real"}
    with running_stack(
        processes=1, SANDBOX="off", **keys, OPENAI_BASE_URL=model.url, OPENROUTER_BASE_URL=model.url
    ) as stack:
        yield stack


@pytest.fixture(autouse=True)
def fresh(model: AgentModel) -> None:
    """Each test's model knows the tools that read the note, and was asked nothing."""
    model.tools, model.reasoning, model.hangs = reading(READS), "", False
    model.requests.clear()
    model.was_left.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the agent works, with a note in it. Its home is another one, so that it knows nobody."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "note.txt").write_text(NOTE)
    (tmp_path / "work" / "again.txt").write_text(OTHER_NOTE)
    return tmp_path


def ran(command: list[str], folder: Path, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """An agent that came to its end. Fails where it did not, or says that it failed."""
    done = subprocess.run(
        command, cwd=folder / "work", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S, check=False,
        env=surroundings(folder, env),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def surroundings(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), **env}


def program(which: programs.Agent) -> str:
    try:
        return str(programs.installed_agent(which))
    except NotInstalled as problem:
        pytest.skip(f"{which.package} cannot be had here: {problem}")


class ClaudeCode:
    """As the README says."""

    def command(self, stack: Stack, folder: Path, prompt: str, model: str, *, goes_on: bool = False) -> list[str]:
        went = ["--continue"] if goes_on else []
        return [program(programs.CLAUDE_CODE), "-p", prompt, *went, "--model", model, "--allowedTools", "Bash,Agent"]

    def env(self, stack: Stack) -> dict[str, str]:
        known = {"ROUTERHUB_URL": stack.url, "ROUTERHUB_API_KEY": stack.key}
        given: dict[str, str] = dict(re.findall(r"(ANTHROPIC_\w+)=(\S*)", README))
        assert len(given) == 5
        return {
            **{name: known.get(value.removeprefix("$"), value) for name, value in given.items()},
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }


class Codex:
    """As the README says."""

    def config(self, stack: Stack) -> str:
        (lines,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
        return str(lines).replace("http://127.0.0.1:8000", stack.url)

    def command(self, stack: Stack, folder: Path, prompt: str, model: str, *, goes_on: bool = False) -> list[str]:
        home = folder / "home" / ".codex"
        home.mkdir(exist_ok=True)
        (home / "config.toml").write_text(self.config(stack))
        options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--model", model]
        return [program(programs.CODEX), "exec", *options, *(["resume", "--last"] if goes_on else []), prompt]

    def env(self, stack: Stack) -> dict[str, str]:
        return {"ROUTERHUB_API_KEY": stack.key}


CLAUDE, CODEX = ClaudeCode(), Codex()
both = pytest.mark.parametrize("agent", [CLAUDE, CODEX], ids=["claude code", "codex"])
Agent = ClaudeCode | Codex


def says(agent: Agent, stack: Stack, folder: Path, prompt: str, model: str = "auto", *, goes_on: bool = False) -> str:
    return ran(agent.command(stack, folder, prompt, model, goes_on=goes_on), folder, agent.env(stack)).stdout


@both
def test_an_agent_answers_with_text(agent: Agent, stack: Stack, model: AgentModel, folder: Path) -> None:
    model.tools = {}
    assert "Hello!" in says(agent, stack, folder, "Say hello")


@both
def test_an_agent_goes_a_whole_round_with_a_tool_and_goes_on_another_time(
    agent: Agent, stack: Stack, model: AgentModel, folder: Path
) -> None:
    model.reasoning = "Let me read it."
    assert NOTE in says(agent, stack, folder, "What does the note say?")
    assert any(READS in str(message.get("tool_calls")) for message in model.requests[-1]["messages"]), (
        "its own call comes back"
    )
    model.tools = {}
    assert "Hello!" in says(agent, stack, folder, "Thank you", goes_on=True)
    assert NOTE in str(model.requests[-1]["messages"])
    query = "SELECT DISTINCT outcome, http_status FROM analytics_record WHERE outcome <> 'abandoned'"
    assert stack.rows(query) == [("success", 200)]


@both
def test_an_agent_runs_parallel_calls_and_sends_both_results(
    agent: Agent, stack: Stack, model: AgentModel, folder: Path
) -> None:
    model.tools = reading(READS, AGAIN)
    answer = says(agent, stack, folder, "What do the notes say?")
    assert NOTE in answer
    assert OTHER_NOTE in answer


@pytest.mark.parametrize(
    ("agent", "name"), [(CLAUDE, "claude-haiku-4-5"), (CLAUDE, "sonnet"), (CLAUDE, "opus"), (CODEX, "gpt-5.4")]
)
def test_a_name_that_the_agent_knows_is_answered(
    agent: Agent, name: str, stack: Stack, model: AgentModel, folder: Path
) -> None:
    assert NOTE in says(agent, stack, folder, "What does the note say?", name)


def test_claude_code_sends_another_agent_which_goes_a_round_of_its_own(
    stack: Stack, model: AgentModel, folder: Path
) -> None:
    task = {"description": "Read it", "prompt": "What does the note say?", "subagent_type": "general-purpose"}
    model.tools = {"Agent": [task], **reading(READS)}
    assert NOTE in says(CLAUDE, stack, folder, "Let somebody read the note")
    assert len({json.dumps(request["messages"][0]) for request in model.requests}) == 2, "two conversations"


@both
def test_an_agent_that_is_stopped_midway_stops_its_model_and_pays_for_what_it_said(
    agent: Agent, stack: Stack, model: AgentModel, folder: Path
) -> None:
    model.hangs = True
    command = agent.command(stack, folder, "Think for long", "auto")
    with subprocess.Popen(
        command, cwd=folder / "work", env=surroundings(folder, agent.env(stack)), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        eventually(lambda: model.requests, WAIT_S)
        running.terminate()
    assert model.was_left.wait(WAIT_S)
    query = "SELECT cost_nano > 0 FROM analytics_record WHERE outcome = 'abandoned'"
    assert eventually(lambda: stack.rows(query))[0] == (True,)


def test_codex_reads_the_list_of_models_where_a_command_gives_its_key(
    stack: Stack, model: AgentModel, folder: Path
) -> None:
    """With a key from the environment it does not ask, and works by what it supposes of a model."""
    command = CODEX.command(stack, folder, "What does the note say?", "auto")
    home = folder / "home" / ".codex"
    (asks,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "clients.md").read_text(), re.DOTALL)
    (home / "config.toml").write_text(CODEX.config(stack).replace('env_key = "ROUTERHUB_API_KEY"\n', "") + asks)
    done = ran(command, folder, CODEX.env(stack))
    assert NOTE in done.stdout
    assert "Model metadata" not in done.stderr
    assert "failed to refresh available models" not in done.stderr
    known = json.loads((home / "models_cache.json").read_text())
    assert known["models"][0]["slug"] == "auto"
