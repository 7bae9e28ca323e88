"""The whole way: outcomes are imported, learned from, proposed, accepted into a draft, and change decisions once it is live."""

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from autorouter.classification import vocabulary
from autorouter.decision import explain
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.models import LearnedSuccess
from autorouter.types import Constraints, Decision
from experiments.learning import proposals
from experiments.learning.success import importing, proposing
from experiments.models import GradualRollout, LearningRound, Proposal
from experiments.replay.backtest import Pair, load
from experiments.tasks import learn_success
from routerhub.releases import rollout, store
from tests.autorouter.fakes import SANDBOXED, task
from tests.cast import Cast, because
from tests.experiments.learning.success.lessons import PYTHON, SQL, jsonl
from tests.experiments.traffic import MIDDLE, SMALL, open_shop, request, tune

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop()
    importing.import_file(jsonl(), "jsonl", "made up", because("measured"))


def decided(prompt: str) -> Decision:
    catalogue, router = load(Pair())
    asked = task(category="coding", complexity="moderate", terms=vocabulary.numbers([prompt.format(99)]))
    rankings = Rankings(catalogue=catalogue, router=router, availability=SANDBOXED)
    return decide(rankings, asked, Constraints(), now())


def chosen(prompt: str) -> str:
    found = decided(prompt).chosen
    assert found
    return found.model


def live() -> int:
    return rollout.pointers()["router"].stable


def test_outcomes_change_decisions_once_staff_accepted_and_rolled_out_what_they_teach(cast: Cast) -> None:
    request(account_id=cast.ada.account.pk, asked={"terms": vocabulary.numbers([PYTHON.format(7)])})
    learn_success()
    done = LearningRound.objects.get()
    found = {each.subject: each for each in Proposal.objects.filter(kind="success")}
    assert set(found) == {SMALL, MIDDLE}, "the large one does no better than its profile says"
    small = found[SMALL]
    assert (
        done.verdict
        == "success of 2 of 3 models, from 0 judged and 0 failed requests with their words, 240 imported outcomes"
    )
    assert small.evidence["words"], "what it is good at shows in the words alone"
    assert (small.evidence["outcomes"], small.evidence["questions"]) == (80, 80)
    assert small.evidence["held_out"]["gain"][1] > 0
    assert small.evidence["held_out"]["loss_learned"] < small.evidence["held_out"]["loss_profile"]
    assert small.evidence["traffic"]["is"] == "model-based estimate"
    assert (small.evidence["traffic"]["requests"], small.evidence["traffic"]["moved"]) == (1, 1)
    assert small.evidence["off_policy"] == {"is": "no evidence", "requests": 0, "needed": 30}

    assert (chosen(PYTHON), chosen(SQL)) == (MIDDLE, MIDDLE)
    for each in found.values():
        proposals.accept(each, because("it shows", cast.staff))
    small.refresh_from_db()
    assert (small.state, small.decided_by, live()) == ("accepted", cast.staff, 1), "a draft is live for nobody"
    number = Proposal.objects.get(subject=MIDDLE).release or small.release
    assert number
    draft = max(each.number for each in store.listed("router"))
    assert set(store.bundle("router", draft)["success"]) == {SMALL, MIDDLE}, "the last draft has both"
    rollout.roll_out("router", draft, 100, because("try it"))
    assert (chosen(PYTHON), chosen(SQL)) == (SMALL, MIDDLE)
    told = explain.as_json(decided(PYTHON))
    assert "outcomes" in str(told)
    rollout.rollback("router", 1, because("no, not yet"))
    assert chosen(PYTHON) == MIDDLE
    assert proposing.learn().proposals == 2, "rolled back, it is proposed anew"
    rollout.roll_out("router", draft, 100, because("try it again"))
    importing.delete_source("made up", because("wrong ones"))
    for each in proposing.learn().made.all():
        assert each.after == {"kinds": {}, "terms": ""}
        proposals.accept(each, because("it rested on wrong outcomes", cast.staff))
    rollout.roll_out("router", max(each.number for each in store.listed("router")), 100, because("forget it"))
    assert (chosen(PYTHON), LearnedSuccess.objects.count()) == (MIDDLE, 0)


def test_what_was_accepted_before_goes_out_by_guarded_steps_where_staff_let_it(cast: Cast) -> None:
    tune(rolls_out_learned=True)
    before = live()
    proposing.learn()
    assert not GradualRollout.objects.exists(), "nobody accepted these kinds yet"
    for each in Proposal.objects.filter(state="open"):
        proposals.accept(each, because("it shows", cast.staff))
    importing.import_file(jsonl(50), "jsonl", "made up", because("measured more"))
    done = proposing.learn()
    gradual = GradualRollout.objects.get()
    assert {each.state for each in done.made.all()} == {"accepted"}
    assert (gradual.release, live()) == (done.made.first().release, before)  # type: ignore[union-attr]
    assert gradual.reason == "by itself, since its kinds were accepted before: success of 2 models"
    importing.import_file(jsonl(60), "jsonl", "made up", because("and more"))
    again = proposing.learn()
    waiting = again.made.first()
    assert waiting
    assert (waiting.state, "one runs at a time" in waiting.summary) == ("open", True)


def test_few_outcomes_are_no_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    importing.delete_source("made up", because("wrong ones"))
    importing.import_file(jsonl(5), "jsonl", "few", because("measured"))
    call_command("learn_success")
    assert capsys.readouterr().out == (
        "no evidence of success: 0 judged and 0 failed requests with their words, 30 imported outcomes; a model needs 30 of"
        " one category, and to foretell those held out surely better than its profile\n"
    )
    assert not Proposal.objects.exists()
