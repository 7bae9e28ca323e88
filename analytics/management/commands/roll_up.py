"""The windows, rolled up by hand: what is new, or a range anew."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from analytics.windows import rolling

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime:
    """A day or a time; in UTC where no zone is given. Raises CommandError."""
    try:
        day, found = parse_date(text), parse_datetime(text)
    except ValueError:
        day = found = None
    if day:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    if found is None:
        raise CommandError(f"{text!r} is no time; write one as 2026-11-29 or 2026-11-29T12:00+01:00.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Count what was recorded since the last time, as the beat does every minute; or count a range anew from its records."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=moment, help="count anew what came in from then on: a day or a time")
        parser.add_argument("--until", type=moment, help="and before then; without it, until now")
        parser.add_argument("--all", action="store_true", help="count all records anew")
        parser.add_argument(
            "--may-shrink", action="store_true",
            help="of a range: count what is there, though it be less than was counted, for records taken away on purpose",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        since, until = options["since"], options["until"]
        if options["all"] and (since or until):
            raise CommandError("--all is every record: leave out --since and --until.")
        if until and not since:
            raise CommandError("--until wants --since: from when on.")
        if options["may_shrink"] and not since:
            raise CommandError("--may-shrink wants --since: from when on.")
        if options["all"] or since:
            cells = rolling.recompute(since or BEGINNING, until or END, may_shrink=options["may_shrink"])
        else:
            cells = rolling.roll_up()
        self.stdout.write(f"Counted {cells:,} quarters of an hour of accounts anew.")
