"""Classifying and deciding, in the process, without any database."""

import time
from datetime import UTC, datetime

from autorouter.configuration.release0 import STATIC as ROUTER
from autorouter.decision.classify import classify
from autorouter.decision.router import decide
from autorouter.types import Constraints
from models_registry.catalogue.release0 import STATIC as CATALOGUE
from models_registry.types import Availability

ROUNDS = 300
CLASSIFYING_AIM_US = 300
PROMPT = "Write a Python function that parses a log file and counts errors by hour. Explain the trade-offs. " * 20


def main() -> None:
    messages = [{"role": "user", "content": PROMPT[:2_000]}]
    availability = Availability(providers=frozenset(), sandbox=True)
    now = datetime.now(UTC)
    task = classify(messages)
    began = time.perf_counter()
    for _ in range(ROUNDS):
        classify(messages)
    classifying = (time.perf_counter() - began) / ROUNDS
    began = time.perf_counter()
    for _ in range(ROUNDS):
        decide(CATALOGUE, ROUTER, task, Constraints(), availability, now)
    deciding = (time.perf_counter() - began) / ROUNDS
    print(f"classify a prompt of 2,000 characters: {classifying * 1e6:.0f} us (aim: {CLASSIFYING_AIM_US})")
    print(f"decide among {len(CATALOGUE.models)} models: {deciding * 1e6:.0f} us", flush=True)
