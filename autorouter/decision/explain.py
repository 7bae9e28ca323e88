"""A decision for those who ask why: as the JSON of /api/routing/select, and as one plain sentence."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from autorouter.classification import telling
from autorouter.decision.success import Reason
from autorouter.decision.terms import Terms
from autorouter.types import EMBEDDING, Candidate, Constraints, Decision, Likely, Reading, Task


def as_json(decision: Decision) -> dict[str, Any]:
    """The decision, whole where it was made with enough=None. Scores and terms are unrounded numbers, costs USD; `model` is
    null when nothing is left."""
    chosen = decision.chosen
    return {
        "model": chosen.model if chosen else None,
        "provider": chosen.provider if chosen else None,
        "score": float(chosen.score) if chosen else None,
        "task": task_json(decision.task),
        "estimated_cost_usd": float(chosen.estimated_cost_usd) if chosen else None,
        "why": why(decision),
        **stand_in_json(decision, chosen),
        **regions_json(decision),
        **tested_json(decision),
        **({"policy_first": decision.policy_first} if decision.policy_first else {}),
        "releases": {"catalogue": decision.catalogue_release, "router": decision.router_release},
        "candidates": [candidate_json(each) for each in decision.candidates],
        "excluded": [{"model": out.model, "code": out.code, "reason": out.reason} for out in decision.excluded],
    }


def stand_in_json(decision: Decision, chosen: Candidate | None) -> dict[str, str]:
    """`stand_in_for`: the name in whose place the chosen model answers. Empty where it answers as itself."""
    asked = decision.constraints.stands_in_for(chosen.model) if chosen and decision.constraints.stand_ins else None
    return {"stand_in_for": asked} if asked else {}


def regions_json(decision: Decision) -> dict[str, list[str]]:
    """`regions`: those that places had to lie in. Missing where none were asked for."""
    regions = decision.constraints.regions
    return {} if regions is None else {"regions": sorted(regions)}


def tested_json(decision: Decision) -> dict[str, dict[str, Any]]:
    """`experiment`: the test in which the request takes part, and its variant there. Missing where it takes part in none."""
    tested = decision.constraints.tested
    return {} if tested is None else {"experiment": {"id": tested[0], "variant": tested[1]}}


def task_json(task: Task) -> dict[str, Any]:
    """What it is about, how likely that is (0 to 1; null where nobody says) and who read it. `readings`: what each of them said,
    where several did."""
    return {
        "category": task.category,
        "complexity": task.complexity,
        **_likely_json(task.likely),
        "read_by": task.read_by or None,
        "why": telling.sentence(task),
        "input_tokens": task.input_tokens,
        "needs": sorted(task.needs),
        "long_context": task.is_long_context,
        "origin": task.origin,
        **({"readings": [_reading_json(each) for each in task.readings]} if len(task.readings) > 1 else {}),
    }


def _likely_json(likely: Likely) -> dict[str, Any]:
    """The likeliest, the next and all of them; null where nobody says."""
    if not likely:
        return {"confidence": None, "second": None, "likely": None}
    return {
        "confidence": float(likely[0][1]),
        "second": likely[1][0] if len(likely) > 1 else None,
        "likely": {category: float(share) for category, share in likely},
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    """The router model names a category and no probability."""
    shares = _likely_json(() if reading.by == "model" else reading.likely)
    return {
        "by": reading.by, "category": reading.likely[0][0], "complexity": reading.complexity, **shares,
        "took_us": reading.took_us,
    }  # fmt: skip


def terms_json(terms: Terms) -> dict[str, float]:
    """Every term by name, in the order in which the score is made; what was learned only where it counts."""
    found = {name: float(getattr(terms, name)) for name in Terms.__slots__}
    return found if terms.learned else {name: value for name, value in found.items() if name != "learned"}


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """A candidate with its score, term by term. Money is USD."""
    return {
        "model": candidate.model,
        "provider": candidate.provider,
        "score": float(candidate.score),
        "tier": candidate.tier,
        "mean_price_usd_per_mtok": float(candidate.mean_price),
        "estimated_cost_usd": float(candidate.estimated_cost_usd),
        "terms": terms_json(candidate.terms),
        **weighted_json(candidate),
        **({"learned": learned_json(candidate)} if candidate.evidence else {}),
        "expected_ms": candidate.hosting.expected_ms or None,
        "deployments": list(candidate.hosting.deployments),
        **({"moved": candidate.hosting.moved} if candidate.hosting.moved else {}),
    }


def learned_json(candidate: Candidate) -> dict[str, Any]:
    """What was learned of a candidate's success at such tasks. Points are before the factors."""
    outcomes = candidate.evidence.outcomes if candidate.evidence else 0
    return {"outcomes": outcomes, "points": float(candidate.terms.learned), "says": learned_words(candidate)}


def learned_words(candidate: Candidate) -> str:
    """The same as a sentence. Empty where nothing was learned of any model."""
    evidence = candidate.evidence
    if evidence is None:
        return ""
    rests = f"{evidence.outcomes:,} outcomes of {evidence.category} here"
    told: Mapping[Reason, str] = {
        "": f"Learned from {rests}: {candidate.terms.learned.normalize():+f} points",
        "no evidence": "Nothing learned: no evidence",
        "kind not seen": f"Nothing learned: {evidence.category} was not seen with it",
        "unfamiliar prompt": f"Nothing counts of what was learned from {rests}: unfamiliar prompt",
    }
    return told[evidence.reason]


def weighted_json(candidate: Candidate) -> dict[str, list[dict[str, Any]]]:
    """`category_scores`: what the category term is the mean of. Missing where it is the score of one category."""
    found = [
        {"category": name, "probability": float(share), "score": float(score)}
        for name, share, score in candidate.weighted
    ]
    return {"category_scores": found} if found else {}


def weighted_words(candidate: Candidate) -> str:
    """The same in words: "0.6 x coding 90, 0.4 x reasoning 75". Empty where it is the score of one category."""
    return ", ".join(f"{_short(share)} x {name} {_short(score)}" for name, share, score in candidate.weighted)


def why(decision: Decision, chosen: Candidate | None = None) -> str:
    """One sentence for people: the task, what decided, and who came next. `chosen` is who answered, if not the first."""
    first = decision.chosen
    if first is None:
        all_out = f"all {decision.considered} considered are excluded"
        return f"No model can take this request: {all_out}{_regions(decision)}."
    if chosen is not None and chosen.model != first.model:
        score = f"score {_short(chosen.score)}, {_story(chosen)}"
        used = f"{chosen.model} stands in for {first.model}, which could not be used: {score}{_rules(decision)}"
        return f"{used}{_retired(decision, chosen)}{_regions(decision)}{_tested(decision)}."
    after = (
        f"{_retired(decision, first)}{_next(decision)}{_regions(decision)}{_last_resort(decision)}{_tested(decision)}"
    )
    return f"{_choice(decision, first)}{_rules(decision)}{after}."


def _choice(decision: Decision, first: Candidate) -> str:
    """What put the first one there."""
    task, constraints = decision.task, decision.constraints
    if task.category == EMBEDDING:
        return f"{first.model} was asked for: vectors of two models do not mix, so nothing is chosen between them"
    if constraints.shares_decision and first.model == constraints.previous_model:
        return f"{first.model} was decided for once, for all requests of the batch that are like this one"
    if constraints.keeps_model and first.model == constraints.previous_model:
        return f"{first.model} answered this conversation before and can still take what it asks"
    if constraints.policy and not is_led(first, constraints):
        place = f"the first model of policy {constraints.policy} that can take this request"
        return f"{first.model} is {place}{_by_complexity(decision)}{counting(constraints)}{_timed(first, constraints)}"
    if constraints.candidates == (first.model,):
        return f"{first.model} was asked for by name"
    return _led(decision, first) if is_led(first, constraints) else _suits(task, constraints, first)


def _suits(task: Task, constraints: Constraints, first: Candidate) -> str:
    among = f" of the {len(constraints.candidates)} that were asked for" if constraints.candidates else ""
    suits = f"{first.model} suits a {task.complexity} {task.category} task best{among}"
    picked = f", picked for {constraints.priority}" if constraints.priority != "balanced" else ""
    return f"{suits}: score {_short(first.score)}, {_story(first)}{picked}{_timed(first, constraints)}"


def _by_complexity(decision: Decision) -> str:
    """In which order the policy's models were tried, where that is not its own."""
    first = decision.policy_first
    return f" ({decision.task.complexity} task: {first} of the policy first)" if first else ""


def is_led(candidate: Candidate, constraints: Constraints) -> bool:
    """Whether it is among those that a test's variant puts first."""
    if constraints.leads is None:
        return False
    kind, name = constraints.leads
    places = [each.partition("/")[0] for each in candidate.hosting.deployments]
    fitting: Mapping[str, list[str]] = {
        "model": [candidate.model], "provider": [candidate.provider, *places], "tier": [candidate.tier],
    }  # fmt: skip
    return name in fitting[kind]


def led_words(constraints: Constraints) -> str:
    """What a test's variant puts first."""
    kind, name = constraints.leads or ("", "")
    return {"model": name, "provider": f"models of {name}", "tier": f"models of the {name} tier"}.get(kind, "")


def _led(decision: Decision, first: Candidate) -> str:
    constraints, task = decision.constraints, decision.task
    if constraints.leads == ("model", first.model):
        return f"{first.model} is put first: score {_short(first.score)}, {_story(first)}"
    where = f" in policy {constraints.policy}" if constraints.policy else ""
    suits = f"suits a {task.complexity} {task.category} task best of the {led_words(constraints)}{where}, which are put first"
    return f"{first.model} {suits}: score {_short(first.score)}, {_story(first)}"


def _tested(decision: Decision) -> str:
    """In which test the request takes part, and with which variant."""
    tested = decision.constraints.tested
    return "" if tested is None else f"; it is variant {tested[1].upper()} of test {tested[0]}"


def _timed(first: Candidate, constraints: Constraints) -> str:
    """How quick it was measured to be, where that counts."""
    counts, expected_ms = (
        constraints.priority == "speed" or constraints.max_latency_ms is not None,
        first.hosting.expected_ms,
    )
    return f", which is measured to answer in about {expected_ms:,} ms" if counts and expected_ms else ""


def counting(constraints: Constraints) -> str:
    """What draws a policy's order beside what staff wrote."""
    is_preferred = constraints.preferred_providers or constraints.preferred_models
    asked = ["preferred providers"] * bool(is_preferred) + [constraints.priority] * (constraints.priority != "balanced")
    return f", drawn by {' and '.join(asked)} as far as staff allow" if asked else ""


def _rules(decision: Decision) -> str:
    fired = decision.constraints.rules
    return f"; {'rule' if len(fired) == 1 else 'rules'} {', '.join(fired)} fired" if fired else ""


def _retired(decision: Decision, chosen: Candidate) -> str:
    asked = stand_in_json(decision, chosen).get("stand_in_for")
    return f"; it answers for {asked}, which is not served any more" if asked else ""


def _regions(decision: Decision) -> str:
    regions = decision.constraints.regions
    if regions is None:
        return ""
    return f"; only places in {', '.join(sorted(regions)) or 'no region at all'} were allowed"


def _last_resort(decision: Decision) -> str:
    return f"; it is a last resort, since nobody else is left: {decision.last_resort}" if decision.last_resort else ""


def _next(decision: Decision) -> str:
    if len(decision.candidates) < 2:
        return ""
    second = decision.candidates[1]
    score = "" if decision.constraints.policy else f" with {_short(second.score)}"
    return f"; next is {second.model}{score}"


def _story(candidate: Candidate) -> str:
    terms = candidate.terms
    added = [
        f"{_short(value)} for {name}"
        for name, value in (
            ("stickiness", terms.stickiness),
            ("reasoning", terms.reasoning),
            ("research", terms.research),
        )
        if value
    ]
    learned = (
        f" {'plus' if terms.learned > 0 else 'minus'} {_short(abs(terms.learned))} learned" if terms.learned else ""
    )
    parts = weighted_words(candidate)
    category = f"in its likely categories ({parts})" if parts else "in its category"
    base = " plus ".join([f"{_short(terms.category)} {category}{learned}", *added])
    speed = f", {'plus' if terms.speed > 0 else 'minus'} {_short(abs(terms.speed))} for speed" if terms.speed else ""
    factors = f" times {_short(terms.complexity_factor)} for complexity" if terms.complexity_factor != 1 else ""
    return f"{base}{factors} times {_short(terms.tier_weight)} for the {candidate.tier} tier{speed}"


def _short(value: Decimal) -> str:
    """At most two decimals, for reading."""
    return f"{round(value, 2).normalize():f}"
