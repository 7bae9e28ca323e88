"""Settlements that the database could not take, kept on the local disk until it can. Nothing is lost, and since
settling is idempotent nothing is doubled. One append-only file of JSON lines for each process."""

import os
from collections.abc import Sequence
from pathlib import Path


class Spool:
    """The files in `folder`. Those of processes that are gone are drained by whoever comes next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._own = folder / f"settlements-{os.getpid()}.jsonl"

    def keep(self, items: Sequence[bytes]) -> None:
        """Append the items, each a JSON text, and force them to disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._own.open("ab") as file:
            file.write(b"".join(item + b"\n" for item in items))
            file.flush()
            os.fsync(file.fileno())

    def claim(self) -> list[Path]:
        """Files to drain, each renamed so that nobody else takes it too. A dead process's claim is taken again."""
        claimed = []
        for file in sorted(self.folder.glob("settlements-*.jsonl*")):
            owner = int(file.name.split("-")[1].split(".")[0])
            if owner != os.getpid() and _is_alive(owner):
                continue
            target = self.folder / f"settlements-{os.getpid()}.jsonl.{file.stat().st_ino}"
            try:
                file.rename(target)
            except FileNotFoundError:
                continue
            claimed.append(target)
        return claimed

    @staticmethod
    def read(file: Path) -> list[bytes]:
        """The items of a file. A last line that a crash cut short is left out: its hold is swept."""
        return [line.rstrip(b"\n") for line in file.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
