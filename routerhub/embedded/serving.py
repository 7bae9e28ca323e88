"""How the two planes' servers are started on one machine: whom each listens to, and whom it believes."""

from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
ENDING = ("--lifespan", "on", "--timeout-graceful-shutdown", "8")
"""What cannot start ends. When it is stopped, what is under way has so many seconds; the supervisor waits 15 in all."""
FAST = ("--loop", "uvloop", "--http", "routerhub.embedded.connection:PatientHttp", "--no-access-log")


def gateway_options(port: int, environment: Mapping[str, str]) -> list[str]:
    """uvicorn's options for the gateway: WEB_CONCURRENCY processes on one port.

    What a client says of its own address counts only where it is a proxy named in FORWARDED_ALLOW_IPS.
    """
    proxies = environment.get("FORWARDED_ALLOW_IPS", "")
    believed = ["--proxy-headers", "--forwarded-allow-ips", proxies] if proxies else ["--no-proxy-headers"]
    workers = environment.get("WEB_CONCURRENCY", "2")
    return ["--host", LOOPBACK, "--port", str(port), "--workers", workers, *ENDING, *FAST, *believed]


def control_plane_options(port: int) -> list[str]:
    """uvicorn's options for the control plane: one process, for the gateways on this machine, whose word it takes."""
    believed = ["--proxy-headers", "--forwarded-allow-ips", LOOPBACK]
    return ["--host", LOOPBACK, "--port", str(port), "--workers", "1", "--lifespan", "off", *FAST, *believed]
