"""What an answer used, as OpenAI's and compatible servers tell it in chat completions. Pure."""

from collections.abc import Mapping
from typing import Any

from models_registry.types import Usage
from models_registry.upstream.reported_cost import reported_cost_nano
from models_registry.upstream.wire.json_values import count, mapping


def read_usage(raw: object) -> Usage | None:
    """The usage of an answer or a chunk, or None where it has none or it makes no sense."""
    if not isinstance(raw, dict):
        return None
    prompt, completion = count(raw.get("prompt_tokens")), count(raw.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    inputs = mapping(raw.get("prompt_tokens_details"))
    outputs = mapping(raw.get("completion_tokens_details"))
    # xAI's servers, and Google's in this dialect, count what was thought beside the answer: it is in the total alone.
    thought = max(0, (count(raw.get("total_tokens")) or 0) - prompt - completion)
    cache_read = min(prompt, count(inputs.get("cached_tokens")) or 0)
    cache_write = min(prompt - cache_read, count(inputs.get("cache_write_tokens")) or 0)
    return Usage(
        input_tokens=prompt,
        output_tokens=completion + thought,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        audio_input_tokens=_uncached(count(inputs.get("audio_tokens")) or 0, prompt, cache_read + cache_write),
        audio_output_tokens=count(outputs.get("audio_tokens")) or 0,
        reasoning_tokens=max(thought, count(outputs.get("reasoning_tokens")) or 0),
        web_searches=_searches(raw),
        reported_cost_nano=reported_cost_nano(raw),
    )


def _uncached(audio: int, prompt: int, cached: int) -> int:
    """Audio of a prompt that may have been cached in part: what is cached has the price of that. More than the prompt is left
    as it is, for whoever asks whether it can be."""
    return audio if audio > prompt else min(audio, prompt - cached)


def _searches(raw: Mapping[str, Any]) -> int:
    """How often the web was searched, as OpenRouter and Perplexity tell it."""
    told = mapping(raw.get("server_tool_use")).get("web_search_requests")
    return count(told if told is not None else raw.get("num_search_queries")) or 0
