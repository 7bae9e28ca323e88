"""What is to be sent arrives at least once, by the same message id on each try, and is given up at last."""

import json
import logging
import socket
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from budgets.alerts import outbox
from budgets.alerts.channels import open_address, rotate
from budgets.alerts.raising import raise_alert
from budgets.alerts.sending import Message, Outcome, send_all
from budgets.models import Alert, AlertChannel, Delivery, DeliveryTry
from tests.budgets.alerts.findings import channel, finding
from tests.budgets.alerts.receivers import Receiver, mailing
from tests.cast import because

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def due_in(minutes: float) -> int:
    return outbox.send_due(timezone.now() + timedelta(minutes=minutes))


def log() -> list[tuple[int | None, str]]:
    return list(DeliveryTry.objects.order_by("number").values_list("status", "error"))


def die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_webhook_is_signed_by_the_standard(receiver: Receiver) -> None:
    hook = channel(url=receiver.url)
    raise_alert(finding())
    assert outbox.send_due() == 1
    (got,) = receiver.got
    delivery = Delivery.objects.get()
    assert got.headers["webhook-id"] == delivery.message_id
    told = Webhook(open_address(hook).secret).verify(got.body, got.headers)
    assert told["type"] == "alert.near"
    assert told["data"]["figures"] == {"spent_usd": "8", "limit_usd": "10"}
    assert (delivery.state, delivery.tries, log()) == ("delivered", 1, [(200, "")])
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(got.body, got.headers)
    assert outbox.send_due() == 0


def test_after_a_rotation_both_secrets_verify_for_a_day(receiver: Receiver) -> None:
    hook = channel(url=receiver.url)
    old = open_address(hook)
    new = rotate(hook, because("leaked"))
    raise_alert(finding())
    outbox.send_due()
    for secret in (old.secret, new):
        Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
    now = open_address(hook)
    assert now.secrets(timezone.now() + timedelta(days=1, seconds=1)) == (new,)
    assert now.url == old.url


def test_who_fails_is_asked_again_later_by_the_same_id(receiver: Receiver) -> None:
    receiver.statuses = [500, 302, 200]
    channel(url=receiver.url)
    raise_alert(finding())
    assert [outbox.send_due(), outbox.send_due(), due_in(0.2), due_in(1.5)] == [1, 0, 1, 1]
    assert len({(got.headers["webhook-id"], got.body) for got in receiver.got}) == 1
    assert log() == [(500, "It answered 500."), (302, "It answered 302."), (200, "")]


def test_it_is_given_up_after_the_tenth_try(receiver: Receiver) -> None:
    receiver.statuses = [503]
    channel(url=receiver.url)
    raise_alert(finding())
    assert [due_in(turn * 30 * 60) for turn in range(12)] == [1] * 10 + [0] * 2
    assert Delivery.objects.get().state == "given_up"
    assert len(log()) == 10


def test_tries_come_later_and_later_and_not_all_at_once() -> None:
    assert outbox.delay(1, 0) == timedelta(seconds=5)
    assert [outbox.delay(9, spread) for spread in (-1, 1)] == [timedelta(hours=19.2), timedelta(hours=28.8)]
    whole = sum(outbox.DELAYS, timedelta())
    assert timedelta(hours=55) < whole < timedelta(hours=57)


@pytest.mark.parametrize("change", ["gone", "switched off", "410"])
def test_who_wants_no_more_is_left_alone(receiver: Receiver, change: str) -> None:
    receiver.statuses = [410]
    hook = channel(url=receiver.url)
    raise_alert(finding())
    if change == "gone":
        hook.delete()
    elif change == "switched off":
        AlertChannel.objects.update(is_active=False)
    outbox.send_due()
    assert Delivery.objects.get().state == "given_up"
    assert len(receiver.got) == (change == "410")


def test_who_dies_before_sending_leaves_it_to_the_next(receiver: Receiver) -> None:
    channel(url=receiver.url)
    raise_alert(finding())
    assert len(outbox.take(timezone.now())) == 1
    assert [outbox.send_due(), due_in(1.1)] == [0, 1]
    assert Delivery.objects.get().state == "delivered"
    assert len(receiver.got) == 1


def test_who_dies_after_sending_has_it_sent_twice_by_the_same_id(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(url=receiver.url)
    raise_alert(finding())
    with monkeypatch.context() as dying:
        dying.setattr(outbox, "write_down", die)
        with pytest.raises(KeyboardInterrupt):
            outbox.send_due()
    assert due_in(1.1) == 1
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert (Delivery.objects.get().tries, log()) == (2, [(200, "")])


def test_what_was_delivered_meanwhile_stays_so() -> None:
    channel()
    raise_alert(finding())
    (slow,) = outbox.take(timezone.now())
    (quick,) = outbox.take(timezone.now() + timedelta(minutes=2))
    outbox.write_down(quick, Outcome(status=200), NOW)
    outbox.write_down(slow, Outcome(error="It did not answer in time."), NOW)
    assert Delivery.objects.get().state == "delivered"


def test_the_log_is_kept_for_ninety_days(receiver: Receiver) -> None:
    channel(url=receiver.url)
    raise_alert(finding())
    outbox.send_due()
    kept = timezone.now() + timedelta(days=90)
    assert [outbox.forget_old(kept - timedelta(hours=1)), outbox.forget_old(kept + timedelta(hours=1))] == [0, 1]
    assert (log(), Alert.objects.count()) == ([], 1)


def test_chats_are_told_by_apprise(receiver: Receiver) -> None:
    channel(kind="chat", url=f"ntfy://127.0.0.1:{receiver.port}/spend")
    raise_alert(finding())
    outbox.send_due()
    assert Delivery.objects.get().state == "delivered"
    told = json.loads(receiver.got[0].body)
    assert told["title"] == "Account Acme, monthly: $8.00 of $10.00 is spent"
    assert "spent usd: 8" in told["message"]


def test_email_goes_by_the_sites_mail_server(settings: Any) -> None:
    mails: list[str] = []
    with mailing(mails) as port:
        settings.ALERT_MAIL_URL = f"mailto://127.0.0.1:{port}/?from=alerts@routerhub.example"
        channel(kind="email", url="ada@acme.example")
        raise_alert(finding(title="Key nightly: $4.97 of $5.00 is spent"))
        outbox.send_due()
    assert Delivery.objects.get().state == "delivered", log()
    assert "To: ada@acme.example" in mails[0]
    assert "Key nightly: $4.97 of $5.00 is spent" in mails[0]


def test_who_answers_too_slowly_is_taken_for_one_who_does_not(loopback: None) -> None:
    """A receiver that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        message = Message(
            delivery_id=1, message_id="msg_1", kind="webhook", url=url, secrets=("whsec_YWJj",), content={}
        )
        assert send_all([message], max_s=0.05)[1].error == "It was not taken within 0.05 s."


def test_no_secret_and_no_word_of_a_receiver_is_logged(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.statuses = [400]
    hook = channel(url=receiver.url)
    channel(kind="chat", name="chat", url=f"mmost://127.0.0.1:{receiver.port}/canarytoken1")
    with caplog.at_level(logging.DEBUG):
        raise_alert(finding())
        assert outbox.send_due() == 2
    assert len(receiver.got) == 2
    secret = open_address(hook).secret
    told = caplog.text + repr(list(Delivery.objects.values())) + repr(log()) + repr(list(AlertChannel.history.values()))
    assert "canary" not in told
    assert secret not in told
    assert hook.shown == f"http://127.0.0.1:{receiver.port}/…"
