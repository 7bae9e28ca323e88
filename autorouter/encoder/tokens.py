"""The pieces of a text that the network reads, in training and at run time alike. Needs requirements-encoder.txt."""

from tokenizers import Tokenizer

from autorouter.encoder.excerpts import excerpt

HEAD_TOKENS, TAIL_TOKENS = 94, 32
"""Of longer texts; one before and one after make 128."""


class Tokens:
    """A tokenizer, given its JSON."""

    def __init__(self, tokenizer: str) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer)
        vocabulary = self._tokenizer.get_vocab()
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._first, self._last = (vocabulary[name] for name in ("[CLS]", "[SEP]"))

    def of(self, text: str) -> list[int]:
        """Numbers of the pieces of a text's excerpt, with one that begins it and one that ends it."""
        found = self._tokenizer.encode(excerpt(text), add_special_tokens=False).ids
        if len(found) > HEAD_TOKENS + TAIL_TOKENS:
            found = found[:HEAD_TOKENS] + found[-TAIL_TOKENS:]
        return [self._first, *found, self._last]
