"""A release goes from one site to another as a file, and is a draft there; drafts are named."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from models_registry.catalogue import editing
from routerhub.audit.models import Event
from routerhub.releases import rollout, store
from routerhub.releases.models import Release
from routerhub.releases.types import Pointer
from tests.api.answers import problem
from tests.cast import because

pytestmark = [pytest.mark.usefixtures("both_seeded"), pytest.mark.parametrize("staff", ["login"], indirect=True)]
GPT = "openai:gpt-5"
CHANGED = [{"path": f"models.{GPT}.name", "before": "GPT-5", "after": "Theirs"}]


@pytest.fixture
def downloaded(staff: Client) -> dict[str, Any]:
    """A release of the catalogue, as another site has it: this one never stored it."""
    number = store.draft(
        "catalogue", lambda: editing.update(GPT, {"name": "Theirs"}, because("theirs")), because("x"), "a name"
    )
    found: dict[str, Any] = staff.get(f"/api/releases/catalogue/{number}/file").json()
    Release.objects.filter(line="catalogue", number=number).delete()
    return found


def upload(staff: Client, file: Any, **body: Any) -> Any:
    return staff.post("/api/releases", {"file": file, "reason": "from the other site", **body}, "application/json")


def test_a_file_is_stored_as_a_draft_and_its_differences_are_told_before(staff: Client, downloaded: Any) -> None:
    assert (downloaded["line"], downloaded["number"], downloaded["label"]) == ("catalogue", 2, "a name")
    assert Event.objects.filter(kind="exported", subject="catalogue release 2").exists()
    tried = upload(staff, downloaded, dry_run=True)
    assert (tried.status_code, tried.json()) == (200, {"line": "catalogue", "differences": CHANGED})
    assert not Release.objects.filter(line="catalogue", number=2).exists()
    stored = upload(staff, downloaded, label="of theirs").json()
    assert (stored["number"], stored["label"], stored["digest"]) == (2, "of theirs", downloaded["digest"])
    assert store.bundle("catalogue", 2) == downloaded["bundle"]
    assert rollout.pointer("catalogue") == Pointer(line="catalogue", stable=1), "live for nobody"
    assert staff.get("/api/releases?line=catalogue").json()["results"][0]["state"] == "draft"


def broken(file: dict[str, Any]) -> Any:
    """With a figure that is none, and the digest that fits."""
    bundle = json.loads(json.dumps(file["bundle"]))
    bundle["models"][GPT]["max_output"] = -1
    return {**file, "bundle": bundle, "digest": store.digest(bundle)}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (lambda file: {**file, "digest": "0"}, ["digest"]),
        (lambda file: {**file, "number": "two"}, ["number"]),
        (lambda file: {**file, "extra": 1}, ["extra"]),
        (lambda file: {**file, "format": "other"}, ["format"]),
        (lambda file: {**file, "label": "x" * 61}, ["label"]),
        (lambda file: {name: file[name] for name in file if name != "bundle"}, ["bundle"]),
        (lambda file: [file], ["file"]),
        (broken, [f"models.{GPT}.max_output"]),
    ],
)
def test_a_file_that_is_none_is_refused_whole(staff: Client, downloaded: Any, change: Any, fields: list[str]) -> None:
    assert problem(upload(staff, change(downloaded))) == (400, fields)
    assert not Release.objects.filter(line="catalogue", number=2).exists()


def test_a_release_is_named(staff: Client) -> None:
    path = "/api/releases/catalogue/1"
    assert staff.patch(path, {"label": "the first", "reason": "to find it"}, "application/json").status_code == 200
    assert Release.objects.get(line="catalogue", number=1).label == "the first"
    assert Event.objects.get(kind="release named").text == "called 'the first': to find it"
    assert problem(staff.patch(path, {"label": "x" * 61, "reason": "x"}, "application/json")) == (400, ["label"])
    assert problem(staff.patch(path, {"label": "x"}, "application/json")) == (400, ["reason"])
    assert problem(staff.patch("/api/releases/catalogue/9", {"label": "x", "reason": "x"}, "application/json")) == (
        404,
        [],
    )


def test_the_command_does_the_same(staff: Client, downloaded: Any, tmp_path: Path) -> None:
    def release(*arguments: str) -> str:
        said = StringIO()
        call_command("release", *arguments, stdout=said)
        return said.getvalue()

    file = tmp_path / "release.json"
    file.write_text(json.dumps(downloaded))
    shown = release("upload", str(file), "--dry-run")
    assert shown == f"{GPT}, name: GPT-5 -> Theirs\n"
    with pytest.raises(CommandError, match="Give a --reason"):
        release("upload", str(file))
    assert "catalogue 2, a name is stored as a draft" in release("upload", str(file), "--reason", "theirs")
    assert json.loads(release("download", "catalogue", "2")) == downloaded
    release("name", "catalogue", "2", "other", "--reason", "x")
    assert Release.objects.get(line="catalogue", number=2).label == "other"
    file.write_text("{")
    with pytest.raises(CommandError, match="This is no JSON"):
        release("upload", str(file), "--reason", "x")
