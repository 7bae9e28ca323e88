"""Pages of the admin that belong to no single table: who may open them, and forms that come back with their problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.views.generic import TemplateView

from routerhub.audit.change import Change, change_by
from routerhub.audit.errors import ChangeRefused
from routerhub.audit.forms import ActionForm


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a page stands below /admin/, and its name there."""

    route: str
    name: str
    view: Callable[..., HttpResponseBase]


ADDRESSES: list[Address] = []
"""Every page that registered itself; the admin site serves them."""
Page = TypeVar("Page", bound=Any)


def page(route: str, name: str) -> Callable[[Page], Page]:
    """Serve a page, a class or a function, at an address of the admin."""

    def register(made: Page) -> Page:
        ADDRESSES.append(Address(route=route, name=name, view=made.as_view() if hasattr(made, "as_view") else made))
        return made

    return register


class ActionPage(TemplateView):
    """A page with buttons. Each button is an action with a form; what is refused is said at the top or beside its field,
    and the page is shown again as it was sent."""

    title: str | Promise = ""
    actions: ClassVar[Mapping[str, type[forms.Form]]] = {}
    """The form of each button, by the button's `action`; "" for the one of a page that has no more."""
    action = ""
    """The button that was pressed."""
    refusals: ClassVar[tuple[type[Exception], ...]] = (ValidationError, ChangeRefused)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        context = {"title": self.title, **given}
        if "form" not in context:
            context["form"] = self.blank()
        return super().get_context_data(**context)

    def post(self, request: HttpRequest, *_: Any, **options: Any) -> HttpResponse:
        """Check the form of the button that was pressed, then do what it says, in one transaction."""
        pressed = ActionForm(request.POST, actions=self.actions)
        if not pressed.is_valid():
            return self.again(pressed)
        self.action = pressed.cleaned_data["action"]
        form = self.actions[self.action](request.POST, request.FILES, **self.form_options())
        if not form.is_valid():
            return self.again(form)
        try:
            with transaction.atomic():
                return self.act(form, **options)
        except self.refusals as refused:
            self.refuse(form, refused)
            return self.again(form)

    def blank(self) -> forms.Form | None:
        """The form of a page with one button before anything was sent."""
        return self.actions[""](**self.form_options()) if "" in self.actions else None

    def form_options(self) -> dict[str, Any]:
        """What the forms need to know beside what was sent."""
        return {}

    def act(self, form: Any, **_: Any) -> HttpResponse:
        """What the button does, with a valid form. Raises one of `refusals`."""
        raise NotImplementedError

    def refuse(self, form: forms.Form, refused: Exception) -> None:
        """Put a refusal beside the fields that it names, else on top of the form."""
        for path, texts in _problems(refused).items():
            field = path if path in form.fields else None
            for text in [texts] if isinstance(texts, str) else texts:
                form.add_error(field, str(text) if field or not path else f"{_label(refused, path)}: {text}")

    def again(self, form: forms.Form) -> HttpResponse:
        """The page as it was sent, with what is wrong."""
        for problem in dict.fromkeys(str(text) for texts in form.errors.values() for text in texts):
            messages.error(self.request, problem)
        return self.render_to_response(self.get_context_data(form=form, **self.kwargs))

    def change(self, form: forms.Form) -> Change:
        """The change that a form with a reason makes."""
        return change_by(self.request, form.cleaned_data["reason"])


class StaffPage(ActionPage):
    """A page of the admin."""

    permission = ""
    """Django's permission to see the page."""
    change_permission = ""
    """Django's permission to use its buttons; empty: the same."""

    @classmethod
    def may_see(cls, user: Any) -> bool:
        return bool(user.has_perm(cls.permission))

    @classmethod
    def may_change(cls, user: Any) -> bool:
        return bool(user.has_perm(cls.change_permission)) if cls.change_permission else cls.may_see(user)

    def dispatch(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        is_allowed = self.may_change if request.method == "POST" else self.may_see
        if not is_allowed(request.user):
            raise PermissionDenied(self._missing(is_post=request.method == "POST"))
        return super().dispatch(request, *arguments, **options)

    def _missing(self, is_post: bool) -> str:
        """Which right is missing, and who can give it; empty where it is not one alone."""
        right = (is_post and self.change_permission) or self.permission
        return f"This page needs the right “{right}”. An administrator can give it to you." if right else ""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        may_change = self.may_change(self.request.user)
        context = {**admin.site.each_context(self.request), "may_change": may_change, **given}
        return super().get_context_data(**context)


def _label(refused: Exception, path: str) -> str:
    return refused.label(path) if isinstance(refused, ChangeRefused) else path


def _problems(refused: Exception) -> Mapping[str, Any]:
    """What is wrong, by field; "" for the whole."""
    if isinstance(refused, ValidationError):
        return refused.message_dict if hasattr(refused, "error_dict") else {"": refused.messages}
    return getattr(refused, "problems", None) or {"": str(refused)}
