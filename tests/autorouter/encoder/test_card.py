"""The file that ships says of itself what the docs say."""

from pathlib import Path

from autorouter.encoder.__main__ import FILE
from autorouter.encoder.model import Encoder

CARD = Path(__file__).parents[3] / "docs" / "encoder-card.md"
MAX_BYTES = 25_000_000


def test_the_card_in_the_file_is_the_page_in_the_docs_and_the_file_is_small() -> None:
    assert Encoder(FILE).card == CARD.read_text(encoding="utf-8")
    assert FILE.stat().st_size <= MAX_BYTES
