import json
from collections import Counter
from pathlib import Path

import pytest

from autorouter import seed_prompts
from autorouter.classification import classify as shipped
from autorouter.classification.features import HEAD_CHARS, TAIL_CHARS, excerpt, measures, terms
from autorouter.classification.judged import CATEGORIES
from autorouter.classification.table import LANES, WEIGHTS_FILE, judge, pack, read, unpack, written
from autorouter.training.examples import counted, examples, lexicon
from autorouter.training.fitting import fit
from autorouter.training.prompts import FOLDS, Prompt, folds, own_prompts
from autorouter.types import COMPLEXITIES, Category

SEEDS = own_prompts()
FEW = [counted(prompt) for prompt in SEEDS[::40]]


def test_every_seed_prompt_is_labelled_by_the_file_it_stands_in() -> None:
    for path in seed_prompts.FOLDER.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert row["category"] == path.stem
            assert row["complexity"] in COMPLEXITIES
            assert row["messages"][-1]["role"] == "user"
            assert row["messages"][-1]["content"].strip()


def test_there_are_enough_seed_prompts_of_every_category_and_complexity() -> None:
    categories = Counter(prompt.category for prompt in SEEDS)
    assert set(categories) == set(CATEGORIES)
    assert min(categories.values()) >= 250
    assert min(Counter((prompt.category, prompt.complexity) for prompt in SEEDS).values()) >= 50


def test_no_seed_prompt_stands_there_twice() -> None:
    assert [asked for asked, times in Counter(prompt.asked for prompt in SEEDS).items() if times > 1] == []


def test_the_seed_prompts_are_in_many_languages() -> None:
    languages = Counter(prompt.language for prompt in SEEDS)
    assert len(languages) >= 15
    assert sum(times for language, times in languages.items() if language != "en") >= len(SEEDS) / 4


def test_the_same_prompts_give_the_same_bytes() -> None:
    assert written(fit(FEW, epochs=1)) == written(fit(FEW, epochs=1))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    weights = fit(FEW, epochs=1)
    path = tmp_path / "table.json"
    path.write_text(written(weights), encoding="utf-8")
    assert read(path) == weights


def test_a_file_of_other_categories_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"lanes": ["coding", "complexity"]}))
    with pytest.raises(ValueError, match="train_classifier --write"):
        read(path)


def made(text: str, category: Category, source: str = "seed", second: Category | None = None) -> Prompt:
    return Prompt(asked=(text,), category=category, second=second, complexity="simple", source=source)


def test_training_learns_what_tells_prompts_apart() -> None:
    rows = [made(f"zorbl {n} please", "coding") for n in range(9)] + [
        made(f"frimp {n} now", "research") for n in range(9)
    ]
    weights = fit([counted(prompt) for prompt in rows])
    assert judge(weights, ["one zorbl"]).category == "coding"
    assert judge(weights, ["one frimp"]).category == "research"


def test_every_category_counts_the_same_and_a_seed_prompt_less_than_one_that_was_read() -> None:
    rows = [made("a", "coding"), made("b", "coding", source="logs"), made("c", "research", source="logs")]
    seed, read, rare = examples([counted(prompt) for prompt in rows]).category_weights
    assert (read / seed, (seed + read) / rare) == pytest.approx((1 / 0.3, 1.0))


def test_a_second_category_gets_a_fifth() -> None:
    (shares,) = examples([counted(made("a", "coding", second="research"))]).shares
    assert shares == [0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2]


def test_sources_are_left_out_whole_in_turn_and_the_seed_set_never_is() -> None:
    rows = [made("a", "coding", source=f"s{at % 9}") for at in range(20)] + [made("a", "coding")]
    fold_of = folds(rows)
    assert sorted(fold_of) == [f"s{at}" for at in range(9)]
    assert set(fold_of.values()) == set(range(FOLDS))


def test_the_shipped_weights_know_the_seed_prompts() -> None:
    right = sum(judge(shipped.WEIGHTS, prompt.asked).category == prompt.category for prompt in SEEDS)
    assert right / len(SEEDS) > 0.9


def test_the_shipped_file_is_as_training_writes_it_and_small() -> None:
    assert written(shipped.WEIGHTS) == WEIGHTS_FILE.read_text(encoding="utf-8")
    assert WEIGHTS_FILE.stat().st_size < 1_500_000


def test_packed_lanes_add_up_each_by_itself() -> None:
    one, other = [5, -7, 0, 4_000, -4_000, 1, -1, 2], [-5, 7, -1, 4_000, -4_000, -2, 1, 3]
    assert unpack(pack(one) + pack(other)) == [0, 0, -1, 8_000, -8_000, -1, 0, 5]
    assert len(one) == LANES


def test_only_the_head_and_the_tail_of_a_prompt_are_read() -> None:
    text = "a" * HEAD_CHARS + "lost" + "b" * TAIL_CHARS
    assert excerpt(text) == "a" * HEAD_CHARS + "\n" + "b" * TAIL_CHARS
    assert excerpt("short") == "short"


def test_terms_are_words_pairs_stems_openings_and_marks() -> None:
    assert terms("Write poetry, 42!") == {
        "write", "poetry", "0", "write poetry", "poetry 0", "poetr*", "^write", "^write poetry", "#exclaims", "#plain",
        "#length 5",
    }  # fmt: skip


def test_scripts_without_spaces_are_read_by_characters_and_their_pairs() -> None:
    assert {"概", "率", "~概率", "sql"} <= terms("概率SQL")


def test_vowel_signs_belong_to_their_word() -> None:
    assert "कहानी" in terms("एक कहानी लिखो")


def test_measures_are_size_and_demands() -> None:
    one, size, demands = measures("- a\n- b\n2. c")
    assert (one, demands) == (1.0, 0.3)
    assert 0 < size < 0.1


def test_every_term_of_the_lexicon_can_occur() -> None:
    impossible = [
        term
        for term in lexicon()
        if (term.startswith("~") and len(term) != 3) or (term.endswith("*") and len(term) != 6) or len(term.split()) > 2
    ]
    assert impossible == []
