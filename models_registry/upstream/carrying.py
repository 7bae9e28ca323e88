"""What each upstream's dialect carries of a request in the neutral spelling: one rule a parameter, side by side. Pure.

Chat completions have no column: their words are the neutral ones, and what nobody here knows passes through.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models_registry.upstream.base import ANTHROPIC, GOOGLE, OPENAI_RESPONSES, Lacking
from models_registry.upstream.errors import Rejected
from models_registry.upstream.neutral import unpaired

CARRIED, REFUSED, DROPPED = "carried", "refused", "dropped"
"""Refused: without it the answer would be another one. Dropped: the answer is given without it, and says so."""
COLUMNS = (OPENAI_RESPONSES, ANTHROPIC, GOOGLE)
RULES: Mapping[str, tuple[str, str, str]] = {
    "audio": (DROPPED, DROPPED, DROPPED),
    "frequency_penalty": (DROPPED, DROPPED, CARRIED),
    "function_call": (DROPPED, DROPPED, DROPPED),
    "functions": (REFUSED, REFUSED, REFUSED),
    "logit_bias": (DROPPED, DROPPED, DROPPED),
    "logprobs": (CARRIED, REFUSED, REFUSED),
    "messages": (CARRIED, CARRIED, CARRIED),
    "metadata": (CARRIED, DROPPED, DROPPED),
    "modalities": (REFUSED, REFUSED, REFUSED),
    "moderation": (CARRIED, REFUSED, REFUSED),
    "n": (REFUSED, REFUSED, CARRIED),
    "parallel_tool_calls": (CARRIED, CARRIED, DROPPED),
    "prediction": (DROPPED, DROPPED, DROPPED),
    "presence_penalty": (DROPPED, DROPPED, CARRIED),
    "prompt_cache_key": (CARRIED, DROPPED, DROPPED),
    "prompt_cache_options": (CARRIED, DROPPED, DROPPED),
    "prompt_cache_retention": (CARRIED, DROPPED, DROPPED),
    "reasoning_effort": (CARRIED, CARRIED, CARRIED),
    "response_format": (CARRIED, REFUSED, CARRIED),
    "safety_identifier": (CARRIED, DROPPED, DROPPED),
    "seed": (DROPPED, DROPPED, CARRIED),
    "service_tier": (CARRIED, DROPPED, DROPPED),
    "stop": (REFUSED, CARRIED, CARRIED),
    "store": (DROPPED, DROPPED, DROPPED),
    "stream_options": (CARRIED, CARRIED, CARRIED),
    "temperature": (CARRIED, CARRIED, CARRIED),
    "tool_choice": (REFUSED, REFUSED, REFUSED),
    "tools": (CARRIED, CARRIED, CARRIED),
    "top_logprobs": (CARRIED, DROPPED, DROPPED),
    "top_p": (CARRIED, CARRIED, CARRIED),
    "user": (CARRIED, DROPPED, DROPPED),
    "verbosity": (CARRIED, DROPPED, DROPPED),
    "web_search_options": (REFUSED, REFUSED, REFUSED),
}
"""By the columns above. What is not here is unknown, and dropped. `stream_options` are RouterHub's own to keep."""


def names_no_function(named: Any) -> bool:
    """Whether a call or a choice of tools is of another kind than the one that all dialects have."""
    return isinstance(named, dict) and not isinstance(named.get("function"), dict)


IS_ASKED: Mapping[str, Callable[[Any], bool]] = {
    "modalities": lambda value: value not in (None, ["text"]),
    "n": lambda value: value not in (None, 1),
    "response_format": lambda value: bool(value) and value.get("type") == "json_object",
    "tool_choice": names_no_function,
    "web_search_options": lambda value: value is not None,
}
"""Of what is refused somewhere: whether a value asks for it, where that is not any that says something. Any other value is
carried or says nothing."""

VECTORS = frozenset({"input", "dimensions", "encoding_format"})
"""What of a request for vectors every dialect carries that has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One upstream dialect's column of the rules."""

    title: str
    """Whose it is, for people."""
    rules: Mapping[str, str]
    parts: frozenset[str]
    """The types of a message's parts that are carried; all others are refused. Of tools only functions are carried."""

    def lacking(self, content: Mapping[str, Any]) -> Lacking:
        """What the request asks for that there is no word for."""
        if "messages" not in content:
            return Lacking(dropped=tuple([name for name in content.keys() - VECTORS if content[name] is not None]))
        rules, refused, dropped = self.rules, "", []
        for name, value in content.items():
            match rules.get(name, DROPPED):
                case "refused" if not refused and IS_ASKED.get(name, bool)(value):
                    refused = name
                case "dropped" if value is not None:
                    dropped.append(name)
        return Lacking(
            refused=refused or self._part(content["messages"]) or _tool(content.get("tools") or ()),
            dropped=tuple(dropped),
        )

    def check(self, content: Mapping[str, Any]) -> None:
        """Raises Rejected, for whoever asks all the same."""
        if refused := self.lacking(content).refused:
            raise rejected(refused, self.title)
        if problem := unpaired(content["messages"]):
            raise Rejected(
                f"{problem}: each call needs its result.", was_sent=False, code="invalid_value", param=problem
            )

    def _part(self, messages: Any) -> str:
        """The first part or call that is not carried; empty where all are."""
        for at, message in enumerate(messages):
            content = message.get("content")
            for place, call in enumerate(message.get("tool_calls") or ()):
                if names_no_function(call):
                    return f"messages[{at}].tool_calls[{place}] of type {call.get('type')}"
            if isinstance(content, list):
                for place, part in enumerate(content):
                    if str(part.get("type")) not in self.parts or _is_elsewhere(part):
                        return f"messages[{at}].content[{place}] of type {part.get('type')}"
        return ""


def table(dialect: str, title: str, *parts: str) -> Table:
    at = COLUMNS.index(dialect)
    rules = {name: columns[at] for name, columns in RULES.items()}
    return Table(title=title, rules=rules, parts=frozenset({"text", "refusal", *parts}))


def rejected(what: str, title: str) -> Rejected:
    """The refusal of something that a dialect has no word for: nothing was sent."""
    return Rejected(f"{what}: {title} has nothing like it.", was_sent=False, code="unsupported_parameter", param=what)


def _is_elsewhere(part: Mapping[str, Any]) -> bool:
    """Whether it is a file that only the server knows to which it was given."""
    file = part.get("file")
    return part.get("type") == "file" and not (isinstance(file, dict) and file.get("file_data"))


def _tool(tools: Any) -> str:
    for tool in tools:
        if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(tool.get("function"), dict):
            return f"tools of type {tool.get('type') if isinstance(tool, dict) else type(tool).__name__}"
    return ""
