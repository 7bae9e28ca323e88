"""What a dialect carries of a request in the neutral spelling: a table, of which each other dialect has one. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models_registry.upstream.base import Lacking
from models_registry.upstream.errors import Rejected


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One rule a field: carried, refused by name, or (all others) dropped, which the answer's headers tell."""

    title: str
    """Whose table it is, for people."""
    carried: frozenset[str]
    refused: Mapping[str, Callable[[Any], bool]]
    """Whether a field's value asks for something without which the answer would be another one."""
    parts: frozenset[str]
    """The types of a message's parts that are carried; all others are refused. Of tools only functions are carried."""

    def lacking(self, content: Mapping[str, Any]) -> Lacking:
        """What the request asks for that there is no word for."""
        refused = next((name for name, is_asked in self.refused.items() if is_asked(content.get(name))), "")
        known = self.carried | self.refused.keys()
        return Lacking(
            refused=refused or self._part(content["messages"]) or _tool(content.get("tools") or ()),
            dropped=tuple([name for name, value in content.items() if name not in known and value is not None]),
        )

    def check(self, content: Mapping[str, Any]) -> None:
        """Raises Rejected, for whoever asks all the same."""
        if refused := self.lacking(content).refused:
            raise rejected(refused, self.title)

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


def rejected(what: str, title: str) -> Rejected:
    """The refusal of something that a dialect has no word for: nothing was sent."""
    return Rejected(f"{what}: {title} has nothing like it.", was_sent=False, code="unsupported_parameter", param=what)


def names_no_function(named: Any) -> bool:
    """Whether a call or a choice of tools is of another kind than the one that all dialects have."""
    return isinstance(named, dict) and not isinstance(named.get("function"), dict)


def _is_elsewhere(part: Mapping[str, Any]) -> bool:
    """Whether it is a file that only the server knows to which it was given."""
    file = part.get("file")
    return part.get("type") == "file" and not (isinstance(file, dict) and file.get("file_data"))


def _tool(tools: Any) -> str:
    for tool in tools:
        if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(tool.get("function"), dict):
            return f"tools of type {tool.get('type') if isinstance(tool, dict) else type(tool).__name__}"
    return ""
