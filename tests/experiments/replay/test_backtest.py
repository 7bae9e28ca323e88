"""A release, a draft included, or values that are not saved yet, against what is live: over records of a made-up shop."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.timezone import now

from autorouter.configuration import bundles
from autorouter.models import RouterConfiguration
from autorouter.types import Constraints
from experiments.errors import BadSlice
from experiments.replay import backtest, traffic
from experiments.replay.backtest import Bounds, Pair
from experiments.replay.traffic import Slice
from experiments.types import Flow, Report
from models_registry.catalogue import bundles as catalogue_bundles
from routerhub.releases import rollout, store
from routerhub.releases.errors import InvalidRelease, UnknownRelease
from routerhub.releases.models import Release
from tests.cast import because
from tests.experiments.traffic import LARGE, MIDDLE, SHIPPED, SMALL, draft, goods, open_shop, policy, request, tune

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    open_shop(code=policy(LARGE, SMALL))
    traffic._remembered.clear()
    yield
    traffic._remembered.clear()


def moved_to_small(count: int) -> list[Flow]:
    """The flow of so many requests of 1,000 tokens in and 500 out: 0.00095 to 0.0004 USD."""
    return [Flow(before=MIDDLE, after=SMALL, requests=count, cost_change=Decimal("-0.00055") * count)]


def tried(**values: Any) -> Report:
    return backtest.run(Pair(router=draft(**values)), Slice())


# --- releases


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


# --- the command


def command(*arguments: str) -> tuple[int, str, str]:
    """Exit code, what it says and what it complains of."""
    out, err = StringIO(), StringIO()
    try:
        call_command("backtest", *arguments, stdout=out, stderr=err)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def number() -> str:
    """A draft that makes acme:middle mid, and 20 requests of which it moves 19; of failures no latency is measured."""
    for _ in range(19):
        request(outcome="failure")
    request(asked={"complexity": "complex"}, outcome="failure")
    return str(draft(cheap_below=Decimal("0.5")))


def test_the_command_tells_flows_cost_quality_latency_and_refusals(number: str) -> None:
    code, said, complaints = command(f"--router={number}")
    assert (code, complaints) == (0, "")
    assert "20 recorded requests; 19 (95.0%) would go elsewhere" in said
    assert [line.split() for line in said.splitlines() if "->" in line] == [
        ["19", MIDDLE, "->", SMALL, "-0.010450", "USD"]
    ]
    assert "cost     -0.00052250 USD a request (95 % interval " in said
    # 19 x 0.00095 + 0.005 = 0.02305, of which 0.01045 is saved
    assert ", -45.34% in all" in said
    assert "quality  -19.00 points a request" in said
    assert "latency  not measured (measured for 0)" in said
    assert "refused  0 before, 0 after" in said


@pytest.mark.parametrize(
    ("bound", "code"),
    [
        ("--max-moved=95%", 0), ("--max-moved=94%", 1), ("--max-moved=0.94", 1),
        ("--max-quality-loss=19", 0), ("--max-quality-loss=18.9", 1),
        ("--max-cost-increase=5%", 0), ("--max-cost-increase=-45%", 0), ("--max-cost-increase=-46%", 1),
        ("--max-latency-increase=0%", 0),
    ],
)  # fmt: skip
def test_the_command_leaves_with_1_when_a_bound_is_passed(number: str, bound: str, code: int) -> None:
    left, said, complaints = command(f"--router={number}", bound)
    assert (left, "bound passed: " in complaints) == (code, code == 1)
    assert "would go elsewhere" in said


def test_a_dearer_release_passes_a_bound_of_5_percent() -> None:
    request()
    tune(cheap_below=Decimal("0.5"))
    code, _, complaints = command("--router=1", "--max-cost-increase", "5%")
    assert (code, complaints.strip()) == (1, "bound passed: cost rises by 137.50%, more than 5.00%")
    assert command("--router=1", "--max-cost-increase", "138%")[0] == 0


def test_the_command_tells_json(number: str) -> None:
    code, said, _ = command(f"--router={number}", "--json", "--max-moved=10%")
    told = json.loads(said)
    assert (code, told["requests"], told["moved"]) == (1, 20, 19)
    assert told["passed"] == ["share of moved requests is 95.00%, more than 10.00%"]


def test_the_command_says_that_there_is_no_record() -> None:
    code, said, _ = command()
    assert code == 0
    assert said.startswith(f"{SHIPPED:,} built-in prompts (there is no record); 0 (0.0%) would go elsewhere")


def test_the_command_replays_the_slice_that_it_is_told() -> None:
    request(at=now() - timedelta(days=3), tags=["night"])
    request(at=now() - timedelta(hours=3), user_id=5)
    request(Constraints(candidates=(SMALL,)), asked={"category": "research"}, account_id=9)
    counted = {
        "--limit=2": 2, "--since=1d": 2, "--since=12h": 2, "--since=200m": 2, "--since=2026-01-01": 3, "--until=1h": 2,
        "--category=research": 1, f"--model={MIDDLE}": 2, "--user=5": 1, "--account=9": 1,
    }  # fmt: skip
    assert {option: json.loads(command(option, "--json")[1])["requests"] for option in counted} == counted


def test_the_command_replays_the_requests_of_a_tag() -> None:
    request(tags=["night", "batch"])
    request(tags=["nightly"])
    assert json.loads(command("--tag=night", "--json")[1])["requests"] == 1


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--limit=0", "limit: 0 is not from 1 to 1,000,000."),
        ("--since=yesterday", "since: 'yesterday' is neither a moment such as 2026-11-01 nor an age such as 7d."),
        ("--since=2026-13-01", "since: '2026-13-01' is neither a moment"),
        ("--until=soon", "until: 'soon' is neither"),
        ("--router=99", "Line router has no release 99."),
        ("--catalogue=99", "Line catalogue has no release 99."),
        ("--max-moved=many", "--max-moved: 'many' is not a share such as 5% or 0.05."),
        ("--max-cost-increase=5%%", "--max-cost-increase: '5%%' is not a share"),
        ("--max-quality-loss=much", "invalid float value: 'much'"),
        ("--limit=many", "invalid int value: 'many'"),
        pytest.param("--since=99999999999d", "since: "),
        pytest.param("--since=9999999d", "since: "),
    ],
)
def test_a_bad_value_is_a_clear_error(option: str, told: str) -> None:
    request()
    with pytest.raises(CommandError) as refused:
        command(option)
    assert told in str(refused.value)


@pytest.mark.django_db(transaction=True)
def test_the_command_as_a_process_leaves_with_0_and_1(number: str) -> None:
    parts = connection.settings_dict
    address = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    environment = {**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "routerhub.settings"}
    for bound, code in (("95%", 0), ("5%", 1)):
        done = subprocess.run(
            [sys.executable, "manage.py", "backtest", f"--router={number}", f"--max-moved={bound}"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "20 recorded requests; 19 (95.0%) would go elsewhere" in done.stdout
        assert ("bound passed: share of moved requests is 95.00%" in done.stderr) == bool(code)


def test_a_release_is_read_as_it_is_stored() -> None:
    found, router = backtest.load(Pair())
    assert (found.release, router.release) == (1, 1)
    assert set(found.models) == {SMALL, MIDDLE, LARGE}
    assert router == bundles.read(store.bundle("router", 1), 1)
    assert backtest.load(Pair(catalogue=0, router=0))[0].release == 0
