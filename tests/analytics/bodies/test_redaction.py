"""What is taken out of what was said, and what is left."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from analytics.bodies.redaction.types import KINDS
from analytics.bodies.redaction.walking import redact
from tests.analytics.bodies.labelled import REGIONS, Figures, measured, sentences

FLOORS = {
    "private key": 0.99, "api key": 0.9, "jwt": 0.99, "token": 0.9, "password": 0.8, "secret": 0.85, "email": 0.85, "iban": 0.99,
    "card": 0.99, "national id": 0.95, "ip": 0.99, "phone": 0.9,
}  # fmt: skip
"""The recall that docs/bodies.md promises."""
PAGE = Path(__file__).parents[3] / "docs" / "bodies.md"
MEBIBYTE = 1024 * 1024
HOSTILE = (
    "1 ", "123-456-7890 ", "1.1.1.1 ", "a@", "a:", "a.", "sk-", "eyJaaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ",
    "password is ", "token A1b2C3d4E5f6G7h8 ", "a://b:", "DE89 3704 ", "A1b2", "+1 415 555 2671 ", "call 4155552671 ", "{", "[1,",
    "data:image/png;base64,", "_",
)  # fmt: skip
"""What is repeated makes a pattern go back again and again, where it can."""
MAX_CPU_S = 60
"""Some seconds are used; what goes back again and again would need hours."""


@pytest.fixture
def bounded() -> Iterator[None]:
    """The test is ended by a signal, should it ever work without end."""
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_VIRTUAL, MAX_CPU_S)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def kept(body: Any, most: int = 100_000) -> Any:
    return redact(body, REGIONS, most).value


@pytest.fixture(scope="module")
def figures() -> Figures:
    return measured("said", "harmless")


def test_the_labelled_set_is_large_enough_to_say_something() -> None:
    every = [each for name in ("said", "harmless", "unseen") for each in sentences(name)]
    assert sum(len(each.marked) for each in every) >= 400
    assert sum(each.harmless for each in every) >= 300
    assert {span.kind for each in every for span in each.marked} == set(KINDS) - {"media"}


@pytest.mark.parametrize("kind", FLOORS)
def test_of_what_is_marked_as_much_is_found_as_is_promised_and_nothing_else(figures: Figures, kind: str) -> None:
    assert figures.recall(kind) >= FLOORS[kind]
    assert figures.precision(kind) >= 0.93


def test_what_the_detectors_were_not_written_with_is_found_too() -> None:
    unseen = measured("unseen")
    found, missed, wrong = (sum(each.values()) for each in (unseen.found, unseen.missed, unseen.wrong))
    assert found / (found + missed) >= 0.84
    assert found / (found + wrong) >= 0.88


def test_texts_are_redacted_wherever_they_stand() -> None:
    body = {
        "messages": [
            {"role": "user", "content": "I am ada@example.org"},
            {"role": "user", "content": [{"type": "text", "text": "call +44 20 7946 0958"}]},
            {"role": "assistant", "tool_calls": [
                {"function": {"name": "mail", "arguments": '{"to":"ben@example.com","retries":3,"pin":{"password":"x1yz"}}'}}
            ]},
        ],
        "tools": [{"function": {"parameters": {"properties": {"password": {"type": "string"}}}}}],
        "temperature": 0.123456789,
        "card": 4111111111111111,
        "metadata": {"cy@example.org": True},
    }  # fmt: skip
    found = redact(body, REGIONS, 100_000)
    assert found.value["messages"][0]["content"] == "I am [email]"
    assert found.value["messages"][1]["content"][0]["text"] == "call [phone]"
    arguments = found.value["messages"][2]["tool_calls"][0]["function"]["arguments"]
    assert orjson.loads(arguments) == {"to": "[email]", "retries": 3, "pin": {"password": "[password]"}}
    assert found.value["tools"] == body["tools"]
    assert (found.value["temperature"], found.value["card"]) == (0.123456789, "[card]")
    assert found.value["metadata"] == {"[email]": True}
    assert found.counts == {"email": 3, "phone": 1, "password": 1, "card": 1}
    assert not found.is_cut


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ({"image_url": {"url": "data:image/png;base64," + "iVBO" * 100}}, {"image_url": {"url": "[image/png, 300 bytes]"}}),
        ({"source": {"media_type": "image/jpeg", "data": "A1b/" * 100}},
         {"source": {"media_type": "image/jpeg", "data": "[image/jpeg, 300 bytes]"}}),
        ({"input_audio": {"format": "wav", "data": "A1b+" * 100}},
         {"input_audio": {"format": "wav", "data": "[wav, 300 bytes]"}}),
        ({"text": "![](data:image/gif;base64,R0lGODlhAQABAAAA) and more"}, {"text": "![]([media, 38 characters]) and more"}),
        ({"input": [15496] * 1_024}, {"input": "[1,024 numbers]"}),
        ({"url": "https://example.com/cat.png"}, {"url": "https://example.com/cat.png"}),
    ],
    ids=str,
)  # fmt: skip
def test_pictures_sound_and_vectors_are_told_by_kind_and_size(part: Any, left: Any) -> None:
    assert kept(part) == left


def test_what_is_cut_is_cut_behind_what_is_taken_out() -> None:
    """A key that the cut goes through is taken out whole."""
    found = redact({"a": "x" * 90 + " sk-abcd1234" + "efgh5678" * 5 + " tail"}, REGIONS, 8 + 8 + 100)
    assert found.is_cut
    assert found.value["a"].startswith("x" * 90 + " [api key]")
    assert "sk-" not in str(found.value)


def test_a_body_of_many_or_deep_parts_has_an_end_too() -> None:
    deep: Any = "ada@example.org"
    for _ in range(500):
        deep = [deep]
    assert "[cut]" in str(kept(deep))
    assert "ada" not in str(kept(deep))
    many = redact([{}] * 10_000, REGIONS, 8_000)
    assert many.is_cut
    assert len(many.value) < 1_001


def test_names_of_fields_are_bounded_and_redacted_too() -> None:
    found = redact({"ghp_" + "a1B2c3D4" * 5: 1, "x" * MEBIBYTE: 2, "data:my pin 4481;base64,": 3}, REGIONS, 100_000)
    assert found.value["[api key]"] == 1
    assert len(orjson.dumps(found.value)) < 400
    assert kept({"url": "data:ada@example.org;base64,AAAA"}) == {"url": "[bytes, 3 bytes]"}


def test_what_nobody_can_keep_is_replaced() -> None:
    assert orjson.dumps(kept({"text": "half a pair: \ud800"})) == b'{"text":"half a pair: ?"}'


@pytest.mark.usefixtures("bounded")
def test_a_mebibyte_of_hostile_text_is_bounded_work() -> None:
    """Of each only as much is read as is kept."""
    for unit in HOSTILE:
        found = redact({"text": unit * (MEBIBYTE // len(unit))}, REGIONS, 16 * 1024)
        assert len(orjson.dumps(found.value)) < 40_000


@pytest.mark.whole
@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("unit", HOSTILE)
def test_a_mebibyte_that_is_read_to_its_end_is_bounded_work(unit: str) -> None:
    redact({"text": unit * (MEBIBYTE // len(unit))}, REGIONS, MEBIBYTE)


def test_the_page_tells_what_is_measured(figures: Figures) -> None:
    page, unseen = PAGE.read_text(), measured("unseen")
    for kind in FLOORS:
        things = figures.found[kind] + figures.missed[kind]
        assert (
            f"| {kind} | {things} | {figures.recall(kind):.0%} | {figures.precision(kind):.0%} |".replace("%", " %")
            in page
        )
    found, missed, wrong = (sum(each.values()) for each in (unseen.found, unseen.missed, unseen.wrong))
    told = f"all | {found + missed} | {found / (found + missed):.0%} | {found / (found + wrong):.0%} |"
    assert told.replace("%", " %") in page
