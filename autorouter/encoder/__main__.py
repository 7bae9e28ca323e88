"""`python -m autorouter.encoder`: the encoder's process, at ENCODER_SOCKET. With --status, how the running one stands."""

import argparse
import asyncio
import json
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from autorouter.encoder.blocking import BlockingAsker
from autorouter.encoder.installed import PACKAGES, is_installed
from autorouter.encoder.serving import Service
from routerhub.environment import encoder_socket
from routerhub.logs import LineFormatter

FILE = Path(__file__).with_name("encoder.onnx")


def main() -> int:
    """Serve until told to end, or say how the running one stands. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m autorouter.encoder", description=__doc__)
    parser.add_argument("--status", action="store_true", help="say in a line how the running one stands")
    asked = parser.parse_args()
    try:
        address = encoder_socket("ENCODER_SOCKET")
    except ImproperlyConfigured as problem:
        return _refused(str(problem))
    if not address:
        return _refused("ENCODER_SOCKET is not set: write the path of a socket, or tcp://HOST:PORT.")
    return _tell(address) if asked.status else _serve(address)


def _serve(address: str) -> int:
    if not is_installed():
        return _refused(f"{' and '.join(PACKAGES)} are not installed: pip install -r requirements-encoder.txt")
    from autorouter.encoder.model import Encoder

    _log()
    os.umask(0o077)
    try:
        asyncio.run(Service(Encoder(FILE)).run(address))
    except OSError as problem:
        return _refused(f"{address}: {problem.strerror}")
    return 0


def _tell(address: str) -> int:
    status = BlockingAsker(address).status()
    if status is None:
        return _refused(f"nobody answers at {address}")
    print(json.dumps(asdict(status)))
    return 0


def _log() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _refused(message: str) -> int:
    print(message, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
