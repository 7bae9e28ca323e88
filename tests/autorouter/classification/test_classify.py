from typing import Any

import pytest

from autorouter.classification.classify import AUDIO_TOKENS, IMAGE_TOKENS, TOKENS_PER_MESSAGE, classify

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def said(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Write a Python function that merges two sorted lists", "coding"),
        ("why do I get a segfault here?\n```c\nint *p = 0; *p = 1;\n```", "coding"),
        ("Prove that the square root of 2 is irrational", "reasoning"),
        ("Write a haiku about the sea", "creative"),
        ("Who invented the telephone?", "factual"),
        ("Analyze the pros and cons of remote work for this company", "analysis"),
        ("hello, how are you today?", "conversation"),
        ("Do a literature review on perovskite solar cells, with citations", "research"),
        ("", "conversation"),
        ("   ", "conversation"),
        ("Schreib mir ein Gedicht über den Herbst", "creative"),
        ("¿Quién pintó Las Meninas?", "factual"),
        ("поставь таймер на десять минут", "conversation"),
        ("用 Python 写一个统计单词出现次数的函数", "coding"),
        ("次の文章を三行で要約してください。「会議は水曜に延期、場所は本社。」", "analysis"),
        ("최근 전고체 배터리 연구 논문을 출처와 함께 조사해 줘", "research"),
    ],
)
def test_words_tell_the_category(text: str, category: str) -> None:
    assert classify(said(text)).category == category


REPORT = (
    "The harbour was dredged in spring, and ferries to the islands ran twice a day until the storms came. Shops along the quay "
    "kept their lights on late, and the council argued about a new bridge that nobody wanted to pay for. "
) * 6
LOOP = (
    "def total(rows):\n    result = 0\n    for row in rows:\n        result += row['amount']\n    return result\n\n"
    * 12
)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        (f"Summarize the following text in two sentences.\n\n{REPORT}", "analysis"),
        (f"Continue this story in the same voice:\n\n{REPORT}", "creative"),
        (f"{REPORT}\n\nHow often did the ferries run?", "analysis"),
        (f"{LOOP}\n\nWhy does this fail when rows is empty?", "coding"),
    ],
)
def test_what_is_asked_of_a_long_text_is_read_at_its_head_and_at_its_end(text: str, category: str) -> None:
    assert classify(said(text)).category == category


def test_an_attached_image_makes_it_multimodal_and_needs_vision() -> None:
    task = classify([{"role": "user", "content": [{"type": "text", "text": "What code is this?"}, IMAGE]}])
    assert task.category == "multimodal"
    assert task.needs == {"vision"}
    assert task.input_tokens == 5 + TOKENS_PER_MESSAGE + IMAGE_TOKENS


def test_the_word_image_alone_does_not() -> None:
    assert classify(said("describe an image of a cat")).needs == frozenset()


def test_audio_is_read_from_the_attachment() -> None:
    task = classify([{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}])
    assert task.needs == {"audio"}
    assert task.input_tokens == AUDIO_TOKENS + TOKENS_PER_MESSAGE


def test_tools_structure_and_streaming_are_needs() -> None:
    task = classify(said("hi"), tools=True, structured_output=True, stream=True)
    assert task.needs == {"tools", "structured_output", "streaming"}


def test_the_last_user_message_counts_most() -> None:
    turns = [
        *said("Write a poem about spring"),
        {"role": "assistant", "content": "..."},
        *said("Now fix this bug in my code"),
    ]
    assert classify(turns).category == "coding"


def test_what_the_assistant_said_does_not_count() -> None:
    turns = [*said("thanks"), {"role": "assistant", "content": "def merge(a, b): return a"}]
    assert classify(turns).category == "conversation"


def test_tokens_are_a_quarter_of_the_characters_rounded_up() -> None:
    assert classify(said("a" * 401)).input_tokens == 101 + TOKENS_PER_MESSAGE


@pytest.mark.parametrize(
    ("text", "complexity"),
    [
        ("What is 2+2?", "simple"),
        ("hi", "simple"),
        ("Explain step by step how TCP differs from UDP, with examples of when to use each and what it costs.", "moderate"),
        (
            "Do a comprehensive literature review of perovskite solar cells: compare the evidence on stability and efficiency, "
            "cite sources, and write a structured report.",
            "complex",
        ),
    ],
)  # fmt: skip
def test_size_and_demands_tell_the_complexity(text: str, complexity: str) -> None:
    assert classify(said(text)).complexity == complexity


def test_the_same_words_always_give_the_same_task() -> None:
    assert classify(said("compare these two data tables")) == classify(said("compare these two data tables"))


def test_odd_messages_are_left_out_of_account() -> None:
    task = classify([{"role": "user", "content": None}, {"role": "user", "content": [7, {"type": "text", "text": 3}]}])
    assert task.input_tokens == 2 * TOKENS_PER_MESSAGE
