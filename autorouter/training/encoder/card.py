"""The model card: what a trained file is, for people who read it without the project at hand. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from autorouter.classification.judged import CATEGORIES
from autorouter.training.encoder.data import digest
from autorouter.training.encoder.fitting import Settings
from autorouter.training.prompts import Prompt
from autorouter.types import COMPLEXITIES

NOT_MEASURED = (
    "Trained on all sources, so nothing here says how well it does: train once more with --leave-out for figures."
)
LIMITS = """The licence is that of the base. No prompt stands in the file. Prompts of other languages than the base's, follow-ups
without their conversation and very long texts are read worse than these figures say.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """What a file was made from."""

    base_digest: str
    read: Sequence[Prompt]
    seeds: Sequence[Prompt]
    settings: Settings

    def lines(self) -> list[str]:
        """Counts, sources and digests."""
        sources = len({one.source for one in self.read})
        return [
            f"{len(self.read)} prompts of {sources} sources, labelled by reading (digest {digest(self.read)})",
            f"{len(self.seeds)} seed prompts of this project (digest {digest(self.seeds)})",
            f"a base whose weights have SHA-256 {self.base_digest}",
            ", ".join(f"{name} {value}" for name, value in asdict(self.settings).items()),
        ]


def card(training: Training, figures: Sequence[str]) -> str:
    """In Markdown. `figures` are on prompts of sources that were left out; none: nothing was."""
    measured = ["On sources left out of training:", "", *(f"- {line.strip()}" for line in figures)]
    return "\n".join(
        [
            "# The encoder's model card",
            "",
            f"Reads a prompt and gives probabilities of {', '.join(CATEGORIES)},",
            f"and of {', '.join(COMPLEXITIES)}. It writes nothing. Trained on:",
            "",
            *(f"- {line}" for line in training.lines()),
            "",
            *(measured if figures else [NOT_MEASURED]),
            "",
            LIMITS,
        ]
    )
