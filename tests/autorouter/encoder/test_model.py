"""The file that ships."""

from pathlib import Path

import pytest

from autorouter.encoder import model
from autorouter.encoder.model import Encoder

FILE = Path(model.__file__).with_name("encoder.onnx")
STRANGE = ["", "\0", "half \ud83d of one", "\u202e" * 3_000, "a" * 100_000, "概率" * 900, "😀" * 50]


def test_it_is_small_has_its_card_and_reads_whatever_a_prompt_holds() -> None:
    assert FILE.stat().st_size <= 25_000_000
    encoder = Encoder(FILE)
    assert "Limits" in encoder.card
    code, thanks, *strange = encoder.judge(
        ["Write a Python function that merges two sorted lists.", "thank you so much, you made my day", *STRANGE]
    )
    assert (code.category, thanks.category, thanks.complexity) == ("coding", "conversation", "simple")
    for judged in (code, thanks, *strange):
        assert sum(judged.categories) == pytest.approx(1)
        assert sum(judged.complexities) == pytest.approx(1)
