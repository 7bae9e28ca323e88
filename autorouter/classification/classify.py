"""What a request is about, found locally: no network, no model to download, well under a millisecond.

Category and complexity come from the words and the structure of what the user asked, by weights trained on labelled
prompts (docs/classifier.md); the last user message counts in full, the two before it by less. Attachments, tools and
size are read from the request, not guessed from words.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from autorouter.classification.features import terms
from autorouter.classification.judged import Judged
from autorouter.classification.table import WEIGHTS_FILE, judge, read
from autorouter.classification.turns import TurnMemory
from autorouter.types import Category, Likely, Task
from models_registry.types import Capability

CHARS_PER_TOKEN = 4
"""The usual estimate for English prose; code and other scripts have fewer characters a token."""
TOKENS_PER_MESSAGE = 4
IMAGE_TOKENS = 1_000
AUDIO_TOKENS = 1_500
DEFAULT_CATEGORY: Category = "conversation"
"""Without any words it is small talk."""
MULTIMODAL: Category = "multimodal"
CERTAIN = Decimal(1)
WEIGHTS = read(WEIGHTS_FILE)
TURNS = TurnMemory()


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A conversation as it was read locally, for whoever reads it once more."""

    task: Task
    asked: tuple[str, ...]
    """What the user said, turn by turn, the last turn last."""
    judged: Judged | None
    """What the table makes of it. None: there is no word in it, so nobody needs to be asked."""

    def as_judged(self, judged: Judged, origin: str) -> Task:
        """The task as somebody else sees it. Attachments say more than words."""
        if self.task.category == MULTIMODAL:
            return replace(self.task, complexity=judged.complexity, origin=origin)
        likely = judged.likely
        return replace(self.task, category=likely[0][0], complexity=judged.complexity, likely=likely, origin=origin)


def classify(
    messages: Sequence[Mapping[str, Any]],
    tools: bool = False,
    structured_output: bool = False,
    stream: bool = False,
) -> Task:
    """The task of an OpenAI-style conversation, by the table. Unknown parts of a message are left out of account."""
    return read_locally(messages, tools, structured_output, stream).task


def read_locally(
    messages: Sequence[Mapping[str, Any]],
    tools: bool = False,
    structured_output: bool = False,
    stream: bool = False,
) -> Read:
    """The same with what others need to read it too."""
    parts = [part for message in messages for part in _parts(message)]
    images = sum(part in {"image_url", "input_image", "image"} for part, _ in parts)
    audio = sum(part == "input_audio" for part, _ in parts)
    asked = tuple([text for message in messages if message.get("role") == "user" for text in _texts(message)])
    judged = _judged(asked)
    likely: Likely = judged.likely if judged else ((DEFAULT_CATEGORY, CERTAIN),)
    if images or audio:
        likely = ((MULTIMODAL, CERTAIN),)
    task = Task(
        category=likely[0][0],
        complexity=judged.complexity if judged else "simple",
        input_tokens=_tokens(parts, len(messages)) + images * IMAGE_TOKENS + audio * AUDIO_TOKENS,
        needs=frozenset(_needs(images > 0, audio > 0, tools, structured_output, stream)),
        origin="local",
        likely=likely,
    )
    return Read(task=task, asked=asked, judged=judged)


def _parts(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Type and text of each part of a message's content."""
    content = message.get("content")
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, Mapping):
                text = part.get("text")
                yield str(part.get("type", "text")), text if isinstance(text, str) else ""


def _texts(message: Mapping[str, Any]) -> list[str]:
    return [text for _, text in _parts(message) if text]


def _tokens(parts: Iterable[tuple[str, str]], messages: int) -> int:
    characters = sum(len(text) for _, text in parts)
    return -(-characters // CHARS_PER_TOKEN) + TOKENS_PER_MESSAGE * messages


def _needs(images: bool, audio: bool, tools: bool, structured: bool, stream: bool) -> Iterator[Capability]:
    if images:
        yield "vision"
    if audio:
        yield "audio"
    if tools:
        yield "tools"
    if structured:
        yield "structured_output"
    if stream:
        yield "streaming"


def _judged(asked: Sequence[str]) -> Judged | None:
    """Without any words there is nothing to judge. What begins a conversation may never come again, so it is not remembered."""
    if not asked or not asked[-1].strip():
        return None
    return judge(WEIGHTS, asked, TURNS.terms if len(asked) > 1 else terms)
