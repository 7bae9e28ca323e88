"""What of a request only Anthropic's own servers know: tools that they describe, and blocks that they made. Pure.

Tools that they run and files that they hold are none of it: what those read and charge no hold covers.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

BLOCKS = re.compile(
    r"server_tool_use|mcp_tool_use|\w+_tool_result|compaction|tool_addition|tool_removal|mcp_tool_listing|fallback"
)
TOOLS = re.compile(
    r"(?:bash|text_editor|computer|memory|browser_toolset|computer_toolset|tool_search_tool_(?:bm25|regex))_20\d{6}"
)
"""Each with the day of its version."""
DESCRIBED_TOKENS = 4_000
"""More than its descriptions of all of them come to (https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview)."""
Block = Mapping[str, Any]


def is_own_tool(tool: Any) -> bool:
    return isinstance(tool, dict) and TOOLS.fullmatch(str(tool.get("type"))) is not None


def is_own_block(block: Any) -> bool:
    return isinstance(block, dict) and BLOCKS.fullmatch(str(block.get("type"))) is not None


def first(raw: Mapping[str, Any]) -> str:
    """The name of the first such thing in a request. Empty: there is none."""
    return next(_found(raw), "")


def _found(raw: Mapping[str, Any]) -> Iterator[str]:
    tools, messages = raw.get("tools"), raw.get("messages")
    for at, tool in enumerate(tools if isinstance(tools, list) else ()):
        if is_own_tool(tool):
            yield f"tools[{at}]"
    for at, message in enumerate(messages if isinstance(messages, list) else ()):
        yield from _in_content(message, f"messages[{at}]")


def _in_content(holder: Any, param: str) -> Iterator[str]:
    """In a message, or in what a tool gave."""
    content = holder.get("content") if isinstance(holder, dict) else None
    for at, block in enumerate(content if isinstance(content, list) else ()):
        if is_own_block(block):
            yield f"{param}.content[{at}]"
        elif isinstance(block, dict) and block.get("type") == "tool_result":
            yield from _in_content(block, f"{param}.content[{at}]")
