"""`make bench`: figures of this machine, each beside what it is to be compared with in the same run."""

import asyncio
import os

import uvloop

# The settings start a PostgreSQL for the run; figures want durable commits, unlike tests.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")

import django

django.setup()

from tests.bench import decisions, gateway, ledger  # noqa: E402 - Django first

if __name__ == "__main__":
    decisions.main()
    uvloop.run(ledger.main())
    asyncio.run(gateway.main())
