"""How much of what is marked in the labelled sentences is taken out, how much else, and how fast."""

import time

from analytics.bodies.redaction.types import KINDS
from analytics.bodies.redaction.walking import redact
from tests.analytics.bodies.labelled import REGIONS, measured

SETS = {"written with the detectors": ("said", "harmless"), "written afterwards": ("unseen",)}
PROSE = "The meeting is moved to half past nine; bring the 12 copies, and tell everybody on the second floor, please. "
SIZES = (2_000, 64 * 1024)


def main() -> None:
    for title, names in SETS.items():
        figures = measured(*names)
        print(f"\nTaken out of sentences {title}:")
        for kind in KINDS:
            if number := figures.found[kind] + figures.missed[kind]:
                print(
                    f"{kind:12} {number:4}  recall {figures.recall(kind):5.0%}  precision {figures.precision(kind):5.0%}"
                )
        found, missed, wrong = (sum(each.values()) for each in (figures.found, figures.missed, figures.wrong))
        print(f"{'all':12} {found + missed:4}  recall {found / (found + missed):5.0%}  "
              f"precision {found / (found + wrong):5.0%}")  # fmt: skip
    for size in SIZES:
        body = {"messages": [{"role": "user", "content": PROSE * (size // len(PROSE))}]}
        redact(body, REGIONS, size)
        began, rounds = time.process_time(), max(1, 1_000_000 // size)
        for _ in range(rounds):
            redact(body, REGIONS, size)
        print(f"\n{size:,} characters of prose: {(time.process_time() - began) / rounds * 1_000:.1f} ms of CPU")
