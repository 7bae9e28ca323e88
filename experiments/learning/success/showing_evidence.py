"""The evidence of a proposal of learned success, as its page shows it."""

from collections.abc import Mapping
from typing import Any

from budgets.formats import THIN, signed
from experiments.models import Proposal

OF_WHAT = "of what fitted models expect, not of what was seen"


def change(after: Mapping[str, Any]) -> str:
    """In words, what accepting would teach."""
    if not after["kinds"]:
        return "nothing learned any more"
    weights = sum(not pair.endswith(":0") for pair in after["terms"].split())
    kinds = ", ".join(after["kinds"])
    return f"learned for {kinds}" + (
        f", with the weight{'s' if weights > 1 else ''} of {weights} word{'s' if weights > 1 else ''}"
        if weights
        else ""
    )


def context(row: Proposal) -> dict[str, Any]:
    """For the template experiments/learned_success.html."""
    evidence = row.evidence
    shown = {
        "change": change(row.after), "traffic": _traffic(evidence["traffic"]), "off_policy": evidence["off_policy"],
    }  # fmt: skip
    if not row.after["kinds"]:
        return shown
    held_out = evidence["held_out"]
    return {
        **shown, "held_out": held_out, "questions": evidence["questions"], "gain": _gain(held_out["gain"]),
        "kinds": [_kind(each) for each in evidence["kinds"]],
    }  # fmt: skip


def _kind(kind: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the chart: dots for what was foretold, a line for what came, in percent of the width."""
    shares = {name: 100 * kind[name] for name in ("observed", "profile", "learned")}
    return {**kind, **{f"{name}_at": round(share, 1) for name, share in shares.items()}, "gain": _gain(kind["gain"])}


def _gain(gain: list[float]) -> str:
    value, low, high = (signed(each, 3) for each in gain)
    return f"{value} ({low} to {high})"


def _traffic(traffic: Mapping[str, Any]) -> dict[str, Any]:
    if not traffic["requests"]:
        return {"is": traffic["is"]}
    success, cost = traffic["success"], traffic["cost_usd"]
    relative = cost["relative"]
    return {
        "is": traffic["is"], "of_what": OF_WHAT, "requests": traffic["requests"], "moved": traffic["moved"],
        "success": "{} points ({} to {})".format(*(signed(100 * success[name], 1) for name in ("mean", "low", "high"))),
        "cost": "unknown" if relative is None else f"{signed(100 * relative, 1)}{THIN}%",
    }  # fmt: skip
