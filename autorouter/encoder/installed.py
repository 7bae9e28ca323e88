"""Whether the encoder can be run here: its packages are an extra (requirements-encoder.txt)."""

from importlib.util import find_spec

PACKAGES = ("onnxruntime", "tokenizers")


def is_installed() -> bool:
    return all(find_spec(name) for name in PACKAGES)
