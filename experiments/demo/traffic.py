"""When who asks what: the rhythm of days and weeks, conversations, and the one afternoon on which something runs wild. Pure: the
same seed and the same moments give the same requests."""

import uuid
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from experiments.demo.company import COMPANIES, Company, Person
from experiments.demo.works import BLANKS, INVESTIGATE, Work

HOUR = timedelta(hours=1)
OF_PEOPLE = (1, 1, 1, 1, 1, 2, 6, 18, 42, 62, 70, 66, 44, 58, 68, 66, 54, 36, 18, 10, 7, 5, 3, 2)
"""By the hour of the day where they are."""
OF_PROGRAMS = (34, 30, 28, 28, 30, 36, 48, 62, 74, 80, 82, 80, 74, 78, 82, 80, 74, 66, 58, 52, 48, 44, 40, 36)
WEEKEND = 0.22
GROWTH = 0.35
"""By so much more at the end than at the beginning."""
WILD_DAYS_AGO, WILD_HOURS, WILD_SHARE = 4, (14, 15), 0.012
"""A script that asks the dearest question again and again: so much of all requests, within these hours."""
BREAK = timedelta(minutes=25)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One request as it comes."""

    operation_id: uuid.UUID
    at: datetime
    company: Company
    person: Person | None
    """None: a program."""
    work: Work
    prompt: str
    context_tokens: int
    answer_tokens: int
    session: str
    task_id: str
    tags: tuple[str, ...]
    ip: str


def asks(seed: int, since: datetime, until: datetime, count: int) -> Iterator[Ask]:
    """So many requests of a range, oldest first."""
    random = Random(seed)  # noqa: S311 - the same each time is what it is for
    wild = round(count * WILD_SHARE)
    moments = [
        (moment, company)
        for company in COMPANIES
        for moment in _moments(random, company, since, until, round((count - wild) * company.share))
    ]
    moments += [(moment, COMPANIES[0]) for moment in _wild(random, until, wild)]
    speakers = _Speakers(random)
    wild_from, wild_to = _wild_range(until)
    for moment, company in sorted(moments, key=lambda each: each[0]):
        is_wild = company is COMPANIES[0] and wild_from <= moment < wild_to and random.random() < 0.8
        yield speakers.ask(moment, company, is_wild)


def _moments(random: Random, company: Company, since: datetime, until: datetime, count: int) -> list[datetime]:
    hours = [since + step * HOUR for step in range((until - since) // HOUR)]
    weights = list(accumulate(_weight(company, hour, (hour - since) / (until - since)) for hour in hours))
    return [
        hours[min(bisect(weights, random.random() * weights[-1]), len(hours) - 1)] + random.random() * HOUR
        for _ in range(count)
    ]


def _weight(company: Company, hour: datetime, progress: float) -> float:
    there = hour.astimezone(ZoneInfo(company.zone))
    is_weekend = there.weekday() >= 5
    people = OF_PEOPLE[there.hour] * (WEEKEND if is_weekend else 1) * (1 - company.service_share) / sum(OF_PEOPLE)
    programs = OF_PROGRAMS[there.hour] * company.service_share / sum(OF_PROGRAMS)
    return (people + programs) * (1 + GROWTH * progress)


def _wild_range(until: datetime) -> tuple[datetime, datetime]:
    day = (until - timedelta(days=WILD_DAYS_AGO)).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + WILD_HOURS[0] * HOUR, day + WILD_HOURS[1] * HOUR


def _wild(random: Random, until: datetime, count: int) -> list[datetime]:
    first, end = _wild_range(until)
    return [first + random.random() * (end - first) for _ in range(count)]


class _Speakers:
    """Who asks next, and in which conversation."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._open: dict[tuple[str, str], tuple[str, datetime, int]] = {}
        """By person and work: the session, its last moment, and how many turns are left."""
        self._sessions = 0

    def ask(self, at: datetime, company: Company, is_wild: bool) -> Ask:
        random = self._random
        person, work = (company.people[1], INVESTIGATE) if is_wild else self._speaker(at, company)
        template = random.choice(work.prompts)
        prompt = template.format(**{name: random.choice(words) for name, words in BLANKS.items()})
        session, turn = self._session(at, person, work)
        task = f"{company.slug}-{at:%m%d}-{random.randrange(400)}" if work.task_type and random.random() < 0.5 else ""
        return Ask(
            operation_id=uuid.UUID(int=_version_8(random.getrandbits(128))),
            at=at, company=company, person=person, work=work, prompt=prompt, session=session, task_id=task,
            context_tokens=round(random.lognormvariate(0, 0.55) * work.context_tokens * (9 if is_wild else 1 + 0.35 * turn)),
            answer_tokens=max(4, round(random.lognormvariate(0, 0.6) * work.answer_tokens * (4 if is_wild else 1))),
            tags=work.tags if random.random() < 0.9 else (),
            ip=f"203.0.113.{20 + COMPANIES.index(company) * 40 + (0 if person is None else 1 + company.people.index(person))}",
        )  # fmt: skip

    def _speaker(self, at: datetime, company: Company) -> tuple[Person | None, Work]:
        """Programs ask by night as well, so that most of what comes then is theirs."""
        there = at.astimezone(ZoneInfo(company.zone))
        people = (
            OF_PEOPLE[there.hour]
            * (WEEKEND if there.weekday() >= 5 else 1)
            * (1 - company.service_share)
            / sum(OF_PEOPLE)
        )
        programs = OF_PROGRAMS[there.hour] * company.service_share / sum(OF_PROGRAMS)
        if self._random.random() * (people + programs) < programs:
            return None, self._chosen(company.services)
        (person,) = self._random.choices(company.people, [each.share for each in company.people])
        return person, self._chosen(person.works)

    def _chosen(self, among: tuple[Work, ...]) -> Work:
        return self._random.choices(among, [each.weight for each in among])[0]

    def _session(self, at: datetime, person: Person | None, work: Work) -> tuple[str, int]:
        if person is None or work.turns == 1:
            return "", 0
        key = (person.username, work.name)
        session, last, left = self._open.get(key, ("", at, 0))
        if not left or at - last > BREAK:
            self._sessions += 1
            session, left = f"{work.name}-{self._sessions}", self._random.randint(1, work.turns)
        self._open[key] = (session, at, left - 1)
        return session, work.turns - left


def _version_8(number: int) -> int:
    return number & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62
