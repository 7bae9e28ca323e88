"""How several intervals hold together."""

import pytest

from experiments.ab.statistics.correcting import alphas, said


def test_the_main_measure_has_four_fifths_and_the_others_share_the_rest() -> None:
    found = alphas("cost", ["success", "latency", "cost", "success"])
    assert found == {"cost": pytest.approx(0.04), "success": pytest.approx(0.005), "latency": pytest.approx(0.005)}
    assert sum(found.values()) == pytest.approx(0.05)


def test_a_measure_alone_has_all() -> None:
    assert alphas("cost", []) == {"cost": 0.05}


def test_it_is_said_in_words() -> None:
    assert said(alphas("cost", [])) == "The interval holds at every look with 95 % probability."
    assert said(alphas("cost", ["success", "latency"])) == (
        "All 3 intervals hold together at every look with 95 % probability: "
        "96 % for cost per request, 99.5 % for success and mean answer time."
    )
