"""`make bench`: figures of this machine, each beside what it is to be compared with in the same run.

Without arguments it measures all; `python -m tests.bench gateway --peers none` measures one part, as it is told.
"""

import argparse
import os
import signal
import sys

import uvloop

# The settings start a PostgreSQL for the run; figures want durable commits, unlike tests.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")

import django

django.setup()

from routerhub.tenancy.scope import system  # noqa: E402
from tests.bench import (  # noqa: E402 - Django first
    anomalies,
    decisions,
    encoder,
    experiments,
    exports,
    forecast,
    gateway,
    ledger,
    pages,
    profiling,
    redaction,
    room,
    shares,
    soak,
    windows,
)  # fmt: skip
from tests.bench.load import MODES, STREAMED, WHOLE  # noqa: E402
from tests.bench.results import PASS_THROUGH  # noqa: E402
from tests.bench.subjects import NoAnswer  # noqa: E402

PARTS = (
    "decisions", "ledger", "room", "shares", "pages", "exports", "forecast", "anomalies", "windows", "redaction", "experiments",
    "encoder", "gateway",
)  # fmt: skip
SIMPLE = {
    "decisions": decisions, "shares": shares, "pages": pages, "exports": exports, "forecast": forecast, "anomalies": anomalies,
    "redaction": redaction, "encoder": encoder,
}  # fmt: skip
"""Those that need to be told nothing."""
SOAK_REQUESTS = 100_000


def main() -> int:
    arguments = _parser().parse_args()
    # Ended from outside, it stops all it started, as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with system():
            for part in PARTS if arguments.part is None else (arguments.part,):
                _measure(part, arguments)
    except NoAnswer as problem:
        print(f"{problem}. The end of its log:\n{problem.log}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0


def _measure(part: str, arguments: argparse.Namespace) -> None:
    match part:
        case "ledger":
            uvloop.run(ledger.main())
        case "room":
            answers_s = arguments.answers or (room.ANSWERS_S if arguments.part else room.ANSWERS_S[:1])
            uvloop.run(room.main(answers_s, arguments.rounds))
        case "windows":
            windows.main(arguments.records, arguments.days)
        case "experiments":
            experiments.main(arguments.runs or (experiments.RUNS if arguments.part else experiments.RUNS // 50))
        case "gateway":
            _gateway(arguments)
        case _:
            SIMPLE[part].main()


def _gateway(arguments: argparse.Namespace) -> None:
    modes = arguments.modes or MODES
    if arguments.soak:
        soak.main(arguments.soak, arguments.processes[-1], modes)
    elif arguments.profile:
        profiling.main(modes, arguments.seconds)
    else:
        gateway.main(
            gateway.Options(
                products=_products(arguments),
                processes=arguments.processes,
                clients=arguments.clients,
                modes=modes,
                seconds=arguments.seconds,
                rounds=arguments.rounds,
            )
        )


def _products(arguments: argparse.Namespace) -> list[str]:
    peers = () if "none" in arguments.peers else arguments.peers
    return [
        each for each in gateway.PRODUCTS if each in arguments.only and (each not in gateway.PEERS or each in peers)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="what to measure (all, each in turn)")
    parser.add_argument(
        "--answers", type=float, nargs="+", metavar="SECONDS", help="of room (0.2 3 10; where all is measured, 0.2)"
    )
    parser.add_argument(
        "--runs",
        type=_count,
        metavar="N",
        help=f"of experiments ({experiments.RUNS}; where all is measured, a fiftieth)",
    )
    parser.add_argument("--records", type=_count, default=windows.RECORDS, metavar="N", help="of windows (%(default)s)")
    parser.add_argument(
        "--days", type=_count, default=windows.DAYS, metavar="N", help="that those are spread over (%(default)s)"
    )
    options = parser.add_argument_group("gateway")
    options.add_argument("--whole", dest="modes", action="append_const", const=WHOLE, help="whole answers only")
    options.add_argument("--stream", dest="modes", action="append_const", const=STREAMED, help="streamed answers only")
    options.add_argument("--clients", type=_count, nargs="+", default=gateway.CLIENTS, metavar="N", help="(1 16 64)")
    options.add_argument(
        "--processes", type=_count, nargs="+", default=gateway.PROCESSES, metavar="N",
        help=f"of RouterHub and of the {PASS_THROUGH} (1 2)",
    )  # fmt: skip
    options.add_argument("--seconds", type=float, default=4, help="of each measurement (%(default)s)")
    options.add_argument("--rounds", type=_count, default=3, help="(%(default)s)")
    options.add_argument("--peers", nargs="+", choices=(*gateway.PEERS, "none"), default=gateway.PEERS, help="(both)")
    options.add_argument("--only", nargs="+", choices=gateway.PRODUCTS, default=gateway.PRODUCTS, help="(all)")
    options.add_argument(
        "--soak", type=_count, nargs="?", const=SOAK_REQUESTS, metavar="REQUESTS",
        help="instead: so many requests to RouterHub alone (%(const)s), with its memory at every tenth",
    )  # fmt: skip
    options.add_argument("--profile", action="store_true", help="instead: where RouterHub's time goes, one process")
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
