"""A base of BERT's form, made on the fly: one layer, sixteen wide, some dozen words."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

WIDTH, WIDE, POSITIONS = 16, 32, 128
WORDS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "fix", "this", "code", "bug", "prove", "that", "sum"),
    *("write", "poem", "rain", "who", "was", "what", "is", "hello", "you", "there", "how"),
)


def made(folder: Path) -> Path:
    """The folder, with the three files that training reads."""
    (folder / "config.json").write_text(json.dumps({"num_hidden_layers": 1, "num_attention_heads": 2}))
    _tokenizer().save(str(folder / "tokenizer.json"))
    save_file(_weights(), folder / "model.safetensors")
    return folder


def _tokenizer() -> Tokenizer:
    found = Tokenizer(models.WordPiece({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    found.normalizer = normalizers.BertNormalizer(lowercase=True)
    found.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return found


def _weights() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(5)
    layer = "encoder.layer.0"
    sizes = {f"{layer}.attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
    sizes |= {
        f"{layer}.attention.output.dense": (WIDTH, WIDTH),
        f"{layer}.intermediate.dense": (WIDE, WIDTH),
        f"{layer}.output.dense": (WIDTH, WIDE),
    }
    found = {f"{name}.weight": chance.normal(0, 0.1, size) for name, size in sizes.items()}
    found |= {f"{name}.bias": np.zeros(size[0]) for name, size in sizes.items()}
    for name in ("embeddings", f"{layer}.attention.output", f"{layer}.output"):
        found |= {f"{name}.LayerNorm.weight": np.ones(WIDTH), f"{name}.LayerNorm.bias": np.zeros(WIDTH)}
    for name, rows in {"word": len(WORDS), "position": POSITIONS, "token_type": 2}.items():
        found[f"embeddings.{name}_embeddings.weight"] = chance.normal(0, 0.1, (rows, WIDTH))
    found |= {"pooler.dense.weight": np.zeros((WIDTH, WIDTH))}
    return {name: values.astype(np.float32) for name, values in found.items()}
