"""The order in which the events of a stream must come, as strict clients hold it."""

from typing import Any


def messages(events: list[Any]) -> None:
    """B1, B2: one start with all counters; blocks that begin, grow and end, numbered from 0; the last numbers at the end."""
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds[-2:], kinds.count("message_start")) == (
        "message_start",
        ["message_delta", "message_stop"],
        1,
    )
    begun: list[int] = []
    open_ones: dict[int, str] = {}
    for event in events[1:-2]:
        index = event["index"]
        match event["type"]:
            case "content_block_start":
                assert index == len(begun), "blocks are numbered in their order"
                begun.append(index)
                open_ones[index] = event["content_block"]["type"]
            case "content_block_delta":
                assert open_ones[index] in {"text", "thinking", "tool_use"}
                assert event["delta"]["type"] in GROWTH[open_ones[index]]
            case "content_block_stop":
                del open_ones[index]
    assert not open_ones, "every block ends"
    counters = {"input_tokens", "output_tokens"}
    assert counters <= events[0]["message"]["usage"].keys()
    assert counters - {"input_tokens"} <= events[-2]["usage"].keys()


GROWTH = {
    "text": {"text_delta"}, "thinking": {"thinking_delta", "signature_delta"}, "tool_use": {"input_json_delta"},
}  # fmt: skip


def responses(events: list[Any]) -> None:
    """C1 to C5, C9: numbers without gaps; items and their parts begin, grow and end at their place; one id; one end."""
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (kinds[:2], kinds[-1] in ENDS) == (["created", "in_progress"], True)
    assert len({event["response"]["id"] for event in (*events[:2], events[-1])}) == 1
    begun: list[Any] = []
    done: dict[int, Any] = {}
    parts: set[tuple[int, int]] = set()
    for kind, event in zip(kinds[2:-1], events[2:-1], strict=True):
        place = event["output_index"]
        part = (place, event.get("content_index", event.get("summary_index", 0)))
        if kind == "output_item.added":
            assert (place, event["item"].get("content", [])) == (len(begun), [])
            begun.append(event["item"])
        elif kind == "output_item.done":
            done[place] = event["item"]
        else:
            assert (event["item_id"], place in done) == (begun[place]["id"], False)
            if kind.endswith("part.added"):
                parts.add(part)
            elif not kind.endswith(("arguments.delta", "arguments.done", "input.delta", "input.done")):
                assert part in parts, "a part begins before it grows"
            if kind.endswith("part.done"):
                parts.remove(part)
    if kinds[-1] != "failed":
        assert (len(done), parts) == (len(begun), set())
        assert [done[place] for place in sorted(done)] == events[-1]["response"]["output"]
        assert events[-1]["response"]["usage"] is not None


ENDS = {"completed", "incomplete", "failed"}
