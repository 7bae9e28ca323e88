"""A file is checked whole, confirmed by a person and applied in one transaction, whoever dies in between."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import editing
from models_registry.catalogue.release0 import STATIC
from models_registry.choices import ImportState
from models_registry.models import Deployment, Import, Model, Price, Provider
from models_registry.transfer import importing, resources
from routerhub.releases.models import Release
from tests.cast import Cast, because
from tests.models_registry.transfer.files import GPT, MINI, MODELS, abandoned, as_csv, counts, new_row, work

# --- the way of an import


@pytest.mark.parametrize(
    ("table", "format_name", "content", "field"),
    [
        ("horses", "csv", b"id\n", "table"), ("models", "pdf", b"id\n", "format"), ("models", "csv", b"", "file"),
        ("models", "csv", b"x" * 50_000_001, "file"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_import_is_not_taken_in(
    db: None, table: str, format_name: str, content: bytes, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        importing.submit(table, format_name, "list", content, because(""))
    assert list(refused.value.message_dict) == [field]
    assert not Import.objects.exists()


def test_an_import_is_checked_confirmed_and_applied_with_history_and_release(seeded: None, cast: Cast) -> None:
    job = importing.submit("models", "csv", "list.csv", as_csv(new_row(1), new_row(2)), because("", cast.ada.user))
    assert (job.state, job.author) == (ImportState.WAITING, cast.ada.user)
    before = counts()
    assert importing.work_all() == 1
    job.refresh_from_db()
    assert (job.state, job.outcome["new"], job.done, job.total) == (ImportState.CHECKED, 2, 2, 2)
    assert counts() == before, "nothing is written before somebody says so"
    importing.confirm(job, because("the maker's list of May", cast.ben.user))
    assert importing.work_all() == 1
    job.refresh_from_db()
    assert (job.state, job.outcome["release"]) == (ImportState.APPLIED, 2)
    assert (job.author, job.reason) == (cast.ben.user, "the maker's list of May")
    release = Release.objects.get(line="catalogue", number=2)
    assert (release.author, release.reason) == (cast.ben.user, "the maker's list of May")
    assert release.bundle["models"]["openai:new-2"]["name"] == "New 2"
    for model in (Model, Deployment):
        version = model.history.first()
        assert (version.history_type, version.history_user, version.history_change_reason) == (
            "+", cast.ben.user, "the maker's list of May",
        )  # fmt: skip
    assert importing.work_all() == 0


def test_what_an_import_takes_away_has_author_and_reason_too(seeded: None, cast: Cast) -> None:
    place = '[{"provider": "openai", "upstream_model": "gpt-5", "status": "available", "prices": []}]'
    work(as_csv({"id": GPT, "deployments": place}), cast.ada.user, "one place, no price")
    for model, gone in ((Deployment, 1), (Price, 2)):
        lost = model.history.filter(history_type="-")
        assert lost.count() == gone
        assert {(each.history_user, each.history_change_reason) for each in lost} == {
            (cast.ada.user, "one place, no price")
        }, model.__name__


def test_a_doubtful_price_of_a_file_waits_for_approval(seeded: None) -> None:
    price = {"effective_from": "2026-11-20T00:00:00+00:00", "rates": {"input": "2000", "output": "10"}, "tiers": [],
             "source": "a list", "dated": "2026-11-20"}  # fmt: skip
    deployments = catalogue_compiler.compile_bundle()["models"][GPT]["deployments"]
    deployments[0]["prices"].append(price)
    content = resources.write_file(
        MODELS, {GPT: {**catalogue_compiler.compile_bundle()["models"][GPT], "deployments": deployments}}, "json"
    )
    job = importing.submit("models", "json", "list.json", content, because(""))
    importing.work_all()
    importing.confirm(job, because("news"))
    importing.work_all()
    assert "rises from 1.25 to 2000" in Price.objects.exclude(waits_because="").get().waits_because
    assert len(catalogue_compiler.compile_bundle()["models"][GPT]["deployments"][0]["prices"]) == 1


def test_providers_are_imported_too(seeded: None) -> None:
    job = work(as_csv({"name": "own", "title": "Our own", "base_url": "http://127.0.0.1:9/v1", "is_local": "true"}),
               table="providers")  # fmt: skip
    assert job.state == ImportState.APPLIED
    row = Provider.objects.get(name="own")
    assert (row.title, row.is_local, row.protocol) == ("Our own", True, "openai")


def test_a_reason_is_demanded_and_an_import_is_confirmed_once(seeded: None) -> None:
    job = importing.submit("models", "csv", "list.csv", as_csv(new_row(1)), because(""))
    with pytest.raises(ValidationError, match="waiting to be checked"):
        importing.confirm(job, because("too soon"))
    importing.work_all()
    with pytest.raises(ValidationError, match="Say why"):
        importing.confirm(job, because(" "))
    importing.confirm(job, because("yes"))
    with pytest.raises(ValidationError, match="applying"):
        importing.confirm(job, because("yes, yes"))
    importing.work_all()
    with pytest.raises(ValidationError, match="applied"):
        importing.confirm(job, because("again"))


@pytest.mark.parametrize("content", [b"id,colour\nopenai:x,red\n", b"\xff\xfe", b"name\nx\n"])
def test_an_unreadable_file_is_refused_in_words(seeded: None, content: bytes) -> None:
    job = importing.submit("models", "csv", "list.csv", content, because(""))
    importing.work_all()
    job.refresh_from_db()
    assert (job.state, job.outcome["errors"]) == (ImportState.REFUSED, 1)
    assert job.outcome["errors_shown"][0]["message"]


def test_what_changed_since_it_was_checked_counts_when_it_is_applied(seeded: None) -> None:
    job = importing.submit("models", "csv", "list.csv", as_csv({"id": GPT, "successor": MINI}), because(""))
    importing.work_all()
    editing.update(GPT, {"successor": ""}, because("none"))
    editing.remove(MINI, because("gone"))
    importing.confirm(job, because("yes"))
    importing.work_all()
    job.refresh_from_db()
    assert (job.state, job.outcome["errors_shown"]) == (
        ImportState.REFUSED, [
            {"line": 2, "key": GPT, "field": "successor", "message": f"there is no model '{MINI}'."}
        ],
    )  # fmt: skip
    assert Model.objects.get(identifier=GPT).successor is None


def test_applying_twice_does_no_more_than_once(seeded: None) -> None:
    job = work(as_csv(new_row(1)))
    before = counts()
    importing.apply(job)
    importing.apply(Import.objects.get(pk=job.pk))
    assert counts() == before
    assert work(as_csv(new_row(1))).outcome["unchanged"] == 1
    assert counts() == before, "nor does the same file once more"


@pytest.mark.parametrize("state", [ImportState.CHECKING, ImportState.APPLYING])
def test_a_step_that_somebody_works_on_is_left_to_them_until_it_is_stale(seeded: None, state: ImportState) -> None:
    job = importing.submit("models", "csv", "list.csv", as_csv(new_row(1)), because(""))
    Import.objects.filter(pk=job.pk).update(state=state, reason="yes", touched_at=now())
    assert importing.work_all() == 0
    abandoned(job)
    assert importing.work_all() == 1
    job.refresh_from_db()
    done = {ImportState.CHECKING: ImportState.CHECKED, ImportState.APPLYING: ImportState.APPLIED}
    assert job.state == done[state]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["a NUL", "half a character"])
def test_text_that_the_database_cannot_hold_is_refused_and_stops_no_other_import(seeded: None, text: str) -> None:
    facts = {**catalogue_compiler.compile_bundle()["models"][GPT], "description": text}
    content = json.dumps([{"id": "openai:x", **facts}]).encode()
    bad = importing.submit("models", "json", "bad.json", content, because(""))
    good = importing.submit("models", "csv", "good.csv", as_csv(new_row(1)), because(""))
    importing.work_all()
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (ImportState.REFUSED, ImportState.CHECKED)


MANY, FEW_QUERIES = 2_000, 150


def test_thousands_of_rows_are_planned_and_applied_by_few_queries(seeded: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        job = work(as_csv(*(new_row(number) for number in range(MANY))))
    assert len(asked) < FEW_QUERIES, "each further thousand costs little"
    assert (job.state, job.outcome["new"], job.done) == (ImportState.APPLIED, MANY, MANY)
    assert len(job.outcome["changes_shown"]) == importing.MAX_SHOWN
    assert Model.objects.count() == len(STATIC.models) + MANY
    assert Model.history.filter(history_change_reason="from a list").count() == MANY
    assert len(Release.objects.get(line="catalogue", number=2).bundle["models"]) == len(STATIC.models) + MANY
