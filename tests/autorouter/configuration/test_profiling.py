"""Profiles out of rated boards: the map pinned to exact figures, and the command end to end."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from autorouter.configuration.profiling import MEASURED, RELATED, Rated, profile
from autorouter.configuration.release0 import BOARD_NAMES, GIVEN, STATIC


def boards(**ratings: dict[str, str]) -> dict[str, dict[str, Decimal]]:
    """Boards by name with "_" for the "/", e.g. text_overall."""
    return {
        name.replace("_", "/", 1): {model: Decimal(rating) for model, rating in board.items()}
        for name, board in ratings.items()
    }


def test_the_leader_gets_99_and_every_6_points_below_cost_one() -> None:
    ratings = boards(text_coding={"leader": "1560", "one": "1500", "two": "1554"})
    assert profile(ratings, ["leader"])["coding"].value == Decimal("99.00")
    assert profile(ratings, ["two"])["coding"].value == Decimal("98.00")
    assert profile(ratings, ["one"])["coding"] == Rated(
        value=Decimal("89.00"), boards=("text/coding",), is_estimated=False
    )


def test_a_score_never_falls_below_0() -> None:
    assert profile(boards(text_coding={"leader": "1600", "one": "900"}), ["one"])["coding"].value == 0


def test_the_best_rated_variant_of_a_model_counts_on_each_board() -> None:
    ratings = boards(
        text_coding={"leader": "1560", "one-low": "1440", "one-high": "1500"},
        text_creative_writing={"leader": "1500", "one-low": "1494", "one-high": "1470"},
    )
    scores = profile(ratings, ["one-low", "one-high"])
    assert (scores["coding"].value, scores["creative"].value) == (Decimal("89.00"), Decimal("98.00"))


def test_a_dimension_with_two_boards_takes_their_mean_or_the_one_that_rates() -> None:
    ratings = boards(text_math={"leader": "1500", "one": "1494"}, text_hard_prompts={"leader": "1500", "one": "1470"})
    assert profile(ratings, ["one"])["reasoning"].value == Decimal("96.00")
    del ratings["text/math"]["one"]
    assert profile(ratings, ["one"])["reasoning"].value == Decimal("94.00")


def test_what_no_board_measures_is_imputed_from_related_ones_and_marked() -> None:
    ratings = boards(text_overall={"leader": "1500", "one": "1440"}, text_expert={"leader": "1500", "one": "1470"})
    scores = profile(ratings, ["one"])
    assert scores["factual"] == Rated(value=Decimal("91.50"), boards=("text/expert", "text/overall"), is_estimated=True)
    assert not scores["quality"].is_estimated
    assert scores["creative"].is_estimated


def test_a_model_on_the_search_board_alone_gets_research_alone() -> None:
    ratings = boards(search_overall={"leader": "1250", "one": "1220"}, text_overall={"leader": "1500"})
    assert set(profile(ratings, ["one"])) == {"research"}


def test_a_model_that_no_board_lists_has_no_scores() -> None:
    assert profile(boards(text_overall={"leader": "1500"}), ["nobody"]) == {}


def test_every_dimension_has_boards_or_related_ones() -> None:
    assert MEASURED.keys() == RELATED.keys()
    assert all(MEASURED[dimension] or RELATED[dimension] for dimension in MEASURED)


def write_boards(folder: Path, day: str, extra: float = 0) -> None:
    names = sorted({name for names in BOARD_NAMES.values() for name in names})
    rows = [[name, 1_400.5 + extra, 0, 0, 1, 0, 0] for name in names] + [["leader", 1_500.5, 0, 0, 1, 0, 0]]
    pages = {board: rows for named in MEASURED.values() for board in named}
    found = {"fetched_at": f"{day}T06:00:00", "pages": pages}
    (folder / f"arena_leaderboards_{day}.json").write_text(json.dumps(found))


def compute(folder: Path) -> Any:
    out = StringIO()
    call_command("compute_profiles", boards=folder, stdout=out)
    return json.loads(out.getvalue())


def test_the_command_prints_every_profile_with_source_and_date(tmp_path: Path) -> None:
    write_boards(tmp_path, "2026-01-01", extra=30)
    write_boards(tmp_path, "2026-02-02")
    profiles = compute(tmp_path)
    assert set(profiles) == {*BOARD_NAMES, *GIVEN}
    assert profiles["openai:gpt-5.5"]["coding"] == {
        "value": 82.33,
        "source": "Arena text/coding (arena.ai, CC BY 4.0)",
        "dated": "2026-02-02",
        "is_estimated": False,
    }
    assert profiles["openai:gpt-5.5"]["factual"]["source"].startswith("Imputed from Arena text/overall")


def test_the_command_leaves_the_given_profiles_as_they_are(tmp_path: Path) -> None:
    write_boards(tmp_path, "2026-02-02")
    given = compute(tmp_path)["openai:gpt-5"]
    shipped = STATIC.profiles["openai:gpt-5"]
    assert shipped.quality
    assert given["quality"]["value"] == shipped.quality.value
    categories = {name: each["value"] for name, each in given.items() if name != "quality"}
    assert categories == {name: score.value for name, score in shipped.categories.items()}


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no arena_leaderboards"):
        compute(tmp_path)
    empty = {"fetched_at": "2026-02-02T06:00:00", "pages": {"text/overall": [["leader", 1_500]]}}
    (tmp_path / "arena_leaderboards_2026-02-02.json").write_text(json.dumps(empty))
    with pytest.raises(CommandError, match="openai:gpt-oss-120b"):
        compute(tmp_path)
