"""The trained network, as one ONNX file that has all it needs in its metadata, and what it makes of texts.

Metadata: `tokenizer` (its JSON), `labels` (JSON: `categories` and `complexities` in the order of the outputs),
`temperatures` (JSON: `category` and `complexity`, by which logits are divided) and `card` (Markdown).
Input `ids` int64 (b, t) and `mask` float32 (b, t); output `category` and `difficulty`, float32 probabilities.

Needs the packages of requirements-encoder.txt: import it only where the network itself is run.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.encoder.tokens import Tokens
from autorouter.types import COMPLEXITIES

DIGEST_DIGITS = 12
Shares = npt.NDArray[np.float32]


class Encoder:
    """A loaded file. Runs on one thread, its caller's."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        self.digest = hashlib.sha256(content).hexdigest()[:DIGEST_DIGITS]
        """Names the version."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # what a long text took would be kept for good
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        _check_labels(path, json.loads(metadata["labels"]))
        temperatures = json.loads(metadata["temperatures"])
        self._category_temperature = float(temperatures["category"])
        self._complexity_temperature = float(temperatures["complexity"])
        self._tokens = Tokens(metadata["tokenizer"])
        self.card = metadata["card"]

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        """What each text is about. One after the other: int8 sums of a batch depend on who else is in it."""
        return [self._judged(text) for text in texts]

    def _judged(self, text: str) -> Judged:
        ids = np.array([self._tokens.of(text)], np.int64)
        given = {"ids": ids, "mask": np.ones(ids.shape, np.float32)}
        categories, complexities = self._session.run(["category", "difficulty"], given)
        return Judged(
            categories=_tempered(categories[0], self._category_temperature),
            complexities=_tempered(complexities[0], self._complexity_temperature),
        )


def _check_labels(path: Path, labels: Mapping[str, Sequence[str]]) -> None:
    if (labels["categories"], labels["complexities"]) != ([*CATEGORIES], [*COMPLEXITIES]):
        raise ValueError(f"{path.name} is of other categories: train it again with `manage.py train_encoder`")


def _tempered(shares: Shares, temperature: float) -> tuple[float, ...]:
    """The probabilities whose logits are divided by the temperature."""
    powers = np.maximum(shares.astype(np.float64), 1e-9) ** (1 / temperature)
    return tuple((powers / powers.sum()).tolist())
