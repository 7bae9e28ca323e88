"""What a request is about, found locally: no network, no model, well under a millisecond.

Words, alone or in twos and threes, vote for a category, each once a message (English first, with common German, French
and Spanish ones), and so does structure: code and formulas. The last user message counts in full, the two before it by
half. Attachments, tools and size are read from the request, not guessed from words.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from autorouter.types import Category, Complexity, Task
from models_registry.types import Capability

CHARS_PER_TOKEN = 4
"""The usual estimate for English prose; code and other scripts have fewer characters a token."""
TOKENS_PER_MESSAGE = 4
IMAGE_TOKENS = 1_000
AUDIO_TOKENS = 1_500
READ_CHARS = 4_000
"""Only so much of a message is searched, its head and its tail: what is asked stands there."""

_VOCABULARY: Mapping[Category, Mapping[int, str]] = {
    "coding": {
        3: (
            "traceback, stack trace, segfault, compiler, compile, refactor, unit test, unit tests, "
            "regex, pull request, api"
        ),
        2: (
            "python, javascript, typescript, java, rust, golang, sql, bash, html, css, react, django, "
            "docker, kubernetes, git, code, script, bug, debug, program, programm, function, "
            "funktion, fonction, código, algorithm, implement, repository, deploy, class, component, "
            "endpoint, database, query, json, linux, server, terraform, swift, php, backend, frontend"
        ),
        1: "error, test, file, library, app, install, command, array, string, loop, type",
    },
    "reasoning": {
        3: (
            "prove, proof, theorem, integral, derivative, equation, probability, puzzle, riddle, "
            "triangle, polynomial, démontrer, beweise, demuestra, modulo, integer, integers, circle, "
            "matrix"
        ),
        2: (
            "solve, calculate, compute, how many, deduce, berechne, calcule, digits, sum, remainder, "
            "perimeter, angle, prime, divisible, velocity, dice, expected value, logically, exactly "
            "one"
        ),
        1: (
            "why, therefore, assume, suppose, given that, must be, find the, let, such that, each, "
            "total, hours, percent, if"
        ),
    },
    "creative": {
        3: (
            "poem, haiku, sonnet, lyrics, short story, screenplay, limerick, fanfiction, gedicht, "
            "poème, poema, novel, song"
        ),
        2: (
            "story, slogan, tagline, character, characters, dialogue, plot, fiction, metaphor, "
            "brainstorm, geschichte, histoire, cuento, scene, rhyme, fantasy, monologue, humorous, "
            "villain, narrator, blog post, speech"
        ),
        1: ("imagine, creative, invent, roleplay, style of, schreibe, écris, escribe, write a, funny, describe, write"),
    },
    "factual": {
        3: (
            "capital of, who was, who is, who invented, when was, when did, what year, how tall, how "
            "far, how old, largest"
        ),
        2: (
            "what is, what are, where is, which country, population, founded, invented, born, "
            "definition, mean, wer, wann, qui, quand, quién, cuándo, meaning of, translate, currency, "
            "president, spell, synonym, exchange rate, how much"
        ),
        1: "name, list, tell me, define, fact, year, country, what, who, when, where, which, does",
    },
    "analysis": {
        3: (
            "analyze, analyse, analysis, compare, contrast, pros and, trade offs, tradeoffs, swot, "
            "root cause, vergleiche, analiza"
        ),
        2: (
            "summarize, summarise, summary, extract, classify, critique, review, interpret, "
            "implications, trend, strategy, zusammenfassung, résume, evaluate, assess, sentiment, "
            "recommend, business plan, risks"
        ),
        1: (
            "data, report, table, csv, spreadsheet, quarter, revenue, metrics, dataset, logs, "
            "document, contract, article, impact"
        ),
    },
    "conversation": {
        3: (
            "hi, hello, hey, thanks, thank you, hallo, bonjour, hola, salut, danke, gracias, merci, "
            "how are, good morning"
        ),
        2: (
            "tell me a, joke, i feel, feeling, my day, my friend, my boss, remind me, alarm, timer, "
            "turn on, turn off, reminder, my account, my card, my bill, bored, lonely, weather, "
            "reservation, shopping list, to do list, call me, your name"
        ),
        1: ("i, me, my, you, please, play, schedule, cancel, book, need, want, can you, would you, should i"),
    },
    "research": {
        4: (
            "literature review, state of the, research report, deep research, peer reviewed, "
            "systematic review, meta analysis"
        ),
        3: (
            "research, sources, citations, cite, studies, latest news, survey of, recherche, "
            "forschung, investigate, academic"
        ),
        2: (
            "market, industry, policy, regulation, regulatory, landscape, outlook, currently, recent, "
            "recently, developments"
        ),
        1: ("evidence, published, papers, authors, global, countries, sector, companies, future, between"),
    },
}
_VOTES: dict[str, list[tuple[Category, int]]] = {}
for _of, _by_weight in _VOCABULARY.items():
    for _weight, _terms in _by_weight.items():
        for _term in _terms.split(", "):
            _VOTES.setdefault(_term.strip(), []).append((_of, _weight))

_STRUCTURE: Sequence[tuple[Category, int, re.Pattern[str]]] = (
    ("coding", 5, re.compile(r"```|^\s*(?:def|class|import|from|#include|public|const|let|var) .*[;:({>]?\s*$", re.M)),
    ("coding", 3, re.compile(r"[{};]\s*$|</\w+>|\w\(\w*\)|=>", re.M)),
    ("reasoning", 4, re.compile(r"\$[^$\n]{1,200}\$|\\(?:frac|sqrt|sum|int)\b|\d\s*[-+*/^=]\s*\d")),
    ("reasoning", 3, re.compile(r"^\s*\(?[A-D][.)] ", re.M)),
)
_WORD = re.compile(r"\w+")
_HARD = frozenset(
    re.findall(
        r"\w+",
        "prove proof theorem derive integral polynomial optimal optimize optimise complexity scalable distributed"
        " design architect architecture concurrency concurrent migrate migration refactor production multistep"
        " strategy tradeoff tradeoffs evaluate comprehensive detailed rigorous thorough",
    )
)
_LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.M)
DEFAULT_CATEGORY: Category = "conversation"


def classify(
    messages: Sequence[Mapping[str, Any]],
    tools: bool = False,
    structured_output: bool = False,
    stream: bool = False,
) -> Task:
    """The task of an OpenAI-style conversation. Unknown parts of a message are left out of account."""
    parts = [part for message in messages for part in _parts(message)]
    images = sum(part in {"image_url", "input_image", "image"} for part, _ in parts)
    audio = sum(part == "input_audio" for part, _ in parts)
    asked = [text for message in messages if message.get("role") == "user" for text in _texts(message)]
    return Task(
        category="multimodal" if images or audio else _category(asked),
        complexity=_complexity(asked),
        input_tokens=_tokens(parts, len(messages)) + images * IMAGE_TOKENS + audio * AUDIO_TOKENS,
        needs=frozenset(_needs(images > 0, audio > 0, tools, structured_output, stream)),
        origin="local",
    )


def _parts(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Type and text of each part of a message's content."""
    content = message.get("content")
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, Mapping):
                text = part.get("text")
                yield str(part.get("type", "text")), text if isinstance(text, str) else ""


def _texts(message: Mapping[str, Any]) -> list[str]:
    return [text for _, text in _parts(message) if text]


def _tokens(parts: Iterable[tuple[str, str]], messages: int) -> int:
    characters = sum(len(text) for _, text in parts)
    return -(-characters // CHARS_PER_TOKEN) + TOKENS_PER_MESSAGE * messages


def _needs(images: bool, audio: bool, tools: bool, structured: bool, stream: bool) -> Iterator[Capability]:
    if images:
        yield "vision"
    if audio:
        yield "audio"
    if tools:
        yield "tools"
    if structured:
        yield "structured_output"
    if stream:
        yield "streaming"


def _excerpt(text: str) -> str:
    return text if len(text) <= READ_CHARS else f"{text[: READ_CHARS // 2]}\n{text[-READ_CHARS // 2 :]}"


def _words(text: str) -> set[str]:
    """The words of a text and its pairs and triples of neighbours, lower-cased."""
    words = _WORD.findall(text.lower())
    pairs = (f"{one} {two}" for one, two in itertools.pairwise(words))
    triples = (" ".join(three) for three in zip(words, words[1:], words[2:], strict=False))
    return {*words, *pairs, *triples}


def _category(asked: Sequence[str]) -> Category:
    """The category with the most votes; ties go to the one named first above, no votes to conversation."""
    totals: dict[Category, float] = dict.fromkeys(_VOCABULARY, 0.0)
    for share, text in ((1.0, asked[-1:]), (0.5, asked[-3:-1])):
        excerpt = _excerpt("\n".join(text))
        for term in _words(excerpt) & _VOTES.keys():
            for category, weight in _VOTES[term]:
                totals[category] += share * weight
        for category, weight, pattern in _STRUCTURE:
            totals[category] += share * weight * bool(pattern.search(excerpt))
    best = max(totals, key=lambda category: totals[category])
    return best if totals[best] > 0 else DEFAULT_CATEGORY


def _complexity(asked: Sequence[str]) -> Complexity:
    """By the size of what is asked, how many demands it lists, and words that stand for hard work."""
    last = _excerpt(asked[-1]) if asked else ""
    points = min(len(last) / 400, 3.0) + min(len(_LISTED.findall(last)) / 3, 2.0)
    points += 1.2 * len(_HARD.intersection(_WORD.findall(last.lower())))
    if points < 0.6:
        return "simple"
    return "complex" if points >= 2.4 else "moderate"
