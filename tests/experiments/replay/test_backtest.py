"""A release, a draft included, or values that are not saved yet, against what is live: over records of a made-up shop."""

import json
from decimal import Decimal
from typing import Any

import pytest

from autorouter.configuration import bundles, learned
from autorouter.decision.success import Kind, LearnedSuccess
from autorouter.models import RouterConfiguration
from autorouter.types import Constraints
from experiments.errors import BadSlice
from experiments.replay import backtest
from experiments.replay.backtest import Bounds, Pair
from experiments.replay.traffic import Slice
from experiments.types import Flow, Report
from models_registry.catalogue import bundles as catalogue_bundles
from routerhub.releases import rollout, store
from routerhub.releases.errors import InvalidRelease, UnknownRelease
from routerhub.releases.models import Release
from tests.cast import because
from tests.experiments.traffic import LARGE, MIDDLE, SHIPPED, SMALL, draft, goods, open_shop, policy, request, tune

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]


def moved_to_small(count: int) -> list[Flow]:
    """The flow of so many requests of 1,000 tokens in and 500 out: 0.00095 to 0.0004 USD."""
    return [Flow(before=MIDDLE, after=SMALL, requests=count, cost_change=Decimal("-0.00055") * count)]


def tried(**values: Any) -> Report:
    return backtest.run(Pair(router=draft(**values)), Slice())


# --- releases


def test_one_model_in_the_place_of_another_takes_what_it_can() -> None:
    """Of three requests the small one takes two, each for 0.0004 rather than 0.00095 USD; the third is too large for it."""
    request()
    request(asked={"complexity": "simple"})
    request(asked={"input_tokens": 9_000})
    report = backtest.run(Pair(), Slice(model=MIDDLE), instead=SMALL)
    assert report.flows[0] == moved_to_small(2)[0]
    assert (report.moved, report.refused_before, report.refused_after) == (3, 0, 1)
    with pytest.raises(BadSlice, match="no model 'acme:none'"):
        backtest.run(Pair(), Slice(), instead="acme:none")


def test_what_was_learned_is_tried_over_the_words_that_records_keep() -> None:
    for terms in ((7, 9), (9,), (), (7,)):
        request(asked={"terms": terms})
    kinds = {"coding": Kind(outcomes=212, shift=100)}
    changes = {SMALL: LearnedSuccess(kinds=kinds, terms={7: 4_000})}
    number = store.draft("router", lambda: learned.write(changes, because("idea")), because("idea"))
    assert backtest.run(Pair(router=number), Slice()).flows == moved_to_small(2)


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        (Slice(task_type="review"), 2),
        (Slice(complexity="complex"), 1),
        (Slice(complexity="complex", task_type="report"), SHIPPED),
    ],
)
def test_a_slice_is_narrowed_by_complexity_and_task_type(chosen: Slice, count: int) -> None:
    request(task_type="review")
    request(asked={"complexity": "complex"}, task_type="review")
    assert backtest.run(Pair(), chosen).requests == count


def test_a_lower_bound_of_cheap_makes_what_lies_between_mid() -> None:
    """acme:middle costs 0.70 in the mean: cheap below 1, mid from 0.50 on. 8 of 10 requests then go to acme:small."""
    for complexity in ("simple", "simple", "simple", *["moderate"] * 5, "complex", "complex"):
        request(asked={"complexity": complexity})
    report = tried(cheap_below=Decimal("0.5"))
    assert report.is_recorded
    assert (report.requests, report.moved) == (10, 8)
    assert report.flows == moved_to_small(8)
    # before 8 x 0.00095 + 2 x 0.005 = 0.0176; after 8 x 0.0004 + 2 x 0.005 = 0.0132
    assert report.cost_usd.mean == pytest.approx(-0.00044)
    assert report.cost_usd.relative == pytest.approx(-0.25)
    assert report.quality.mean == -16.0
    assert (report.refused_before, report.refused_after) == (0, 0)


def test_soft_scoring_is_tried_by_a_draft_and_by_the_preview_and_judged_by_all_that_a_request_may_be_of() -> None:
    """As factual all models count 70, and the smallest is the cheapest; by .6 x 70 + .4 x coding it has 66, the middle one 74."""
    unsure = (("factual", Decimal("0.6")), ("coding", Decimal("0.4")))
    request(asked={"category": "factual", "likely": unsure})
    request(asked={"category": "factual"})
    reports = tried(soft_scoring=True), backtest.preview({"config": {"soft_scoring": True}}, Slice())
    for report in reports:
        assert [(each.before, each.after, each.requests) for each in report.flows] == [(SMALL, MIDDLE, 1)]
        assert (report.requests, report.quality.mean) == (2, 4.0), "8 points for one of two"


def test_a_policy_that_would_go_by_complexity_is_tried_by_the_preview() -> None:
    open_shop(own=policy(MIDDLE, SMALL, LARGE))
    for complexity in ("simple", "moderate", "complex"):
        request(Constraints(policy="own"), asked={"complexity": complexity})
    report = backtest.preview({"policies": {"own": {"orders_by_complexity": True}}}, Slice())
    assert [(each.before, each.after) for each in report.flows] == [(MIDDLE, SMALL)], (
        "all are as strong: no quality is known"
    )


def test_a_mean_price_on_the_bound_is_not_cheap() -> None:
    request()
    assert tried(cheap_below=Decimal("0.7")).flows == moved_to_small(1)
    assert tried(cheap_below=Decimal("0.7001")).moved == 0


def test_stickiness_of_0_lets_conversations_go_where_25_keeps_them() -> None:
    """60 + 25 points of acme:small beat the 80 of acme:middle, 42.5 to 40; without the bonus it is 30 to 40."""
    request(Constraints(previous_model=SMALL))
    request(Constraints(previous_model=SMALL, keeps_model=True))
    request(Constraints(previous_model=MIDDLE))
    request()
    report = tried(stickiness_bonus=0)
    assert report.flows == [Flow(before=SMALL, after=MIDDLE, requests=2, cost_change=Decimal("0.0011"))]
    assert report.moved == 2
    tune(stickiness_bonus=0)
    assert backtest.run(Pair(router=1), Slice()).flows == [
        Flow(before=MIDDLE, after=SMALL, requests=2, cost_change=Decimal("-0.0011"))
    ]


def test_a_draft_changes_nothing_for_anybody() -> None:
    request()
    number = draft(cheap_below=Decimal("0.5"))
    backtest.run(Pair(router=number), Slice())
    assert rollout.pointers()["router"].stable == 1
    assert RouterConfiguration.objects.get().cheap_below == 1
    assert Release.objects.count() == 3


def test_a_catalogue_release_is_tried_too() -> None:
    for _ in range(3):
        request()
    found = catalogue_bundles.to_bundle(goods())
    found["models"][MIDDLE]["is_available"] = False
    number = store.store("catalogue", found, because("without the middle")).number
    assert backtest.run(Pair(catalogue=number), Slice()).flows == moved_to_small(3)


def test_any_two_pairs_may_be_compared() -> None:
    request()
    number = draft(cheap_below=Decimal("0.5"))
    report = backtest.run(Pair(), Slice(), before=Pair(router=number))
    assert report.flows == [Flow(before=SMALL, after=MIDDLE, requests=1, cost_change=Decimal("0.00055"))]


def test_in_a_rollout_the_baseline_is_the_stable_release() -> None:
    request()
    number = draft(cheap_below=Decimal("0.5"))
    rollout.roll_out("router", number, 50, because("half"))
    assert backtest.run(Pair(router=number), Slice()).moved == 1
    assert backtest.run(Pair(), Slice()).moved == 0


def test_without_records_the_prompts_that_ship_are_replayed() -> None:
    report = tried(cheap_below=Decimal("0.5"))
    assert (report.is_recorded, report.requests) == (False, SHIPPED)
    assert report.moved > 0
    # complex prompts of other categories: best:large and acme:middle are equals now, and the cheaper one goes first
    assert {(flow.before, flow.after) for flow in report.flows} == {(MIDDLE, SMALL), (LARGE, MIDDLE)}


def test_a_release_that_is_not_there_is_told() -> None:
    with pytest.raises(UnknownRelease, match="Line router has no release 99"):
        backtest.run(Pair(router=99), Slice())


# --- bounds


def test_every_bound_that_is_passed_is_told_with_its_figures() -> None:
    request(Constraints(policy="code"))
    request()
    weights = {f"weight_moderate_{tier}": value for tier, value in (("cheap", 0), ("mid", 1), ("premium", 0))}
    report = tried(**weights)
    # the second goes from middle to large: 0.00095 to 0.005, of 0.00595 in all; the policy's stays
    assert (report.moved, report.quality.mean) == (1, 5.0)
    assert Bounds(max_cost_increase=0.68).passed(report) == ["cost rises by 68.07%, more than 68.00%"]
    assert Bounds(max_moved=0.49, max_quality_loss=0).passed(report) == [
        "share of moved requests is 50.00%, more than 49.00%"
    ]
    assert (
        Bounds(max_cost_increase=0.69, max_moved=0.5, max_quality_loss=0, max_latency_increase=0).passed(report) == []
    )
    assert Bounds().passed(report) == []


def test_a_loss_of_quality_and_a_longer_wait_are_told() -> None:
    request(latency_ms=100)
    request(asked={"complexity": "complex"}, latency_ms=100)
    request(Constraints(candidates=(SMALL,)), latency_ms=175)
    report = tried(cheap_below=Decimal("0.5"))
    # of three requests one loses 20 points and waits 175 ms for 100: 375 ms in all become 450
    assert Bounds(max_quality_loss=6.5, max_latency_increase=0.19).passed(report) == [
        "latency rises by 20.00%, more than 19.00%", "mean quality falls by 6.67 points, more than 6.50",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), ("5 %", 0.05), ("-2.5%", -0.025), ("0", 0)])
def test_a_share_is_read_as_percent_or_fraction(text: str, share: float) -> None:
    assert backtest.read_share(text, "field") == share


@pytest.mark.parametrize(
    "text",
    [
        "five", "5%%", "%", "",
        pytest.param("nan"),
    ],
)  # fmt: skip
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(BadSlice, match="is not a share such as 5% or"):
        backtest.read_share(text, "--max-moved")


# --- unsaved values


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"cheap_below": 0.5}, {"cheap_below": Decimal("0.5")}),
        ({"stickiness_bonus": 0}, {"stickiness_bonus": 0}),
        ({"tier_weights": {"moderate": {"cheap": 0.1}}}, {"weight_moderate_cheap": Decimal("0.1")}),
        ({"speed_bonuses": {"small": 50}}, {"speed_bonuses": {"small": 50}}),
        ({"context_buffer": 5}, {"context_buffer": 5}),
    ],
)
def test_a_preview_says_what_a_backtest_of_the_same_values_says(
    changes: dict[str, Any], values: dict[str, Any]
) -> None:
    for complexity in ("simple", "moderate", "complex"):
        for previous in (None, SMALL, LARGE):
            request(
                Constraints(previous_model=previous),
                asked={"complexity": complexity, "input_tokens": 5_000},
                latency_ms=90,
            )
    shown = backtest.preview({"config": changes}, Slice())
    assert shown.moved > 0
    assert shown == tried(**values)
    assert RouterConfiguration.objects.get().cheap_below == 1, "a preview saves nothing"
    assert rollout.pointers()["router"].stable == 1


def test_scores_and_policies_are_previewed_entry_by_entry() -> None:
    request()
    request(Constraints(policy="code"))
    better = {"profiles": {SMALL: {"coding": {"value": 90}}}}
    assert backtest.preview(better, Slice()).flows == moved_to_small(1)
    turned = {"policies": {"code": {"models": [SMALL, LARGE]}}}
    assert [(flow.before, flow.after) for flow in backtest.preview(turned, Slice()).flows] == [(LARGE, SMALL)]
    assert backtest.preview({}, Slice()).moved == 0


def test_a_speed_bonus_that_is_left_out_is_gone() -> None:
    live = {"config": {"speed_bonuses": {"flash": 8, "nano": 10}, "cheap_below": 1}}
    merged = backtest.merged(live, {"config": {"speed_bonuses": {"nano": 9}}})
    assert merged == {"config": {"speed_bonuses": {"nano": 9}, "cheap_below": 1}}
    assert live["config"]["speed_bonuses"] == {"flash": 8, "nano": 10}, "what is live is left as it is"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"config": {"stickiness_bonus": 101}}, "config.stickiness_bonus"),
        ({"config": {"stickiness_bonus": "many"}}, "config.stickiness_bonus"),
        ({"config": {"cheap_below": 6}}, "config.cheap_below"),
        ({"config": {"colour": 1}}, "config.colour"),
        ({"config": 5}, "config"),
        ({"config": {"tier_weights": {"simple": {"cheap": 2}}}}, "config.tier_weights.simple.cheap"),
        ({"config": {"speed_bonuses": {"Fast": 1}}}, "config.speed_bonuses.Fast"),
        ({"profiles": {SMALL: {"coding": {"value": -1}}}}, f"profiles.{SMALL}.coding.value"),
        ({"profiles": {SMALL: {"singing": {"value": 1}}}}, f"profiles.{SMALL}.singing"),
        ({"policies": {"code": {"models": []}}}, "policies.code.models"),
        ({"task_types": {"fix": "nothing"}}, "task_types.fix"),
        pytest.param(
            {"confg": {"stickiness_bonus": 0}}, "confg"),
        pytest.param(
            {"policies": {"code": {"version": "x"}}}, "policies.code.version"),
    ],
)  # fmt: skip
def test_values_that_may_not_be_are_refused_by_their_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRelease) as refused:
        backtest.preview(changes, Slice())
    assert path in refused.value.problems


def test_a_report_is_told_in_json() -> None:
    request(latency_ms=100)
    told = json.loads(json.dumps(backtest.as_json(tried(cheap_below=Decimal("0.5")), Bounds(max_moved=0.5))))
    assert told == {
        "requests": 1, "moved": 1, "recorded": True, "latency_ms": None, "latency_known_for": 0,
        "flows": [{"before": MIDDLE, "after": SMALL, "requests": 1, "cost_change_usd": -0.00055}],
        "cost_usd": {
            "mean": pytest.approx(-0.00055), "interval": [pytest.approx(-0.00055)] * 2,
            "relative": pytest.approx(-0.00055 / 0.00095),
        },
        "quality": {"mean": -20.0, "interval": [-20.0, -20.0], "relative": -0.25},
        "refused": {"before": 0, "after": 0},
        "passed": ["share of moved requests is 100.00%, more than 50.00%"],
    }  # fmt: skip


def test_a_release_is_read_as_it_is_stored() -> None:
    found, router = backtest.load(Pair())
    assert (found.release, router.release) == (1, 1)
    assert set(found.models) == {SMALL, MIDDLE, LARGE}
    assert router == bundles.read(store.bundle("router", 1), 1)
    assert backtest.load(Pair(catalogue=0, router=0))[0].release == 0
