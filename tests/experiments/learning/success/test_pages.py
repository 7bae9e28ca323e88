"""Outcome files and proposals of learned success in the admin and the REST API."""

import json
from typing import Any

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from experiments.choices import ProposalKind
from experiments.learning import proposals
from experiments.learning.proposals import Found
from experiments.models import ImportedOutcome, LearningRound, Proposal
from tests.cast import Cast
from tests.experiments.traffic import SMALL, open_shop

LINE = {"prompt": "Write a Python function", "model": SMALL, "score": 0.5}
KIND = {
    "category": "coding",
    "outcomes": 80,
    "observed": 0.5,
    "profile": 0.6,
    "learned": 0.52,
    "gain": [0.1, 0.05, 0.15],
    "is_learned": True,
}
EVIDENCE = {
    "outcomes": 80, "questions": 80, "words": True, "kinds": [KIND],
    "held_out": {"loss_profile": 0.69, "loss_learned": 0.59, "gain": [0.1, 0.05, 0.15],
                 "calibration_profile": 0.1, "calibration_learned": 0.02},
    "traffic": {"is": "model-based estimate", "requests": 10, "moved": 3,
                "success": {"mean": 0.02, "low": 0.01, "high": 0.03, "relative": 0.04},
                "cost_usd": {"mean": -0.1, "low": -0.2, "high": 0.0, "relative": -0.25}},
    "off_policy": {"is": "no evidence", "requests": 4, "needed": 30},
}  # fmt: skip


@pytest.fixture(autouse=True)
def shop(cast: Cast) -> None:
    open_shop()


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


def file(*lines: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile("judged.jsonl", "\n".join(map(json.dumps, lines)).encode())


def proposed() -> Proposal:
    made = LearningRound.objects.create(
        began_at="2026-11-30T00:00Z", since="2026-09-01T00:00Z", records=0, feedback=80, proposals=1, verdict="success"
    )
    after = {"kinds": {"coding": {"outcomes": 80, "shift": -300, "least_seen": 60}}, "terms": "3:0 7:-250"}
    found = Found(
        kind=ProposalKind.SUCCESS,
        subject=SMALL,
        detail="",
        before={},
        after=after,
        evidence=EVIDENCE,
        summary="80 outcomes",
    )
    return proposals.propose(made, [found], [ProposalKind.SUCCESS])[0]


def test_a_file_is_sent_checked_and_forgotten_by_api(staff: Client) -> None:
    def send(*lines: Any, **given: Any) -> Any:
        return staff.post("/api/learning/outcomes", {"file": file(*lines), "reason": "measured", **given})

    assert send(LINE, dry_run=True).json() == {
        "new": 1, "changed": 0, "unchanged": 0, "errors": 0, "errors_shown": [], "written": False,
    }  # fmt: skip
    wrong = send({**LINE, "score": 7})
    assert (wrong.status_code, wrong.json()["errors_shown"]) == (
        400, [{"line": 1, "field": "score", "message": "7 is not a number from 0 to 1."}],
    )  # fmt: skip
    assert send(LINE, source="a judge").status_code == 201
    (row,) = staff.get("/api/learning/outcomes?source=a judge").json()["results"]
    assert (row["model"], row["score"], "prompt" in row) == (SMALL, 0.5, False)
    gone = staff.delete("/api/learning/outcomes/sources/a judge?reason=wrong")
    assert (gone.json(), ImportedOutcome.objects.count()) == ({"deleted": 1}, 0)


def test_a_round_of_success_begins_in_the_background(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **_: begun.append(name))
    answer = staff.post("/api/learning/rounds", {"of": "success"}, "application/json")
    assert (answer.status_code, LearningRound.objects.count()) == (202, 0)
    assert staff.post("/api/learning/rounds", {"of": "luck"}, "application/json").status_code == 400


def test_the_page_checks_and_takes_a_file_and_deletes_by_source(staff: Client) -> None:
    def send(**given: Any) -> str:
        answer = staff.post("/admin/outcomes/", {"reason": "measured", **given}, follow=True)
        return str(answer.content.decode())

    assert "No outcome was imported yet" in staff.get("/admin/outcomes/").content.decode()
    assert "It would add 1 outcomes" in send(action="check", file=file(LINE))
    refused = send(action="import", file=file({**LINE, "model": "nobody:none"}))
    assert "Nothing was saved" in refused
    assert "<td>model</td>" in refused
    assert "judged.jsonl: 1 new, 0 changed, 0 unchanged." in send(action="import", file=file(LINE))
    assert ImportedOutcome.objects.count() == 1
    assert "1 outcomes of judged.jsonl were deleted." in send(action="forget", source="judged.jsonl")


def test_a_proposal_shows_its_evidence_and_what_each_figure_is(staff: Client) -> None:
    row = proposed()
    shown = staff.get(f"/admin/experiments/proposal/{row.pk}/change/").content.decode()
    for said in (
        "Learned for coding, with the weight of 1 word", "log loss is 0.590 instead of the profile's 0.690",
        "Model-based estimate", "Off-policy: <b>no evidence</b>", "observed 50.0 percent, by the profile 60.0, learned 52.0",
    ):  # fmt: skip
        assert said in shown.replace("&#x27;", "'")
    assert "learned for coding" in staff.get("/admin/experiments/proposal/").content.decode()
    accepted = staff.post(f"/api/learning/proposals/{row.pk}/accept", {"reason": "it shows"}, "application/json").json()
    assert (accepted["state"], accepted["release"]) == ("accepted", 2)
