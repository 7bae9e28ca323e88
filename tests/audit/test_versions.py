"""Every change of a configuration table can be told from its history, and every version can be made the current one."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from autorouter.configuration import save
from autorouter.models import Policy, RouterConfiguration, TaskType
from budgets.errors import RevokedKey, UnknownKey
from budgets.models import Account, Limit
from budgets.people.keys import create_key, find_caller, revoke
from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import editing
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Deployment, Model, Price, Provider
from routerhub.audit import entries, history, versions
from routerhub.releases import rollout, store
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.models import Release
from tests.cast import Cast, because

GPT = "openai:gpt-5"
CONFIGURATION = {
    "deployment", "model", "policy", "price", "profile", "profilescore", "provider", "rollout", "routerconfiguration",
    "tasktype",
}  # fmt: skip


@pytest.fixture
def seeded(both_seeded: None, cast: Cast) -> Cast:
    return cast


def newest(table: str, **asked: Any) -> entries.VersionEntry:
    return versions.versions(table, limit=1, **asked)[0]


def served() -> dict[str, Any]:
    """What the live catalogue release says."""
    return store.bundle("catalogue", rollout.pointers()["catalogue"].stable)


# --- what a version tells


def test_every_configuration_table_keeps_a_history_and_so_do_keys_and_limits() -> None:
    assert set(entries.tables()) >= CONFIGURATION | {"apikey", "limit", "account", "membership"}


def test_a_change_tells_who_when_why_and_every_field_that_differs(seeded: Cast) -> None:
    editing.update(GPT, {"name": "Ours", "is_pro": True}, because("renamed by contract", seeded.ada.user))
    version = newest("model")
    assert (version.kind, version.name, version.author, version.reason) == (
        "changed", GPT, "ada", "renamed by contract",
    )  # fmt: skip
    assert version.row == str(Model.objects.get(identifier=GPT).pk)
    assert version.at == Model.history.latest().history_date
    assert version.ip is None, "nobody asked over the network"
    assert version.changes == (
        entries.FieldChange(field="name", before="GPT-5", after="Ours"),
        entries.FieldChange(field="pro", before=False, after=True),
    )


def test_an_added_row_tells_its_values_and_a_deleted_one_what_is_gone(seeded: Cast) -> None:
    row = TaskType(name="dream", policy="ops")
    save.change_row(row, because("wanted", seeded.staff))
    history.delete([row], because("unwanted", seeded.staff))
    deleted, added = versions.versions("tasktype", limit=2)
    assert [(each.field, each.before, each.after) for each in added.changes] == [
        ("name", None, "dream"), ("policy", None, "ops"),
    ]  # fmt: skip
    assert [(each.field, each.before, each.after) for each in deleted.changes] == [
        ("name", "dream", None), ("policy", "ops", None),
    ]  # fmt: skip
    assert (deleted.kind, deleted.reason, added.kind, added.reason) == ("deleted", "unwanted", "added", "wanted")


def test_what_the_api_changes_has_the_address_it_came_from(seeded: Cast) -> None:
    _, text = create_key(seeded.ada.account, "admin", seeded.staff, ["admin"])
    Client().patch(
        f"/api/models/{GPT}", {"name": "Ours", "reason": "by API"}, "application/json",
        headers={"Authorization": f"Bearer {text}"},
    )  # fmt: skip
    assert (newest("model").ip, newest("model").reason) == ("127.0.0.1", "by API")
    assert newest("rollout").ip == "127.0.0.1"


def test_what_an_import_or_a_restore_writes_at_once_has_the_address_too(seeded: Cast) -> None:
    client = Client()
    client.force_login(seeded.staff)
    sent = {"id": "openai:copy", "reason": "by API"}
    client.post(f"/api/models/{GPT}/duplicate", sent, "application/json")
    for table in ("model", "deployment", "price"):
        version = newest(table)
        assert (version.kind, version.author, version.ip, version.reason) == ("added", "staff", "127.0.0.1", "by API")


def test_versions_are_found_by_table_row_author_and_kind_and_come_page_by_page(seeded: Cast) -> None:
    editing.update(GPT, {"name": "One"}, because("1", seeded.ada.user))
    editing.update(GPT, {"name": "Two"}, because("2", seeded.ben.user))
    row = str(Model.objects.get(identifier=GPT).pk)
    assert [each.reason for each in versions.versions("model", row)] == ["2", "1", "seed"]
    assert [each.reason for each in versions.versions("model", row, author="ben")] == ["2"]
    assert [each.reason for each in versions.versions("model", row, kind="added")] == ["seed"]
    assert [each.reason for each in versions.versions("model", row, offset=1, limit=1)] == ["1"]
    assert versions.versions("model", "not a number") == []
    assert versions.versions("model", kind="eaten") == []
    both = versions.versions(author="ben")
    assert [each.table for each in both if each.table != "rollout"] == ["model"]
    moments = [each.at for each in versions.versions(limit=400)]
    assert len(moments) == 400
    assert moments == sorted(moments, reverse=True)


def test_an_unknown_table_and_an_unknown_version_are_named(seeded: Cast) -> None:
    with pytest.raises(ValidationError, match=r"'horse' is not one of account, .*apikey, .*model"):
        versions.versions("horse")
    with pytest.raises(ValidationError, match="model has no version 99999999"):
        versions.version("model", 99_999_999)
    with pytest.raises(ValidationError, match="model has no version 99999999"):
        versions.restore("model", 99_999_999, because("x"))


def test_a_keys_secret_is_in_no_version(cast: Cast) -> None:
    key, text = create_key(cast.ada.account, "secret", cast.ada.user)
    key.name = "still secret"
    key.save()
    found = versions.versions("apikey")
    assert {each.kind for each in found} == {"added", "changed"}
    assert key.digest not in f"{found}"
    assert text not in f"{found}"
    assert not any(field.name == "digest" for field in type(key).history.model._meta.fields)


def test_a_revoked_key_is_not_brought_back_by_an_earlier_version(cast: Cast) -> None:
    key, text = create_key(cast.ada.account, "before", cast.ada.user)
    first = newest("apikey", row=str(key.pk))
    revoke(key, because("lost", cast.staff))
    with pytest.raises(ValidationError, match="what is revoked stays revoked"):
        versions.restore("apikey", first.id, because("it was good", cast.staff))
    with pytest.raises(RevokedKey):
        find_caller(text)


def test_a_deleted_account_comes_back_without_its_keys_and_members(cast: Cast) -> None:
    history.delete([cast.ada.account], because("gone", cast.staff))
    deletion = newest("account")
    assert versions.restoration("account", deletion.id).with_it == ()
    assert versions.restore("account", deletion.id, because("a mistake", cast.staff)) == ["account Acme"]
    account = Account.objects.get(slug="acme")
    assert not account.keys.exists()
    assert not account.memberships.exists()
    with pytest.raises(UnknownKey):
        find_caller(cast.ada.text)


# --- what restoring would do


def test_a_restoration_tells_every_field_that_is_otherwise_now(seeded: Cast) -> None:
    editing.update(GPT, {"name": "One"}, because("1"))
    second = newest("model")
    editing.update(GPT, {"name": "Two", "is_pro": True}, because("2"))
    found = versions.restoration("model", second.id)
    assert (found.is_gone, found.with_it, found.rights) == (False, (), ("models_registry.change_model",))
    assert found.changes == (
        entries.FieldChange(field="name", before="Two", after="One"),
        entries.FieldChange(field="pro", before=True, after=False),
    )
    assert versions.restoration("model", newest("model").id).changes == ()


def test_a_restoration_of_what_is_gone_tells_what_comes_with_it_and_which_rights_that_needs(seeded: Cast) -> None:
    editing.remove(GPT, because("gone"))
    found = versions.restoration("model", newest("model").id)
    assert found.is_gone
    assert found.with_it[:2] == (f"deployment {GPT} at openai", f"deployment {GPT} at openrouter")
    assert [each.split()[0] for each in found.with_it[2:]] == ["price", "price"]
    assert found.rights == tuple(f"models_registry.add_{each}" for each in ("model", "deployment", "price"))
    assert entries.FieldChange(field="name", before=None, after="GPT-5") in found.changes


# --- restoring


def test_any_version_is_restored_as_a_new_version_and_is_live(seeded: Cast) -> None:
    editing.update(GPT, {"name": "One"}, because("1", seeded.ada.user))
    second = newest("model")
    editing.update(GPT, {"name": "Two"}, because("2", seeded.ada.user))
    assert versions.restore("model", second.id, because("one was right", seeded.ben.user)) == [f"model {GPT}"]
    version = newest("model")
    assert (version.kind, version.author) == ("changed", "ben")
    assert version.reason == f"restored version {second.id}: one was right"
    assert version.changes == (entries.FieldChange(field="name", before="Two", after="One"),)
    assert Model.objects.get(identifier=GPT).name == "One"
    assert served()["models"][GPT]["name"] == "One"
    assert Release.objects.filter(line="catalogue")[0].reason == "one was right"
    assert len(versions.versions("model", version.row)) == 4, "nothing of the past is lost"


def test_the_first_version_is_restored_too(seeded: Cast) -> None:
    first = newest("model", row=str(Model.objects.get(identifier=GPT).pk))
    editing.update(GPT, {"name": "One", "deprecated_from": "2030-01-01"}, because("1"))
    versions.restore("model", first.id, because("as it was"))
    assert catalogue_bundles.read(catalogue_compiler.compile_bundle(), number=0) == STATIC


def test_the_routers_configuration_is_restored_and_released(seeded: Cast) -> None:
    row = RouterConfiguration.objects.get()
    row.stickiness_bonus = 7
    save.change_row(row, because("less", seeded.ada.user))
    first = versions.versions("routerconfiguration")[-1]
    versions.restore("routerconfiguration", first.id, because("more again", seeded.staff))
    assert RouterConfiguration.objects.get().stickiness_bonus == 25
    pointer = rollout.pointers()["router"]
    assert (pointer.stable, store.bundle("router", 3)["config"]["stickiness_bonus"]) == (3, 25)


def test_a_deleted_model_comes_back_with_deployments_and_prices_in_one_restore(seeded: Cast) -> None:
    before = catalogue_compiler.compile_bundle()["models"][GPT]
    editing.remove(GPT, because("gone", seeded.ada.user))
    assert GPT not in served()["models"]
    deletion = newest("model")
    assert deletion.kind == "deleted"
    restored = versions.restore("model", deletion.id, because("a mistake", seeded.ben.user))
    assert restored[0] == f"model {GPT}"
    assert sorted(each.split()[0] for each in restored) == ["deployment", "deployment", "model", "price", "price"]
    assert served()["models"][GPT] == before
    assert Release.objects.filter(line="catalogue")[0].author == seeded.ben.user
    added = newest("model")
    assert (added.kind, added.author) == ("added", "ben")


def test_an_older_version_of_a_deleted_model_brings_its_deployments_back_too(seeded: Cast) -> None:
    editing.update(GPT, {"name": "Two"}, because("2"))
    first = versions.versions("model", str(Model.objects.get(identifier=GPT).pk))[-1]
    editing.remove(GPT, because("gone"))
    versions.restore("model", first.id, because("as it first was"))
    assert catalogue_bundles.read(served(), number=0) == STATIC


def test_a_reason_is_demanded(seeded: Cast) -> None:
    version = newest("model")
    with pytest.raises(ValidationError, match="Say why"):
        versions.restore("model", version.id, because("  ", seeded.ada.user))
    assert newest("model") == version


def test_a_pointer_is_not_restored_but_rolled_back(seeded: Cast) -> None:
    with pytest.raises(ValidationError, match="not restored but rolled back"):
        versions.restore("rollout", newest("rollout").id, because("back", seeded.staff))


def test_a_row_whose_provider_is_gone_is_refused_by_name_and_nothing_is_written(seeded: Cast) -> None:
    place = {"provider": "gone", "upstream_model": "m", "status": "available", "prices": []}
    provider = Provider.objects.create(name="gone", title="Gone", base_url="http://127.0.0.1/v1")
    facts = {"name": "M", "context_window": 10, "max_output": 5, "deployments": [place]}
    editing.add("gone:m", facts, because("new"))
    editing.remove("gone:m", because("old"))
    provider.delete()
    count = Model.history.count()
    with pytest.raises(ValidationError, match="provider instance with name 'gone' is not a valid choice"):
        versions.restore("model", newest("model").id, because("back"))
    assert not Model.objects.filter(identifier="gone:m").exists()
    assert Model.history.count() == count


def test_two_active_versions_of_a_policy_are_refused_by_name(seeded: Cast) -> None:
    first = Policy.objects.get(name="ops")
    first.is_active = False
    first.save()
    Policy.objects.create(name="ops", version=2, title="New", model_ids=[GPT])
    seed = versions.versions("policy", str(first.pk))[-1]
    with pytest.raises(ValidationError, match="ops v1 cannot be restored as it was"):
        versions.restore("policy", seed.id, because("back"))
    assert list(Policy.objects.filter(name="ops", is_active=True).values_list("version", flat=True)) == [2]


def test_a_version_that_would_break_the_release_is_refused_and_nothing_is_written(seeded: Cast) -> None:
    row = Model.objects.create(
        identifier="openai:unserved", provider_id="openai", name="U", context_window=9, max_output=9
    )
    history.delete([row], because("it is served nowhere"))
    with pytest.raises(InvalidRelease, match="a model needs at least one deployment"):
        versions.restore("model", newest("model").id, because("back"))
    assert not Model.objects.filter(identifier="openai:unserved").exists()


def test_a_deleted_price_counts_again_when_it_is_restored(seeded: Cast) -> None:
    deployment = Deployment.objects.get(model__identifier=GPT, provider_id="openai")
    row = Price.objects.create(
        deployment=deployment, effective_from="2026-11-20T00:00:00Z", input=1, output=9, source="list",
        dated=date(2026, 11, 20),
    )  # fmt: skip
    history.delete([row], because("a slip"))
    versions.restore("price", newest("price").id, because("no slip"))
    prices = served()["models"][GPT]["deployments"][0]["prices"]
    assert prices[-1]["rates"] == {"input": "1", "output": "9"}


def test_limits_are_restored_without_a_release(seeded: Cast) -> None:
    limit = Limit.objects.create(kind="site", measure="money", period="day", amount=5)
    limit.amount = 6
    limit.save()
    versions.restore("limit", versions.versions("limit")[-1].id, because("five", seeded.staff))
    assert Limit.objects.get().amount == 5
    assert Release.objects.count() == 2
