"""A backtest by command: what it tells, and with which status it ends."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.timezone import now

from autorouter.types import Constraints
from tests.experiments.traffic import MIDDLE, SHIPPED, SMALL, draft, request, tune

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]


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
