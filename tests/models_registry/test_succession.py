"""Who answers in the place of a deprecated model."""

import pytest

from models_registry.succession import stand_ins, succession

SUCCESSORS = {"a:1": "a:2", "a:2": "a:3", "b:1": "", "c:1": "c:2", "c:2": "c:1"}


@pytest.mark.parametrize(
    ("name", "line", "stand_in"),
    [
        ("a:1", ("a:1", "a:2", "a:3"), {"a:1": "a:3"}),
        ("a:3", ("a:3",), {}),
        ("b:1", ("b:1",), {"b:1": ""}),
        ("c:1", ("c:1", "c:2"), {"c:1": ""}),
    ],
    ids=["through several", "not deprecated", "nobody", "in a circle"],
)
def test_the_successors_are_followed_to_one_that_is_not_deprecated(
    name: str, line: tuple[str, ...], stand_in: dict[str, str]
) -> None:
    assert succession(name, SUCCESSORS) == line
    assert stand_ins([name], SUCCESSORS) == stand_in
