"""What was said, handed over to be kept where account and key want that: after the answer, and without waiting for anything.

How it is redacted, sealed and written stands in analytics.bodies; here it is only put together out of the neutral answer, so that
a stream is kept as the whole that it came to.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.bodies.types import Said
from models_registry.upstream.base import Choice, ToolCall
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.operation import Operation, Whole
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.runtime import Runtime

Write = Callable[[Runtime, ChatProtocol, Operation], Awaitable[Reply]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeper:
    """Has a request and its answer kept. See routerhub.gateway.operation.Keeper."""

    runtime: Runtime
    operation: Operation
    size: int
    """Bytes of the request as it came in."""

    async def keep(self, whole: Whole) -> None:
        note(self.runtime, self.operation, self.size, [_said(choice) for choice in whole.completion.choices])

    async def drop(self, has_left: bool) -> None:
        """Of an answer that never became whole, the request alone."""
        note(self.runtime, self.operation, self.size, None)


async def serve(write: Write, size: int, runtime: Runtime, protocol: ChatProtocol, operation: Operation) -> Reply:
    """As `write` does, and what was said is kept. Raises what `write` raises."""
    if _refuses(operation):
        return await write(runtime, protocol, operation)
    keeper = Keeper(runtime=runtime, operation=operation, size=size)
    operation.keepers = (*operation.keepers, keeper)
    try:
        return await write(runtime, protocol, operation)
    except BaseException:
        await keeper.drop(has_left=False)
        raise


def note(runtime: Runtime, operation: Operation, size: int, answer: Any) -> None:
    """Keep what a request said and, where there is one, its answer."""
    arrival = operation.arrival
    runtime.bodies.note(
        Said(
            operation_id=operation.id, account_id=arrival.caller.account_id, created_at=arrival.at, size=size,
            request=_body(operation), answer=answer,
        )
    )  # fmt: skip


def _refuses(operation: Operation) -> bool:
    """Whether the request says that nothing of it is to be stored, as OpenAI's clients do."""
    return _body(operation).get("store") is False


def _body(operation: Operation) -> Any:
    return operation.request.native or operation.request.content


def _said(choice: Choice) -> dict[str, Any]:
    """A choice without what it has not."""
    said = {
        "text": choice.text, "reasoning": choice.reasoning, "refusal": choice.refusal,
        "tool_calls": _calls(choice.tool_calls), "finish": choice.finish,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def _calls(pieces: Sequence[ToolCall]) -> list[dict[str, str]]:
    """The calls out of the pieces in which a stream tells them."""
    whole: dict[int, list[ToolCall]] = {}
    for piece in pieces:
        whole.setdefault(piece.index, []).append(piece)
    return [
        {"name": "".join([each.name for each in call]), "arguments": "".join([each.arguments for each in call])}
        for _, call in sorted(whole.items())
    ]
