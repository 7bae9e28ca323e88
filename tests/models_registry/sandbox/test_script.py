"""What the sandbox is told to do."""

import pytest

from models_registry.sandbox.script import BadScript, answer, read


@pytest.mark.parametrize(
    "raw",
    [
        5,
        {"latency": 1},
        {"latency_ms": -1},
        {"output_tokens": True},
        {"fail": {"status": 200}},
        {"fail": {"break": "x"}},
    ],
)
def test_a_script_of_nonsense_is_refused(raw: object) -> None:
    with pytest.raises(BadScript, match="sandbox"):
        read(raw)


def test_the_sandbox_marks_its_answer_and_keeps_to_the_limit() -> None:
    tokens, finish = answer(read({"output_tokens": 50}), 10)
    assert (tokens[0], len(tokens), finish) == ("[sandbox]", 10, "length")
