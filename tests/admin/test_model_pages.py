"""The list of models, and the page of one: found, priced, duplicated, deprecated."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from models_registry.catalogue import editing
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Deployment, Model, Price
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.models import Release
from tests import seeds
from tests.admin.answers import messages_of, post, text
from tests.admin.catalogue import GPT, MINI, address, served
from tests.admin.people import some_staff
from tests.cast import Cast, because

LIST = "/admin/models_registry/model/"

# --- the list


def listed(client: Client, query: str) -> set[str]:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, answer
    return {row.identifier for row in answer.context["cl"].result_list}


def expected(fits: Any) -> set[str]:
    return {each.id for each in STATIC.models.values() if fits(each)}


def test_the_list_shows_price_window_and_what_a_model_can(staff: Client) -> None:
    page = text(staff.get(f"{LIST}?q=openai:gpt-5"))
    for shown in ("GPT-5", "$1.25 / $10.00", "400K", "structured output", "reasoning", "openrouter"):
        assert shown in page, shown


def test_an_embedding_model_is_found_by_an_alias_and_has_a_price_for_input_alone(staff: Client) -> None:
    ada = "openai:text-embedding-ada-002"
    assert listed(staff, "q=text-embedding-ada-002-v2") == {ada}
    assert "$0.10 in" in text(staff.get(f"{LIST}?q={ada}"))
    assert listed(staff, "kind__exact=embedding") == expected(lambda each: each.kind == "embedding")


def test_an_alias_is_given_on_the_models_page_and_one_that_is_taken_is_refused_there(staff: Client) -> None:
    sent = {**form(staff, address(GPT)), "aliases": '["our-model"]', "reason": "ours"}
    assert staff.post(address(GPT), sent).status_code == 302
    assert served(GPT)["aliases"] == ["our-model"]
    refused = staff.post(address(MINI), {**form(staff, address(MINI)), "aliases": '["our-model"]', "reason": "theirs"})
    assert "is an alias of openai:gpt-5 already." in text(refused)
    assert served(MINI)["aliases"] == ["gpt-5-mini-2025-08-07"]


def test_the_regions_of_a_deployment_are_given_on_the_models_page_and_a_bad_one_is_refused_there(staff: Client) -> None:
    field = "deployments-0-regions"
    refused = staff.post(address(GPT), {**form(staff, address(GPT)), field: "eu, Mars!", "reason": "a slip"})
    assert "&#x27;Mars!&#x27; is no name of a region: write up to 32 lower-case letters" in text(refused)
    sent = {**form(staff, address(GPT)), field: "eu,us", "reason": "by contract"}
    assert staff.post(address(GPT), sent).status_code == 302
    assert served(GPT)["deployments"][0]["regions"] == ["eu", "us"]


def test_the_list_is_searched_by_several_words(staff: Client) -> None:
    assert listed(staff, "q=nano+gpt-5") == {"openai:gpt-5-nano", "openai:gpt-5.4-nano"}
    assert GPT in listed(staff, "q=plans+openai+reference")
    assert listed(staff, "q=gpt-5+horse") == set()


def test_the_list_is_filtered_by_capability_provider_and_state(staff: Client) -> None:
    today = datetime.now(UTC).date()
    assert listed(staff, "capability=audio") == expected(lambda each: "audio" in each.capabilities)
    assert listed(staff, "capability=reasoning&all=") == expected(lambda each: each.supports_reasoning)
    openai = Model.objects.get(identifier=GPT).provider.pk
    assert openai
    assert listed(staff, "state=deprecated") == expected(lambda each: each.is_deprecated(today))
    assert listed(staff, "state=unpriced") == set()
    assert listed(staff, "state=waiting") == set()
    Model.objects.filter(identifier=MINI).update(is_available=False)
    Price.objects.filter(deployment__model__identifier="openai:gpt-4o").delete()
    assert listed(staff, "state=unpriced") == {"openai:gpt-4o"}
    choosable = listed(staff, "state=choosable&q=openai:")
    assert choosable == expected(
        lambda each: (
            each.provider == "openai" and not each.is_deprecated(today) and each.id not in {MINI, "openai:gpt-4o"}
        )
    )
    wait()
    assert listed(staff, "state=waiting") == {GPT}


def wait(rate: int = 900) -> Price:
    """A price of GPT-5 that waits for approval."""
    place = Deployment.objects.get(model__identifier=GPT, provider__name="openai")
    return Price.objects.create(
        deployment=place, effective_from=datetime.now(UTC) - timedelta(days=1), input=Decimal(rate),
        output=Decimal(10), source="a list", dated=date(2026, 11, 20),
    )  # fmt: skip


# --- the page


def form(client: Client, url: str) -> dict[str, Any]:
    """The fields of a page as a browser would send them back."""
    context = client.get(url).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    return dict(pair for each in forms for pair in _values(each))


def _values(each: Any) -> Iterator[tuple[str, Any]]:
    for field in each:
        value = field.value()
        if value is not None and value is not False:
            yield field.html_name, "on" if value is True else value


PRICE = "models_registry-price"
NEW_PRICE = {
    f"{PRICE}-TOTAL_FORMS": "1", f"{PRICE}-0-effective_from_0": "2026-11-01", f"{PRICE}-0-effective_from_1": "00:00:00",
    f"{PRICE}-0-input": "1.5", f"{PRICE}-0-output": "9", f"{PRICE}-0-tiers": "[]", f"{PRICE}-0-source": "a price list",
    f"{PRICE}-0-dated": "2026-11-01", "reason": "cheaper",
}  # fmt: skip


def test_the_page_shows_prices_benchmarks_and_scores_with_their_sources(staff: Client) -> None:
    page = text(staff.get(address(GPT)))
    assert "openai/gpt-5</strong>" in page
    assert "genai-prices 0.2.3, 2026-11-09" in page
    assert "<td>GPQA</td><td>85.4</td><td>tryaii 0.8.3, 2026-10-01</td>" in page
    assert "polyline" in page
    assert "Arena (arena.ai)" in page


def test_a_price_is_added_on_the_page_of_its_model_and_counts(staff: Client, cast: Cast) -> None:
    answer = staff.post(address(GPT), {**form(staff, address(GPT)), **NEW_PRICE})
    assert answer.status_code == 302, [each.formset.errors for each in answer.context["inline_admin_formsets"]]
    row = Price.objects.get(source="a price list")
    assert (row.deployment.provider_id, row.waits_because) == ("openai", ""), "the first deployment"
    assert served(GPT)["deployments"][0]["prices"][-1]["rates"] == {"input": "1.5", "output": "9"}
    version = row.history.get()
    assert (version.history_user, version.history_change_reason, version.ip) == (cast.staff, "cheaper", "127.0.0.1")


def test_the_history_of_a_model_tells_its_new_price_beside_the_one_before(staff: Client) -> None:
    staff.post(address(GPT), {**form(staff, address(GPT)), **NEW_PRICE})
    page = text(staff.get(address(GPT, "history"), follow=True))
    assert "<td>price</td>" in page
    first = Price.objects.filter(deployment__model__identifier=GPT, deployment__provider__name="openai").earliest()
    assert f"<del>{first}</del>" in page
    assert "<ins>openai:gpt-5 at openai: 1.5 / 9 USD per 1M from 2026-11-01</ins>" in page
    assert "No field differs" not in page


def test_the_history_of_a_model_tells_what_became_of_its_deployments(staff: Client) -> None:
    sent = {**form(staff, address(GPT)), "deployments-0-status": "down", "reason": "it is down"}
    assert staff.post(address(GPT), sent).status_code == 302
    page = text(staff.get(address(GPT, "history"), follow=True))
    assert (
        "<td>deployment openai:gpt-5 at openai, status</td><td><del>available</del></td><td><ins>down</ins></td>"
        in page
    )
    other = text(staff.get(address(MINI, "history"), follow=True))
    assert "it is down" not in other


def test_a_price_may_name_another_deployment_of_the_model(staff: Client) -> None:
    other = Deployment.objects.get(model__identifier=GPT, provider__name="openrouter")
    sent = {**form(staff, address(GPT)), **NEW_PRICE, f"{PRICE}-0-deployment": other.pk}
    assert staff.post(address(GPT), sent).status_code == 302
    assert Price.objects.get(source="a price list").deployment == other
    foreign = Deployment.objects.exclude(model__identifier=GPT)[0]
    answer = staff.post(address(GPT), {**sent, f"{PRICE}-0-deployment": foreign.pk})
    assert "Select a valid choice" in text(answer)


def test_a_price_that_jumps_waits_and_is_approved_in_the_list_of_prices(staff: Client, cast: Cast) -> None:
    sent = {**form(staff, address(GPT)), **NEW_PRICE, f"{PRICE}-0-input": "900"}
    (told,) = messages_of(staff.post(address(GPT), sent, follow=True))
    link = f'<a class="rh-link" href="{reverse("admin:models_registry_price_changelist")}?waits=yes">waits for approval</a>'
    assert told.startswith(f"Saved. The price {link}: input rises from 1.25 to 900, 720.0 times")
    row = Price.objects.get(source="a price list")
    assert "rises from 1.25 to 900" in row.waits_because
    assert len(served(GPT)["deployments"][0]["prices"]) == 1
    assert "waits for approval: input rises" in text(staff.get(address(GPT)))
    prices = reverse("admin:models_registry_price_changelist")
    assert "rises from 1.25 to 900" in text(staff.get(f"{prices}?waits=yes"))
    act = {"action": "approve_prices", "_selected_action": [row.pk]}
    asked = text(staff.post(f"{prices}?waits=yes", act))
    assert "Approve these prices" in asked
    assert f"<li>{row}</li>" in asked
    assert "Say why" in text(staff.post(f"{prices}?waits=yes", {**act, "post": "yes", "reason": " "}))
    row.refresh_from_db()
    assert row.waits_because
    act |= {"post": "yes", "reason": "as agreed"}
    assert [each.partition(":")[0] for each in messages_of(staff.post(f"{prices}?waits=yes", act, follow=True))] == [
        "Approved"
    ]
    assert served(GPT)["deployments"][0]["prices"][-1]["rates"]["input"] == "900"
    version = row.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "as agreed")
    assert "does not wait for approval" in messages_of(staff.post(prices, act, follow=True))[0]


def test_a_price_in_doubt_says_that_it_waits_on_its_own_page_too(staff: Client) -> None:
    place = Deployment.objects.get(model__identifier=GPT, provider__name="openai")
    add = reverse("admin:models_registry_price_add")
    new = {name.removeprefix(f"{PRICE}-0-"): value for name, value in NEW_PRICE.items()}
    sent = {**form(staff, add), **new, "deployment": place.pk, "output": "0.09"}
    (told,) = messages_of(staff.post(add, sent, follow=True))
    assert "waits for approval</a>: output falls from 10 to 0.09, 111.1 times" in told


def test_a_price_that_waits_is_rejected_in_the_list_and_one_that_counts_is_not(staff: Client) -> None:
    prices, row = reverse("admin:models_registry_price_changelist"), wait()
    counts = row.deployment.prices.get(waits_because="")
    act = {"action": "reject_prices", "_selected_action": [row.pk, counts.pk], "post": "yes", "reason": "a slip"}
    shown = messages_of(staff.post(prices, act, follow=True))
    assert sum(each.startswith("Rejected: ") for each in shown) == 1
    assert sum("does not wait for approval" in each for each in shown) == 1
    assert list(counts.deployment.prices.all()) == [counts]


def test_a_model_without_a_place_is_told_in_the_pages_own_words(staff: Client) -> None:
    add = reverse("admin:models_registry_model_add")
    sent = {**form(staff, add), "identifier": "openai:rocket-1", "name": "Rocket", "context_window": "1000",
            "max_output": "100", "provider": "openai"}  # fmt: skip
    page = text(staff.post(add, sent))
    assert "openai:rocket-1, deployments: a model needs at least one deployment." in page
    assert "models.openai:rocket-1" not in page


def test_a_second_price_of_the_same_moment_is_a_form_error(staff: Client) -> None:
    staff.post(address(GPT), {**form(staff, address(GPT)), **NEW_PRICE})
    first = Deployment.objects.get(model__identifier=GPT, provider__name="openai")
    sent = {**form(staff, address(GPT)), **NEW_PRICE, f"{PRICE}-0-deployment": first.pk}
    answer = staff.post(address(GPT), sent)
    assert "already exists" in f"{[each.formset.errors for each in answer.context['inline_admin_formsets']]}"
    assert Price.objects.filter(source="a price list").count() == 1


def test_a_second_price_of_the_same_moment_at_the_first_place_is_a_form_error_too(staff: Client) -> None:
    for _ in range(2):
        answer = staff.post(address(GPT), {**form(staff, address(GPT)), **NEW_PRICE})
    assert "already exists" in text(answer)


def test_a_model_is_duplicated(staff: Client, cast: Cast) -> None:
    page = address(GPT, "duplicate")
    assert "Duplicate openai:gpt-5" in text(staff.get(page))
    answer = post(staff, page, id="openai:copy", reason="to try")
    assert messages_of(answer) == ["Duplicated: openai:copy."]
    assert served("openai:copy")["deployments"] == served(GPT)["deployments"]
    assert Release.objects.filter(line="catalogue")[0].author == cast.staff


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"id": GPT, "reason": "x"}, "there is a model &#x27;openai:gpt-5&#x27; already."),
        ({"id": "no colon", "reason": "x"}, "write provider:name"),
        ({"id": "openai:copy"}, "Say why: it is kept"), ({"reason": "x"}, "This field is required."),
    ],
)  # fmt: skip
def test_a_duplicate_that_cannot_be_is_told_beside_the_form(
    staff: Client, fields: dict[str, str], problem: str
) -> None:
    assert problem in text(post(staff, address(GPT, "duplicate"), **fields))
    assert Model.objects.count() == len(STATIC.models)
    assert Release.objects.filter(line="catalogue").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_copy_of_a_maker_that_there_is_not_is_told_beside_the_form() -> None:
    seeds.catalogue()
    with pytest.raises(InvalidRelease, match="horse"):
        editing.duplicate(GPT, "horse:x", because("x"))


def test_a_model_is_deprecated_with_a_successor(staff: Client) -> None:
    page = address(MINI, "deprecate")
    assert "Deprecate openai:gpt-5-mini" in text(staff.get(page))
    assert messages_of(post(staff, page, deprecated_from="2026-12-24", successor=GPT, reason="old")) == [
        f"Deprecated: {MINI}."
    ]
    assert (served(MINI)["deprecated_from"], served(MINI)["successor"]) == ("2026-12-24", GPT)
    assert "cannot follow itself" in text(post(staff, page, deprecated_from="2026-12-24", successor=MINI, reason="x"))
    assert "Enter a valid date." in text(post(staff, page, deprecated_from="soon", reason="x"))
    assert "Select a valid choice" in text(post(staff, page, deprecated_from="2026-12-24", successor="x:y", reason="x"))


def test_who_may_only_look_at_models_can_neither_duplicate_nor_deprecate(staff: Client) -> None:
    viewer = some_staff("view_model")
    assert viewer.get(address(GPT)).status_code == 200
    viewer.post(address(GPT, "duplicate"), {"id": "openai:copy", "reason": "x"})
    viewer.post(address(GPT, "deprecate"), {"deprecated_from": "2026-12-24", "reason": "x"})
    assert not Model.objects.filter(identifier="openai:copy").exists()
    assert Release.objects.filter(line="catalogue").count() == 1


def test_a_model_deleted_in_the_admin_is_gone_from_the_release_and_its_history_says_who(
    staff: Client, cast: Cast
) -> None:
    staff.post(address(GPT, "delete"), {"post": "yes", "reason": "no longer sold"})
    assert served(GPT) is None
    for table in (Model, Deployment, Price):
        lost = table.history.filter(history_type="-")
        assert {(each.history_user, each.ip, each.history_change_reason) for each in lost} == {
            (cast.staff, "127.0.0.1", "no longer sold")
        }
