"""What a first start makes and tells: secrets, the admin, the API key, and the facts in var/quickstart.env."""

import base64
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

ADMIN = "admin"
FACTS = "quickstart.env"
KEY_FILE = "secret_key"
RUNNING = "running.env"
"""Where the servers are that run now, as a shell can source it."""


def secret_key(folder: Path) -> str:
    """Django's secret, made once and kept."""
    if not kept_secret_key(folder):
        write_private(folder / KEY_FILE, secrets.token_urlsafe(50))
    return kept_secret_key(folder)


def kept_secret_key(folder: Path) -> str:
    """The secret of an earlier start; empty before the first."""
    file = folder / KEY_FILE
    return file.read_text() if file.exists() else ""


def storage_key(folder: Path) -> str:
    """What is kept for clients is sealed with it; made once and kept."""
    file = folder / "storage_key"
    if not file.exists():
        write_private(file, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone can read, from its first byte on."""
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_text(text)


def write_facts(folder: Path, facts: Mapping[str, str], name: str = FACTS) -> Path:
    """The facts as a file that a shell can source."""
    file = folder / name
    write_private(file, "".join(f"{name}={shlex.quote(value)}\n" for name, value in facts.items()))
    return file


def read_facts(folder: Path) -> dict[str, str]:
    """The facts of an earlier start; none before the first."""
    file = folder / FACTS
    if not file.exists():
        return {}
    pairs = (line.partition("=") for line in file.read_text().splitlines() if "=" in line)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}


def welcome(facts: Mapping[str, str], file: Path, is_first: bool, sandbox: bool) -> str:
    """What is printed when everything is ready."""
    url, key = facts["ROUTERHUB_URL"], facts["ROUTERHUB_API_KEY"]
    shown_key = key if is_first else "$ROUTERHUB_API_KEY"
    lines = [
        "",
        f"RouterHub is ready at {url}",
        "",
        f"  admin      {url}/admin/",
        f"  console    {url}/console/",
        f"  API pages  {url}/api/docs",
    ]
    if is_first:
        lines += [
            f"  login      {facts['ROUTERHUB_ADMIN_USER']} / {facts['ROUTERHUB_ADMIN_PASSWORD']}",
            f"  API key    {key}",
        ]
        lines += [f"             (both are shown this once, and kept in {file})"]
    else:
        lines += [f"  login and API key are those of the first start: source {file}"]
    if sandbox:
        lines += ["", "No provider key is set, so the sandbox answers for every model and marks its answers as such."]
        lines += ["Set OPENROUTER_API_KEY or OPENAI_API_KEY and start again to reach real models."]
    source = "" if is_first else f". {file} && "
    call = (
        f'{source}curl {url}/v1/chat/completions -H "Authorization: Bearer {shown_key}" '
        "-H 'Content-Type: application/json' "
        '-d \'{"model": "auto", "messages": [{"role": "user", "content": "Hello! Who are you?"}]}\''
    )
    return "\n".join([*lines, "", "Try:", "", f"  {call}", "", "Ctrl-C stops everything.", ""])
