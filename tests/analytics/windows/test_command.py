"""manage.py roll_up, and the beat's task."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analytics import tasks
from analytics.models import Window
from tests.analytics.rows import insert

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 27, 12, 20, tzinfo=UTC)


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("roll_up", *arguments, stdout=out)
    return out.getvalue()


def test_a_range_is_counted_anew() -> None:
    insert(created_at=NOON)
    insert(created_at=NOON, account_id=2)
    assert told("--since", "2026-11-28") == "Counted 0 quarters of an hour of accounts anew.\n"
    assert "Counted 2 " in told("--since", "2026-11-27T13:20+01:00", "--until", "2026-11-28")
    assert "Counted 2 " in told("--all")
    assert "Counted 2 " in told("--since", "2026-11-27", "--may-shrink")
    assert Window.objects.filter(account_id=0, grain=1440, dimension="").values_list("requests", flat=True)[0] == 2


def test_what_is_new_is_counted_by_hand_or_by_beat() -> None:
    insert(created_at=NOON)
    assert "Counted 0 " in told(), "the transaction that wrote it is still open"
    assert tasks.roll_up.apply().get() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "'yesterday' is no time; write one as 2026-11-29 or 2026-11-29T12:00"),
        (["--since", "2026-02-30"], "'2026-02-30' is no time"),
        (["--all", "--since", "2026-11-27"], "--all is every record: leave out --since and --until"),
        (["--until", "2026-11-27"], "--until wants --since"),
        (["--may-shrink"], "--may-shrink wants --since"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        told(*arguments)
