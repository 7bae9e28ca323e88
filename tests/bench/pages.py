"""Every list of the admin and the API over the requests of a month, the slowest first; in the process, on a real database."""

import time

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.models import Record
from analytics.requests.paging import SORTS
from tests import lists, volume
from tests.bench.tables import table

AIM_MS = 300
ROUNDS = 5


def main() -> None:
    client = _staff()
    measured = sorted((_measure(client, address) for address in _addresses()), reverse=True)
    print(f"lists over {volume.RECORDS:,} requests (aim: {AIM_MS} ms), the fastest of {ROUNDS}")
    rows = [[address, f"{whole:.0f}", f"{sql:.0f}", str(queries)] for whole, sql, queries, address in measured]
    print(table(["", "ms", "of it SQL", "queries"], rows), flush=True)


def _staff() -> Client:
    call_command("migrate", verbosity=0)
    call_command("seed_catalog", verbosity=0)
    if not Record.objects.exists():
        volume.fill()
    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)[0])
    return client


def _addresses() -> list[str]:
    of_the_admin = lists.of_the_admin().values()
    sorted_records = [f"{lists.RECORDS}?range=all&sort={sort}" for sort in SORTS]
    asked = (
        "range=all&q=gpt",
        "range=all&q=nothing%20like%20it",
        "range=all&outcome=failure",
        "range=all&model=openai:gpt-5",
    )
    searched = [f"{lists.RECORDS}?{each}" for each in asked]
    return [*of_the_admin, *sorted_records, *searched, "/admin/", "/admin/changes/", *lists.of_the_api()]


def _measure(client: Client, address: str) -> tuple[float, float, int, str]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        client.get(address)
        times.append(time.perf_counter() - began)
    with CaptureQueriesContext(connection) as asked:
        if client.get(address).status_code != 200:
            raise AssertionError(address)
    return min(times) * 1000, sum(float(each["time"]) for each in asked) * 1000, len(asked), address
