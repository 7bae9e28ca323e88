"""The dialogs of drafts: one is named, and one is uploaded that comes from another site."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from routerhub.audit.pages import page
from routerhub.releases import rollout, store, transfer
from routerhub.releases.deeds import DialogPage
from routerhub.releases.errors import InvalidFile
from routerhub.releases.forms import NameForm, StoreForm, UploadForm
from routerhub.releases.models import Release
from routerhub.releases.telling import told

MAX_DIFFERENCES = 100


@page("releases/<str:line>/<int:number>/name/", "name_release")
class NamePage(DialogPage):
    """What people call a release."""

    dialog = "releases/name_form.html"
    permission = "releases.change_release"
    actions: ClassVar = {"": NameForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        release = self._release()
        form = given.get("form") or NameForm(initial={"label": release.label})
        heading = f"Name {release.line} release {release.number}"
        return super().get_context_data(
            **{**given, "form": form, "title": heading, "heading": heading, "release": release}
        )

    def _release(self) -> Release:
        release = store.find(self.line, self.kwargs["number"])
        if release is None:
            raise Http404("A release that is stored can be named; there is none of that number.")
        return release

    def act(self, form: Any, **_: Any) -> HttpResponse:
        release, label = self._release(), form.cleaned_data["label"]
        store.rename(release.line, release.number, label, self.change(form))
        messages.success(
            self.request, f"{release.line} {release.number} is called {label!r}." if label else "It has no name."
        )
        return redirect("admin:releases")


@page("releases/upload/", "upload_release")
class UploadPage(DialogPage):
    """A file is checked whole and compared with what is live; stored once that was seen."""

    title = "Upload a release"
    dialog = "releases/upload_form.html"
    permission = "releases.add_release"
    actions: ClassVar = {"check": UploadForm, "store": StoreForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**{"form": UploadForm(), **given, "heading": self.title})

    def act(self, form: Any, **_: Any) -> HttpResponse:
        if self.action == "check":
            return self._checked(_text(form.cleaned_data["file"].read()))
        uploaded = transfer.read_text(form.cleaned_data["content"])
        release = transfer.keep(uploaded, self.change(form), form.cleaned_data["label"])
        messages.success(self.request, f"{release.line} {release.title} is stored as a draft, live for nobody.")
        return redirect("admin:releases")

    def again(self, form: forms.Form) -> HttpResponse:
        """What was missing when it was to be stored is asked beside its differences."""
        content = form.data.get("content")
        return self._checked(content, form) if self.action == "store" and content else super().again(form)

    def _checked(self, text: str, form: forms.Form | None = None) -> HttpResponse:
        uploaded = transfer.read_text(text)
        found = told(uploaded.line, transfer.compared(uploaded))
        form = form or StoreForm(initial={"content": text, "label": uploaded.label})
        return self.render_to_response(
            self.get_context_data(
                form=form, uploaded=uploaded, found=found[:MAX_DIFFERENCES], count=len(found),
                live=rollout.pointer(uploaded.line).stable,
            )
        )  # fmt: skip


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        raise InvalidFile({"file": "This is no text in UTF-8."}) from problem
