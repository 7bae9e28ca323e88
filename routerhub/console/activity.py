"""Activity: the requests of an account, what a selection of them comes to, and one of them with why it went where it did."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from analytics.exports.types import FORMATS
from analytics.records import rating
from analytics.requests import chips, exporting, listing, offering, paging, views
from analytics.requests.filters import RecordFilter
from analytics.requests.ranges import PRESETS
from experiments.replay import decisions, story
from routerhub.console.forms import ConsoleForm
from routerhub.console.pages import ConsolePage

SHOWN = 25
RATE = "analytics.add_feedback"
ON_THE_PAGE = "on the console's page Activity"


class KeepForm(ConsoleForm):
    name = forms.CharField(max_length=views.MAX_NAME)
    is_shared = forms.BooleanField(required=False)
    query = forms.CharField(required=False)


class ForgetForm(ConsoleForm):
    view = forms.IntegerField()
    query = forms.CharField(required=False)


class RateForm(ConsoleForm):
    operation = forms.UUIDField()
    thumbs = forms.ChoiceField(choices=[(each, each) for each in rating.THUMBS])
    comment = forms.CharField(required=False, max_length=1000)


class RequestsPage(ConsolePage):
    """What every page of requests starts from: the account's own, as the address filters them."""

    right = "analytics.view_record"
    title = "Activity"
    nav = "console_activity"

    @cached_property
    def given(self) -> QueryDict:
        """What addresses of this page say."""
        given = chips.usual(self.request.GET)
        given.pop("account", None)
        return given

    @cached_property
    def chosen(self) -> RecordFilter:
        asked = self.given.copy()
        asked["account"] = self.account.slug
        asked.setdefault("zone", self.account.timezone)
        return RecordFilter(asked, listing.of_account(self.account.pk).defer("decision"))

    def one(self, operation: str) -> dict[str, Any] | None:
        """The request that is open, with the story of its decision."""
        found = listing.one(operation, listing.of_account(self.account.pk), self.account.timezone)
        if found is None:
            return None
        told = story.story(decisions.explained(found["record"]))
        may_rate = self.extent(RATE) is not None and found["record"].outcome == "success"
        return {**found, "story": told, "may_rate": may_rate, "thumb": rating.thumb_of(found["record"].operation_id)}


class ActivityPage(RequestsPage):
    template_name = "console/activity/activity.html"
    actions: ClassVar = {"keep": KeepForm, "forget": ForgetForm, "rate": RateForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        given.pop("form", None)
        opened = str(self.kwargs.get("operation") or self.request.GET.get("open", ""))
        one = self.one(opened) if opened else None
        if one is None and "operation" in self.kwargs:
            raise Http404(f"There is no request {opened} in the account {self.account.name}.")
        sort = listing.sort_of(self.request.GET.get("sort", ""))
        context = {
            "here": reverse("console_activity"), "given": self.given, "sort": sort, "sorts": listing.SORTS, "formats": FORMATS,
            "presets": [(name, words) for name, (words, _order) in PRESETS.items()], "one": one, "opened": opened,
            "groups": list(listing.groups(self.given, without=("account",))), "save_query": chips.address(self.given)[1:],
            "views": [each for each in listing.kept_views(self.request.user) if each["account_id"] == self.account.pk],
            "subtitle": f"{self.account.name} · {_('times in')} {self.given.get('zone') or self.zone.key}",
        }  # fmt: skip
        if self.chosen.is_valid():
            context |= listing.listed(self.chosen, self.given, sort, self.request.GET.get("before", ""), SHOWN)
        else:
            context |= {"problems": listing.problems(self.chosen)}
        return super().get_context_data(**given, **context, form=None)

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        values = form.cleaned_data
        if self.action == "rate":
            return self._rate(values)
        if self.action == "forget":
            views.forget_own(self.request.user, values["view"], self.because(ON_THE_PAGE))
        else:
            query = {name: value for name, value in QueryDict(values["query"]).items() if name not in chips.PLACE}
            change = self.because(ON_THE_PAGE)
            views.keep(self.request.user, values["name"], query, change, self.account.pk, values["is_shared"])
        return redirect(f"{reverse('console_activity')}?{QueryDict(values['query']).urlencode()}")

    def _rate(self, values: dict[str, Any]) -> HttpResponse:
        self.demand(self.extent(RATE) is not None)
        among, thumb = listing.of_account(self.account.pk), values["thumbs"]
        rating.rate(
            values["operation"], among, self.request.user.pk, satisfaction=rating.THUMBS[thumb], given_as="thumbs",
            comment=values["comment"],
        )  # fmt: skip
        messages.success(self.request, _("Thank you: it counts for what the router learns."))
        return redirect(f"{reverse('console_request', args=[values['operation']])}?{self.request.GET.urlencode()}")


class BesidePage(RequestsPage):
    """One request, for the place beside the list."""

    template_name = "console/activity/one.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        one = self.one(str(self.kwargs["operation"]))
        if one is None:
            raise Http404
        here = reverse("console_activity")
        return super().get_context_data(**given, one=one, here=here, save_query=chips.address(self.given)[1:])


class NewestPage(RequestsPage):
    """The newest rows of a selection, for a list that is kept up to date: whoever asks knows which of them are new."""

    template_name = "console/activity/rows.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        found = paging.page(self.chosen, listing.SHOWN).rows if self.chosen.is_valid() else []
        rows = listing.rows(found, exporting.zone_of(self.chosen)) if found else []
        query = chips.address(self.given)[1:]
        return super().get_context_data(**given, rows=rows, here=reverse("console_activity"), save_query=query)


class WordsPage(RequestsPage):
    """What is known to filter by, for the fields that have many words."""

    template_name = "analytics/request_words.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, known=offering.words(self.account.pk).items())


class ExportPage(RequestsPage):
    """A selection as a file; of too many it is said what to do."""

    def get(self, request: HttpRequest, *_arguments: Any, **_options: Any) -> Any:
        try:
            if not self.chosen.is_valid():
                raise ValidationError([text for _name, text in listing.problems(self.chosen)])
            change, kind = self.because(ON_THE_PAGE), request.GET.get("as", "csv")
            return exporting.download(self.chosen, kind, change, self.account.pk)
        except ValidationError as refused:
            for text in refused.messages:
                messages.error(request, text)
            return redirect(f"{reverse('console_activity')}{chips.address(request.GET, **{'as': ''})}")
