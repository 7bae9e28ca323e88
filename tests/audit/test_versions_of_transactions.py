"""What one transaction deleted comes back together, and nothing of another one: a database that commits."""

import pytest

from models_registry.catalogue import editing
from models_registry.models import Deployment
from routerhub.audit import history, versions
from routerhub.releases import store
from tests import seeds
from tests.audit.test_versions import GPT, newest, served
from tests.cast import because


@pytest.mark.django_db(transaction=True)
def test_what_was_deleted_before_on_its_own_does_not_come_back_with_its_model() -> None:
    seeds.catalogue()
    there = Deployment.objects.get(model__identifier=GPT, provider_id="openrouter")
    history.delete([there], because("this place is closed"))
    store.publish("catalogue", because("closed"))
    editing.remove(GPT, because("gone"))
    versions.restore("model", newest("model").id, because("a mistake"))
    assert [each["provider"] for each in served()["models"][GPT]["deployments"]] == ["openai"]
