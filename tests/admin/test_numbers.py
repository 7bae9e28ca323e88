"""Every form of the admin reads numbers by one rule, whoever made the form."""

from typing import Any

from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from autorouter.models import Profile, RouterConfiguration
from routerhub.audit import pages
from routerhub.audit.forms import NumericForm
from tests.admin.test_tuning import TUNING, filled
from tests.cast import Cast


def test_every_form_reads_numbers_by_the_one_rule(staff: Client, cast: Cast) -> None:
    request = RequestFactory().get("/admin/")
    request.user = cast.staff
    staff.get("/admin/")
    forms: list[Any] = [
        page.get_form(request) for page in admin.site._registry.values() if page.has_add_permission(request)
    ]
    forms += [inline.form for page in admin.site._registry.values() for inline in page.inlines]
    forms += [
        form for each in pages.ADDRESSES for form in getattr(each.view, "view_class", pages.StaffPage).actions.values()
    ]
    assert len(forms) > 20
    with_numbers = [form for form in forms if any("min_value" in vars(field) for field in form.base_fields.values())]
    assert [form for form in with_numbers if not issubclass(form, NumericForm)] == []


def test_digits_of_another_script_are_no_number(staff: Client) -> None:
    answer = staff.post(TUNING, filled(staff, stickiness_bonus="\uff11\uff12", percent="10"))
    assert answer.context["form"].errors == {"stickiness_bonus": ["Write a number from 0 to 100."]}
    assert RouterConfiguration.objects.get().stickiness_bonus == 25


def test_nor_are_they_in_the_rows_below_a_row(staff: Client) -> None:
    profile = Profile.objects.get(model="openai:gpt-5")
    page = reverse("admin:autorouter_profile_change", args=[profile.pk])
    score = profile.scores.get(dimension="quality")
    sent = {
        "model": profile.model, "reason": "try", "scores-TOTAL_FORMS": "1", "scores-INITIAL_FORMS": "1",
        "scores-0-id": score.pk, "scores-0-profile": profile.pk, "scores-0-dimension": "quality",
        "scores-0-value": "\uff19\uff11", "scores-0-source": "x", "scores-0-dated": "2026-11-20",
    }  # fmt: skip
    (inline,) = staff.post(page, sent).context["inline_admin_formsets"]
    assert inline.formset.errors == [{"value": ["Enter a number."]}]
