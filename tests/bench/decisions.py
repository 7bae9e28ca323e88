"""Classifying and deciding, in the process, without any database. The fastest of many rounds: other work is left out."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, cycle
from random import Random
from typing import Any

from autorouter.classification.classify import classify
from autorouter.configuration.release0 import STATIC as ROUTER
from autorouter.decision import decision_json, rules
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.people.preferences import Preferences
from autorouter.select import Asked, select
from autorouter.training.prompts import own_prompts
from autorouter.types import PRIORITIES, Constraints, Priority, RouterRelease, Score, Task
from models_registry.catalogue.release0 import STATIC as CATALOGUE
from models_registry.types import Availability, Catalogue, Deployment, Model, Price

ROUNDS, CALLS = 40, 25
CLASSIFYING_AIM_US, DECIDING_AIM_US = 300, 50
USERS, MANY = 1_000, 400
MEASURED: tuple[Priority, ...] = ("cost", "speed", "quality")
NOW = datetime.now(UTC)
PROMPT = "Write a Python function that parses a log file and counts errors by hour. Explain the trade-offs. " * 20
Call = Callable[[], object]


def main() -> None:
    print(f"classifying (aim: {CLASSIFYING_AIM_US} us for 2,000 characters)")
    for name, call in _classifying():
        _line(name, fastest_us(call))
    for models in (len(CATALOGUE.models), MANY):
        rankings, router = world(models)
        print(f"deciding among {models} models (aim: {DECIDING_AIM_US} us)")
        for name, call in _deciding(rankings):
            _line(name, fastest_us(call))
        for name, call in _beside(rankings, router):
            _line(name, fastest_us(call, rounds=5, calls=1))


def _line(name: str, us: float) -> None:
    print(f"  {name:<52} {us:>9,.1f} us", flush=True)


def fastest_us(call: Call, rounds: int = ROUNDS, calls: int = CALLS) -> float:
    """Microseconds a call, as the mean of some calls, in the fastest round."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, (time.perf_counter() - began) / calls)
    return best * 1e6


# --- what is measured


def _classifying() -> Iterator[tuple[str, Call]]:
    number = count()
    # Each prompt is a new one, as it is in life: a turn that was read before costs less.
    yield "a prompt of 2,000 characters", lambda: classify(_asked([f"{next(number)} {PROMPT[:1_994]}"]))
    for name, language in (("of many words", "en"), ("in Russian", "ru"), ("in Chinese", "zh")):
        text = " ".join(prompt.asked[-1] for prompt in own_prompts() if prompt.language == language)[:1_994]
        yield f"the same {name}", lambda text=text: classify(_asked([f"{next(number)} {text}"]))  # type: ignore[misc]
    prompts = cycle([prompt.asked[-1] for prompt in own_prompts()[::97]])
    yield "a seed prompt, in the mean", lambda: classify(_asked([f"{next(number)} {next(prompts)}"]))
    turns = [f"{PROMPT[at * 20 : at * 20 + 700]}" for at in range(10)]
    yield "the tenth turn of a conversation", lambda: classify(_asked([*turns, f"{next(number)} {turns[0]}"]))


def _asked(turns: Sequence[str]) -> list[dict[str, str]]:
    return [{"role": "user", "content": turn} for turn in turns]


def _deciding(rankings: Rankings) -> Iterator[tuple[str, Call]]:
    task = classify(_asked([PROMPT[:2_000]]))
    names = list(rankings.catalogue.models)
    cases: dict[str, dict[str, Any]] = {
        **{priority: {"priority": priority} for priority in PRIORITIES},
        "with a policy": {"policy": "code"},
        "in a session": {"previous_model": names[40], "keeps_model": True},
        "with a previous model, for cost": {"previous_model": names[40], "priority": "cost"},
        "below a cost": {"max_cost_usd": Decimal("0.002")},
        "below a cost that few keep": {"max_cost_usd": Decimal("0.0002")},
        "below a latency": {"max_latency_ms": 400},
        "with tools and vision": {},
    }
    for name, values in cases.items():
        about = replace(task, needs=frozenset({"tools", "vision"})) if "tools" in name else task
        yield name, _decides(rankings, about, Constraints(**values))
    level = _level(rankings)
    for priority in MEASURED:
        yield f"{priority}, where all score the same", _decides(level, task, Constraints(priority=priority))
    yield f"for {USERS:,} users with lists of their own in turn", _selects(rankings, task, _users(names))
    for priority in MEASURED:
        users = _users(names, priority)
        yield f"the same, each for {priority}", _selects(rankings, task, users)
    yield "with 50 rules of 100 names, half of which fire", _selects(rankings, task, [_ruled(names)])


def _beside(rankings: Rankings, router: RouterRelease) -> Iterator[tuple[str, Call]]:
    task = classify(_asked([PROMPT[:2_000]]))
    decision = decide(rankings, task, Constraints(), NOW)
    number = count()

    def new_user() -> object:
        blocked = frozenset({f"user{next(number)}", "openai"})
        return decide(rankings, task, Constraints(blocked_providers=blocked), NOW)

    def fresh() -> Rankings:
        return Rankings(catalogue=rankings.catalogue, router=router, availability=rankings.availability)

    yield "a filter that was not seen before", new_user
    yield "what a record keeps", lambda: decision_json.dumps(decision, "0" * 32)
    yield "the whole explanation", lambda: decide(rankings, task, Constraints(), NOW, enough=None)
    yield "compiling what one request needs", lambda: fresh().of(task.category, task.complexity, NOW)
    yield "compiling every ranking", lambda: fresh().compile_all(NOW)


def _decides(rankings: Rankings, task: Task, constraints: Constraints) -> Call:
    if decide(rankings, task, constraints, NOW).chosen is None:
        raise AssertionError(constraints)
    return lambda: decide(rankings, task, constraints, NOW)


def _selects(rankings: Rankings, task: Task, users: Sequence[Preferences]) -> Call:
    asked, turn = Asked(tags=("batch",)), cycle(users)
    for own in users:
        if select(rankings, asked, own, task, NOW).chosen is None:
            raise AssertionError(own)
    return lambda: select(rankings, asked, next(turn), task, NOW)


# --- what it is measured with


def world(models: int) -> tuple[Rankings, RouterRelease]:
    """The releases that ship, grown to so many models: each new one has prices and scores of its own."""
    random = Random(models)
    known, profiles = dict(CATALOGUE.models), dict(ROUTER.profiles)
    for at in count():
        for name, model in CATALOGUE.models.items():
            if len(known) >= models:
                break
            twin = f"{name}-{at}"
            known[twin] = _repriced(replace(model, id=twin), Decimal(random.randint(30, 300)) / 100)
            if name in profiles:
                shift = Decimal(random.randint(-500, 500)) / 100
                own = profiles[name]
                scores = {category: _shifted(score, shift) for category, score in own.categories.items()}
                profiles[twin] = replace(own, model=twin, categories=scores)
        else:
            continue
        break
    providers = {
        name: replace(provider, is_zero_retention=at % 3 == 0, is_local=at % 9 == 0)
        for at, (name, provider) in enumerate(sorted(CATALOGUE.providers.items()))
    }
    availability = Availability(
        providers=frozenset(providers),
        sandbox=False,
        latency_ms={name: 300 + at % 200 for at, name in enumerate(known)},
    )
    catalogue: Catalogue = replace(CATALOGUE, models=known, providers=providers)
    router = replace(ROUTER, profiles=profiles)
    return Rankings(catalogue=catalogue, router=router, availability=availability), router


def _level(rankings: Rankings) -> Rankings:
    """The same models, none of which scores better than another: the priority's measure has all to choose from."""
    config = replace(rankings.router.config, tier_weights={}, speed_bonuses={})
    router = replace(rankings.router, config=config, profiles={})
    return Rankings(catalogue=rankings.catalogue, router=router, availability=rankings.availability)


def _repriced(model: Model, factor: Decimal) -> Model:
    def dearer(price: Price) -> Price:
        rates = price.rates
        if rates.input is None or rates.output is None:
            return price
        return replace(price, rates=replace(rates, input=rates.input * factor, output=rates.output * factor))

    def place(deployment: Deployment) -> Deployment:
        return replace(deployment, prices=tuple(dearer(price) for price in deployment.prices))

    return replace(model, deployments=tuple(place(each) for each in model.deployments))


def _shifted(score: Score, shift: Decimal) -> Score:
    return replace(score, value=min(Decimal(100), max(Decimal(0), score.value + shift)))


def _users(names: Sequence[str], priority: Priority = "balanced") -> list[Preferences]:
    """Each blocks and prefers other providers, and has five rules of which three fire."""
    random, providers = Random(7), sorted(CATALOGUE.providers)
    return [
        Preferences(
            priority=priority,
            blocked_providers=frozenset(random.sample(providers, 3)),
            preferred_providers=frozenset(random.sample(providers, 2)),
            rules=rules.read(
                [
                    {
                        "name": "tagged",
                        "when": {"tag": "batch"},
                        "then": {"block": {"models": random.sample(names, 5)}},
                    },
                    {
                        "name": "coding",
                        "when": {"category": "coding"},
                        "then": {"prefer": {"models": random.sample(names, 3)}},
                    },
                    {
                        "name": "large",
                        "when": {"min_tokens": 100},
                        "then": {"block": {"models": random.sample(names, 5)}},
                    },
                    {"name": "other", "when": {"tag": "night"}, "then": {"block": {"models": random.sample(names, 5)}}},
                    {"name": "poems", "when": {"category": "creative"}, "then": {"policy": "normal"}},
                ]
            ),
        )
        for _ in range(USERS)
    ]


def _ruled(names: Sequence[str]) -> Preferences:
    random = Random(8)
    unknown = [f"gone:{each}" for each in range(97)]
    written = [
        {
            "name": f"rule {at}",
            "when": {"category": ["coding", "research"], "min_tokens": at, "tag": ["batch", "x"]} if at % 2 else {"tag": "x"},
            "then": {"block": {"models": [*random.sample(names, 3), *unknown]}},
        }
        for at in range(rules.MAX_RULES)
    ]  # fmt: skip
    return Preferences(rules=rules.read(written))
