"""The sandbox's vectors by HTTP."""

import math
from typing import Any

import pytest
from starlette.testclient import TestClient

from models_registry.sandbox.app import app
from models_registry.upstream.embeddings import as_floats


def ask(**body: Any) -> Any:
    return TestClient(app).post("/v1/embeddings", json={"model": "m", "input": "Hello", **body})


def vectors(**body: Any) -> list[Any]:
    return [each["embedding"] for each in ask(**body).json()["data"]]


def test_the_same_input_has_the_same_vector_of_length_one_and_another_another() -> None:
    one, again, other = vectors(input=["Hello", "Hello", "World"])
    assert one == again != other
    assert len(one) == 1_536
    assert math.isclose(sum(each * each for each in one), 1, rel_tol=1e-6)


def test_both_spellings_hold_the_same_numbers_to_the_last_digit() -> None:
    assert list(as_floats(vectors(encoding_format="base64")[0])) == vectors()[0]


def test_width_and_usage_are_as_asked() -> None:
    answer = ask(input=[[1, 2, 3], [4]], dimensions=8).json()
    assert [len(each["embedding"]) for each in answer["data"]] == [8, 8]
    assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


@pytest.mark.parametrize(("body", "param"), [({"input": []}, "input"), ({"dimensions": 0}, "dimensions")])
def test_nonsense_is_refused_by_its_field(body: dict[str, Any], param: str) -> None:
    answer = ask(**body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_it_fails_as_the_script_wants() -> None:
    answer = ask(sandbox={"fail": {"status": 429, "retry_after_s": 2}})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
