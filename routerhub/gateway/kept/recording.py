"""A stream as it is being told, for those who keep it: its bytes, and the whole answer that its chunks come to."""

from typing import Final

from models_registry.types import Usage
from models_registry.upstream.base import Choice, Chunk, Completion, ToolCall

RECORDED: Final = "routerhub"
"""The dialect of what no upstream wrote like this."""


class Recording:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self._text: dict[int, list[Choice]] = {}

    def saw(self, chunk: Chunk) -> None:
        for choice in chunk.choices:
            self._text.setdefault(choice.index, []).append(choice)

    def completion(self, usage: Usage) -> Completion:
        choices = tuple(_whole(pieces) for _, pieces in sorted(self._text.items()))
        return Completion(choices=choices, usage=usage, dialect=RECORDED, native={})


def _whole(pieces: list[Choice]) -> Choice:
    """A choice out of all that was told of it. Calls stay in their pieces, and log probabilities in lists."""
    calls: list[ToolCall] = [call for piece in pieces for call in piece.tool_calls]
    logprobs = [piece.logprobs for piece in pieces if piece.logprobs]
    return Choice(
        index=pieces[0].index,
        text="".join([piece.text for piece in pieces]),
        reasoning="".join([piece.reasoning for piece in pieces]),
        refusal="".join([piece.refusal for piece in pieces]),
        tool_calls=tuple(calls),
        finish=next((piece.finish for piece in reversed(pieces) if piece.finish), None),
        logprobs=logprobs or None,
    )
