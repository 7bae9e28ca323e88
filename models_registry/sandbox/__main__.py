"""`python -m models_registry.sandbox --port 9000`"""

import argparse

import uvicorn

from models_registry.sandbox.app import app

parser = argparse.ArgumentParser(description="Serve the sandbox provider.")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, required=True)
arguments = parser.parse_args()
uvicorn.run(app, host=arguments.host, port=arguments.port, log_level="warning", access_log=False, workers=1)
