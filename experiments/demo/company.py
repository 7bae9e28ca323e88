"""Who asks in the demonstration: three companies with their people, and how they work. Data.

All of it is known by its marks: accounts and people by those of budgets.demonstration.staff, requests by ids of UUID version 8,
which the gateway never gives.
"""

from dataclasses import dataclass

from budgets.demonstration.types import Bound
from experiments.demo import works
from experiments.demo.works import Work


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    username: str
    first_name: str
    last_name: str
    role: str
    works: tuple[Work, ...]
    share: float
    """Of what the people of the company ask."""
    prefers: tuple[str, ...] = ()
    """Providers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Company:
    slug: str
    name: str
    zone: str
    share: float
    """Of all requests."""
    people: tuple[Person, ...]
    services: tuple[Work, ...]
    """What its programs ask."""
    service_share: float
    bounds: tuple[Bound, ...]


COMPANIES = (
    Company(
        slug="northwind", name="Northwind Bikes", zone="Europe/Berlin", share=0.52, service_share=0.55,
        people=(
            Person(username="mira.okafor", first_name="Mira", last_name="Okafor", role="owner",
                   works=(works.REPORT, works.PLAN, works.REPLY), share=0.14),
            Person(username="jonas.weber", first_name="Jonas", last_name="Weber", role="admin",
                   works=(works.FIX, works.INVESTIGATE, works.CODING_AGENT), share=0.34, prefers=("anthropic",)),
            Person(username="lea.marchetti", first_name="Lea", last_name="Marchetti", role="member",
                   works=(works.FIX, works.CODING_AGENT, works.FACTS), share=0.28),
            Person(username="tomas.lind", first_name="Tomas", last_name="Lind", role="member",
                   works=(works.REPLY, works.COPY, works.FACTS), share=0.24),
        ),
        services=(works.TRIAGE, works.HEALTH, works.LOGS, works.FIXED_MODEL),
        bounds=(
            Bound(kind="account", subject="northwind", period="month", used=0.83),
            Bound(kind="user", subject="lea.marchetti", period="month", used=0.96),
            Bound(kind="account", subject="northwind", period="day", used=0.41, mode="soft"),
        ),
    ),
    Company(
        slug="lumen", name="Lumen Clinics", zone="Europe/London", share=0.29, service_share=0.35,
        people=(
            Person(username="priya.nair", first_name="Priya", last_name="Nair", role="owner",
                   works=(works.NOTES, works.RESEARCH, works.REPORT), share=0.45, prefers=("mistral", "anthropic")),
            Person(username="owen.hughes", first_name="Owen", last_name="Hughes", role="member",
                   works=(works.NOTES, works.REPLY, works.FACTS), share=0.55),
        ),
        services=(works.TRIAGE, works.LOGS, works.HEALTH),
        bounds=(
            Bound(kind="account", subject="lumen", period="month", used=0.58),
            Bound(kind="account", subject="lumen", period="week", used=1.04, mode="soft"),
        ),
    ),
    Company(
        slug="orchard", name="Orchard Studio", zone="America/New_York", share=0.19, service_share=0.15,
        people=(
            Person(username="ana.ruiz", first_name="Ana", last_name="Ruiz", role="owner",
                   works=(works.COPY, works.PLAN, works.RESEARCH), share=0.6, prefers=("anthropic",)),
            Person(username="sam.tanaka", first_name="Sam", last_name="Tanaka", role="member",
                   works=(works.COPY, works.FIX, works.REPLY), share=0.4),
        ),
        services=(works.HEALTH, works.FIXED_MODEL),
        bounds=(Bound(kind="account", subject="orchard", period="month", used=0.71, mode="pause"),),
    ),
)  # fmt: skip
