"""What it costs to deal a limit out: a simulation of 1 to 64 shares, evenly used or not, with the balancing that serves.

A limit of LIMIT mean requests. They come at random to a place each, whose weight falls with its rank to the power of `skew`; each
is served where its cost (log-normal, known when it is asked) fits into what its place has left, else refused. The places are
balanced `LOOKS` times while the limit is used up. Nothing here depends on a clock.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from budgets.shares.balancing import Standing, moves, paced

LIMIT, SIGMA, SEEDS = 20_000, 0.8, 5
LOOKS = (0, 20, 200)
"""Balanced never, every twentieth of the limit, every two-hundredth."""
SHARES = (1, 4, 16, 64)
SKEWS = (0.0, 1.0, 2.0)


def main() -> None:
    print(f"A limit of {LIMIT:,} mean requests: spent at the first refusal / refused until 99 % was spent")
    print(f"{'skew':>5} {'shares':>7}" + "".join(f"{_named(looks):>24}" for looks in LOOKS))
    for skew in SKEWS:
        for shares in SHARES:
            cells = [_mean([simulated(shares, skew, looks, seed) for seed in range(SEEDS)]) for looks in LOOKS]
            print(f"{skew:5.1f} {shares:7}" + "".join(f"{first:15.1%} / {refused:6.2%}" for first, refused in cells))


def _named(looks: int) -> str:
    return f"balanced {looks} times" if looks else "never balanced"


def _mean(rows: Sequence[tuple[float, float]]) -> tuple[float, float]:
    first, refused = zip(*rows, strict=True)
    return sum(first) / len(rows), sum(refused) / len(rows)


def simulated(shares: int, skew: float, looks: int, seed: int, limit: int = LIMIT) -> tuple[float, float]:
    """What part of the limit was spent at the first refusal, and what part of the requests until 99 % was spent was refused."""
    random_ = random.Random(seed)
    unit = 1_000_000
    whole, average = limit * unit, math.exp(SIGMA**2 / 2)
    places = [Standing(place=str(at), share=whole // shares, used=0) for at in range(shares)]
    seen = [0] * shares
    weights = [1 / (at + 1) ** skew for at in range(shares)]
    first, asked, refused, spent = 1.0, 0, 0, 0
    while spent < 0.99 * whole and asked < 3 * limit:
        asked += 1
        at = random_.choices(range(shares), weights)[0]
        cost = int(unit * math.exp(random_.gauss(0, SIGMA)) / average)
        if cost > places[at].free:
            refused, first = refused + 1, min(first, spent / whole)
        else:
            spent += cost
            places[at] = replace(places[at], used=places[at].used + cost)
        if looks and asked % (limit // looks) == 0:
            places = _balanced(places, seen)
            seen = [each.used for each in places]
    return first, refused / asked


def _balanced(places: Sequence[Standing], seen: Sequence[int]) -> list[Standing]:
    """After a look at what each used since it had used what was `seen`."""
    looked = [
        replace(each, pace=paced(each.pace, each.used - before)) for each, before in zip(places, seen, strict=True)
    ]
    found = {each.place: each for each in looked}
    for move in moves(looked):
        giver, taker = found[move.giver], found[move.taker]
        found[move.giver] = replace(giver, share=giver.share - move.amount)
        found[move.taker] = replace(taker, share=taker.share + move.amount)
    return list(found.values())
