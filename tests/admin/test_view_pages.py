"""Models and providers open as a view with what there is to know of them; their forms are a step further."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from budgets.models import KeyUse
from models_registry.models import Model, Provider
from tests.admin.answers import text
from tests.admin.catalogue import GPT, rename
from tests.admin.people import some_staff
from tests.analytics.rows import insert, rolled_up
from tests.cast import Cast


def view(row: Any) -> str:
    return reverse(f"admin:models_registry_{row._meta.model_name}_view", args=[row.pk])


def asked(cast: Cast) -> None:
    """One request to GPT-5, an hour ago."""
    insert(
        model=GPT, provider="openai", cost_nano=1_250_000_000, latency_ms=800, created_at=timezone.now() - timedelta(hours=1),
        key_id=cast.ada.key.pk, account_id=cast.ada.account.pk,
    )  # fmt: skip
    rolled_up()


def test_a_model_is_shown_with_price_places_usage_scores_and_history(staff: Client, cast: Cast) -> None:
    asked(cast)
    rename("Ours")
    row = Model.objects.get(identifier=GPT)
    found = text(staff.get("/admin/models_registry/model/?q=openai:gpt-5"))
    assert view(row) in found
    page = text(staff.get(view(row)))
    for words in ("$1.25 / $10.00", "Deployments", "800", "$1.25", "100.0", "Scores", "Newest changes", "Ours"):
        assert words in page, words
    assert reverse("admin:models_registry_model_change", args=[row.pk]) in page
    clerk = text(some_staff("view_model").get(view(row)))
    assert ">Edit<" not in clerk
    assert some_staff("view_provider").get(view(row)).status_code == 403
    assert staff.get("/admin/models_registry/model/99999/view/").status_code == 404


def test_a_provider_says_whether_a_key_is_set_and_how_it_does(staff: Client, cast: Cast, monkeypatch: Any) -> None:
    asked(cast)
    row = Provider.objects.get(name="openai")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "no key is set" in text(staff.get(view(row)))
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    page = text(staff.get(view(row)))
    assert "key is set" in page
    assert "$1.25" in page
    assert GPT in page
    assert "100.0" in text(staff.get("/admin/models_registry/provider/"))


def test_a_key_shows_its_last_use_spend_and_expiry(staff: Client, cast: Cast) -> None:
    asked(cast)
    key = cast.ada.key
    key.expires_at = timezone.now() - timedelta(days=1)
    key.save()
    KeyUse.objects.create(key=key, account=key.account, last_used_at=timezone.now() - timedelta(minutes=5, seconds=30))
    page = text(staff.get("/admin/budgets/apikey/"))
    for words in ("$1.25", ">5 min ago</time>", "expired"):
        assert words in page, words
