"""Settings for the tests: the product's own, on a PostgreSQL that lives as long as the run."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "only for tests, never for a site that anybody can reach")
os.environ.setdefault("HTTPS", "false")
os.environ.setdefault("SANDBOX", "on")
os.environ.setdefault("ENCODER_SOCKET", "")

if not os.environ.get("DATABASE_URL"):
    # The first process starts the server; parallel workers inherit the address.
    from routerhub.embedded.postgres import Postgres

    folder = Path(tempfile.mkdtemp(prefix="routerhub-tests-"))
    server = Postgres(folder, options=("fsync=off", "max_connections=300"), may_create_databases=True)
    server.start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.stop)
    os.environ["DATABASE_URL"] = server.url

from routerhub.settings import *  # noqa: F403

SWITCHES_FILE = Path(tempfile.gettempdir()) / f"routerhub-tests-{os.getpid()}" / "switches.json"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"].pop("CONN_MAX_AGE", None)  # noqa: F405
