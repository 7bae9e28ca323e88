"""What the sandbox answers to a body: the script's words, in the shape that the body asks for. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from models_registry.sandbox.schema import BadSchema, sample
from models_registry.sandbox.script import Script, answer

CHARS_PER_TOKEN = 4
MAX_CHOICES = 128
MAX_STOPS = 4
MAX_TOP_LOGPROBS = 20
NO_PARAMETERS: Mapping[str, Any] = {"type": "object"}
WORDS = re.compile(r"\s*\S+|\s+$")


class BadField(ValueError):
    """A field of the body asks for what cannot be done. `param` is its name."""

    def __init__(self, param: str, problem: str) -> None:
        super().__init__(f"{param}: {problem}")
        self.param = param


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer; of several each is the same."""

    tokens: Sequence[str]
    """Words, or the pieces of a JSON text."""
    finish: str
    calls: Sequence[Mapping[str, Any]] = ()
    """The calls of tools in place of a text."""
    reasoning: Sequence[str] = ()
    """What was thought before it, in words."""
    top_logprobs: int | None = None
    """So many likely tokens are told for each; None: no probabilities are."""

    def logprobs(self, tokens: Sequence[str]) -> dict[str, Any] | None:
        """Of these tokens. Each is all but certain, and the likely ones beside it are made up."""
        if self.top_logprobs is None:
            return None
        told = []
        for token in tokens:
            others = [_logprob(f"{token}{at or ''}", -9.0 * at) for at in range(self.top_logprobs)]
            told.append({**_logprob(token, 0.0), "top_logprobs": others})
        return {"content": told, "refusal": None}


def answers(body: Mapping[str, Any], script: Script) -> list[Answer]:
    """As many answers as the body asks for, which is in OpenAI's words. Raises BadField."""
    wanted = whole(body, "n", 1, MAX_CHOICES)
    made = _answer(body, script)
    return [made] * (1 if wanted is None else wanted)


def usage(body: Mapping[str, Any], made: Sequence[Answer]) -> dict[str, Any]:
    """By four characters a token of what was asked, and by what was answered."""
    prompt = max(1, len(orjson.dumps(body.get("messages", []))) // CHARS_PER_TOKEN)
    thoughts = sum(len(each.reasoning) for each in made)
    completion = thoughts + sum(len(each.tokens) for each in made)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thoughts},
    }


def _answer(body: Mapping[str, Any], script: Script) -> Answer:
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    tokens, finish = answer(script, limit if isinstance(limit, int) else None)
    thought = WORDS.findall(script.reasoning)
    if calls := [_call(at, *call) for at, call in enumerate(script.tool_calls)] or _calls(body):
        return Answer(tokens=tokens, finish="tool_calls", calls=calls, reasoning=thought)
    if (text := _structured(body.get("response_format"), "".join(tokens))) is not None:
        tokens = WORDS.findall(text)
        if isinstance(limit, int) and len(tokens) > limit:
            tokens, finish = tokens[:limit], "length"
    before = _before_stop("".join(tokens), _stops(body.get("stop")))
    if before is not None:
        tokens, finish = WORDS.findall(before), "stop"
    top = (whole(body, "top_logprobs", 0, MAX_TOP_LOGPROBS) or 0) if body.get("logprobs") else None
    return Answer(tokens=tokens, finish=finish, top_logprobs=top, reasoning=thought)


def _calls(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A call of the tool that must be called, with small arguments that fit. Raises BadField."""
    choice, functions = body.get("tool_choice"), [tool["function"] for tool in body.get("tools") or []]
    if not functions or not (choice == "required" or isinstance(choice, dict)):
        return []
    name = choice["function"]["name"] if isinstance(choice, dict) else functions[0]["name"]
    schema = next((each.get("parameters") for each in functions if each["name"] == name), None)
    return [_call(0, name, _sampled(schema or NO_PARAMETERS, "tools"))]


def _call(at: int, name: str, arguments: str) -> dict[str, Any]:
    identifier = f"call_sandbox_{at}" if at else "call_sandbox"
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def _structured(wanted: Any, text: str) -> str | None:
    """The JSON text that is wanted; None where none is."""
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if kind == "json_object":
        return orjson.dumps({"sandbox": text}).decode()
    if kind != "json_schema":
        return None
    given = wanted.get("json_schema")
    return _sampled(given.get("schema", {}) if isinstance(given, Mapping) else given, "response_format")


def _sampled(schema: Any, param: str) -> str:
    """A small value of a field's schema, as JSON. Raises BadField."""
    try:
        return orjson.dumps(sample(schema)).decode()
    except (BadSchema, TypeError, ValueError) as problem:
        raise BadField(param, str(problem)) from problem


def _stops(raw: Any) -> list[str]:
    stops = [raw] if isinstance(raw, str) else [] if raw is None else raw
    if (
        not isinstance(stops, list)
        or len(stops) > MAX_STOPS
        or not all(isinstance(each, str) and each for each in stops)
    ):
        raise BadField("stop", f"{raw!r} is not a text or a list of up to {MAX_STOPS} texts.")
    return stops


def _before_stop(text: str, stops: Sequence[str]) -> str | None:
    """What comes before the first of them; None where none comes."""
    found = [at for at in map(text.find, stops) if at >= 0]
    return text[: min(found)] if found else None


def whole(body: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """A field that is a whole number within bounds, None where it is not there. Raises BadField."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadField(name, f"{value!r} is not a whole number from {least} to {most}.")
    return value


def _logprob(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
