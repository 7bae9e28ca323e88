"""Keys of providers: written and never read, by API and in the admin, with a history that never holds the secret."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from models_registry import availability, provider_keys
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Circuit, ProviderKey
from models_registry.models import Provider as Row
from tests.api.answers import problem
from tests.cast import Cast

SECRET, NEXT = "sk-a-secret-that-nobody-sees", "sk-the-next-one"
OPENAI = STATIC.providers["openai"]
ELSEWHERE = "https://collector.example/v1"


pytestmark = pytest.mark.usefixtures("catalogue_seeded")


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    yield
    availability.hold({})


def send(client: Client, method: str, path: str = "", **body: Any) -> Any:
    return getattr(client, method)(f"/api/provider-keys{path}", body, "application/json")


def made(staff: Client, label: str = "team-a", secret: str = SECRET, **more: Any) -> Any:
    answer = send(staff, "post", provider="openai", label=label, secret=secret, reason="a contract", **more)
    assert answer.status_code == 201, answer.content
    return answer.json()


def secrets() -> list[tuple[str, str]]:
    """Label and secret of what OpenAI would be called with, in order."""
    availability.hold(provider_keys.read())
    return [(key.label, key.secret) for key in availability.keys(OPENAI, {"OPENAI_API_KEY": "sk-environment"})]


def everything_stored() -> str:
    """Every row of the keys and of their history, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(k)::text FROM models_registry_providerkey k")
        found = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT row_to_json(h)::text FROM models_registry_historicalproviderkey h")
        return "\n".join(found + [row[0] for row in cursor.fetchall()])


def test_a_key_is_written_and_never_shown(staff: Client) -> None:
    key = made(staff)
    assert (key["provider"], key["label"], key["circuit"]) == ("openai", "team-a", None)
    shown = (
        staff.get("/api/provider-keys").content.decode() + staff.get(f"/api/provider-keys/{key['id']}").content.decode()
    )
    assert SECRET not in shown
    assert SECRET not in everything_stored()
    assert secrets() == [("team-a", SECRET), ("OPENAI_API_KEY", "sk-environment")]


def test_several_are_tried_in_their_order_and_those_that_are_off_not_at_all(staff: Client) -> None:
    made(staff, "second", "sk-2", position=2)
    made(staff, "first", "sk-1", position=1)
    made(staff, "off", "sk-0", is_enabled=False)
    assert [label for label, _ in secrets()] == ["first", "second", "OPENAI_API_KEY"]


def test_a_new_secret_takes_the_place_of_the_old_one_and_of_its_circuit(staff: Client) -> None:
    key = made(staff)
    before = provider_keys.read()["openai"][0]
    Circuit.objects.create(subject=before.id, since=now(), reason="revoked", times=1, is_limit=False)
    told = staff.get(f"/api/provider-keys/{key['id']}").json()["circuit"]
    assert told.endswith("UTC: revoked")
    changed = send(staff, "patch", f"/{key['id']}", secret=NEXT, reason="rotated")
    assert (changed.status_code, changed.json()["circuit"]) == (200, None)
    assert not Circuit.objects.exists()
    assert secrets()[0] == ("team-a", NEXT)
    assert provider_keys.read()["openai"][0].id != before.id
    assert [each.history_change_reason for each in ProviderKey.history.order_by("history_id")] == [
        "a contract",
        "rotated",
    ]
    assert NEXT not in everything_stored()


def test_a_key_is_deleted_with_a_reason(staff: Client) -> None:
    key = made(staff)
    assert send(staff, "delete", f"/{key['id']}").status_code == 400
    assert send(staff, "delete", f"/{key['id']}", reason="over").status_code == 204
    assert secrets() == [("OPENAI_API_KEY", "sk-environment")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"secret": "with space"}, "secret"),
        ({"secret": ""}, "secret"),
        ({"secret": "sk-\N{BULLET}\N{BULLET}"}, "secret"),
        ({"label": "no spaces"}, "label"),
        ({"provider": "nobody"}, "provider"),
        ({"position": -1}, "position"),
        ({"reason": ""}, "reason"),
        ({"sealed": "x"}, "sealed"),
    ],
)
def test_nonsense_is_refused_by_its_field(staff: Client, body: dict[str, Any], field: str) -> None:
    good = {"provider": "openai", "label": "a", "secret": SECRET, "reason": "a contract"}
    answer = send(staff, "post", **{**good, **body})
    assert problem(answer) == (400, [field])
    assert field != "secret" or "given" not in answer.json()["errors"][0], "what may be a key is not repeated"
    assert not ProviderKey.objects.exists()


def test_two_keys_of_a_provider_have_two_labels(staff: Client) -> None:
    made(staff)
    assert send(staff, "post", provider="openai", label="team-a", secret=NEXT, reason="again").status_code == 400


def test_a_key_that_was_sealed_with_a_lost_storage_key_is_left_out(staff: Client, settings: Any) -> None:
    made(staff)
    settings.STORAGE_KEYS = (b"2" * 32,)
    assert secrets() == [("OPENAI_API_KEY", "sk-environment")]


def test_a_secret_opens_in_its_own_row_alone(staff: Client) -> None:
    one, other = made(staff, "one", "sk-1"), made(staff, "other", "sk-2")
    sealed = ProviderKey.objects.get(pk=one["id"]).sealed
    ProviderKey.objects.filter(pk=other["id"]).update(sealed=sealed)
    assert [label for label, _ in secrets()] == ["one", "OPENAI_API_KEY"]


def test_a_key_is_sent_nowhere_but_to_the_address_that_it_was_given_for(staff: Client) -> None:
    """J1: who changes a provider's address gets none of its keys there, before they are given anew."""
    key = made(staff)
    Row.objects.filter(name="openai").update(base_url=ELSEWHERE)
    availability.hold(provider_keys.read())
    moved = replace(OPENAI, base_url=ELSEWHERE)
    assert availability.keys(moved, {}) == ()
    assert [each.secret for each in availability.keys(replace(OPENAI, base_url=f"{OPENAI.base_url}/v2"), {})] == [
        SECRET
    ]
    shown = staff.get(f"/api/provider-keys/{key['id']}").json()
    assert shown["origin"] == "https://api.openai.com"
    send(staff, "patch", f"/{key['id']}", secret=NEXT, reason="for the new address")
    availability.hold(provider_keys.read())
    assert [each.secret for each in availability.keys(moved, {})] == [NEXT]
    assert availability.keys(OPENAI, {}) == ()


def test_whom_a_key_was_given_for_cannot_be_changed_in_the_database_either(staff: Client) -> None:
    made(staff)
    ProviderKey.objects.update(origin="https://collector.example")
    assert provider_keys.read() == {}


def test_the_list_says_of_a_key_that_its_provider_has_moved(staff: Client, cast: Cast) -> None:
    made(staff)
    Row.objects.filter(name="openai").update(base_url=ELSEWHERE)
    client = Client()
    client.force_login(cast.staff)
    page = client.get(reverse("admin:models_registry_providerkey_changelist")).content.decode()
    assert "its provider has another address since, so it must be given anew" in page


def test_a_new_storage_key_opens_what_the_old_one_sealed(staff: Client, settings: Any) -> None:
    made(staff)
    settings.STORAGE_KEYS = (b"2" * 32, *settings.STORAGE_KEYS)
    made(staff, "newer", NEXT)
    assert secrets()[:2] == [("team-a", SECRET), ("newer", NEXT)]


def test_the_admin_writes_keeps_and_rotates_without_showing(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.staff)
    form = {"provider": "openai", "label": "team-a", "position": "0", "is_enabled": "on", "reason": "a contract"}
    add = reverse("admin:models_registry_providerkey_add")
    assert "This field is required" in client.post(add, form).content.decode()
    assert "without spaces" in client.post(add, {**form, "secret": "with space"}).content.decode()
    assert client.post(add, {**form, "secret": SECRET}).status_code == 302
    row = ProviderKey.objects.get()
    page = reverse("admin:models_registry_providerkey_change", args=[row.pk])
    assert SECRET not in client.get(page).content.decode()
    assert client.post(page, {"position": "3", "is_enabled": "on", "reason": "later"}).status_code == 302
    assert secrets()[0] == ("team-a", SECRET)
    assert (
        client.post(page, {"secret": NEXT, "position": "3", "is_enabled": "on", "reason": "rotated"}).status_code == 302
    )
    assert secrets()[0] == ("team-a", NEXT)
    key = provider_keys.read()["openai"][0]
    Circuit.objects.create(subject=key.id, since=now(), reason="revoked", times=1, is_limit=False)
    assert "UTC: revoked" in client.get(reverse("admin:models_registry_providerkey_changelist")).content.decode()
    everything = everything_stored()
    assert SECRET not in everything
    assert NEXT not in everything
