"""The chain of what happened: sealed, walked, and its head to keep elsewhere."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routerhub.audit.chain import sealing, verifying
from routerhub.audit.change import Change
from routerhub.audit.errors import ChainRefused


class Command(BaseCommand):
    help = (
        "The hash chain over requests and changes. `verify` ends with 1 when a row or a link is not as it was sealed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="walk the chain, and say what was removed or altered")
        verify.add_argument("--since", type=int, default=1, metavar="LINK", help="from this link on; default: all")
        verify.add_argument(
            "--head", default="", metavar="SEAL", help="of a head kept elsewhere, which the chain must have"
        )
        actions.add_parser("head", help="print the last link and its seal, to be kept elsewhere")
        actions.add_parser("seal", help="seal now what arrived, as beat does every minute")
        restart = actions.add_parser(
            "restart", help="close what was sealed and seal all anew, e.g. in a restored database"
        )
        restart.add_argument("--reason", required=True, help="kept in the chain")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except ChainRefused as refused:
            raise CommandError(str(refused)) from refused

    def _verify(self, since: int, head: str, **_: Any) -> None:
        found = verifying.verify(Change(reason="by command"), since, head)
        for problem in found.problems:
            self.stdout.write(problem["text"])
        if found.problems:
            raise CommandError(f"{len(found.problems)} problems from link {since} to {found.head}.")
        self.stdout.write(
            f"Links {since} to {found.head} are as they were sealed: {found.rows:,} rows in {found.took_ms:,} ms."
            f" Head: {found.seal}"
        )

    def _head(self, **_: Any) -> None:
        head = sealing.head()
        if head is None:
            raise CommandError("Nothing is sealed yet.")
        self.stdout.write(f"{head.number} {head.seal} {head.sealed_at:%Y-%m-%dT%H:%M:%SZ}")

    def _seal(self, **_: Any) -> None:
        self.stdout.write(f"{sealing.seal():,} rows were sealed.")

    def _restart(self, reason: str, **_: Any) -> None:
        link = sealing.restart(Change(reason=reason))
        rows = sealing.seal()
        self.stdout.write(f"{link.rows:,} rows are closed by link {link.number}; {rows:,} were sealed anew.")
