"""Whether `make run` starts an encoder, and where it listens."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from routerhub.embedded import __main__ as embedded
from routerhub.environment import encoder_socket

pytestmark = pytest.mark.usefixtures("nobody_says_where")


@pytest.fixture
def nobody_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCODER_SOCKET", "")
    monkeypatch.delenv("ENCODER_SOCKET")


@pytest.mark.parametrize(
    ("folder", "begins"),
    [(Path("/var/routerhub"), "/var/routerhub/encoder.sock"), (Path("/" + "x" * 120), "tcp://127.0.0.1:")],
)
def test_it_is_started_at_a_path_or_where_that_is_too_long_at_a_port(
    folder: Path, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "VAR", folder)
    (child,) = embedded._encoder()
    assert child.command[1:] == ["-m", "autorouter.encoder"]
    assert encoder_socket("ENCODER_SOCKET").startswith(begins)
    assert embedded._encoder() == [], "where the environment says where it is, it runs elsewhere"


def test_without_its_packages_it_says_so_and_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(embedded, "is_installed", lambda: False)
    assert embedded._encoder() == []
    assert "onnxruntime and tokenizers are not installed" in capsys.readouterr().out
    assert encoder_socket("ENCODER_SOCKET") == ""


@pytest.mark.parametrize(
    "given", ["encoder.sock", "/" + "x" * 100, "tcp://here", "tcp://:80", "tcp://here:x", "http://here:80"]
)
def test_nonsense_for_its_address_is_told_with_what_to_write(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCODER_SOCKET", given)
    with pytest.raises(
        ImproperlyConfigured, match=r"write an absolute path of at most 100 bytes, or tcp://HOST:PORT\."
    ):
        encoder_socket("ENCODER_SOCKET")
