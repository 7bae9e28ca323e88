"""What a process holds of the tests that run."""

from datetime import timedelta

from django.utils.timezone import now

from experiments.ab import variants
from experiments.models import Experiment
from tests.analytics.rows import insert, insert_many
from tests.cast import Cast


def run(**values: object) -> Experiment:
    return Experiment.objects.create(name="t", state="running", phase=1, **{"a": {"kind": "same"}, **values})


def test_a_test_runs_where_all_that_its_variants_name_is_there(cast: Cast) -> None:
    ready = run(account=cast.ada.account, b={"kind": "preferences", "value": "5"})
    run(account=cast.cy.account, b={"kind": "preferences", "value": "999"})
    run(b={"kind": "release", "value": "7"})
    held = variants.read()
    assert held.releases == {7}
    assert held.on({0}, {5}).running.of_everybody == []
    assert [each.b.value for each in held.on({0, 7}, ()).running.of_everybody] == ["7"]
    assert [*held.on({0}, {5}).running.of_accounts] == [ready.account_id]


def test_a_shuffle_draws_as_the_router_chose_lately_for_those_whom_it_is_about(cast: Cast) -> None:
    test = run(account=cast.ada.account, b={"kind": "shuffle"})
    mine = {"account_id": cast.ada.account.pk, "requested_model": "auto", "created_at": now() - timedelta(hours=2)}
    assert variants.read().on((), ()).running.of_accounts == {}, "nothing was chosen yet"
    insert_many(3, **mine, model="a:x")
    insert(**{**mine, "requested_model": "policy:code"}, model="b:y")
    for other in (
        {"requested_model": "a:x"}, {"account_id": 999}, {"created_at": now() - timedelta(days=8)}, {"outcome": "failure"},
        {"experiment": test.pk, "phase": 1, "variant": "b"}, {"created_at": now() + timedelta(hours=1)},
    ):  # fmt: skip
        insert(**{**mine, "model": "c:z", **other})
    assert variants.read().shares == {test.pk: (("a:x", 3), ("b:y", 1))}
