"""Settings for measuring: a PostgreSQL of its own that waits for the disk, as production's does."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if not os.environ.get("DATABASE_URL"):
    from routerhub.embedded.postgres import Postgres

    folder = Path(tempfile.mkdtemp(prefix="routerhub-bench-"))
    server = Postgres(folder, options=("max_connections=200",), may_create_databases=True)
    server.start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.stop)
    os.environ["DATABASE_URL"] = server.url

from tests.settings import *  # noqa: F403
