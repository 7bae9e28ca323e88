"""The trained network as one file: graph with int8 weights, tokenizer, labels, temperatures and model card."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from autorouter.classification.judged import CATEGORIES
from autorouter.training.encoder.base import Base
from autorouter.training.encoder.graph import graph
from autorouter.training.encoder.network import Numbers
from autorouter.types import COMPLEXITIES

UNCALIBRATED: Mapping[str, float] = {"category": 1.0, "complexity": 1.0}
QUANTISED = ["MatMul", "Gather"]


def exported(parameters: Mapping[str, Numbers], base: Base) -> onnx.ModelProto:
    """The model as it ships, yet to be calibrated and described."""
    model = quantised(graph(parameters, base.shape))
    labels = json.dumps({"categories": CATEGORIES, "complexities": COMPLEXITIES})
    return described(
        model, tokenizer=base.tokenizer, labels=labels, temperatures=json.dumps(dict(UNCALIBRATED)), card=""
    )


def quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights as whole numbers of eight bits with a factor for each column; a quarter of the size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_dynamic(model, path, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=QUANTISED)
        return onnx.load(path)


def described(model: onnx.ModelProto, **facts: str) -> onnx.ModelProto:
    """The model with these facts in its metadata, in place of what it said there under their names."""
    found = onnx.ModelProto()
    found.CopyFrom(model)
    kept = {one.key: one.value for one in model.metadata_props if not one.key.startswith("onnx.")}
    onnx.helper.set_model_props(found, kept | facts)
    return found
