"""The file computes what was trained, up to rounding."""

import random
from pathlib import Path

import jax
import numpy as np
import onnxruntime
import pytest

from autorouter.training.encoder import base, data, network
from autorouter.training.encoder.exporting import quantised
from autorouter.training.encoder.graph import graph
from autorouter.training.prompts import Prompt
from tests.autorouter.training import tiny_base


def test_the_graph_gives_the_networks_probabilities_and_the_padding_changes_nothing(tmp_path: Path) -> None:
    start = base.read(tiny_base.made(tmp_path))
    parameters = network.begun(start.parameters, np.random.default_rng(3))
    ids, mask = data.padded([[2, 4, 5, 6, 3], [2, 8, 3]])
    run = jax.jit(network.logits, static_argnames="shape")
    logits = run(parameters, shape=start.shape, ids=ids, mask=mask)
    model = graph(parameters, start.shape)
    inputs: dict[str, np.ndarray] = {"ids": ids.astype(np.int64), "mask": mask}
    found = onnxruntime.InferenceSession(model.SerializeToString()).run(["category", "difficulty"], inputs)
    for expected, by_file in zip(logits, found, strict=True):
        assert by_file == pytest.approx(np.asarray(jax.nn.softmax(expected)), abs=1e-5)
    alone = {"ids": inputs["ids"][1:, :3], "mask": mask[1:, :3]}
    small = onnxruntime.InferenceSession(quantised(model).SerializeToString()).run(["category"], alone)[0]
    assert small[0] == pytest.approx(found[0][1], abs=0.01)


def test_a_batch_holds_prompts_of_about_one_length_and_every_prompt_at_most_once() -> None:
    prompt = Prompt(asked=("",), category="coding", second=None, complexity=None, source="s")
    examples = data.examples([prompt] * 40, [[1] * (1 + number) for number in range(40)])
    batches = data.batches(examples, 8, random.Random(1))
    lengths = [batch.mask.sum(1) for batch in batches]
    assert len(batches) == 5
    assert len(set(np.concatenate(lengths))) == 40
    assert max(found.max() - found.min() for found in lengths) < 20


def test_rare_kinds_count_more_and_the_seed_set_less() -> None:
    kinds = ["coding"] * 8 + ["research"] * 2
    prompts = [
        Prompt(asked=("",), category=kind, second=None, complexity=None, source="s")  # type: ignore[arg-type]
        for kind in kinds
    ]
    common, *_, rare = data.examples(prompts, [[1]] * 10)
    assert rare.weight / common.weight == pytest.approx(2)
    assert 8 * common.weight + 2 * rare.weight == pytest.approx(10)
