"""How the encoder stands, over a real socket."""

from pathlib import Path
from typing import Any

from experiments.classification.encoder import status
from tests.autorouter.encoder.fake import FakeEncoder


def test_it_is_not_installed_up_or_down(settings: Any, tmp_path: Path) -> None:
    settings.ENCODER_SOCKET = ""
    assert status().state == "none"
    encoder = FakeEncoder(tmp_path)
    settings.ENCODER_SOCKET = encoder.address
    encoder.start()
    up = status()
    encoder.kill()
    assert (up.state, up.detail.partition(";")[0]) == ("up", "for 0 min, 0 texts read, 0 too late")
    assert status().state == "down"
