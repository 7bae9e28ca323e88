"""What a file would change, field by field, and every error in it, before anything is written."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import editing
from models_registry.catalogue.release0 import STATIC
from models_registry.choices import ImportState
from models_registry.errors import UnreadableFile
from models_registry.models import Model, Provider
from models_registry.transfer import importing
from models_registry.transfer.resources import FORMATS, TABLES
from tests.cast import because
from tests.models_registry.transfer.files import AWKWARD, GPT, MINI, MODELS, as_csv, counts, exported, new_row, work


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_what_was_exported_plans_no_change(seeded: None, format_name: str, table: Any) -> None:
    for identifier, facts in AWKWARD.items():
        editing.update(identifier, facts, because("awkward"))
    Provider.objects.filter(name="zai").update(title="=cmd|' /C calc'!A0")
    before = catalogue_compiler.compile_bundle()
    plan = importing.plan(table, exported(format_name, table), format_name)
    assert (plan.changes, plan.errors, plan.unchanged) == ([], [], len(before[table.kind]))
    assert plan.target == before


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_was_exported_restores_what_was_changed_since(seeded: None, format_name: str) -> None:
    for identifier, facts in AWKWARD.items():
        editing.update(identifier, facts, because("awkward"))
    before, content = catalogue_compiler.compile_bundle(), exported(format_name)
    for identifier in AWKWARD:
        editing.update(identifier, {"name": "x", "description": "y", "best_for": "z"}, because("plain"))
    job = importing.submit("models", format_name, f"models.{format_name}", content, because(""))
    importing.work_all()
    importing.confirm(job, because("as it was"))
    importing.work_all()
    job.refresh_from_db()
    assert (job.state, job.outcome["changed"]) == (ImportState.APPLIED, 2)
    assert catalogue_compiler.compile_bundle() == before


def test_a_plan_tells_every_field_before_and_after(seeded: None) -> None:
    content = as_csv({**dict.fromkeys(new_row(1), ""), "id": GPT, "name": "Ours", "context_window": "400000",
                      "max_output": "1000", "deployments": "[]"}, new_row(1))  # fmt: skip
    plan = importing.plan(MODELS, content, "csv")
    assert plan.errors == [
        {"line": 2, "key": GPT, "field": "deployments", "message": "a model needs at least one deployment."}
    ]
    plan = importing.plan(MODELS, as_csv({"id": GPT, "name": "Ours", "is_pro": "true"}), "csv")
    assert plan.changes == [
        {"line": 2, "key": GPT, "kind": "changed", "fields": [
            {"field": "is_pro", "before": False, "after": True}, {"field": "name", "before": "GPT-5", "after": "Ours"},
        ]},
    ]  # fmt: skip
    assert (plan.unchanged, plan.outcome()["new"], plan.outcome()["changed"]) == (0, 0, 1)


def test_a_missing_column_leaves_its_field_as_it_is(seeded: None) -> None:
    plan = importing.plan(MODELS, as_csv({"id": GPT, "name": "Ours"}), "csv")
    assert plan.target["models"][GPT] == {**catalogue_bundles.to_bundle(STATIC)["models"][GPT], "name": "Ours"}
    assert plan.target["models"].keys() == STATIC.models.keys(), "and a missing row its entry"


def test_planning_writes_nothing(seeded: None) -> None:
    before = counts()
    importing.plan(MODELS, as_csv(new_row(1), {**new_row(2), "name": ""}), "csv")
    assert counts() == before


def test_of_400_rows_the_three_bad_ones_are_named_by_line_and_field_and_nothing_is_written(seeded: None) -> None:
    rows = [new_row(number) for number in range(400)]
    rows[7]["context_window"] = "many"
    rows[200] |= {"max_output": "1001", "is_pro": "maybe"}
    rows[399]["deployments"] = '[{"provider": "nobody", "upstream_model": "m", "status": "available", "prices": []}]'
    before = counts()
    job = importing.submit(
        "models", "csv", "list.csv", as_csv(*({"is_pro": "false", **row} for row in rows)), because("")
    )
    assert importing.work_all() == 1
    job.refresh_from_db()
    assert job.state == ImportState.REFUSED
    assert [(each["line"], each["field"]) for each in job.outcome["errors_shown"]] == [
        (9, "context_window"), (202, "is_pro"), (401, "deployments[0].provider"),
    ]  # fmt: skip
    assert job.outcome["errors"] == 3
    assert job.outcome["errors_shown"][0]["message"] == "'many': write a whole number."
    assert "nobody" in job.outcome["errors_shown"][2]["message"]
    assert counts() == before
    with pytest.raises(ValidationError, match="cannot be applied: has errors"):
        importing.confirm(job, because("anyway"))


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        ({"id": "no colon"}, "id", "Write provider:name, e.g. openai:gpt-5."),
        ({"provider": "google"}, "provider", "'google' is not the part of the id before the colon."),
        ({"max_output": "1001"}, "max_output", "1001 is not from 1 to the context window, 1000."),
        ({"successor": "openai:nobody"}, "successor", "there is no model 'openai:nobody'."),
        ({"capabilities": '["flight"]'}, "capabilities", "Unknown: flight."),
        ({"speed_tier": "warp"}, "speed_tier", "Value 'warp' is not a valid choice."),
        ({"knowledge_cutoff": "soon"}, "knowledge_cutoff", "Write 2025, 2025-06 or 2025-06-30."),
        ({"best_for": "x" * 256}, "best_for", "Ensure this value has at most 255 characters"),
        ({"name": ""}, "name", "this field is required."),
    ],
)
def test_a_row_that_breaks_a_rule_says_which(seeded: None, row: dict[str, str], field: str, message: str) -> None:
    errors = importing.plan(MODELS, as_csv({**new_row(1), **row}), "csv").errors
    assert [(each["line"], each["field"]) for each in errors] == [(2, field)]
    assert message in errors[0]["message"]


def test_an_id_that_is_in_the_file_twice_is_an_error(seeded: None) -> None:
    plan = importing.plan(
        MODELS, as_csv({"id": GPT, "name": "A"}, {"id": MINI, "name": "B"}, {"id": GPT, "name": "C"}), "csv"
    )
    assert plan.errors == [
        {"line": 4, "key": GPT, "field": "id", "message": f"'{GPT}' is in the file twice: line 2 has it too."},
    ]  # fmt: skip


def test_a_new_model_may_follow_one_further_down_in_the_file(seeded: None) -> None:
    job = work(as_csv(new_row(1, successor="openai:new-2"), new_row(2, successor=GPT)))
    assert job.state == ImportState.APPLIED
    assert Model.objects.get(identifier="openai:new-1").successor == Model.objects.get(identifier="openai:new-2")


def test_an_unreadable_file_is_an_error_of_the_plan(seeded: None) -> None:
    with pytest.raises(UnreadableFile, match="there is no column 'id'"):
        importing.plan(MODELS, b"name\nx\n", "csv")
