"""The network as an ONNX graph, the same function as network.logits without dropout, and softmax behind it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from autorouter.training.encoder.network import EPSILON, HEADS_OF, HIDDEN, Shape

OPSET, IR_VERSION = 17, 8
"""Old enough for every runtime of today, new enough to have layer normalisation."""
OUTPUTS: Mapping[str, str] = {"category": "category", "complexity": "difficulty"}
"""What the file calls what each head gives."""


def graph(parameters: Mapping[str, np.ndarray], shape: Shape) -> onnx.ModelProto:
    """From `ids` int64 (b, t) and `mask` float32 (b, t) to probabilities `category` (b, 7) and `difficulty` (b, 3)."""
    writer = _Writer(parameters, shape)
    writer.write()
    integers, reals = TensorProto.INT64, TensorProto.FLOAT
    made = helper.make_graph(
        writer.nodes,
        "encoder",
        [_of("ids", integers, "tokens"), _of("mask", reals, "tokens")],
        [_of(OUTPUTS[name], reals, labels) for name, labels in HEADS_OF.items()],
        [numpy_helper.from_array(values, name) for name, values in writer.constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def _of(name: str, kind: int, last: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["texts", last])


class _Writer:
    """Writes node after node; each method gives the name of what its last node gives."""

    def __init__(self, parameters: Mapping[str, np.ndarray], shape: Shape) -> None:
        self._parameters, self._shape = parameters, shape
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def write(self) -> None:
        states = self._embedded()
        bias = self._node(
            "Mul",
            self._node("Sub", self._real(1), self._node("Unsqueeze", "mask", self._whole(1, 2))),
            self._real(HIDDEN),
        )
        for layer in range(self._shape.layers):
            states = self._layer(f"encoder.layer.{layer}", states, bias)
        read = self._node("Concat", self._mean(states), self._first(states), axis=-1)
        for name in HEADS_OF:
            logits = self._plus(self._node("MatMul", read, self._parameter(f"{name}.weight")), f"{name}.bias")
            self._node("Softmax", logits, axis=-1, output=OUTPUTS[name])

    def _embedded(self) -> str:
        words = self._node("Gather", self._parameter("embeddings.word_embeddings.weight"), "ids")
        tokens = self._node("Slice", self._node("Shape", "ids"), self._whole(1), self._whole(2))
        positions = self._parameter("embeddings.position_embeddings.weight")
        found = self._node("Add", words, self._node("Slice", positions, self._whole(0), tokens, self._whole(0)))
        kind = self._constant("embeddings.kind", self._parameters["embeddings.token_type_embeddings.weight"][0])
        return self._normed(self._node("Add", found, kind), "embeddings.LayerNorm")

    def _layer(self, name: str, states: str, bias: str) -> str:
        attended = self._linear(
            self._attended(f"{name}.attention.self", states, bias), f"{name}.attention.output.dense"
        )
        states = self._normed(self._node("Add", states, attended), f"{name}.attention.output.LayerNorm")
        wide = self._gelu(self._linear(states, f"{name}.intermediate.dense"))
        return self._normed(
            self._node("Add", states, self._linear(wide, f"{name}.output.dense")), f"{name}.output.LayerNorm"
        )

    def _attended(self, name: str, states: str, bias: str) -> str:
        width = self._parameters["embeddings.LayerNorm.weight"].shape[0]
        each = width // self._shape.heads
        query, key, value = (
            self._split(self._linear(states, f"{name}.{part}"), each) for part in ("query", "key", "value")
        )
        scores = self._node("MatMul", query, self._node("Transpose", key, perm=[0, 1, 3, 2]))
        scores = self._node("Add", self._node("Mul", scores, self._real(each**-0.5)), bias)
        seen = self._node("MatMul", self._node("Softmax", scores, axis=-1), value)
        return self._node("Reshape", self._node("Transpose", seen, perm=[0, 2, 1, 3]), self._whole(0, 0, width))

    def _split(self, states: str, each: int) -> str:
        parts = self._node("Reshape", states, self._whole(0, 0, self._shape.heads, each))
        return self._node("Transpose", parts, perm=[0, 2, 1, 3])

    def _gelu(self, states: str) -> str:
        bent = self._node("Erf", self._node("Mul", states, self._real(0.5**0.5)))
        return self._node("Mul", self._node("Mul", states, self._real(0.5)), self._node("Add", bent, self._real(1)))

    def _mean(self, states: str) -> str:
        there = self._node("Mul", states, self._node("Unsqueeze", "mask", self._whole(2)))
        sums = (
            self._node("ReduceSum", what, self._whole(1), keepdims=keep) for what, keep in ((there, 0), ("mask", 1))
        )
        return self._node("Div", *sums)

    def _first(self, states: str) -> str:
        return self._node(
            "Squeeze", self._node("Slice", states, self._whole(0), self._whole(1), self._whole(1)), self._whole(1)
        )

    def _linear(self, states: str, name: str) -> str:
        weights = self._constant(f"{name}.weight", self._parameters[f"{name}.weight"].T)
        return self._plus(self._node("MatMul", states, weights), f"{name}.bias")

    def _plus(self, states: str, bias: str) -> str:
        return self._node("Add", states, self._parameter(bias))

    def _normed(self, states: str, name: str) -> str:
        gain, bias = self._parameter(f"{name}.weight"), self._parameter(f"{name}.bias")
        return self._node("LayerNormalization", states, gain, bias, axis=-1, epsilon=EPSILON)

    def _parameter(self, name: str) -> str:
        return self._constant(name, self._parameters[name])

    def _real(self, value: float) -> str:
        return self._constant(f"real {value}", np.array(value, np.float32))

    def _whole(self, *values: int) -> str:
        return self._constant(f"whole {values}", np.array(values, np.int64))

    def _constant(self, name: str, values: np.ndarray) -> str:
        self.constants[name] = np.ascontiguousarray(values)
        return name

    def _node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"{kind} {len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name
