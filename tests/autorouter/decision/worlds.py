"""Random small worlds for the router: catalogues, releases, availabilities, tasks and constraints.

Values are drawn from few, so that ties, limits that are just reached and names that fit are common. They are drawn from a
random.Random that hypothesis seeds: a hundred times as many worlds a second as by its own strategies.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from autorouter.decision.success import Kind, Learned, LearnedSuccess
from autorouter.types import (
    CATEGORIES,
    COMPLEXITIES,
    COST_TIERS,
    NEEDS,
    PRIORITIES,
    Constraints,
    Likely,
    Policy,
    Profile,
    RouterConfig,
    RouterRelease,
    Score,
    Task,
)
from models_registry.types import (
    ALL_MODELS,
    SANDBOX,
    Availability,
    Catalogue,
    Deployment,
    Health,
    Measured,
    Model,
    Price,
    Provider,
    Rates,
    Status,
)
from tests.autorouter.fakes import NOW, config

MAKERS = ("acme", "perplexity", "home")
HOSTS = (*MAKERS, "zdr", "open")
WORDS = ("flash", "pro", "nano-lite", "extended-thinking", "x")
REGIONS = ("eu", "us", "ch")
POLICIES = ("code", "ops")
MOMENTS = tuple(NOW + timedelta(hours=hours) for hours in (-48, -1, 0, 1, 30))
DAYS = (date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23))
CAPABILITIES = tuple(need for need in NEEDS if need != "reasoning")
STATUSES: list[Status] = [*["available"] * 8, "degraded", "down"]  # type: ignore[list-item]  # they are of its words
RATES = ("0", "0.05", "0.0375", "0.4", "1", "1.000001", "2.5", "30")
SCORES = ("0", "60", "70", "84.99", "85", "90.5", "100")
TERMS = (0, 1, 2, 3, 77, 4_096, 65_535, (1 << 20) - 1)
LIMITS = ("0", "0.00002", "0.0001", "0.00155", "0.0025", "0.1")
PROVIDERS: dict[str, dict[str, Any]] = {"home": {"is_local": True}, "zdr": {"is_zero_retention": True}}
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """All that a decision is made of but the request."""

    catalogue: Catalogue
    router: RouterRelease
    availability: Availability


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request of it."""

    task: Task
    constraints: Constraints
    now: datetime


def some(random: Random, among: Sequence[Item], max_items: int) -> list[Item]:
    """So many at most, each once."""
    return random.sample(among, min(len(among), random.randint(0, max_items)))


def maybe(random: Random, value: Item, share: float = 0.5) -> Item | None:
    return value if random.random() < share else None


def number(random: Random, *texts: str) -> Decimal:
    return Decimal(random.choice(texts))


def world(random: Random, max_models: int = 24) -> World:
    catalogue = _catalogue(random, max_models)
    return World(catalogue=catalogue, router=_router(random, catalogue), availability=_availability(random, catalogue))


def _catalogue(random: Random, max_models: int) -> Catalogue:
    models = [_model(random, at) for at in range(random.choice([0, 1, *[max_models // 2] * 3, *[max_models] * 5]))]
    # A deployment's provider may be missing from a catalogue: such a place is private for nobody.
    present = random.sample(HOSTS, random.randint(4, len(HOSTS)))
    providers = {
        name: Provider(
            name=name, title=name, protocol="openai", base_url=f"https://{name}.invalid", credential_env=f"{name}_KEY",
            **PROVIDERS.get(name, {}),
        )
        for name in present
    }  # fmt: skip
    random.shuffle(models)
    ids = [each.id for each in models]
    models = [replace(each, successor=random.choice(["", *ids])) for each in models]
    return Catalogue(release=3, providers=providers, models={each.id: each for each in models})


def _model(random: Random, at: int) -> Model:
    """A model that is mostly in good order: each flaw is drawn rarely, so that others are seen through it."""
    maker, word = random.choice(MAKERS), random.choice(WORDS)
    return Model(
        id=f"{maker}:{word}-{at}",
        provider=maker,
        name=word,
        context_window=random.choice([8, 1_200, 12_000, 12_000, 100_000, 100_000, 100_000]),
        max_output=random.choice([0, 100, 500, 8_000]),
        capabilities=frozenset(random.sample(CAPABILITIES, random.randint(3, 5))),
        supports_reasoning=random.random() < 0.5,
        deployments=tuple(_deployment(random) for _ in range(random.choice([0] + [1] * 8 + [2] * 6 + [3] * 3))),
        is_internal_only=random.random() < 0.05,
        is_pro=random.random() < 0.05,
        is_available=random.random() < 0.9,
        deprecated_from=maybe(random, random.choice(DAYS), 0.1),
    )


def _deployment(random: Random) -> Deployment:
    return Deployment(
        provider=random.choice(HOSTS),
        upstream_model=random.choice(["one", "two"]),
        status=random.choice(STATUSES),
        regions=tuple(some(random, REGIONS, 2)),
        prices=tuple(
            _price(random, at) for at in (MOMENTS[:1] if random.random() < 0.8 else sorted(some(random, MOMENTS, 3)))
        ),
    )


def _price(random: Random, effective_from: datetime) -> Price:
    rates = Rates(input=maybe(random, number(random, *RATES), 0.95), output=maybe(random, number(random, *RATES), 0.95))
    return Price(effective_from=effective_from, rates=rates, source="made up", dated=DAYS[0])


def _router(random: Random, catalogue: Catalogue) -> RouterRelease:
    policies = [
        Policy(
            name=name, version=1, title=name, models=tuple(random.choices(names(catalogue), k=random.randint(0, 8))),
            max_cost_usd=maybe(random, number(random, *LIMITS)), max_output_tokens=None, temperature=None,
            orders_by_complexity=random.random() < 0.5,
            shifts=tuple((name, random.randint(-3, 3)) for name in some(random, names(catalogue), random.choice([0, 3]))),
        )
        for name in POLICIES
    ]  # fmt: skip
    return RouterRelease(
        release=7,
        config=_config(random),
        profiles={name: _profile(random, name) for name in catalogue.models if random.random() < 0.8},
        policies={each.name: each for each in policies},
        task_types={},
        success=_learned(random, catalogue),
    )


def _learned(random: Random, catalogue: Catalogue) -> Learned:
    """In half of the worlds, of some models."""
    known = some(random, names(catalogue), 12) if random.random() < 0.5 else []
    return Learned({name: _success(random) for name in known})


def _success(random: Random) -> LearnedSuccess:
    kinds: dict[str, Kind] = {
        category: Kind(
            outcomes=random.randint(1, 500), shift=random.choice([0, -10_000, -700, 1, 350, 900, 10_000]),
            least_seen=random.choice([0, 0, 50, 100]),
        )
        for category in some(random, CATEGORIES, 8)
    }  # fmt: skip
    weights = [0, -20_000, -900, -1, 250, 2_000, 20_000]
    return LearnedSuccess(kinds=kinds, terms={number: random.choice(weights) for number in some(random, TERMS, 8)})


def _config(random: Random) -> RouterConfig:
    drawn: dict[str, Any] = {
        "stickiness_bonus": number(random, "0", "0.5", "25", "100"),
        "simple_penalty": number(random, "0", "0.7", "1"),
        "complex_threshold": number(random, "70", "85", "85.01"),
        "complex_multiplier": number(random, "1", "1.2", "5"),
        "cheap_below": number(random, "0", "0.5", "1"),
        "context_buffer": number(random, "1", "1.2", "1.2000", "1.3333", "5"),
        "long_context_threshold": random.choice([1_000, 10_000]),
        "soft_scoring": random.random() < 0.5,
        "learned_weight": number(random, "1", "1", "0.5", "0.3333", "0"),
        "speed_bonuses": {
            word: number(random, "-100", "-5", "8", "50") for word in some(random, ("flash", "nano", "thinking", "acme:x"), 4)
        },
    }  # fmt: skip
    if random.random() < 0.5:
        drawn["tier_weights"] = {
            complexity: {tier: number(random, "0", "0.2", "0.3333", "0.5", "1") for tier in some(random, COST_TIERS, 3)}
            for complexity in some(random, COMPLEXITIES, 3)
        }
    return config(**drawn)


def _profile(random: Random, name: str) -> Profile:
    def score() -> Score:
        return Score(value=number(random, *SCORES), source="made up", dated="2026-01-01", is_estimated=False)

    return Profile(
        model=name,
        quality=maybe(random, score(), 0.8),
        categories={each: score() for each in some(random, CATEGORIES, 8)},
    )


def names(catalogue: Catalogue) -> list[str]:
    """Ids to name: those there are, and one that there is not."""
    return [*catalogue.models, "acme:gone"]


def _availability(random: Random, catalogue: Catalogue) -> Availability:
    places = [each.id for model in catalogue.models.values() for each in model.deployments]
    places += [f"{SANDBOX}/{name}" for name in catalogue.models]
    return Availability(
        providers=frozenset(random.sample(HOSTS, random.randint(4, len(HOSTS)))),
        sandbox=random.random() < 0.3,
        open_circuits=dict.fromkeys(some(random, places, 2), "since noon: down"),
        health=Health(down=frozenset(some(random, places, 3)), degraded=frozenset(some(random, places, 3))),
        latency_ms={
            name: random.choice([300, 500, 501, 900]) for name in some(random, [*names(catalogue), *places], 6)
        },
        measured={name: _measured(random) for name in some(random, [*names(catalogue), *places, ALL_MODELS], 9)},
    )


def _measured(random: Random) -> Measured:
    return Measured(
        calls=5, success=random.choice([0.5, 0.94, 0.96, 0.99, 1.0]), expected_ms=random.choice([300, 400, 500, 900])
    )


def request(random: Random, catalogue: Catalogue) -> Asked:
    """A request of such a world: half of them shut few models out, so that the order of many is seen."""
    is_open = random.random() < 0.5
    likely = _likely(random) if random.random() < 0.7 else ()
    task = Task(
        category=likely[0][0] if likely else random.choice(CATEGORIES),
        complexity=random.choice(COMPLEXITIES),
        input_tokens=random.choice([0, 1, 6] if is_open else [7, 1_000, 1_000, 1_001, 9_999, 10_000, 83_334]),
        needs=frozenset() if is_open else frozenset(some(random, NEEDS, 1)),
        origin="given",
        likely=likely,
        terms=tuple(sorted(some(random, TERMS, 6))),
    )
    moments = [*MOMENTS, *(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in DAYS)]
    spread = random.choice([timedelta(0), timedelta(microseconds=-1), timedelta(hours=5)])
    constraints = Constraints(**(_wishes(random, catalogue) | ({} if is_open else _limits(random, catalogue))))
    return Asked(task=task, constraints=constraints, now=random.choice(moments) + spread)


def _likely(random: Random) -> Likely:
    """Hundredths of some categories, each rounded by itself: they need not add up to 1."""
    drawn = [random.choice([1, 1, 5, 20]) * random.random() for _ in range(random.choice([1, 2, 3, 7]))]
    found = sorted((round(100 * each / sum(drawn)) for each in drawn), reverse=True)
    known = zip(random.sample(CATEGORIES, len(found)), found, strict=True)
    return tuple((category, Decimal(share) / 100) for category, share in known if share)


def _wishes(random: Random, catalogue: Catalogue) -> dict[str, Any]:
    """What orders the candidates."""
    known = names(catalogue)
    return {
        "previous_model": maybe(random, random.choice(known)),
        "policy": random.choice([None] * 8 + [*POLICIES]),
        "priority": random.choice(PRIORITIES),
        "max_output_tokens": maybe(random, random.choice([0, 1, 499, 501, 9_000])),
        "preferred_providers": frozenset(some(random, HOSTS, random.choice([0, 2]))),
        "preferred_models": frozenset(some(random, known, random.choice([0, 2]))),
        "allow_internal": random.random() < 0.5,
        "allow_pro": random.random() < 0.5,
        "keeps_model": random.random() < 0.3,
        "shares_decision": random.random() < 0.1,
    }


def _limits(random: Random, catalogue: Catalogue) -> dict[str, Any]:
    """What shuts models out, each drawn one time in three."""
    known = names(catalogue)
    drawn: dict[str, Any] = {
        "candidates": tuple(random.choices(list(catalogue.models), k=random.randint(1, 12))) if catalogue.models else (),
        "max_cost_usd": number(random, *LIMITS),
        "unpriced_usd": number(random, *LIMITS),
        "max_latency_ms": random.choice([1, 499, 500, 900]),
        "blocked_providers": frozenset(some(random, HOSTS, 3)),
        "blocked_models": frozenset(some(random, known, 3)),
        "key_models": frozenset(some(random, known, 6)),
        "regions": frozenset(some(random, REGIONS, 3)),
        "allowed": tuple(
            (frozenset(some(random, HOSTS, 4)), frozenset(some(random, known, 3))) for _ in range(random.randint(1, 2))
        ),
    }  # fmt: skip
    return {name: value for name, value in drawn.items() if random.random() < 0.25}
