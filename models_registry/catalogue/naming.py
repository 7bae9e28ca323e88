"""What people call a value of a catalogue bundle. Pure."""

from collections.abc import Sequence


def label(steps: Sequence[str]) -> str:
    """The model or provider, and the field: "openai:gpt-5, context window", "openai:gpt-5, deployment 1, price 2, input"."""
    _, about, *fields = (*steps, "")
    words = " ".join(fields).replace("_", " ").split()
    return f"{about}, {_counted(words)}" if words else about


def _counted(words: Sequence[str]) -> str:
    """Places in a list stand behind what the list is of."""
    text = " ".join(words)
    for many, one in (("deployments", "deployment"), ("prices", "price"), ("tiers", "tier")):
        text = text.replace(f"{many} ", f"{one} ")
    return text.replace(" rates ", " ")
