"""What the classifier sees of a prompt: its terms, a set of strings, and its measures, a few numbers.

Training and run time both read prompts through here, so they cannot differ. A term is a word (digits are "0"), two
words in a row ("how many"), the start of a longer word ("poeti*"), the opening ("^write a"), two neighbouring
characters of a script without spaces ("~概率") or a mark of structure ("#fence").
"""

import itertools
import math
import re
from collections.abc import Iterator, Sequence

HEAD_CHARS = 400
TAIL_CHARS = 300
"""Only a prompt's head and tail are read: what is asked stands there, and the time it takes stays bounded."""
PASTED_CHARS = 600
QUESTION_CHARS = 200
STEM_CHARS = 5
OPENING_WORDS = 2
SHORT_WORDS = 14
PLAIN_QUESTION_WORDS = 20
LONG_WORDS = 60
MEASURES = ("one", "size", "demands")

_WORD = re.compile(r"[\w\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e]+")
"""Indic and Thai vowel signs belong to their words, though they are no letters to `re`."""
_DIGIT = re.compile(r"\d")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]+")
"""Kana, Han, Hangul and Thai: read as pairs of characters, for want of spaces or because endings cling to words."""
_FIRST_UNSPACED = "\u0e00"
_ASCII_WORDS = bytes(byte if chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(128)).ljust(256)
"""Blanks whatever is no word: plain text is then split several times as fast as _WORD finds its words."""
# Each with the texts of which a prompt must hold one, so that few patterns are tried on plain prose. Without a pattern, one of
# the texts is all that it takes.
_MARKS: Sequence[tuple[str, Sequence[str], re.Pattern[str] | None]] = tuple(
    (f"#{name}", texts, re.compile(pattern) if pattern else None)
    for name, texts, pattern in (
        ("fence", ["```"], ""),
        ("code line", "\n", r"\n[ \t]*(?:def|class|import|from|#include|public|const|let|var|SELECT|function) "),
        ("block", ["{\n", "}\n", ";\n"], ""),
        ("tag", ["</"], ""),
        ("arrow", ["=>"], ""),
        ("call", ["()"], ""),
        ("joined words", "_", r"_[a-z]"),
        ("file", ".", r"\.(?:py|js|ts|c|cpp|java|sh|json|yaml|csv|html|css|sql|go|rs|txt)\b"),
        ("tex", "$\\", r"\$[^$\n]{1,200}\$|\\(?:frac|sqrt|sum|int)\b"),
        ("arithmetic", "-+*/^=", r"[-+*/^=]\s?\d"),
        ("equation", "=^≤≥∀∃∈√²", ""),
        ("choices", "ABCD", r"\n\(?[A-D][.):] "),
        ("bullets", "-*•", r"\n[ \t]*[-*•]\s"),
        ("numbered", ".)", r"\n[ \t]*\d+[.)]\s"),
        ("asks", "?\uff1f؟", ""),
        ("quote", '"“„«「', r"[\"“„«「][^\"”“»」]{40,}[\"”“»」]"),
        ("phrase", "\"“„«「'\u2018", r"[\"“„«「'\u2018][^\"”“»」'\u2019\n]{2,40}[\"”“»」'\u2019]"),
        ("money", "$€£¥", r"[$€£¥]\s?\d"),
        ("percent", "%", ""),
        ("year", ["19", "20"], r"(?:19|20)\d\d"),
        ("table", "|\t", r"\|[^|\n]*\|[^|\n]*\||\t[^\t\n]*\t"),
        ("exclaims", "!", ""),
        ("introduces", [":\n"], ""),
    )
)
_ASKS_LAST = re.compile(r"[?\uff1f؟]")
_DEMAND = re.compile(r"^[ \t]*(?:[-*•]|\d+[.)])\s", re.M)
_QUESTION_WORDS = frozenset(
    _WORD.findall(
        "who when where what which why how wer wann wo was welche warum wie qui quand où quel quelle pourquoi comment"
        " quién cuándo dónde qué cuál quem quando onde qual chi dove quale wanneer waar wat welke kto kiedy gdzie co"
        " jaki jaka vem när var vad vilken kim ne nerede hangi кто когда где что какой какая почему хто коли де що من"
        " متى أين ما لماذا"
    )
)
_YOU = frozenset(
    _WORD.findall(
        "you your yours yourself u ur du dich dir dein deine tu te toi ton tes tú ti você je jij ty ciebie dig sen ты"
        " тебя тебе твой bạn kamu أنت तुम आप"
    )
)
_I = frozenset(
    _WORD.findall(
        "i me my im mine ich mich mir mein meine moi mon ma mes mi yo io mio mia eu meu minha ik mij mijn mnie mój"
        " moja jag mig min ben bana benim я меня мне мой моя мене мені tôi mình aku saya أنا मैं मुझे मेरा मेरी"
    )
)


def excerpt(text: str) -> str:
    """The part of a prompt that is read."""
    return text if len(text) <= HEAD_CHARS + TAIL_CHARS else f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def is_pasted(text: str) -> bool:
    """Whether a bare question stands behind a long text, which says little of what is asked."""
    if len(text) <= PASTED_CHARS:
        return False
    end = text[-QUESTION_CHARS:].rstrip()
    return "\n" in end and _ASKS_LAST.match(end, len(end) - 1) is not None


def terms(text: str) -> set[str]:
    """The distinct terms of an excerpt."""
    words, pairs = _words(text.lower())
    found = {*words, *pairs}
    found.update([f"{word[:STEM_CHARS]}*" for word in words if len(word) > STEM_CHARS])
    found.update(map(" ".join, itertools.pairwise(words)))
    found.update(_opening(words))
    found.update(_marks(f"\n{text}\n"))
    if _ASKS_LAST.search(text, max(len(text) - 4, 0)):
        found.add("#asks last")
    found.update(_manner(words, found))
    found.add(f"#length {len(text).bit_length()}")
    return found


def _marks(lines: str) -> Iterator[str]:
    for name, texts, pattern in _MARKS:
        for text in texts:
            if text in lines:
                if pattern is None or pattern.search(lines):
                    yield name
                break


def measures(text: str) -> tuple[float, ...]:
    """One, the prompt's size and how much it lists, as MEASURES names them.

    Size stays below 0.2: were it as large as the others, training would leave complexity to length alone.
    """
    return 1.0, math.log2(1 + len(text)) / 60, min(len(_DEMAND.findall(text)), 10) / 10


def _words(lowered: str) -> tuple[list[str], list[str]]:
    """The words, and of scripts without spaces the characters (as words) and pairs of neighbours."""
    if lowered.isascii():
        plain = lowered.encode().translate(_ASCII_WORDS).decode().split()
        return ["0" if word.isdigit() else word for word in plain] if _DIGIT.search(lowered) else plain, []
    words: list[str] = []
    pairs: list[str] = []
    for word in _WORD.findall(_UNSPACED.sub(r" \g<0> ", lowered)):
        if word[0] >= _FIRST_UNSPACED and _UNSPACED.match(word):
            words += word
            pairs += [f"~{one}{two}" for one, two in itertools.pairwise(word)]
        else:
            words.append("0" if word.isdigit() else word)
    return words, pairs


def _opening(words: Sequence[str]) -> Iterator[str]:
    for count in range(1, min(OPENING_WORDS, len(words)) + 1):
        yield f"^{' '.join(words[:count])}"


def _manner(words: Sequence[str], found: set[str]) -> Iterator[str]:
    """Who speaks of whom, at what length: small talk is short and says "you", worries are long and say "I"."""
    you, me = not _YOU.isdisjoint(found), not _I.isdisjoint(found)
    asks = bool(words) and words[0] in _QUESTION_WORDS
    if asks:
        yield "#question word"
    if len(words) <= SHORT_WORDS:
        if you:
            yield "#short, you"
        if me:
            yield "#short, me"
    if len(words) <= PLAIN_QUESTION_WORDS and not you and not me:
        yield "#plain question" if asks else "#plain"
    if len(words) > LONG_WORDS:
        yield "#long, me" if me else "#long, no me"
        if "#asks last" in found:
            yield "#long, asks last"
