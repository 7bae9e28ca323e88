"""The page on which outcome files are taken in, and forgotten by their source."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import redirect
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from experiments.learning.success import importing
from experiments.learning.success.reading import FORMATS, MAX_SOURCE_CHARS
from experiments.models import ImportedOutcome
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import StaffPage, page


class UploadForm(ReasonedForm):
    """A file of outcomes."""

    file = forms.FileField(
        label="JSONL or CSV", error_messages={"required": "Choose a file."},
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(f".{name}" for name in FORMATS)}),
    )  # fmt: skip
    source = forms.CharField(
        label="Source of lines that name none", required=False, max_length=MAX_SOURCE_CHARS,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "the file's name"}),
    )  # fmt: skip


class ForgetForm(ReasonedForm):
    source = forms.CharField(max_length=MAX_SOURCE_CHARS)


@page("outcomes/", "outcomes")
class OutcomesPage(StaffPage):
    """Send a file of outcomes in, only check one, see what there is by source, and delete a source."""

    title = "Outcome files"
    template_name = "experiments/outcomes.html"
    permission = "experiments.view_importedoutcome"
    change_permission = "experiments.add_importedoutcome"
    actions: ClassVar = {"check": UploadForm, "import": UploadForm, "forget": ForgetForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        sources = ImportedOutcome.objects.order_by("source").values("source").annotate(
            outcomes=Count("id"), models=Count("model", distinct=True), newest=Max("imported_at")
        )  # fmt: skip
        form = given.pop("form", None)
        upload = form if isinstance(form, UploadForm) else UploadForm()
        may_forget = self.request.user.has_perm("experiments.delete_importedoutcome")
        return super().get_context_data(**given, form=upload, sources=sources, may_forget=may_forget)

    def act(self, form: Any, **_: Any) -> HttpResponse:
        if self.action == "forget":
            return self._forget(form)
        file = form.cleaned_data["file"]
        done = importing.import_file(
            file.read(), importing.format_of(file.name), form.cleaned_data["source"] or file.name, self.change(form),
            dry_run=self.action == "check",
        )  # fmt: skip
        if done.written:
            messages.success(
                self.request, f"{file.name}: {done.new:,} new, {done.changed:,} changed, {done.unchanged:,} unchanged."
            )
            return redirect("admin:outcomes")
        return self.render_to_response(
            self.get_context_data(form=form, done=done, problems=done.problems[: importing.MAX_SHOWN])
        )

    def _forget(self, form: Any) -> HttpResponse:
        if not self.request.user.has_perm("experiments.delete_importedoutcome"):
            raise forms.ValidationError("This needs the right to delete imported outcomes.")
        count = importing.delete_source(form.cleaned_data["source"], self.change(form))
        messages.success(self.request, f"{count:,} outcomes of {form.cleaned_data['source']} were deleted.")
        return redirect("admin:outcomes")
