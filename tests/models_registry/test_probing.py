"""Probes of real servers on loopback: what each answer means, what is kept, and for how long it counts."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from itertools import takewhile
from typing import Any

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.utils.timezone import now

from models_registry import probing
from models_registry.catalogue import tables as catalogue_tables
from models_registry.models import Deployment, Probe
from models_registry.types import Health, Provider
from routerhub.releases import notify
from tests.cast import because
from tests.models_registry.catalogue.facts import a_model, a_place, a_provider
from tests.models_registry.prices.test_sources import closed_port, speaking

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = {"ACME_API_KEY": "secret-of-acme"}


@dataclass(kw_only=True)
class Upstream:
    """A provider on loopback: what it answers next, and what it was asked."""

    url: str
    status: int = 200
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Authorization of each request."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of the last one, their names in lower case."""
    body: bytes = b"{}"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((self.path, self.headers["Authorization"]))
            found.headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Upstream(url=f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def nowhere() -> str:
    return f"http://127.0.0.1:{closed_port()}/v1"


def acme(base_url: str, credential_env: str = "ACME_API_KEY") -> Provider:
    return Provider(name="acme", title="Acme", protocol="openai", base_url=base_url, credential_env=credential_env)


def fill(acme_url: str, zeta_url: str) -> None:
    """Two models at acme, one of them at zeta too, whose server needs no key."""
    deployments = [a_place(), a_place(provider="zeta", upstream_model="acme-one")]
    bundle = {
        "providers": {
            "acme": a_provider(base_url=acme_url),
            "zeta": a_provider("Zeta", base_url=zeta_url, credential_env=""),
            "idle": a_provider("Idle", base_url=nowhere(), credential_env=""),
        },
        "models": {
            "acme:one": a_model(deployments=deployments),
            "acme:two": a_model("Two", deployments=[a_place(upstream_model="two")]),
        },
    }
    catalogue_tables.write(bundle, because("first"))


def stored() -> dict[str, str]:
    """Status by place."""
    rows = Probe.objects.select_related("deployment")
    return {f"{row.deployment.provider_id}/{row.deployment.upstream_model}": row.status for row in rows}


# --- one probe


@pytest.mark.parametrize(
    ("status", "found", "detail"),
    [
        (200, "available", "answered"),
        (404, "available", "answered 404"),
        (405, "available", "answered 405"),
        (401, "down", "answered 401: the API key is refused"),
        (403, "down", "answered 403: the API key is refused"),
        (429, "degraded", "answered 429"),
        (400, "degraded", "answered 400"),
        (500, "down", "answered 500"),
        (503, "down", "answered 503"),
    ],
)
def test_what_a_provider_answers_says_how_it_is(upstream: Upstream, status: int, found: str, detail: str) -> None:
    upstream.status = status
    finding = probing.probe(acme(upstream.url), KEY)
    assert (finding.status, finding.detail) == (found, detail)
    assert finding.latency_ms is not None
    assert finding.latency_ms >= 0


def test_the_list_of_models_is_asked_for_with_the_providers_key(upstream: Upstream) -> None:
    probing.probe(acme(upstream.url + "/"), KEY)
    assert upstream.asked == [("/v1/models", "Bearer secret-of-acme")]


@pytest.mark.parametrize(
    ("protocol", "sent"),
    [
        ("anthropic", {"x-api-key": "secret-of-acme", "anthropic-version": "2023-06-01"}),
        ("google", {"x-goog-api-key": "secret-of-acme"}),
    ],
)
def test_each_protocol_is_asked_by_its_own_headers(upstream: Upstream, protocol: Any, sent: dict[str, str]) -> None:
    assert probing.probe(replace(acme(upstream.url), protocol=protocol), KEY).status == "available"
    assert upstream.asked == [("/v1/models", None)]
    assert sent.items() <= upstream.headers.items()


def test_a_key_that_google_refuses_as_a_bad_request_is_refused(upstream: Upstream) -> None:
    upstream.status, upstream.body = 400, b'{"error": {"code": 400, "message": "API key not valid.", "status": "x"}}'
    finding = probing.probe(replace(acme(upstream.url), protocol="google"), KEY)
    assert (finding.status, finding.detail) == ("down", "answered 401: the API key is refused")


def test_the_environment_may_give_another_address(upstream: Upstream) -> None:
    finding = probing.probe(acme(nowhere()), {**KEY, "ACME_BASE_URL": f"{upstream.url}/other"})
    assert finding.status == "available"
    assert upstream.asked == [("/v1/other/models", "Bearer secret-of-acme")]


def test_where_nobody_answers_it_is_down() -> None:
    finding = probing.probe(acme(nowhere()), KEY)
    assert (finding.status, finding.latency_ms) == ("down", None)
    assert finding.detail.startswith("no answer: ")
    assert "refused" in finding.detail


def test_a_server_that_hangs_up_is_down() -> None:
    with speaking(b"") as url:
        assert probing.probe(acme(url), KEY).status == "down"


def test_a_server_that_speaks_no_http_is_down() -> None:
    with speaking(b"SSH-2.0-server\r\n") as url:
        assert probing.probe(acme(url), KEY).status == "down"


def test_a_server_that_sends_elsewhere_is_not_followed(upstream: Upstream) -> None:
    with speaking(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % upstream.url.encode()) as url:
        finding = probing.probe(acme(url), KEY)
    assert (finding.status, finding.detail, upstream.asked) == ("degraded", "answered 302", [])


def test_a_server_at_a_forbidden_address_is_not_asked(upstream: Upstream, settings: Any) -> None:
    settings.UPSTREAM_PRIVATE_NETWORKS = ()
    finding = probing.probe(acme(upstream.url.replace("127.0.0.1", "localhost")), KEY)
    assert (finding.status, upstream.asked) == ("down", [])
    assert "127.0.0.1 is a private address" in finding.detail


def test_a_name_that_came_to_mean_a_forbidden_address_is_not_even_knocked_at(
    upstream: Upstream, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J2: the name is looked up once, and what it meant then is what is called."""
    settings.UPSTREAM_PRIVATE_NETWORKS = (ip_network("127.0.0.1/32"),)
    meanings, looked_up = [["127.0.0.1"], ["127.0.0.1", "169.254.169.254"], ["::ffff:127.0.0.2"]], socket.getaddrinfo

    def look_up(host: str, port: int, *asked: Any, **more: Any) -> Any:
        if host != "rebound.example":
            return looked_up(host, port, *asked, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in meanings.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    provider = acme(upstream.url.replace("127.0.0.1", "rebound.example"))
    found = [probing.probe(provider, KEY) for _ in range(3)]
    assert [each.status for each in found] == ["available", "down", "down"]
    assert "169.254.169.254 is no server's address" in found[1].detail
    assert "127.0.0.2 is a private address" in found[2].detail
    assert len(upstream.asked) == 1


def test_what_a_server_answers_is_not_shown(upstream: Upstream) -> None:
    """J2: or whoever edits providers would read pages that this machine alone can."""
    with speaking(b"HTTP/1.1 500 Secret\r\nContent-Length: 6\r\n\r\nsecret") as url:
        assert probing.probe(acme(url), KEY).detail == "answered 500"


def test_a_key_that_no_header_can_hold_is_told_without_the_key_being_sent(upstream: Upstream) -> None:
    finding = probing.probe(acme(upstream.url), {"ACME_API_KEY": "two\nlines"})
    assert finding.status == "down"
    assert upstream.asked == []


# --- all of them


def test_every_deployment_of_a_provider_gets_what_its_provider_answered(db: None, upstream: Upstream) -> None:
    fill(upstream.url, nowhere())
    found = probing.probe_all(KEY)
    assert {name: finding.status for name, finding in found.items()} == {"acme": "available", "zeta": "down"}
    assert stored() == {"acme/one": "available", "acme/two": "available", "zeta/acme-one": "down"}
    assert len(upstream.asked) == 1
    row = Probe.objects.get(deployment__provider__name="zeta")
    assert (row.latency_ms, row.detail.startswith("no answer: ")) == (None, True)


def test_a_provider_without_a_key_here_is_not_asked(db: None, upstream: Upstream) -> None:
    fill(upstream.url, upstream.url)
    assert list(probing.probe_all({})) == ["zeta"]
    assert upstream.asked == [("/v1/models", None)]
    assert stored() == {"zeta/acme-one": "available"}


def test_without_deployments_there_is_nothing_to_ask(db: None) -> None:
    assert probing.probe_all(KEY) == {}
    assert not Probe.objects.exists()


def test_since_is_kept_while_the_status_stays(db: None, upstream: Upstream) -> None:
    fill(upstream.url, upstream.url)

    def seen(minutes: int, status: int) -> set[tuple[str, datetime, datetime]]:
        upstream.status = status
        with time_machine.travel(NOON + timedelta(minutes=minutes), tick=False):
            probing.probe_all(KEY)
        return set(Probe.objects.values_list("status", "since", "checked_at"))

    later = [NOON + timedelta(minutes=minutes) for minutes in range(5)]
    assert seen(0, 500) == {("down", NOON, NOON)}
    assert seen(1, 503) == {("down", NOON, later[1])}
    assert set(Probe.objects.values_list("detail", flat=True)) == {"answered 503"}
    assert seen(2, 429) == {("degraded", later[2], later[2])}
    assert seen(3, 200) == {("available", later[3], later[3])}
    assert seen(4, 404) == {("available", later[3], later[4])}
    assert Probe.objects.count() == Deployment.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_others_hear_of_a_change_and_not_of_every_probe(upstream: Upstream) -> None:
    fill(upstream.url, upstream.url)
    settings: Any = connection.settings_dict
    address = {"host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"]}
    with psycopg.connect(
        **address, password=settings["PASSWORD"], dbname=settings["NAME"], autocommit=True
    ) as listener:
        listener.execute(f"LISTEN {notify.CHANNEL}")
        heard = []
        for status in (200, 200, 500, 500, 200):
            upstream.status = status
            probing.probe_all(KEY)
            with transaction.atomic():
                notify.announce("end")
            heard.append([each.payload for each in takewhile(lambda each: each.payload != "end", listener.notifies())])
    assert heard == [["health"], [], ["health"], [], ["health"]]


# --- what counts


def test_what_is_not_well_is_measured_by_place(db: None, upstream: Upstream) -> None:
    fill(upstream.url, nowhere())
    upstream.status = 429
    probing.probe_all(KEY)
    assert probing.measured() == Health(
        down=frozenset({"zeta/acme-one"}), degraded=frozenset({"acme/one", "acme/two"})
    )  # fmt: skip
    upstream.status = 200
    probing.probe_all(KEY)
    assert probing.measured() == Health(down=frozenset({"zeta/acme-one"}))


def test_a_finding_that_was_not_renewed_for_a_quarter_of_an_hour_is_forgotten(db: None) -> None:
    fill(nowhere(), nowhere())
    with time_machine.travel(NOON, tick=False):
        probing.probe_all({})
    with time_machine.travel(NOON + timedelta(minutes=15), tick=False):
        assert probing.measured() == Health(down=frozenset({"zeta/acme-one"}))
    with time_machine.travel(NOON + timedelta(minutes=15, microseconds=1), tick=False):
        assert probing.measured() == Health()
    assert stored() == {"zeta/acme-one": "down"}


def test_without_probes_everything_is_taken_to_be_well(db: None) -> None:
    assert probing.measured() == Health()


def test_a_deployment_that_is_taken_away_takes_its_finding_along(db: None) -> None:
    fill(nowhere(), nowhere())
    probing.probe_all({})
    Deployment.objects.get(provider__name="zeta").delete()
    assert not Probe.objects.exists()
    assert probing.measured() == Health()


# --- the command


def test_the_command_tells_what_was_found(
    db: None, upstream: Upstream, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(upstream.url, nowhere())
    monkeypatch.setenv("ACME_API_KEY", KEY["ACME_API_KEY"])
    began = now()
    call_command("probe")
    heard = capsys.readouterr().out
    assert "acme" in heard
    assert "zeta" in heard
    assert stored() == {"acme/one": "available", "acme/two": "available", "zeta/acme-one": "down"}
    assert all(row.checked_at >= began for row in Probe.objects.all())


def test_the_command_says_that_there_is_nothing_to_probe(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("probe")
    assert capsys.readouterr().out == (
        "No provider has an API key in the environment: there is nothing to probe.\n"
    )  # fmt: skip
