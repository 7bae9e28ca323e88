"""A program that only tests need is installed once, whoever asks first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import installing


def test_two_who_want_a_program_at_once_install_it_once_and_both_find_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "FOLDER", tmp_path / "programs")
    both, homes = threading.Barrier(2), []

    def install(home: Path) -> None:
        homes.append(home)
        (home / "program").write_text("whole")

    def want(_: int) -> str:
        both.wait()
        return (installing.installed("tool", "tool@1", install) / "program").read_text()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(want, range(2))) == ["whole", "whole"]
    assert len(homes) == 1


def test_another_version_takes_the_place_of_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "FOLDER", tmp_path / "programs")
    installing.installed("tool", "tool@1", lambda home: (home / "old").touch())
    home = installing.installed("tool", "tool@2", lambda home: (home / "new").touch())
    assert [path.name for path in sorted(home.iterdir())] == ["installed", "new"]
