"""A conversation's earlier turns are read once, and nothing comes out otherwise for it."""

import hashlib
import json
import threading
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.classification import classify as classifying
from autorouter.classification import features, turns
from autorouter.classification.classify import WEIGHTS, classify
from autorouter.classification.features import excerpt, measures, terms
from autorouter.classification.table import sums
from autorouter.classification.turns import TurnMemory
from autorouter.training.prompts import own_prompts

TERMS_OF_ALL_SEED_PROMPTS = "334db17811a57f90739da0968038d030fe830bd07d972977e5e48b80207361db"
"""The shipped weights were trained on prompts read so. Whoever reads them otherwise trains anew, and then pins this anew."""


def test_every_seed_prompt_is_read_as_when_the_shipped_weights_were_trained() -> None:
    digest = hashlib.sha256()
    for prompt in own_prompts():
        for turn in prompt.asked:
            part = excerpt(turn)
            digest.update(f"{sorted(terms(part))} {measures(part)}".encode())
    assert digest.hexdigest() == TERMS_OF_ALL_SEED_PROMPTS


@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_plain_text_is_split_into_the_words_that_the_pattern_finds(text: str) -> None:
    words, pairs = features._words(text.lower())
    assert words == ["0" if word.isdigit() else word for word in features._WORD.findall(text.lower())]
    assert pairs == []


TURNS = st.lists(
    st.sampled_from(["write a poem", "in python", "", "  ", "def f(): pass", "用 Python 写", "why?"]), min_size=1
)


@given(st.lists(TURNS, max_size=8))
def test_with_and_without_memory_every_sum_is_the_same(conversations: list[list[str]]) -> None:
    memory = TurnMemory(max_turns=2, max_terms=40)
    for asked in conversations:
        assert sums(WEIGHTS, asked, memory.terms) == sums(WEIGHTS, asked)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The excerpts whose terms are worked out from now on."""
    read: list[str] = []
    plain = terms

    def terms_of(text: str) -> Any:
        read.append(text)
        return plain(text)

    monkeypatch.setattr(turns, "terms", terms_of)
    monkeypatch.setattr(classifying, "terms", terms_of)
    return read


def test_each_turn_of_a_conversation_is_read_once_and_its_opening_again_with_the_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(classifying, "TURNS", TurnMemory())
    read = counted(monkeypatch)
    messages: list[dict[str, Any]] = []
    for at in range(10):
        messages.append({"role": "user", "content": f"question {at} about the weather"})
        classify(messages)
        messages.append({"role": "assistant", "content": "It rains."})
    opening, *later = [f"question {at} about the weather" for at in range(10)]
    assert read[0] == opening
    assert sorted(read[1:]) == sorted([opening, *later])


def test_a_request_that_is_no_conversation_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = TurnMemory()
    monkeypatch.setattr(classifying, "TURNS", memory)
    classify([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weather?"}])
    assert memory._turns == {}


def test_the_turn_that_was_not_asked_for_the_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    read = counted(monkeypatch)
    memory = TurnMemory(max_turns=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        memory.terms(text)
    assert read == ["a", "b", "c", "b"]


def test_what_is_kept_is_bounded_in_turns_and_in_terms() -> None:
    memory, random = TurnMemory(max_turns=10, max_terms=500), Random(1)
    for _ in range(300):
        text = " ".join(f"w{random.randint(0, 999)}" for _ in range(random.choice([1, 40, 600])))
        assert memory.terms(text) == terms(text)
        assert len(memory._turns) <= 10
        assert memory._terms == sum(map(len, memory._turns.values())) <= 500


def test_threads_share_a_memory_without_losing_count() -> None:
    memory = TurnMemory(max_turns=3, max_terms=60)
    wrong: list[str] = []

    def read(seed: int) -> None:
        random = Random(seed)
        for _ in range(400):
            text = f"turn {random.randint(0, 8)} of many"
            if memory.terms(text) != terms(text):
                wrong.append(text)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert memory._terms == sum(map(len, memory._turns.values())) <= 60


def test_a_long_turn_is_remembered_by_its_excerpt_alone() -> None:
    memory = TurnMemory()
    text = "word " * 100_000
    sums(WEIGHTS, [text, "why?"], memory.terms)
    assert max(map(len, memory._turns)) <= 1_501
    assert json.dumps(sorted(memory._turns)).count("why?") == 1
