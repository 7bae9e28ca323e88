"""No message leads to where only this machine gets, whatever its address says when it is saved or means when it is sent."""

import socket
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from budgets.alerts.channels import make
from budgets.alerts.guard import REFUSED, guarded
from budgets.alerts.sending import Message, send
from budgets.choices import ChannelKind
from budgets.models import AlertChannel
from tests.budgets.alerts.receivers import Receiver, receiving
from tests.cast import because


def message(url: str, kind: str = "webhook") -> Message:
    return Message(
        delivery_id=1, message_id="msg_1", kind=kind, url=url, secrets=("whsec_YWJj",),
        content={"data": {"title": "Spent", "figures": {}}},
    )  # fmt: skip


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1"])
def test_loopback_is_not_called_in_any_spelling(settings: Any, host: str) -> None:
    settings.ALERT_PRIVATE_NETWORKS = ()
    with receiving(Receiver()) as receiver:
        assert send(message(f"http://{host}:{receiver.port}/")).error == REFUSED
        assert send(message(f"ntfy://127.0.0.1:{receiver.port}/spend", "chat")).error == REFUSED
        assert receiver.got == []


def resolved(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """The name rebound.example means these, one after another; all others mean themselves."""
    found, left = socket.getaddrinfo, list(addresses)

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        return found(left.pop(0) if host == "rebound.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("then", ["127.0.0.2", "169.254.169.254", "10.0.0.5", "::ffff:10.0.0.5", "fd00:ec2::254"])
def test_a_name_that_came_to_mean_another_address_is_not_called_there(
    settings: Any, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    settings.ALERT_PRIVATE_NETWORKS = (ip_network("127.0.0.1/32"),)
    resolved(monkeypatch, "127.0.0.1", then)
    with receiving(Receiver()) as receiver:
        url = f"http://rebound.example:{receiver.port}/"
        assert [send(message(url)).error for _ in range(2)] == ["", REFUSED]
        assert len(receiver.got) == 1


@pytest.mark.parametrize("kind", ["webhook", "chat"])
def test_a_redirect_is_not_followed(loopback: None, kind: str) -> None:
    with receiving(Receiver()) as inner, receiving(Receiver(statuses=[307], location=inner.url)) as outer:
        scheme = "http" if kind == "webhook" else "ntfy"
        assert send(message(f"{scheme}://127.0.0.1:{outer.port}/spend", kind)).error
        assert (len(outer.got), inner.got) == (1, [])


def test_the_guard_holds_in_its_block_alone() -> None:
    with receiving(Receiver()) as receiver:
        with guarded(()) as guard, pytest.raises(PermissionError):
            socket.create_connection(("127.0.0.1", receiver.port))
        assert guard.has_refused
        socket.create_connection(("127.0.0.1", receiver.port)).close()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "address", "problem"),
    [
        ("webhook", "http://169.254.169.254/latest", "is no server's address"),
        ("webhook", "http://10.0.0.5/in", "Allowed are those in ALERT_PRIVATE_NETWORKS: none."),
        ("webhook", "https://ada:pw@hooks.example/in", "Leave out user and password"),
        ("webhook", "ftp://hooks.example/in", "Write a web address"),
        ("webhook", "", "Write 1 to 2,000 characters"),
        ("chat", "file:///etc/passwd", "file: not one of discord"),
        ("chat", "syslog://", "syslog: not one of discord"),
        ("chat", "json://hooks.example/in", "json: not one of discord"),
        ("chat", "https://hooks.example/in", "hooks.example: no address of Discord, "),
        ("chat", "slack://nothing", "This is no address of Slack as apprise writes it."),
        ("chat", "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/passwd", "template: not one of"),
        ("chat", "ntfys://ntfy.example/spend?verify=no", "verify: not one of"),
        ("chat", "ntfy://127.0.0.1/spend", "is a private address"),
        ("email", "ada", "Enter a valid email address."),
        ("email", "ada@acme.example", "ALERT_MAIL_URL is not set"),
    ],
)  # fmt: skip
def test_what_nothing_can_be_sent_to_is_not_saved(kind: ChannelKind, address: str, problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make(AlertChannel(name="x", kind=kind), address, because("x"))
    (told,) = refused.value.message_dict["address"]
    assert problem in told
    assert not AlertChannel.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#spend", "Slack"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
        ("workflows://host.example:443/workflow/signature", "Power Automate / Workflows (for MSTeams)"),
        ("tgram://123456789:AABBccddEEffGGhhIIjjKKllMMnnOOppQQr/12315544/", "Telegram"),
    ],
)  # fmt: skip
def test_a_chat_is_shown_by_the_name_of_its_service(address: str, shown: str) -> None:
    row = AlertChannel(name="x", kind="chat")
    assert make(row, address, because("x")) == ""
    assert row.shown == shown
    assert address.encode() not in bytes(row.sealed)
