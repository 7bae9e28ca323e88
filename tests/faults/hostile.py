"""What upstreams may answer, from odd to hostile, byte for byte: the status that a client gets, and whether it is charged."""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.models_registry.upstream.raw_server import CLOSE, RESET, STAY, Step, head, streamed, whole

TEXT = "Hello there!"
FREE, CHARGED = False, True
HUGE = 2 * 10**18
DROPS: Sequence[Step] = [b" ", 0.05] * 200
BARE_PINGS: Sequence[Step] = [b": ping\n\n", 0.05] * 200
PINGS: Sequence[Step] = [b"8\r\n: ping\n\n\r\n", 0.05] * 200
"""Each for longer than a request has."""


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    steps: Sequence[Step]
    status: int
    """Of a stream that began before it went wrong it is 200."""
    is_charged: bool
    finish: str | None = None
    """How a stream ends that began: its finish reason, or "error"."""


def answer(usage: Any = None, **choice: Any) -> bytes:
    """A good answer, but for what is given."""
    made = {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop", **choice}
    return json.dumps({"id": "1", "choices": [made], "usage": usage}).encode()


def used(prompt: Any = 10, completion: Any = 3, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, **more}


def error(**facts: Any) -> bytes:
    return json.dumps({"error": {"message": "no", **facts}}).encode()


def packed(body: bytes, encoding: str = "gzip") -> bytes:
    return whole(body, Content_Encoding=encoding)


GOOD = answer(used())
BOMB = gzip.compress(b" " * 300_000_000, compresslevel=1)


def _refused() -> list[Case]:
    statuses = {
        "301 Moved": 502, "302 Found": 502, "307 Temporary": 502, "400 Bad": 400, "401 Who": 502,
        "402 Pay": 502, "403 No": 502, "404 What": 502, "405 Not": 400, "408 Slow": 504, "409 Conflict": 502,
        "413 Large": 413, "418 Teapot": 400, "422 Odd": 422, "429 Busy": 429, "451 Law": 400, "499 Gone": 400, "500 Oh": 502,
        "501 Never": 502, "503 Busy": 503, "504 Slow": 504, "511 Net": 502, "529 Busy": 503, "599 Odd": 502, "999 Odd": 502,
    }  # fmt: skip
    made = [
        Case(name=f"status {status}", steps=[whole(error(code="c", param="p"), status, Location="/elsewhere")],
             status=told, is_charged=FREE)
        for status, told in statuses.items()
    ]  # fmt: skip
    reasons = {"not UTF-8": b"\xff\xfe", "empty": b"", "NUL": b"a\xc2\xa0b", "long": b"x" * 5_000}
    made += [
        Case(name=f"reason {name}", steps=[b"HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n" % reason],
             status=502, is_charged=FREE)
        for name, reason in reasons.items()
    ]  # fmt: skip
    made.append(Case(name="status 304", steps=[head("304 Not Modified")], status=502, is_charged=FREE))
    pauses = ("-5", "nan", "1e999", "9" * 400, "soon", "0x10", "Fri, 31 Dec 9999 23:59:59 GMT", "\u0663")
    made += [
        Case(
            name=f"pause {pause[:12]!a}",
            steps=[whole(b"{}", "503 Busy", Retry_After=pause)],
            status=503,
            is_charged=FREE,
        )
        for pause in pauses
    ]
    bodies = {
        "NUL": error(message="a\0b", code="\0"), "half a pair": b'{"error": {"message": "\\ud800"}}',
        "a NUL in words": json.dumps({"error": {"message": "a\\u0000b"}}).encode(), "long": error(message="x" * 1_000_000),
        "numbers": error(message=7, code=7.5, param=[]), "a list": b"[" + error() + b"]", "deep": b"[" * 60_000,
        "endless": b"x" * 300_000,
    }  # fmt: skip
    made += [
        Case(name=f"refusal with {name}", steps=[whole(body, "500 Oh")], status=502, is_charged=FREE)
        for name, body in bodies.items()
    ]
    return made


def _reported() -> list[Case]:
    """Errors that come as a success."""
    choice = {"index": 0, "message": {"content": ""}, "finish_reason": "error"}
    errors: dict[str, tuple[dict[str, Any], int]] = {
        "of its own": ({"error": {"message": "no", "code": 502}}, 502),
        "that is the request's": ({"error": {"message": "no", "code": 400}}, 400),
        "that is a text": ({"error": "no"}, 502),
        "that counts as busy": ({"error": {"message": "no", "code": 429}}, 429),
        "of a strange code": ({"error": {"message": "no", "code": "\u0665\u0660\u0662" * 100}}, 502),
        "beside an empty choice": (
            {"error": {"message": "no", "code": 502}, "choices": [choice], "usage": used()},
            502,
        ),
        "within a choice": ({"choices": [{**choice, "error": {"message": "no", "code": 502}}], "usage": used()}, 502),
    }
    return [
        Case(name=f"error {name}", steps=[whole(json.dumps(body).encode())], status=status, is_charged=FREE)
        for name, (body, status) in errors.items()
    ]


def _nonsense() -> list[Case]:
    """Successes without an answer: one may have been made and billed all the same."""
    bodies = {
        "nothing": b"", "a page": b"<html>", "a list": b"[]", "null": b"null", "a text": b'"x"', "NaN": b'{"choices": NaN}',
        "no choices": b"{}", "choices that are none": b'{"choices": 7}', "a choice that is none": b'{"choices": [null]}',
        "half of it": GOOD[:40], "bytes that are no text": b'{"choices": "\xff"}', "a mark and JSON": b"\xef\xbb\xbf" + GOOD,
        "depth": b'{"x": ' + b"[" * 500 + b"]" * 500 + b', "choices": []}', "more depth": b"[" * 1_000_000,
        "a huge number": GOOD.replace(b'"1"', b"9" * 5_000), "a number beyond any": GOOD.replace(b'"1"', b"1e999"),
    }  # fmt: skip
    made = [
        Case(name=f"body with {name}", steps=[whole(body)], status=502, is_charged=CHARGED)
        for name, body in bodies.items()
    ]
    for status in ("201 Made", "204 No Content", "206 Partial"):
        made.append(Case(name=f"status {status}", steps=[b"HTTP/1.1 %s\r\n\r\n" % status.encode(), CLOSE], status=502,
                         is_charged=CHARGED))  # fmt: skip
    return made


def _odd() -> list[Case]:
    """Answers all the same, with something wrong in them."""
    bodies = {
        "no usage": answer(), "usage that is none": answer(7), "negative usage": answer(used(-1, -1)),
        "huge usage": answer(used(HUGE, HUGE)), "usage beyond any integer": answer(used(10**30, 10**30)),
        "huge reasoning": answer(used(completion_tokens_details={"reasoning_tokens": HUGE})),
        "huge audio": answer(used(prompt_tokens_details={"audio_tokens": HUGE})),
        "more from the cache than there was": answer(used(prompt_tokens_details={"cached_tokens": HUGE})),
        "usage in words": answer(used("ten", "three")), "usage in fractions": answer(used(1.5, 2.5)),
        "too much usage": answer(used(10, 100_000)), "details that are none": answer(used(prompt_tokens_details=[1])),
        "a huge index": answer(used(), index=HUGE), "a negative index": answer(used(), index=-1),
        "a finish that is none": answer(used(), finish_reason=[1]), "no message": answer(used(), message=None),
        "a content that is none": answer(used(), message={"content": 7}),
        "calls that are none": answer(used(), message={"tool_calls": [7, {"function": {"name": None, "arguments": {}}}]}),
        "NUL": answer(used(), message={"content": "a\0b"}), "twice the same name": b'{"choices": 7, ' + GOOD[1:],
    }  # fmt: skip
    made = [
        Case(name=f"answer with {name}", steps=[whole(body)], status=200, is_charged=CHARGED, finish="stop")
        for name, body in bodies.items()
    ]
    flood = answer(used(10, 500_000), message={"content": "word " * 500_000})
    return [
        *made,
        Case(name="continue first", steps=[b"HTTP/1.1 100 Continue\r\n\r\n", whole(GOOD)], status=200, is_charged=CHARGED,
             finish="stop"),
        Case(name="without a length", steps=[head() + GOOD, CLOSE], status=200, is_charged=CHARGED, finish="stop"),
        Case(name="far too long an answer", steps=[whole(flood)], status=200, is_charged=CHARGED, finish="length"),
    ]  # fmt: skip


def _framed_badly() -> list[Case]:
    chunked = head(Transfer_Encoding="chunked")
    broken: dict[str, Sequence[Step]] = {
        "packed that is not": [packed(GOOD)], "packed by half": [packed(gzip.compress(GOOD)[:-12])],
        "packed in another way": [packed(zlib.compress(GOOD), "br")],
        "a bomb": [packed(BOMB)], "a bomb in a bomb": [packed(gzip.compress(BOMB), "gzip, gzip")],
        "garbage": [b"garbage\r\n\r\n", CLOSE], "another protocol": [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", CLOSE],
        "a header without an end": [head()[:-2] + b"x: " + b"y" * 1_000_000, CLOSE],
        "a thousand headers": [head()[:-2] + b"x: y\r\n" * 100_000 + b"\r\n", CLOSE],
        "a header that is none": [b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n", CLOSE],
        "two lengths": [head(Content_Length="5")[:-2] + b"Content-Length: 6\r\n\r\nxxxxxx", CLOSE],
        "a negative length": [head(Content_Length=-5) + GOOD, CLOSE],
        "a huge length": [head(Content_Length="9" * 30) + GOOD, CLOSE],
        "less than its length": [head(Content_Length=len(GOOD) + 50) + GOOD, CLOSE],
        "chunks of no size": [chunked + b"zz\r\nx\r\n", CLOSE], "a chunk of every size": [chunked + b"f" * 40 + b"\r\nx", CLOSE],
        "chunks cut off": [chunked + b"5\r\nab", RESET], "nothing": [CLOSE], "a reset": [RESET],
        "half a head": [head()[:20], CLOSE],
        "an endless body": [chunked, *[b"10000\r\n" + b" " * 65_536 + b"\r\n"] * 2_000, STAY],
    }  # fmt: skip
    silent: dict[str, Sequence[Step]] = {
        "silence": [STAY], "silence after the head": [head(Content_Length=9), STAY],
        "drops": [head(Content_Length=10_000), *DROPS],
    }  # fmt: skip
    return [
        *(Case(name=name, steps=steps, status=502, is_charged=CHARGED) for name, steps in broken.items()),
        *(Case(name=name, steps=steps, status=504, is_charged=CHARGED) for name, steps in silent.items()),
    ]


ANSWERS = [*_refused(), *_reported(), *_nonsense(), *_odd(), *_framed_badly()]


# --- streams


def chunk(usage: Any = None, finish: Any = None, **delta: Any) -> bytes:
    return json.dumps(
        {"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": usage}
    ).encode()


def events(*data: bytes) -> list[Step]:
    return streamed(*[b"data: " + each + b"\n\n" for each in data])


HI, STOP = chunk(role="assistant", content="Hi"), chunk(finish="stop")
BEGUN = events(HI)[:-1]
WORD = [b"%x\r\n%s\r\n" % (len(each), each) for each in (b"data: " + chunk(content="word " * 50) + b"\n\n",)]


def _broken_streams() -> list[Case]:
    """Each begins with "Hi" and goes wrong then."""
    wrong: dict[str, Sequence[Step]] = {
        "an error": events(HI, error(code=502)),
        "an error of no code": events(HI, b'{"error": "no"}'),
        "an error beside a choice": events(HI, chunk(finish="error", content="")[:-1] + b', "error": {"message": "no"}}'),
        "an error within a choice": events(HI, chunk(content="").replace(b'"index"', b'"error": {"code": 400}, "index"')),
        "half an event": [*BEGUN, b"9\r\ndata: {\"a\r\n", CLOSE], "a reset": [*BEGUN, RESET], "an end": [*BEGUN, b"0\r\n\r\n"],
        "a chunk of no size": [*BEGUN, 0.2, b"zz\r\n", CLOSE], "an event that is none": events(HI, b"{broken"),
        "choices that are none": events(HI, b'{"choices": 7}'), "a choice that is none": events(HI, b'{"choices": [[]]}'),
        "depth": events(HI, b'{"x": ' + b"[" * 400 + b"]" * 400 + b', "choices": []}'),
        "an endless line": [*BEGUN, *[b"10000\r\n" + b"x" * 65_536 + b"\r\n"] * 500, STAY], "silence": [*BEGUN, STAY],
        "pings without an end": [*BEGUN, *PINGS],
    }  # fmt: skip
    return [
        Case(name=f"stream with {name}", steps=steps, status=200, is_charged=CHARGED, finish="error")
        for name, steps in wrong.items()
    ]


def _odd_streams() -> list[Case]:
    told = chunk(usage=used(10, 1))[:-1] + b"}"
    odd: dict[str, Sequence[Step]] = {
        "its usage in an empty choice": events(HI, STOP, told, b"[DONE]"),
        "huge usage": events(HI, chunk(finish="stop", usage=used(HUGE, HUGE)), b"[DONE]"),
        "usage that is none": events(HI, chunk(finish="stop", usage=[1]), b"[DONE]"),
        "no usage": events(HI, STOP, b"[DONE]"), "no mark": events(HI, STOP),
        "an empty chunk after its end": events(HI, STOP, chunk(), b'{"choices": [{"delta": 7}]}', b"[DONE]"),
        "no finish": events(HI, b"[DONE]"),
        "two ends": events(HI, STOP, STOP, b"[DONE]"),
        "a huge index": events(HI, *[each.replace(b'"index": 0', b'"index": %d' % HUGE) for each in (HI, STOP)], STOP),
        "a delta that is none": events(HI, b'{"choices": [{"delta": 7}]}', STOP),
        "calls that are none": events(HI, chunk(tool_calls=[7, {"index": -1, "function": {"arguments": 7}}]), STOP),
        "NUL": events(HI, chunk(content="\0"), STOP), "more after its mark": events(HI, STOP, b"[DONE]", HI, b"{broken"),
    }  # fmt: skip
    return [
        Case(name=f"stream with {name}", steps=steps, status=200, is_charged=CHARGED, finish="stop")
        for name, steps in odd.items()
    ]


def _floods() -> list[Case]:
    flood = [*BEGUN, *WORD * 20_000, STAY]
    thought = b"data: " + chunk(reasoning_content="hm " * 50) + b"\n\n"
    called = b"data: " + chunk(tool_calls=[{"index": 0, "function": {"arguments": "x" * 200}}]) + b"\n\n"
    at_once = chunk(content="x" * 10_000_000)
    return [
        Case(name="stream with more than was asked for", steps=flood, status=200, is_charged=CHARGED, finish="length"),
        Case(name="stream of endless thought", steps=[*streamed(*[thought] * 5_000)[:-1], STAY], status=200,
             is_charged=CHARGED, finish="length"),
        Case(name="stream of an endless call", steps=[*streamed(*[called] * 5_000)[:-1], STAY], status=200,
             is_charged=CHARGED, finish="length"),
        Case(name="stream with all at once", steps=[*events(HI, at_once)[:-1], STAY], status=200, is_charged=CHARGED,
             finish="length"),
    ]  # fmt: skip


def _never_begun() -> list[Case]:
    """Streams that fail before anything of the answer came: nothing was told to the client yet."""
    empty = b"data: " + chunk(content="") + b"\n\n"
    return [
        Case(name="stream of nothing", steps=events(), status=502, is_charged=CHARGED),
        Case(name="stream of a mark alone", steps=events(b"[DONE]"), status=502, is_charged=CHARGED),
        Case(name="stream of an error", steps=events(error(code=503)), status=503, is_charged=FREE),
        Case(name="stream of a refusal", steps=events(error(code=400)), status=400, is_charged=FREE),
        Case(name="stream of empty chunks", steps=[*streamed(*[empty] * 5_000)[:-1], STAY], status=502, is_charged=CHARGED),
        Case(name="stream of pings", steps=[head(kind="text/event-stream"), *BARE_PINGS], status=504,
             is_charged=CHARGED),
        Case(name="stream of one line", steps=[head(kind="text/event-stream"), *[b"x" * 65_536] * 500, STAY], status=502,
             is_charged=CHARGED),
        Case(name="stream in a bomb", steps=[head(kind="text/event-stream", Content_Encoding="gzip") + BOMB, CLOSE],
             status=502, is_charged=CHARGED),
    ]  # fmt: skip


STREAMS = [*_broken_streams(), *_odd_streams(), *_floods(), *_never_begun()]
