"""What is read out of a request. Pure."""

import pytest

from experiments.classification.summing import causes_in


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        ("local", []),
        ("encoder", []),
        ("model openai:gpt", []),
        ("local, since the encoder is not there", [("encoder", "is not there")]),
        ("encoder, since acme:small failed: none of 3 answers", [("model", "none of 3 answers")]),
        (
            "local, since the encoder is not there; acme:small failed: No deployment answered; sorry.",
            [("encoder", "is not there"), ("model", "No deployment answered; sorry.")],
        ),
    ],
)
def test_what_went_wrong_is_read_out_of_the_origin(origin: str, found: list[tuple[str, str]]) -> None:
    assert list(causes_in(origin)) == found
