"""A catalogue bundle: read and written without loss, and refused with every reason."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from models_registry.catalogue.bundles import read, to_bundle
from models_registry.catalogue.release0 import STATIC
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.store import digest

Change = Callable[[dict[str, Any]], Any]


def bundle() -> dict[str, Any]:
    """A small valid one: one maker with one model at one place, with a price of one tier."""
    price = {
        "effective_from": "2026-01-01T00:00:00+00:00",
        "rates": {"input": "0.041666666666666664", "output": "10"},
        "tiers": [{"above_input_tokens": 200_000, "rates": {"input": "4", "output": "15"}}],
        "source": "made up",
        "dated": "2026-01-01",
    }
    model = {
        "provider": "acme",
        "name": "One",
        "context_window": 8_000,
        "max_output": 4_000,
        "capabilities": ["tools"],
        "deployments": [{"provider": "acme", "upstream_model": "one", "status": "available", "prices": [price]}],
    }
    provider = {
        "title": "Acme",
        "protocol": "openai",
        "base_url": "https://acme.example/v1",
        "credential_env": "ACME_API_KEY",
    }
    return copy.deepcopy({"providers": {"acme": provider}, "models": {"acme:one": model}})


def the_model(given: dict[str, Any]) -> Any:
    return given["models"]["acme:one"]


def the_deployment(given: dict[str, Any]) -> Any:
    return the_model(given)["deployments"][0]


def the_price(given: dict[str, Any]) -> Any:
    return the_deployment(given)["prices"][0]


def problems_after(change: Change) -> dict[str, str]:
    given = bundle()
    change(given)
    with pytest.raises(InvalidRelease) as refused:
        read(given, number=1)
    return refused.value.problems


def test_the_catalogue_that_ships_comes_back_the_same_through_json() -> None:
    written = json.loads(json.dumps(to_bundle(STATIC)))
    assert read(written, number=0) == STATIC
    assert digest(to_bundle(read(written, number=7))) == digest(written)


def test_a_rate_keeps_all_of_its_digits() -> None:
    catalogue = read(bundle(), number=3)
    assert catalogue.release == 3
    assert str(catalogue.models["acme:one"].deployments[0].prices[0].rates.input) == "0.041666666666666664"
    assert to_bundle(catalogue)["models"]["acme:one"]["deployments"][0]["prices"][0]["rates"]["input"] == (
        "0.041666666666666664"
    )


def test_the_regions_of_a_deployment_are_told_where_somebody_knows_them() -> None:
    given = bundle()
    assert "regions" not in to_bundle(read(given, number=1))["models"]["acme:one"]["deployments"][0]
    the_deployment(given)["regions"] = ["eu", "us-east-1"]
    catalogue = read(given, number=1)
    assert catalogue.models["acme:one"].deployments[0].regions == ("eu", "us-east-1")
    assert to_bundle(catalogue)["models"]["acme:one"]["deployments"][0]["regions"] == ["eu", "us-east-1"]


def test_a_model_without_a_price_is_valid_because_it_is_never_chosen() -> None:
    given = bundle()
    the_deployment(given)["prices"] = []
    assert read(given, number=1).models["acme:one"].deployments[0].prices == ()


PRICES = "models.acme:one.deployments[0].prices"
MMLU = {"value": 70, "source": "a board", "dated": "2026-01-01"}


@pytest.mark.parametrize(
    "figure",
    [
        70, {"value": 70}, {**MMLU, "unit": "%"}, {**MMLU, "value": True}, {**MMLU, "value": "70"},
        {**MMLU, "value": float("nan")}, {**MMLU, "value": 10**400}, {**MMLU, "source": " "}, {**MMLU, "dated": "spring"},
        {**MMLU, "dated": "20260101"},
    ],
)  # fmt: skip
def test_a_benchmark_is_a_number_with_its_source_and_date(figure: Any) -> None:
    problems = problems_after(lambda given: the_model(given).update(benchmarks={"gpqa": MMLU, "mmlu": figure}))
    assert list(problems) == ["models.acme:one.benchmarks.mmlu"]
    assert repr(figure) in problems["models.acme:one.benchmarks.mmlu"]


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        (lambda b: b.update(models={}), "models", "at least one model"),
        (lambda b: b.update(models=[]), "models", "not an object"),
        (lambda b: the_model(b).update(deployments=[]), "models.acme:one.deployments", "at least one deployment"),
        (lambda b: the_model(b).update(max_output=8_001), "models.acme:one.max_output", "8001"),
        (lambda b: the_model(b).update(max_output=0), "models.acme:one.max_output", "from 1"),
        (lambda b: the_model(b).update(max_output="many"), "models.acme:one", "max_output: 'many'"),
        (lambda b: the_model(b).update(context_window=True), "models.acme:one", "context_window: True"),
        (lambda b: the_model(b).update(capabilities=["smell"]), "models.acme:one.capabilities", "smell"),
        (lambda b: the_model(b).update(speed_tier="warp"), "models.acme:one.speed_tier", "warp"),
        (lambda b: the_model(b).update(successor="acme:two"), "models.acme:one.successor", "acme:two"),
        (lambda b: the_model(b).update(provider="other"), "models.acme:one.provider", "other"),
        (lambda b: the_model(b).update(colour="red"), "models.acme:one", "colour"),
        (lambda b: the_model(b).update(deprecated_from="soon"), "models.acme:one", "soon"),
        (lambda b: the_model(b).pop("context_window"), "models.acme:one", "context_window"),
        (lambda b: b["models"].update({"acme:No id": the_model(b)}), "models.acme:No id.id", "provider:name"),
        (lambda b: the_deployment(b).update(provider="nobody"), "models.acme:one.deployments[0].provider", "nobody"),
        (lambda b: the_deployment(b).update(provider=["acme"]), "models.acme:one", "provider"),
        (lambda b: the_deployment(b).update(status="tired"), "models.acme:one.deployments[0].status", "tired"),
        (
            lambda b: the_deployment(b).update(regions=["EU"]),
            "models.acme:one.deployments[0].regions",
            "'EU' is no name",
        ),
        (lambda b: the_deployment(b).update(regions=[1]), "models.acme:one.deployments[0].regions", "1 is no name"),
        (lambda b: the_deployment(b).update(regions="eu"), "models.acme:one", "regions"),
        (lambda b: b["providers"]["acme"].update(base_url=""), "models.acme:one.deployments[0].provider", "base_url"),
        (lambda b: b["providers"]["acme"].update(protocol="fax"), "models.acme:one.deployments[0].provider", "fax"),
        (lambda b: the_price(b)["rates"].update(input="-0.01"), f"{PRICES}.input", "-0.01"),
        (lambda b: the_price(b)["rates"].update(output="NaN"), f"{PRICES}.output", "NaN"),
        (lambda b: the_price(b)["rates"].update(output="sNaN"), f"{PRICES}.output", "sNaN"),
        (lambda b: the_price(b)["rates"].update(output="Infinity"), f"{PRICES}.output", "Infinity"),
        (lambda b: the_price(b)["rates"].update(output="ten"), "models.acme:one", "output: 'ten' is not a number"),
        (lambda b: the_price(b)["rates"].update(smell="1"), "models.acme:one", "smell"),
        (lambda b: the_price(b)["tiers"][0]["rates"].update(input="-4"), f"{PRICES}.input", "-4"),
        (lambda b: the_price(b)["tiers"].append(the_price(b)["tiers"][0]), f"{PRICES}.tiers", "rising"),
        (lambda b: the_price(b)["tiers"][0].update(above_input_tokens=0), f"{PRICES}.tiers", "rising"),
        (lambda b: the_price(b).update(source=""), f"{PRICES}.source", "source"),
        (lambda b: the_deployment(b)["prices"].append(the_price(b)), PRICES, "2026-01-01"),
    ],
)
def test_a_broken_rule_is_named_by_its_path(change: Change, path: str, reason: str) -> None:
    problems = problems_after(change)
    assert list(problems) == [path]
    assert reason in problems[path]


def test_a_bundle_without_providers_is_refused() -> None:
    assert "not an object" in problems_after(lambda given: given.pop("providers"))["providers"]


def test_prices_out_of_order_are_refused() -> None:
    def earlier(given: dict[str, Any]) -> None:
        second = {**the_price(given), "effective_from": "2025-12-31T00:00:00+00:00"}
        the_deployment(given)["prices"].append(second)

    assert "2025-12-31" in problems_after(earlier)[PRICES]


def test_every_problem_is_told_at_once() -> None:
    def ruin(given: dict[str, Any]) -> None:
        the_model(given).update(max_output=9_000, speed_tier="warp")
        the_price(given)["rates"]["input"] = "-1"
        given["models"]["acme:two"] = None

    problems = problems_after(ruin)
    assert set(problems) == {
        "models.acme:one.max_output", "models.acme:one.speed_tier", f"{PRICES}.input", "models.acme:two",
    }  # fmt: skip
    assert all(path in str(InvalidRelease(problems)) for path in problems)
