"""Every error of the REST API as RFC 9457 problem details: the one seam where exceptions become HTTP there.

{"type", "title", "status", "detail", "instance", "errors": [{"field", "message", "given"}]}
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelInvalid
from django.db import DatabaseError, DataError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from autorouter.decision.explain import as_json
from autorouter.errors import NoCandidate, RetiredModel, UnknownModel, UnknownPolicy, UnknownTaskType, WrongKind
from budgets.errors import PlaceAway
from budgets.people import unknown
from experiments.errors import BadSlice, UnknownOperation
from models_registry.errors import UnreadableSource, UnwritableFile
from routerhub.audit.change import address_of
from routerhub.audit.errors import ChangeRefused
from routerhub.problem_details import CONTENT_TYPE, problem
from routerhub.releases.errors import UnknownLine, UnknownRelease

logger = logging.getLogger(__name__)
SECRETS = frozenset({"secret"})
"""Fields whose content no answer repeats."""
MAX_GIVEN = 200


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler."""
    request = context["request"]
    status, detail, more, headers = _translated(error, request)
    set_rollback()
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        unknown.note(str(error.get_codes()), request.path, address_of(request))
    if status >= 500:
        logger.error("action=request path=%s status=%s", request.path, status, exc_info=error)
    return Response(problem(status, detail, request.path, **more), status, headers=headers, content_type=CONTENT_TYPE)


Translated = tuple[int, str, dict[str, Any], dict[str, str]]
"""Status, detail, further members and headers."""


def _translated(error: Exception, request: Any) -> Translated:
    for kinds, build in _TABLE:
        if isinstance(error, kinds):
            return build(error, request)
    return 500, "Something went wrong in RouterHub; it was logged.", {}, {}


def _model_invalid(error: ModelInvalid, request: Any) -> Translated:
    return _invalid(_flat(error.message_dict if hasattr(error, "error_dict") else error.messages), request)


def _unknown_name(error: UnknownPolicy | UnknownTaskType, request: Any) -> Translated:
    return _invalid([("policy" if isinstance(error, UnknownPolicy) else "task_type", str(error))], request)


def _too_large(_error: Exception, _request: Any) -> Translated:
    return 413, f"The body is larger than {settings.MAX_BODY_BYTES:,} bytes, the most that is taken.", {}, {}


def _not_storable(error: DataError, _request: Any) -> Translated:
    return 400, f"The database does not take a value that was given: {str(error).partition(chr(10))[0]}.", {}, {}


def _database_away(_error: Exception, _request: Any) -> Translated:
    return 503, "The database does not answer. Try again shortly.", {}, {"Retry-After": "5"}


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(wait)
    return headers


def _invalid(found: Iterable[tuple[str, str]], request: Any) -> Translated:
    errors = list(found)
    listed = [{"field": field, "message": message, **_given(request, field)} for field, message in errors]
    detail = "; ".join(f"{field}: {message}" if field else message for field, message in errors)
    return 400, detail, {"errors": listed}, {}


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Field paths and messages out of nested error details, e.g. ("task.needs[0]", "...")."""
    if isinstance(detail, Mapping):
        for name, each in detail.items():
            step = f"[{name}]" if isinstance(name, int) else str(name)
            own = step in {"non_field_errors", "__all__"}
            yield from _flat(each, path if own else path + step if not path or step[0] == "[" else f"{path}.{step}")
    elif isinstance(detail, list):
        for at, each in enumerate(detail):
            nested = isinstance(each, Mapping | list)
            yield from _flat(each, f"{path}[{at}]" if nested else path)
    else:
        yield path, str(detail)


def _given(request: Any, path: str) -> dict[str, Any]:
    """What the request had at a path, shortened; nothing where it had nothing, or where it is nobody's to see."""
    if path in SECRETS:
        return {}
    try:
        value = request.data
        for step in path.replace("[", ".").replace("]", "").split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (KeyError, IndexError, TypeError, ValueError, exceptions.APIException):
        return {}
    short = value if isinstance(value, bool | int | float) or value is None else str(value)[:MAX_GIVEN]
    return {"given": short}


_TABLE: tuple[tuple[Any, Callable[[Any, Any], Translated]], ...] = (
    (exceptions.ValidationError, lambda error, request: _invalid(_flat(error.detail), request)),
    (ModelInvalid, _model_invalid),
    ((UnknownModel, RetiredModel, WrongKind), lambda error, request: _invalid([(error.field, str(error))], request)),
    ((UnknownPolicy, UnknownTaskType), _unknown_name),
    (NoCandidate, lambda error, _: (422, str(error), as_json(error.decision), {})),
    ((UnknownLine, UnknownRelease, Http404), lambda error, _: (404, str(error) or "There is nothing here.", {}, {})),
    (ChangeRefused, lambda error, request: _invalid(error.problems.items(), request)),
    (BadSlice, lambda error, request: _invalid([(error.field, error.message)], request)),
    (UnknownOperation, lambda error, _: (404, str(error), {}, {})),
    ((UnreadableSource, UnwritableFile), lambda error, request: _invalid([("source", str(error))], request)),
    (PlaceAway, lambda error, _: (503, f"{error}. Try again shortly.", {}, {"Retry-After": "5"})),
    (RequestDataTooBig, _too_large),
    (PermissionDenied, lambda error, _: (403, str(error) or "This is not allowed.", {}, {})),
    (DataError, _not_storable),
    (DatabaseError, _database_away),
    (exceptions.APIException, lambda error, _: (error.status_code, str(error.detail), {}, _headers(error))),
)


def _page(request: HttpRequest, status: int, detail: str) -> JsonResponse:
    return JsonResponse(problem(status, detail, request.path), status=status, content_type=CONTENT_TYPE)


def not_found(request: HttpRequest) -> JsonResponse:
    """For addresses below /api/ that nobody serves."""
    return _page(request, 404, "There is no such address. The ones there are stand at /api/docs.")
