"""What adapters share: how long an upstream asks to be left alone."""

import time
from email.utils import formatdate

import pytest
from multidict import CIMultiDict

from models_registry.upstream.wire.http import retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None), ({"Retry-After": "30"}, 30), ({"retry-after": "1.5"}, 1.5), ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "soon"}, None), ({"Retry-After": "inf"}, None), ({"Retry-After": "nan"}, None),
        ({"Retry-After": ""}, None),
        ({"retry-after-ms": "250"}, 0.25), ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"retry-after-ms": "x", "Retry-After": "9"}, 9), ({"Retry-After": "9" * 300}, 86_400),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400), ({"Retry-After": "Mon, 01 Jan 99999 00:00:00 GMT"}, None),
        ({"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 99 Jan 2001"}, None),
    ],
)  # fmt: skip
def test_it_is_read_in_each_of_its_forms_and_nonsense_is_none(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(CIMultiDict(headers)) == seconds


def test_a_date_is_as_far_away_as_it_is() -> None:
    asked = retry_after_s(CIMultiDict({"Retry-After": formatdate(time.time() + 30, usegmt=True)}))
    assert asked is not None
    assert 28 < asked <= 30
