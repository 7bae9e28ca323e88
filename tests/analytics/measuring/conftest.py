import pytest

from analytics.measuring import facts
from tests.analytics.measuring.answers import HORIZON


@pytest.fixture(autouse=True)
def _horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test wrote counts as ended: its transaction never does."""
    monkeypatch.setattr(facts, "HORIZON", HORIZON)
