"""What was learned of models' success goes from its table into releases and back, and is refused where it cannot be read."""

from typing import Any

import pytest

from autorouter.configuration import bundles, compiler, learned, save, seeding, tables
from autorouter.configuration.release0 import BUNDLE
from autorouter.decision.success import Kind, LearnedSuccess
from autorouter.models import LearnedSuccess as Row
from routerhub.releases import rollout, store, telling, transfer
from routerhub.releases.errors import InvalidRelease
from tests.cast import Cast, because

pytestmark = pytest.mark.django_db
MODEL, OTHER = "openai:gpt-5", "anthropic:claude-sonnet-4"
LEARNED = LearnedSuccess(
    kinds={"coding": Kind(outcomes=212, shift=-350, least_seen=40)}, terms={7: -12, 255_506: 90, 0: 0}
)
SPELLED = {"kinds": {"coding": {"outcomes": 212, "shift": -350, "least_seen": 40}}, "terms": "0:0 7:-12 255506:90"}


def live() -> Any:
    return store.release("router", rollout.pointer("router").stable)


def test_what_was_learned_is_part_of_the_next_release_until_it_is_taken_back(cast: Cast) -> None:
    assert "success" not in compiler.compile_bundle()
    learned.write({MODEL: LEARNED, OTHER: LEARNED}, because("proposal 3", cast.staff))
    save.publish(because("accepted"))
    assert compiler.compile_bundle()["success"] == {MODEL: SPELLED, OTHER: SPELLED}
    assert dict(live().success) == {MODEL: LEARNED, OTHER: LEARNED}
    (version,) = Row.objects.get(model=MODEL).history.all()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "proposal 3")
    learned.write({OTHER: None}, because("no better"))
    assert [*compiler.compile_bundle()["success"]] == [MODEL], "the others stay"
    seeding.seed()
    assert Row.objects.count() == 1, "a seed takes nothing away"
    tables.write(BUNDLE, because("back to what ships"))
    assert not Row.objects.exists()


def test_a_draft_may_have_it_while_nobody_is_served_it_and_a_file_takes_it_elsewhere() -> None:
    number = store.draft("router", lambda: learned.write({MODEL: LEARNED}, because("try")), because("try"))
    assert (dict(live().success), Row.objects.count()) == ({}, 0)
    assert store.release("router", number).success[MODEL] == LEARNED
    assert transfer.read(transfer.download("router", number, because("elsewhere"))).bundle["success"] == {
        MODEL: SPELLED
    }


def test_a_difference_names_model_and_kind_and_spares_its_reader_thousands_of_numbers() -> None:
    many = LearnedSuccess(kinds=LEARNED.kinds, terms=dict.fromkeys(range(5_000), -7))
    number = store.draft("router", lambda: learned.write({MODEL: many}, because("try")), because("try"))
    more = LearnedSuccess(kinds={"coding": Kind(outcomes=300, shift=-350, least_seen=40)}, terms={7: 1})
    later = store.draft("router", lambda: learned.write({MODEL: more}, because("try")), because("more"))
    outcomes, terms = telling.told("router", store.compared("router", number, later))
    assert (outcomes.name, outcomes.before, outcomes.after) == (
        f"Learned success of {MODEL}, coding outcomes",
        "212",
        "300",
    )
    assert (terms.name, terms.after, len(terms.before)) == (f"Learned success of {MODEL}, terms", "7:1", 81)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"kinds": {"cooking": {}}}, "kinds.cooking"),
        ({"kinds": {"coding": {"outcomes": 0, "shift": 1, "least_seen": 0}}}, "kinds.coding.outcomes"),
        ({"kinds": {"coding": {"outcomes": 9, "shift": 10_001, "least_seen": 0}}}, "kinds.coding.shift"),
        ({"kinds": {"coding": {"outcomes": 9, "shift": 1.5, "least_seen": 101}}}, "kinds.coding.least_seen"),
        ({"kinds": {"coding": {"outcomes": 9, "shift": 1, "least_seen": 0, "x": 1}}}, "kinds.coding.x"),
        ({"terms": "7:1 7:2"}, "terms"),
        ({"terms": {"7": 1}}, "terms"),
        ({"weights": ""}, "weights"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRelease) as refused:
        bundles.read({**BUNDLE, "success": {MODEL: {**SPELLED, **change}}}, 0)
    assert f"success.{MODEL}.{path}" in refused.value.problems


def test_no_release_holds_more_than_it_may() -> None:
    with pytest.raises(InvalidRelease, match="201 models are more than 200"):
        bundles.read({**BUNDLE, "success": {f"a:{at}": SPELLED for at in range(201)}}, 0)
