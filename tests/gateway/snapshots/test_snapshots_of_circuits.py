"""What a process decides by follows the circuits that another one opens and closes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from models_registry import availability, provider_keys
from models_registry import models as models_registry
from models_registry.circuits import rows as circuits
from routerhub.gateway.snapshots.snapshots import SnapshotKeeper, database_dsn
from routerhub.releases.notify import announce
from tests.gateway.snapshots.test_keeping import counts_within_a_second
from tests.stack import eventually


def test_a_circuit_that_opens_and_closes_counts_within_a_second_and_the_reason_is_told(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up")
    heard: list[list[str]] = []
    running = SnapshotKeeper(
        database_dsn(), 600, on_circuits=lambda found: heard.append([each.subject for each in found])
    )
    running.start()
    try:
        assert running.wait_for_first(10)
        rankings = running.current.rankings("anybody")
        place = next(
            each.id
            for model in rankings.catalogue.models.values()
            for each in model.deployments
            if each.provider == "openai"
        )
        row = models_registry.Circuit(
            subject=place, since=timezone.now(), until=timezone.now() + timedelta(hours=1), reason="down", times=1,
            is_limit=False,
        )  # fmt: skip
        row.save()
        announce("circuits")
        counts_within_a_second(lambda: heard[-1] == [place])
        told = running.current.rankings("anybody").availability.open_circuits
        assert told == {place: f"since {row.since:%Y-%m-%d %H:%M:%S} UTC: down"}
        assert circuits.close([place]) == 1
        counts_within_a_second(lambda: heard[-1] == [])
        assert running.current.rankings("anybody").availability.open_circuits == {}
    finally:
        running.stop()


def test_a_key_that_is_added_and_rotated_is_called_with_within_a_second(transactional_db: None) -> None:
    running = SnapshotKeeper(database_dsn(), 600)
    running.start()
    try:
        assert running.wait_for_first(10)
        provider = models_registry.Provider.objects.create(name="openai", base_url="https://api.openai.com/v1")
        row = models_registry.ProviderKey(provider=provider, label="team-a")
        for secret in ("sk-1", "sk-2"):
            provider_keys.seal(row, secret)
            row.save()
            counts_within_a_second(
                lambda secret=secret: [key.secret for key in availability.held().get("openai", ())] == [secret]  # type: ignore[misc]
            )
        assert "openai" in running.current.rankings("anybody").availability.providers
        row.delete()
        counts_within_a_second(lambda: availability.held() == {})
    finally:
        running.stop()


def test_a_circuit_whose_open_time_is_over_counts_again_by_itself(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up")
    running = SnapshotKeeper(database_dsn(), 600)
    place = next(
        each.id
        for model in running.current.rankings("anybody").catalogue.models.values()
        for each in model.deployments
        if each.provider == "openai"
    )
    until = timezone.now() + timedelta(seconds=1.5)
    models_registry.Circuit(
        subject=place, since=timezone.now(), until=until, reason="down", times=1, is_limit=False
    ).save()
    running.start()
    try:
        assert running.wait_for_first(10)
        eventually(lambda: running.current.rankings("anybody").availability.open_circuits == {}, within_s=3)
        assert timezone.now() >= until
    finally:
        running.stop()
