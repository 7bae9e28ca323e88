"""The disk that the spool is on is full, while the database is away too: the last place where a settlement can wait."""

import errno
import os
from pathlib import Path

import pytest

from tests.faults.scene import SPOOL_KB, Scene
from tests.faults.test_database import IMMEDIATE, RECORDED, stopped
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("faults")


def filled(disk: Path) -> bool:
    """Whether it is full now, so that writing really ends with ENOSPC. Only a disk as small as ours is ever filled."""
    if os.statvfs(disk).f_blocks * os.statvfs(disk).f_frsize > SPOOL_KB * 1024:
        return False
    with (disk / "junk").open("wb", buffering=0) as junk:
        try:
            while True:
                junk.write(b"x" * 4096)
        except OSError as problem:
            return problem.errno == errno.ENOSPC


def test_a_full_disk_loses_no_settlement_while_the_process_lives(scene: Scene) -> None:
    """Where no file system can be mounted, the folder is no folder: another OSError, the same way out."""
    asked = [scene.meanwhile(script={"latency_ms": 1_500, "output_tokens": 5}) for _ in range(4)]
    eventually(lambda: scene.upstream.under_way == len(asked))
    is_full = filled(scene.spool)
    if not is_full:
        print("NOTE: no small disk can be mounted here, so the spool's folder is taken away instead")
        scene.spool.rmdir()
        scene.spool.touch()
    stopped(scene.database, IMMEDIATE)
    assert all(one.told.is_answered for one in asked)
    if is_full:
        assert [file.name for file in scene.spool.iterdir()] == ["junk"], "nothing half-written is left"
    scene.database.start()
    for one in asked:
        assert eventually(lambda one=one: scene.rows(RECORDED, one.told.name), within_s=20) == [("success",)]
    if is_full:
        (scene.spool / "junk").unlink()
    else:
        scene.spool.unlink()
        scene.spool.mkdir()
