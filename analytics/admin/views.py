"""What people keep of the page Requests: views of it, and files."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from analytics.admin.requests import FROM_THE_PAGE, check_may_see
from analytics.exports import jobs
from analytics.exports.streaming import Download
from analytics.exports.types import FORMATS
from analytics.models import Export, ExportState, Record, SavedView
from analytics.requests import chips, views
from analytics.requests.filters import RecordFilter
from routerhub.audit.change import change_by
from routerhub.audit.forms import NumericForm
from routerhub.audit.pages import StaffPage, page
from routerhub.audit.permissions import may
from routerhub.tenancy.scope import streamed


class KeepForm(forms.Form):
    name = forms.CharField()
    is_shared = forms.BooleanField(required=False)
    query = forms.CharField(required=False)


class ForgetForm(NumericForm, forms.Form):
    view = forms.IntegerField()
    query = forms.CharField(required=False)


class SelectionPage(StaffPage):
    """Buttons for whoever may see requests."""

    @classmethod
    def may_see(cls, user: Any) -> bool:
        return may(user, "view", Record)


@page("requests/views/", "requests_views")
class ViewsPage(SelectionPage):
    """Where the page Requests sends a view that is kept or forgotten: one comes back to it."""

    actions: ClassVar = {"keep": KeepForm, "forget": ForgetForm}

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return redirect("admin:analytics_record_changelist")

    def act(self, form: Any, **_: Any) -> HttpResponse:
        values, change = form.cleaned_data, change_by(self.request, FROM_THE_PAGE)
        own = SavedView.objects.filter(user=_person(self.request))
        if self.action == "forget":
            view = get_object_or_404(own, pk=values["view"])
            views.forget(view, change)
            messages.success(self.request, f"Forgotten: {view}.")
        else:
            query = {name: value for name, value in QueryDict(values["query"]).items() if name not in chips.PLACE}
            view = views.keep(self.request.user, values["name"], query, change, is_shared=values["is_shared"])
            messages.success(self.request, f"Saved: {view}.")
        return _back(values["query"])

    def again(self, form: forms.Form) -> HttpResponse:
        for problem in (str(text) for texts in form.errors.values() for text in texts):
            messages.error(self.request, problem)
        return _back(str(form.data.get("query", "")))


def _back(query: str) -> HttpResponse:
    return redirect(f"{reverse('admin:analytics_record_changelist')}?{QueryDict(query).urlencode()}")


class StartForm(forms.Form):
    query = forms.CharField(required=False)
    format = forms.ChoiceField(choices=[(each, each.upper()) for each in FORMATS])


class DeleteForm(forms.Form):
    export = forms.UUIDField()


@page("exports/", "exports")
class ExportsPage(SelectionPage):
    """One's own files: how far they are, to load, and to delete. A new one begins on the page Requests."""

    title = "Exports"
    template_name = "analytics/exports.html"
    actions: ClassVar = {"start": StartForm, "delete": DeleteForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        exports = list(_own(self.request)[:100])
        return super().get_context_data(
            **{**given, "form": None}, exports=exports, is_working=any(each.state in jobs.UNDER_WAY for each in exports)
        )

    def act(self, form: Any, **_: Any) -> HttpResponse:
        if self.action == "delete":
            get_object_or_404(_own(self.request), pk=form.cleaned_data["export"]).delete()
            messages.success(self.request, "Deleted.")
            return redirect("admin:exports")
        chosen = RecordFilter(chips.usual(QueryDict(form.cleaned_data["query"])), Record.objects.all())
        if not chosen.is_valid():
            raise ValidationError([text for texts in chosen.errors.values() for text in texts])
        export = jobs.start(
            chosen, form.cleaned_data["format"], self.request.user.pk, None, change_by(self.request, FROM_THE_PAGE)
        )
        messages.success(self.request, f"{export} is being written. It stands here when it is ready.")
        return redirect("admin:exports")


def _own(request: HttpRequest) -> Any:
    return Export.objects.filter(user=_person(request))


def _person(request: HttpRequest) -> Any:
    """Whoever is logged in."""
    return request.user


@page("exports/progress/", "exports_progress")
def progress(request: HttpRequest) -> HttpResponse:
    """How far one's own exports are, for the page that waits for them."""
    check_may_see(request)
    found = _own(request)[:100]
    return JsonResponse({str(each.pk): {"state": each.state, "rows": each.rows, "size": each.size} for each in found})


@page("exports/<uuid:pk>/file/", "export_file")
def file(request: HttpRequest, pk: Any) -> Any:
    """The file of an export that is ready, for its owner alone."""
    check_may_see(request)
    export = get_object_or_404(_own(request), pk=pk, state=ExportState.READY)
    return Download(streamed(jobs.content(export)), export.name, export.format)
