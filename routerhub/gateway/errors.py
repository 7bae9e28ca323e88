"""Every error of the data plane as what a client is told: the one seam where exceptions become HTTP.

Each protocol writes an `ApiError` in its own spelling, see routerhub.gateway.protocols. The words of `type` and `code` are
those of OpenAI's errors.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autorouter.errors import (
    NoCandidate,
    ProModel,
    RetiredModel,
    UnknownModel,
    UnknownPolicy,
    UnknownTaskType,
    WrongKind,
)
from budgets.errors import (
    AlreadySettled,
    KeyBusy,
    KeyOutOfScope,
    KeyRefused,
    KeysUnavailable,
    LedgerUnavailable,
    PermissionMissing,
    SpendRejected,
)
from budgets.money import usd
from budgets.types import Outcome, Rate, Refused
from models_registry.types import Attempt
from models_registry.upstream.errors import TimedOut, UpstreamError
from routerhub.batches.errors import NotCancellable
from routerhub.request_body import BodyTimedOut
from routerhub.storage.errors import StorageUnavailable

REFUSALS = frozenset({400, 413, 422})
"""Statuses by which an upstream may refuse a request; other ones of the 400s mean something else to who asks RouterHub."""
TOO_MANY, UNAVAILABLE = 429, 503
SERVER_ERRORS = 500
"""From this status on it is not the caller's fault."""
OVERLOADED = frozenset({TOO_MANY, UNAVAILABLE, 529})
"""By which an upstream says that it has no room now."""
NOBODY = "No deployment answered."
CLIENT_LEFT, INTERNAL = "client_left", "internal_error"
"""Kinds of what ends a request and is no error that a client is told of by a code."""
UNEXPECTED = "Something went wrong in RouterHub; its log has more."
HEDGE: Sequence[Mapping[str, bool]] = ({}, {"hedge": True})
"""What is told of an attempt that was begun beside a slow one."""


class BadRequest(Exception):
    """A field of the request is wrong. The message says what was given and what is allowed.

    `recorded` says it without what was given, which may be a piece of a prompt: that is told to the client and nobody else.
    """

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value", recorded: str = "") -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.recorded = recorded or message


class TooLarge(Exception):
    """The body is larger than allowed."""

    def __init__(self, most: int, with_what: str = "") -> None:
        counted = f", {with_what}," if with_what else ""
        super().__init__(f"The body{counted} is larger than {most:,} bytes, the most that is taken.")


class NotKept(Exception):
    """There is no such response, or it is not the account's, or it was deleted. `param` names the field that asked for it."""

    def __init__(self, response_id: str, param: str | None) -> None:
        super().__init__(
            f"{'Previous response' if param else 'Response'} with id {response_id!r} not found: none of this account's "
            "kept responses has it."
        )
        self.param = param


class NotThere(Exception):
    """There is no such file or batch, or it is not the account's, or it was deleted. `param` names the field that asked."""

    def __init__(self, kind: str, name: str, param: str | None = None) -> None:
        super().__init__(f"No such {kind}: {name[:100]!r}. None of this account's has that id.")
        self.param = param


class IdempotencyConflict(Exception):
    """The key belongs to another request, or to one that has not ended in all the time that this one had."""

    def __init__(self, key: str, is_under_way: bool) -> None:
        what = (
            "was used for a request that is still under way. Try again later"
            if is_under_way
            else "was used for another request (address, controls or body). Take a new key for a new request"
        )
        super().__init__(f"Idempotency-Key: {key!r} {what}.")
        self.is_under_way = is_under_way


class BudgetRefused(Exception):
    """The worst case of the request does not fit into a limit."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(_refusal_text(refused))
        self.refused = refused


class AllFailed(Exception):
    """Every attempt failed. Carries them, the last error, and after how many seconds somebody may be asked again."""

    def __init__(
        self,
        last: UpstreamError,
        attempts: tuple[Attempt, ...],
        what: str = NOBODY,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{what} The last one said: {last}")
        self.last = last
        self.attempts = attempts
        self.retry_after_s = last.retry_after_s if retry_after_s is None else retry_after_s


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiError:
    """An error as it goes out."""

    status: int
    message: str
    type: str
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    rates: Sequence[Rate] = ()
    """What goes out as headers in the client's dialect."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further members, which carry the figures."""


def _amount(refused: Refused, value: int) -> str:
    return f"{usd(value)} USD" if refused.measure == "money" else f"{value:,} {refused.measure}"


def _refusal_text(refused: Refused) -> str:
    period = "in all" if refused.period == "total" else f"per {refused.period}"
    return (
        f"The limit of {refused.label} is {_amount(refused, refused.limit)} {period}: "
        f"{_amount(refused, refused.spent)} are spent, {_amount(refused, refused.reserved)} reserved, "
        f"and this request may need {_amount(refused, refused.asked)}. {_until(refused)}"
    )


def _until(refused: Refused) -> str:
    if refused.resets_at is None:
        return "It does not reset." if refused.rate is None else "That is more than there ever is room for."
    if refused.rate is not None:
        return f"There is room for it in {refused.retry_after_s} s."
    return f"It resets at {refused.resets_at:%Y-%m-%d %H:%M} UTC."


def _budget_refused(error: BudgetRefused) -> ApiError:
    refused = error.refused
    figures = {name: getattr(refused, name) for name in ("limit", "spent", "reserved", "asked")}
    if refused.measure == "money":
        figures = {f"{name}_usd": usd(value) for name, value in figures.items()}
    counts = refused.measure != "money"
    # The official clients retry a 429 unless told otherwise; a budget does not come back in a second.
    soon = refused.period == "minute" and refused.resets_at is not None
    headers = {"x-should-retry": "true" if soon else "false"}
    if counts and refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    return ApiError(
        status=429,
        message=str(error),
        type="rate_limit_error" if counts else "insufficient_quota",
        code="rate_limit_exceeded" if counts else "insufficient_quota",
        headers=headers,
        rates=(refused.rate,) if refused.rate else (),
        details={
            "budget": {
                "scope": refused.label,
                "measure": refused.measure,
                "period": refused.period,
                **figures,
                "resets_at": refused.resets_at.isoformat() if refused.resets_at else None,
            }
        },
    )


def _all_failed(error: AllFailed) -> ApiError:
    last = error.last
    is_ours = last.may_retry
    status = _failed_status(error) if is_ours else last.status if last.status in REFUSALS else 400
    headers = {"x-should-retry": "true" if status in OVERLOADED else "false"}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return ApiError(
        status=status,
        message=str(error) if is_ours else str(last),
        type="upstream_error" if is_ours else "invalid_request_error",
        code=last.kind if is_ours else last.code or last.kind,
        param=None if is_ours else last.param,
        headers=headers,
        details={"attempts": attempts_told(error.attempts)},
    )


def _failed_status(error: AllFailed) -> int:
    """Of what is not the caller's fault. Where everybody was asked too often, so is RouterHub, and where nobody has room, it has
    none."""
    told = {each.status for each in error.attempts}
    if told and told <= OVERLOADED:
        return TOO_MANY if told == {TOO_MANY} else UNAVAILABLE
    return 504 if isinstance(error.last, TimedOut) else 502


def attempts_told(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """What a caller is told of each attempt, whether the last one answered or not."""
    return [
        {
            "deployment": each.deployment,
            "status": each.status,
            "latency_ms": each.latency_ms,
            "error": each.error or None,
            **HEDGE[each.is_hedge],
        }
        for each in attempts
    ]


def _no_candidate(error: NoCandidate) -> ApiError:
    excluded = error.decision.excluded
    all_outside = bool(excluded) and all(out.code == "region" for out in excluded)
    return ApiError(
        status=422,
        message=str(error),
        type="invalid_request_error",
        code="no_candidate",
        param="routerhub.region" if all_outside else "model",
        details={"excluded": [{"model": out.model, "reason": out.reason} for out in excluded]},
    )


def _no_model(error: UnknownModel | RetiredModel, code: str, details: Mapping[str, Any]) -> ApiError:
    return ApiError(
        status=404, message=str(error), type="invalid_request_error", code=code, param=error.field, details=details
    )


def _invalid(status: int, code: str, param: str | None = None) -> Callable[[Exception], ApiError]:
    def build(error: Exception) -> ApiError:
        return ApiError(status=status, message=str(error), type="invalid_request_error", code=code, param=param)

    return build


def _unavailable(code: str) -> Callable[[Any], ApiError]:
    def build(error: KeysUnavailable | LedgerUnavailable | StorageUnavailable) -> ApiError:
        headers = {"Retry-After": str(error.retry_after_s)}
        return ApiError(status=503, message=str(error), type="server_error", code=code, headers=headers)

    return build


_TABLE: Mapping[type[Exception], Callable[[Any], ApiError]] = {
    BadRequest: lambda e: ApiError(
        status=400, message=str(e), type="invalid_request_error", code=e.code, param=e.param
    ),
    TooLarge: _invalid(413, "body_too_large"),
    BodyTimedOut: lambda e: ApiError(
        status=408,
        message=str(e),
        type="invalid_request_error",
        code="body_timeout",
        headers={"Connection": "close"},
    ),
    NotKept: lambda e: ApiError(
        status=404,
        message=str(e),
        type="invalid_request_error",
        code="previous_response_not_found" if e.param else "not_found",
        param=e.param,
    ),
    IdempotencyConflict: lambda e: ApiError(
        status=409,
        message=str(e),
        type="invalid_request_error",
        code="idempotency_key_in_use" if e.is_under_way else "idempotency_key_reused",
        param="Idempotency-Key",
        headers={"x-should-retry": "true" if e.is_under_way else "false"},
    ),
    NotThere: lambda e: ApiError(
        status=404, message=str(e), type="invalid_request_error", code="not_found", param=e.param
    ),
    NotCancellable: _invalid(409, "not_cancellable"),
    StorageUnavailable: _unavailable("storage_unavailable"),
    KeyRefused: lambda e: ApiError(
        status=401,
        message=str(e),
        type="authentication_error",
        code=e.code,
        headers={"WWW-Authenticate": 'Bearer realm="RouterHub"'},
    ),
    PermissionMissing: lambda e: ApiError(
        status=403, message=str(e), type="permission_error", code="permission_missing"
    ),
    KeyOutOfScope: lambda e: ApiError(status=403, message=str(e), type="permission_error", code=e.code, param=e.param),
    UnknownModel: lambda e: _no_model(e, "model_not_found", {"nearest": list(e.nearest)} if e.nearest else {}),
    RetiredModel: lambda e: _no_model(e, "model_retired", {"successor": e.successor}),
    WrongKind: lambda e: ApiError(
        status=400, message=str(e), type="invalid_request_error", code="wrong_kind_of_model", param=e.field
    ),
    ProModel: lambda e: ApiError(status=403, message=str(e), type="permission_error", code="pro_model", param="model"),
    UnknownPolicy: _invalid(404, "policy_not_found", "policy"),
    UnknownTaskType: _invalid(400, "invalid_value", "routerhub.task_type"),
    NoCandidate: _no_candidate,
    BudgetRefused: _budget_refused,
    KeyBusy: lambda e: ApiError(
        status=429,
        message=str(e),
        type="rate_limit_error",
        code="rate_limit_exceeded",
        headers={"Retry-After": str(e.retry_after_s), "x-should-retry": "true"},
        details={"concurrency": {"limit": e.limit, "in_use": e.in_use}},
    ),
    SpendRejected: _invalid(400, "not_recordable"),
    AlreadySettled: _invalid(409, "already_settled"),
    KeysUnavailable: _unavailable("keys_unavailable"),
    LedgerUnavailable: _unavailable("ledger_unavailable"),
    AllFailed: _all_failed,
}
EXPECTED = tuple(_TABLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why a request had no answer, as its record says it."""

    outcome: Outcome
    error: str
    status: int | None
    kind: str
    """The code that the client was told or, where upstreams failed, what sort of error the last one's was: never an
    upstream's own words, so that there are few."""


def left(error: str) -> Cause:
    """The client is gone; nobody was told anything."""
    return Cause(outcome="abandoned", error=error, status=None, kind=CLIENT_LEFT)


BROKEN = Cause(outcome="failure", error=UNEXPECTED, status=500, kind=INTERNAL)


def cause_of(error: BaseException) -> Cause:
    """What the record says of what ended a request before anybody answered."""
    if isinstance(error, asyncio.CancelledError):
        return left("The client left before anything was called.")
    if not isinstance(error, EXPECTED):
        return BROKEN
    told = to_api_error(error)
    return Cause(
        outcome="refused" if told.status < SERVER_ERRORS and not isinstance(error, AllFailed) else "failure",
        error=error.recorded if isinstance(error, BadRequest) else str(error),
        status=told.status,
        kind=error.last.kind if isinstance(error, AllFailed) else told.code or INTERNAL,
    )


def to_api_error(error: Exception) -> ApiError:
    """The error that goes out. What nobody expected is a 500 that tells nothing of the inside."""
    for kind in type(error).__mro__:
        if kind in _TABLE:
            return _TABLE[kind](error)
    return ApiError(status=500, message="Something went wrong in RouterHub; it was logged.", type="server_error")
