"""The scope of a request to the control plane, from its login; a key's is entered when it is authenticated."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

from routerhub.tenancy.scope import NOBODY, SYSTEM, Scope, within

Respond = Callable[[HttpRequest], Any]
BESIDE = ("auth.user", "autorouter.routerconfiguration", "releases.release")
"""People take what is theirs along when they are deleted; drafts and releases are tried on everybody's requests."""


@sync_and_async_middleware
def scope_of_request(respond: Respond) -> Respond | Callable[[HttpRequest], Awaitable[Any]]:
    """Whoever is not known sees nothing; and whatever a request entered ends with it."""
    if iscoroutinefunction(respond):

        async def answer_async(request: HttpRequest) -> Any:
            with within(await sync_to_async(of_login)(request)):
                return await respond(request)

        return answer_async

    def answer(request: HttpRequest) -> Any:
        with within(of_login(request)):
            return respond(request)

    return answer


def of_login(request: HttpRequest) -> Scope:
    """Staff with a right to look at what belongs to accounts see that of all; anybody else their own and their accounts'."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return NOBODY
    return SYSTEM if any(map(request.user.has_perm, rights())) else Scope(user_id=request.user.pk)


@cache
def rights() -> tuple[str, ...]:
    """Django's names of the rights to see or change what belongs to accounts, and what takes it along."""
    tables = [each for each in apps.get_models() if hasattr(each, "owned_by")]
    tables += [apps.get_model(label) for label in BESIDE]
    return tuple(
        f"{table._meta.app_label}.{verb}_{table._meta.model_name}"
        for table in tables
        for verb in ("view", "add", "change", "delete")
    )
