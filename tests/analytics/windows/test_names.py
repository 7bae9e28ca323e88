"""What the values of a dimension are called."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.windows.names import labels
from tests.cast import Cast


@pytest.mark.django_db
def test_ids_are_told_by_name_in_one_query_and_who_is_gone_by_number(cast: Cast) -> None:
    account, user, key = (str(each.pk) for each in (cast.ada.account, cast.ada.user, cast.ada.key))
    with CaptureQueriesContext(connection) as asked:
        assert labels("account", [account, account, "0"]) == {account: "acme", "0": "number 0"}
    assert len(asked) == 1
    assert labels("user", [user, ""]) == {user: "ada", "": "no user"}
    assert labels("key", [key]) == {key: "ada's key"}


def test_other_values_are_their_own_names() -> None:
    assert labels("task_type", ["report", ""]) == {"report": "report", "": "no task type"}
