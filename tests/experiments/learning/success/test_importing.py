"""Outcome files are checked whole, kept without their prompts, each line once, and deleted by their source."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from autorouter.classification import vocabulary
from experiments.learning.success import importing
from experiments.learning.success.importing import Imported
from experiments.models import ImportedOutcome
from routerhub.audit.models import Event
from tests.cast import because
from tests.experiments.traffic import SMALL, open_shop

pytestmark = pytest.mark.django_db
PROMPT = "Write a Python function that returns the first prime number"


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop()


def taken(*lines: Any, file_format: str = "jsonl", dry_run: bool = False) -> Imported:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return importing.import_file("\n".join(texts).encode(), file_format, "a file", because("measured"), dry_run)


def counts(done: Imported) -> tuple[int, int, int, bool]:
    return done.new, done.changed, done.unchanged, done.written


def test_a_line_is_kept_once_without_its_prompt() -> None:
    line = {"prompt": PROMPT, "model": "small", "score": 0.5, "at": "2026-11-01", "source": "a judge"}
    assert counts(taken(line, dry_run=True)) == (1, 0, 0, False)
    assert not ImportedOutcome.objects.exists()
    assert counts(taken(line, line)) == (1, 0, 0, True)
    row = ImportedOutcome.objects.get()
    assert (row.model, row.category, row.score, row.source) == (SMALL, "coding", 0.5, "a judge")
    assert tuple(row.terms) == vocabulary.numbers([PROMPT])
    assert "Python" not in str(row.__dict__)
    assert counts(taken(line)) == (0, 0, 1, True)
    assert counts(taken({**line, "score": 1})) == (0, 1, 0, True)
    assert ImportedOutcome.objects.get().score == 1
    assert counts(taken({**line, "source": "another judge"})) == (1, 0, 0, True)


def test_words_may_be_given_by_their_numbers_and_in_csv() -> None:
    assert counts(taken({"terms": [7, 3, 3], "model": SMALL, "score": 1, "category": "creative"})) == (1, 0, 0, True)
    head, row = "terms,model,score,category", f'"3 7",{SMALL},1,creative'
    assert counts(taken(head, row, file_format="csv")) == (0, 0, 1, True), "the same line in another format"
    assert ImportedOutcome.objects.get().terms == [3, 7]


def test_one_wrong_line_keeps_the_whole_file_out_and_every_error_names_line_and_field() -> None:
    good = {"prompt": PROMPT, "model": SMALL, "score": 1}
    done = taken(
        good, {"prompt": " ", "model": "nobody:none", "score": 1.5, "at": "soon", "source": "", "colour": "red"},
        "{", "[]", {"terms": [1], "model": SMALL, "score": 0}, {**good, "terms": [1]},
        {"terms": [1 << 20], "model": SMALL, "score": 0, "category": "coding"}, {**good, "category": "poetry"},
    )  # fmt: skip
    assert not done.written
    assert not ImportedOutcome.objects.exists()
    assert [(each.line, each.field) for each in done.problems] == [
        (2, "colour"), (2, "model"), (2, "score"), (2, "at"), (2, "source"), (2, "prompt"), (3, ""), (4, ""),
        (5, "category"), (6, "prompt"), (7, "terms"), (8, "category"),
    ]  # fmt: skip
    told = {(each.line, each.field): each.message for each in done.problems}
    assert told[2, "score"] == "1.5 is not a number from 0 to 1."
    assert told[2, "model"].startswith("There is no model 'nobody:none'.")
    assert told[8, "category"].startswith("'poetry' is not one of coding, ")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff", "Byte 0 is not UTF-8."), (b"\n\n", "The file has no outcome.")],
)
def test_a_file_that_holds_nothing_to_read_is_said_so(content: bytes, message: str) -> None:
    done = importing.import_file(content, "jsonl", "a file", because("measured"))
    assert [each.message for each in done.problems] == [message]


def test_outcomes_are_deleted_by_their_source() -> None:
    taken({"prompt": PROMPT, "model": SMALL, "score": 1})
    with pytest.raises(ValidationError, match="There are no outcomes of a source 'b file'"):
        importing.delete_source("b file", because("wrong"))
    assert importing.delete_source("a file", because("wrong")) == 1
    assert not ImportedOutcome.objects.exists()
    said = list(Event.objects.order_by("pk").values_list("kind", "subject", "text"))
    assert said == [
        ("outcomes imported", "a file", "1 outcomes: measured"), ("outcomes deleted", "a file", "1 outcomes: wrong"),
    ]  # fmt: skip


def test_the_command_takes_a_file_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "outcomes.jsonl"
    file.write_text(json.dumps({"prompt": PROMPT, "model": SMALL, "score": 1}))
    call_command("import_outcomes", str(file), "--dry-run")
    call_command("import_outcomes", str(file))
    call_command("import_outcomes", "--delete", "outcomes.jsonl")
    assert capsys.readouterr().out.splitlines() == [
        "1 new, 0 changed, 0 unchanged: dry run", "1 new, 0 changed, 0 unchanged: written", "1 outcomes deleted",
    ]  # fmt: skip
    file.write_text(json.dumps({"prompt": PROMPT, "model": SMALL, "score": 2}))
    with pytest.raises(CommandError, match="1 errors: nothing was written"):
        call_command("import_outcomes", str(file))
    assert "line 1: score: 2 is not a number from 0 to 1." in capsys.readouterr().err
