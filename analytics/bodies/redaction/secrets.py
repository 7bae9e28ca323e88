"""Secrets in a text: keys of providers and services, tokens, private keys and passwords. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from analytics.bodies.redaction.types import Find, Span, by_pattern

SERVICES = (
    r"sk-[\w-]{20,250}", r"rh_[\w-]{20,64}", r"(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}", r"gh[pousr]_\w{36,255}",
    r"github_pat_\w{22,255}", r"glpat-[\w-]{20,64}", r"xox[abeoprs]-[0-9A-Za-z-]{10,250}", r"xapp-[0-9A-Za-z-]{10,250}",
    r"AIza[\w-]{30,40}", r"ya29\.[\w-]{20,250}", r"GOCSPX-[\w-]{20,40}", r"[rsp]k_(?:live|test)_\w{16,250}",
    r"whsec_[\w+/=]{20,80}", r"hf_[0-9A-Za-z]{30,60}", r"gsk_[0-9A-Za-z]{40,80}", r"xai-[0-9A-Za-z]{40,120}",
    r"pplx-[0-9A-Za-z]{40,80}", r"r8_[0-9A-Za-z]{30,60}", r"npm_[0-9A-Za-z]{36}", r"pypi-[\w-]{50,250}",
    r"SG\.[\w-]{16,32}\.[\w-]{16,64}", r"do[opr]_v1_[0-9a-f]{64}", r"hooks\.slack\.com/services/[\w/]{20,100}",
    r"discord(?:app)?\.com/api/webhooks/[\w/-]{40,150}", r"dapi[0-9a-f]{32}", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    r"key-[0-9a-f]{32}",
)  # fmt: skip
"""What the keys of providers and services look like."""
PREFIXES = (
    "sk-", "rh_", "AKIA", "ASIA", "AROA", "AIDA", "gh", "glpat-", "xox", "xapp-", "AIza", "ya29.", "GOCSPX-", "k_",
    "whsec_", "hf_", "gsk_", "xai-", "pplx-", "r8_", "npm_", "pypi-", "SG.", "_v1_", "dapi", "shp", "key-", "hooks.",
    "discord",
)  # fmt: skip
NAMES = (
    r"(?:pg)?pass(?:word|wd|phrase|code|wort)?|pwd?|pin|kennwort|contraseña|senha|wachtwoord|mot de passe"
    r"|(?:client|app|shared)?[_-]?secret(?:[_ -]?(?:access)?[_-]?key)?"
    r"|(?:api|access|auth|account|private|subscription|encryption|signing)[_ -]?key"
    r"|(?:access|auth|refresh|session|id|bot|api)?[_ -]?token|x-amz-(?:signature|security-token)|signature|sig"
)
"""What a secret's value is called."""
TIES = r"[\"'`]?\s{0,3}(?:=>|:=|=|:|\bis\b|\bist\b|\bes\b|\best\b|\bé\b|\blautet\b)\s{0,3}"
VALUE = rf"(?<![A-Za-z])(?:{NAMES}){TIES}(?P<quote>[\"'`]?)(?P<it>[^\s\"'`,;<>]{{4,256}})"
ASSIGNED = re.compile(VALUE, re.IGNORECASE)
QUOTED = re.compile(
    rf"(?<![A-Za-z])(?:{NAMES})[\"']?\s{{0,3}}(?:=>|:=|=|:)\s{{0,3}}(?P<quote>[\"'])(?P<it>[^\"'\n]{{6,128}})(?P=quote)",
    re.IGNORECASE,
)
"""What stands in quotation marks may be several words."""
SPOKEN = re.compile(
    r"(?<![A-Za-z])(?:pass(?:word|wort|phrase|code)?|pwd?|kennwort|contraseña|senha|wachtwoord|mot de passe)[ \t]{1,3}"
    r"(?P<it>[^\s\"'`,;<>]{6,256})",
    re.IGNORECASE,
)
"""The same without a tie, as people write."""
PLACEHOLDER = re.compile(
    r"(?:\$\{?|%|\{\{?|\[|\*{3}|x{4}|\.{3}|os\.|process\.|env[.(\[]|getenv|self\.|settings\.|config[.(\[]|your[_-]|my[_-]|my-"
    r"|none\b|null\b|true\b|false\b|undefined|string\b|changeme|example|placeholder|redacted|required|optional|hidden|secret\b"
    r"|password\b|https?://)",
    re.IGNORECASE,
)
"""What stands for a value that is elsewhere."""
KEYWORD = re.compile(
    r"(?<![A-Za-z])(?:(?:api|access|secret|private|licen[cs]e|encryption|signing|webhook|deploy|auth|session|service|master)"
    r"[ _-]?(?:key|token|code|secret)|secret|token|credentials?"
    r"|(?:recovery|backup) codes?|schlüssel|zugangsschlüssel|clave|clé|chave|chiave|sleutel|hmac|salt)",
    re.IGNORECASE,
)
TOKEN = re.compile(r"(?<![\w/+-])[\w+/=-]{16,200}")
REACH = 48
"""So many characters behind the word a token may begin."""
BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
END = "-----END"


def entropy(text: str) -> float:
    """Shannon's, bits for each character."""
    return -sum((count / len(text)) * math.log2(count / len(text)) for count in Counter(text).values())


def is_random(text: str) -> bool:
    """Whether it may have been drawn by lot: digits in the midst of letters, and no characters that come again and again."""
    changes = sum((one.isdigit() and two.isalpha()) or (one.isalpha() and two.isdigit()) for one, two in pairwise(text))
    return changes >= 2 and entropy(text) >= 3.2


def _is_password(text: str) -> bool:
    """Whether it is more than a word: what a sentence goes on with is none."""
    kinds = (str.isdigit, str.isupper, str.islower, lambda each: not each.isalnum() and each not in ".-_")
    return sum(any(kind(each) for each in text) for kind in kinds) >= 2 and not (text.isalpha() and text.istitle())


def assigned(text: str, start: int, end: int) -> Iterator[Span]:
    """What is given as the value of a password, a secret, a key or a token."""
    for match in ASSIGNED.finditer(text, start, end):
        value = match["it"].rstrip(".)]}")
        if len(value) < 4 or PLACEHOLDER.match(value) or "(" in value:
            continue
        if _is_password(value) or (match["quote"] and len(value) >= 6):
            yield Span(kind="password", start=match.start("it"), end=match.start("it") + len(value))


def quoted(text: str, start: int, end: int) -> Iterator[Span]:
    """A value of several words in quotation marks, one of them with a digit in it."""
    for match in QUOTED.finditer(text, start, end):
        if " " in match["it"] and any(each.isdigit() for each in match["it"]) and not PLACEHOLDER.match(match["it"]):
            yield Span(kind="password", start=match.start("it"), end=match.end("it"))


def spoken(text: str, start: int, end: int) -> Iterator[Span]:
    """What follows right after the word and is letters and digits."""
    for match in SPOKEN.finditer(text, start, end):
        value = match["it"].rstrip(".)]}?")
        if any(each.isdigit() for each in value) and any(each.isalpha() for each in value):
            yield Span(kind="password", start=match.start("it"), end=match.start("it") + len(value))


def keyed(text: str, start: int, end: int) -> Iterator[Span]:
    """What was drawn by lot and stands near a word that calls it a secret."""
    for match in KEYWORD.finditer(text, start, end):
        begun = TOKEN.search(text, match.end(), match.end() + REACH)
        found = begun and TOKEN.match(text, begun.start())
        if found and is_random(found[0]):
            yield Span(kind="secret", start=found.start(), end=found.end())


def private_keys(text: str) -> Iterator[Span]:
    """Blocks from their beginning to their end or, where that is missing, to the end of the text."""
    at = 0
    while begin := BEGIN.search(text, at):
        closing = text.find(END, begin.end())
        if closing < 0:
            yield Span(kind="private key", start=begin.start(), end=len(text))
            return
        dashes = text.find("-----", closing + len(END))
        at = min(len(text), dashes + 5 if 0 <= dashes < closing + 80 else closing + len(END))
        yield Span(kind="private key", start=begin.start(), end=at)


def _has_digits(text: str) -> bool:
    return sum(each.isdigit() for each in text) >= 2


FINDERS: tuple[Find, ...] = (
    private_keys,
    by_pattern("api key", rf"(?<![A-Za-z0-9])(?:{'|'.join(SERVICES)})", only_with=PREFIXES, check=_has_digits),
    by_pattern("jwt", r"(?<![\w.-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){1,3}", only_with=("eyJ",)),
    by_pattern(
        "token", r"(?:bearer|basic|token|apikey)[ :]{1,3}(?P<it>[\w.~+/=-]{16,2000})", check=is_random, flags=re.IGNORECASE
    ),
    by_pattern(
        "password", r"(?<![\w+.-])[A-Za-z][\w+.-]{1,24}://[^\s/:@\"']{0,64}:(?P<it>[^\s/@\"']{1,128})@", only_with=("://",)
    ),
)  # fmt: skip
NAMED = (assigned, quoted, spoken, keyed)
"""Those of what is called a secret."""
STEMS = (
    "pass", "pw", "pin", "kennwort", "contrase", "senha", "wachtwoord", "mot de", "secret", "key", "token", "code", "sig",
    "credential", "schlüssel", "clave", "clé", "chave", "chiave", "sleutel", "hmac", "salt",
)  # fmt: skip
"""Without one of these in it a text calls nothing a secret."""


BEFORE, BEHIND = 32, 400
"""So many characters around a stem a name and its value can have."""


def _around_stems(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text that a name can be in, in order: looking for a stem is a hundred times as fast as for a pattern."""
    lower = text.lower()
    if len(lower) != len(text):  # a letter of some script has two when it is small
        yield 0, len(text)
        return
    places = sorted({place for stem in STEMS for place in _places(lower, stem)})
    start = end = 0
    for place in places:
        if place - BEFORE > end:
            yield start, end
            start = place - BEFORE
        end = place + BEHIND
    yield start, end


def _places(text: str, word: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + len(word))


def find(text: str) -> Iterable[Span]:
    for each in FINDERS:
        yield from each(text)
    for start, end in _around_stems(text):
        for named in NAMED:
            yield from named(text, start, end)
