"""The names by which models are asked for."""

from typing import Any

import pytest

from models_registry.catalogue.bundles import read
from models_registry.names import names_of, nearest, without_date
from routerhub.releases.errors import InvalidRelease
from tests.models_registry.catalogue.facts import a_bundle, a_model


def test_a_model_answers_to_its_id_its_aliases_and_its_plain_name() -> None:
    assert names_of({"a:one": ("one-2026", "uno"), "a:two": ()}) == {
        "a:one": "a:one", "one": "a:one", "one-2026": "a:one", "uno": "a:one", "a:two": "a:two", "two": "a:two",
    }  # fmt: skip


def test_a_plain_name_that_two_models_have_means_neither_unless_it_is_an_alias() -> None:
    assert "one" not in names_of({"a:one": (), "b:one": ()})
    assert names_of({"a:one": (), "b:one": ("one",)})["one"] == "b:one"


def test_an_id_goes_before_an_alias_and_an_alias_before_a_plain_name() -> None:
    assert names_of({"a:b": ("c",), "x:c": ("y:z",), "y:z": ()}) == {
        "a:b": "a:b", "b": "a:b", "c": "a:b", "x:c": "x:c", "y:z": "y:z", "z": "y:z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"), ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5"), ("mistral-small-2603", "mistral-small-2603"),
        ("gpt-5-2025-08-07\n", "gpt-5-2025-08-07\n"), ("2025-08-07", "2025-08-07"),
    ],
)  # fmt: skip
def test_a_snapshot_is_known_by_the_date_at_its_end(name: str, without: str) -> None:
    assert without_date(name) == without


def test_names_like_one_that_is_unknown_are_found_most_like_first() -> None:
    assert nearest("gpt4o-mini", ["gpt-4o", "gpt-4o-mini", "mistral-small"]) == ("gpt-4o-mini", "gpt-4o")
    assert nearest("x" * 10_000, ["gpt-4o"]) == ()


@pytest.mark.parametrize(
    ("aliases", "problem"),
    [
        (["a b"], "'a b' is not a name: write up to 128 letters, digits and . _ / : @ -, the first a letter or digit."),
        ([""], "'' is not a name: "),
        ([7], "7 is not a name: "),
        (["x" * 129], "is not a name: write up to 128"),
        (["auto"], "'auto' means no model: a request says it to leave the choice to the router."),
        (["policy:code"], "'policy:code' means no model"),
        (["uno", "uno"], "'uno' is listed twice."),
        (["acme:one"], "'acme:one' is the id of this model."),
        (["acme:two"], "'acme:two' is the id of another model."),
        (["zwei"], "'zwei' is an alias of acme:two already."),
        ("uno", "is not of type list"),
    ],
)
def test_an_alias_means_one_model_in_the_whole_catalogue(aliases: Any, problem: str) -> None:
    bundle = a_bundle()
    bundle["models"] = {"acme:two": a_model("Two", aliases=["zwei"]), "acme:one": a_model("One", aliases=aliases)}
    with pytest.raises(InvalidRelease) as refused:
        read(bundle, number=1)
    ((path, text),) = refused.value.problems.items()
    assert path.startswith("models.acme:one")
    assert problem in text


def test_a_kind_is_one_of_two() -> None:
    bundle = a_bundle()
    bundle["models"]["acme:one"]["kind"] = "picture"
    with pytest.raises(InvalidRelease) as refused:
        read(bundle, number=1)
    assert refused.value.problems == {"models.acme:one.kind": "'picture' is not one of chat, embedding."}
