"""What the page shows of a decision: each candidate with its score drawn by its terms, and what a priority changes. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from autorouter.decision import explain
from autorouter.decision.candidates import EXPECTED_OUTPUT_TOKENS
from autorouter.decision.terms import Terms
from autorouter.decision.walk import MEASURED, PRIORITY_MARGIN
from autorouter.types import Candidate, Decision, Priority
from budgets import formats, money
from budgets.types import to_nano

MAX_SHOWN = 8
ROOM = Decimal("1.085")
"""A bar's whole width stands for so many times the best score."""
COLOURS = (
    ("category", "t-cat", "s1"),
    ("learned", "t-learned", "s1"),
    ("stickiness", "t-stick", "s5"),
    ("reasoning", "t-reason", "s3"),
    ("research", "t-research", "s2"),
)
"""Terms that are added before the factors, each with the class of its part of the bar and the colour under its figure."""
TIMES = "\N{MULTIPLICATION SIGN}"
FIGURES: Mapping[str, str] = {"quality": "quality", "cost": "cost", "speed": "time"}
"""Which figure a priority goes by."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Of a bar, `width` in percent."""

    css: str
    width: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """Of a formula; underlined in the colour of its part of the bar where it has one."""

    text: str
    colour: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A candidate."""

    rank: int
    provider: str
    name: str
    score: str
    parts: Sequence[Part]
    formula: Sequence[Word]
    quality: str
    cost: str
    time: str
    moved: int
    """By how many places further up than with balanced."""

    @property
    def fell(self) -> int:
        return -self.moved


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One figure of a trade: what, by how much, and whether that is better."""

    what: str
    text: str
    css: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """All that is shown of a decision."""

    decision: Decision
    instead: str
    """Who answers with balanced; empty where that is the same one."""
    second: str
    """Who is compared with where nobody else is named: the one of balanced, or else the next one."""
    trade: Sequence[Difference]
    sentence: str
    """What changed, in words."""
    says: str
    """By which rule the chosen one was chosen."""
    rows: Sequence[Row]
    floor: str
    """From which score on the priority chooses, in percent of a bar; empty where it does not."""
    figure: str
    """The column that it goes by."""
    output_tokens: int
    excluded: Sequence[tuple[str, Sequence[str]]]
    """Reasons, each with the models that it keeps out."""

    @property
    def chosen(self) -> str:
        return self.decision.chosen.model if self.decision.chosen else ""

    @property
    def left(self) -> int:
        return len(self.decision.candidates)

    @property
    def needs(self) -> list[str]:
        """What a model must take, but for streaming, which every prompt here asks for."""
        return sorted(self.decision.task.needs - {"streaming"})


def found(decision: Decision, balanced: Decision, max_output_tokens: int | None) -> Found:
    """`balanced`: the decision for the same prompt with that priority."""
    instead, chosen = balanced.chosen, decision.chosen
    is_other = bool(chosen and instead and chosen.model != instead.model)
    trade = tuple(_trade(instead, chosen)) if is_other and chosen and instead else ()
    floor = _floor(decision)
    scale = max((each.score for each in decision.candidates), default=Decimal(0)) * ROOM
    return Found(
        decision=decision, instead=instead.model if is_other and instead else "", second=_second(decision, instead),
        trade=trade, sentence=_sentence(decision, instead, trade), says=_says(decision),
        rows=tuple(_rows(decision, balanced, scale)), floor=_percent(floor, scale) if floor is not None else "",
        figure=FIGURES.get(decision.constraints.priority, "") if floor is not None else "",
        output_tokens=min(EXPECTED_OUTPUT_TOKENS, max_output_tokens or EXPECTED_OUTPUT_TOKENS),
        excluded=_excluded(decision),
    )  # fmt: skip


def _rows(decision: Decision, balanced: Decision, scale: Decimal) -> Iterator[Row]:
    before = {each.model: place for place, each in enumerate(balanced.candidates, 1)}
    for place, each in enumerate(decision.candidates[:MAX_SHOWN], 1):
        provider, _colon, name = each.model.partition(":")
        yield Row(
            rank=place, provider=provider, name=name, score=f"{each.score:.2f}", parts=tuple(_parts(each.terms, scale)),
            formula=tuple(_formula(each, decision)), quality=f"{each.quality:.1f}", cost=_money(each),
            time=_time(each), moved=before.get(each.model, place) - place,
        )  # fmt: skip


def _parts(terms: Terms, scale: Decimal) -> Iterator[Part]:
    """Each term after the factors. What speed takes away is taken from the end, what was learned against it from its category."""
    factor, left = terms.complexity_factor * terms.tier_weight, max(terms.score, Decimal(0))
    own = {name: getattr(terms, name) for name, _css, _colour in COLOURS}
    own["category"] += min(terms.learned, Decimal(0))
    sizes = [(css, own[name] * factor) for name, css, _colour in COLOURS] + [("t-speed", terms.speed)]
    for css, size in sizes:
        drawn = min(size, left)
        if drawn > 0 and scale > 0:
            left -= drawn
            yield Part(css=css, width=_percent(drawn, scale))


def _formula(candidate: Candidate, decision: Decision) -> Iterator[Word]:
    terms = candidate.terms
    added = [(value, name, colour) for name, _css, colour in COLOURS if (value := getattr(terms, name))]
    is_sum, last = len(added) > 1, len(added) - 1
    for at, (value, name, colour) in enumerate(added):
        sign = "" if at == 0 else "+ " if value > 0 else f"{money.MINUS} "
        text = f"{'(' if is_sum and at == 0 else ''}{sign}{abs(value):.2f} {name}"
        yield Word(text=f"{text}{')' if is_sum and at == last else ''}", colour=colour)
    factor = (
        f"{TIMES} {_plain(terms.complexity_factor)} {decision.task.complexity} " if terms.complexity_factor != 1 else ""
    )
    yield Word(text=f"{factor}{TIMES} {_plain(terms.tier_weight)} {candidate.tier} tier")
    if terms.speed:
        sign = "+" if terms.speed > 0 else money.MINUS
        yield Word(text=f"{sign} {_plain(abs(terms.speed))} speed", colour="s4")


def _floor(decision: Decision) -> Decimal | None:
    """The score from which on a priority chooses by its own measure. None where it does not."""
    constraints = decision.constraints
    if constraints.priority not in MEASURED or constraints.policy or constraints.candidates or not decision.candidates:
        return None
    best = max(each.score for each in decision.candidates)
    return best - PRIORITY_MARGIN * abs(best)


def _trade(before: Candidate, after: Candidate) -> Iterator[Difference]:
    quality = float(after.quality - before.quality)
    yield Difference(what=_("quality"), text=formats.signed(quality, 1), css=_better(quality))
    change = float(after.estimated_cost_usd - before.estimated_cost_usd)
    cost = formats.change(float(after.estimated_cost_usd), float(before.estimated_cost_usd))
    yield Difference(what=_("cost"), text=cost, css=_better(-change))
    if before.hosting.expected_ms and after.hosting.expected_ms:
        longer = after.hosting.expected_ms - before.hosting.expected_ms
        sign = "+" if longer > 0 else money.MINUS if longer else ""
        yield Difference(what=_("time"), text=f"{sign}{formats.duration(abs(longer))}", css=_better(-longer))


def _better(by: float) -> str:
    return "good" if by > 0 else "worse" if by < 0 else ""


def _sentence(decision: Decision, instead: Candidate | None, trade: Sequence[Difference]) -> str:
    chosen, priority = decision.chosen, decision.constraints.priority
    if chosen is None:
        return _("No model can take this request.")
    if not trade or instead is None:
        return _("%(model)s would answer.") % {"model": chosen.model}
    told = ", ".join(f"{each.what} {each.text}" for each in trade)
    words = _("With %(priority)s %(model)s would answer instead of %(instead)s: %(trade)s.")
    return words % {"priority": priority, "model": chosen.model, "instead": instead.model, "trade": told}


def _says(decision: Decision) -> str:
    constraints = decision.constraints
    if decision.chosen is None:
        return _nobody(constraints.priority)
    if constraints.policy:
        return _("Policy %(policy)s: its models in its own order%(drawn)s.") % {
            "policy": constraints.policy, "drawn": explain.counting(constraints)
        }  # fmt: skip
    if constraints.candidates:
        return _("It was asked for by name; with auto the router chooses.")
    rules = (
        " " + _("Your rules that fired: %(rules)s.") % {"rules": ", ".join(constraints.rules)}
        if constraints.rules
        else ""
    )
    return _rule(constraints.priority) + rules


def _rule(priority: Priority) -> str:
    near = _("Among the models within 20 % of the best score (right of the dashed line)")
    told: Mapping[Priority, str] = {
        "balanced": _("The best score wins."),
        "quality": _("%(near)s the one with the best quality wins.") % {"near": near},
        "cost": _("%(near)s the one that is estimated cheapest wins.") % {"near": near},
        "speed": _("%(near)s the one that is measured quickest wins.") % {"near": near},
        "privacy": _("Only providers that are marked as local or as keeping nothing; local ones first."),
    }
    return told[priority]


def _nobody(priority: Priority) -> str:
    if priority == "privacy":
        return _("Privacy takes only providers that are marked as local or as keeping nothing.")
    return _("Every model is out; below is why.")


def _second(decision: Decision, instead: Candidate | None) -> str:
    others = [*([instead] if instead else []), *decision.candidates]
    chosen = decision.chosen.model if decision.chosen else ""
    return next((each.model for each in others if each.model != chosen), "")


def _excluded(decision: Decision) -> tuple[tuple[str, Sequence[str]], ...]:
    found: dict[str, list[str]] = {}
    for each in decision.excluded:
        found.setdefault(each.reason, []).append(each.model)
    return tuple(sorted(found.items(), key=lambda each: (-len(each[1]), each[0])))


def _money(candidate: Candidate) -> str:
    return money.rounded(to_nano(candidate.estimated_cost_usd))


def _time(candidate: Candidate) -> str:
    return formats.duration(candidate.hosting.expected_ms) if candidate.hosting.expected_ms else formats.NOTHING


def _percent(size: Decimal, scale: Decimal) -> str:
    return f"{100 * size / scale:.2f}%" if scale else "0%"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
