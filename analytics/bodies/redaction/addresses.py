"""Where people are reached, in a text: email, telephone, IP addresses. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from analytics.bodies.redaction.types import Find, Span, by_pattern, near

EMAIL = r"(?<![\w.%+'-])[\w.%+'-]{1,64}@(?:[\w-]{1,63}\.){1,8}(?!\d)\w{2,24}"
SPELT_OUT = (
    r"(?<![\w.%+-])[\w.%+-]{1,64} ?(?:[\[(]at[\])] ?(?:[\w-]{1,63}\.){1,8}| at (?:[\w-]{1,63} dot ){1,4})\w{2,24}"
)
"""As it is written where machines read."""
IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])")
VERSION = re.compile(
    r"(?:(?:version|release|build|firmware|section|chapter|abschnitt|kapitel)[ :.=]{0,3}|(?<![^\W_])(?:rev|oid)[ :.]{0,3}"
    r"|(?<![^\W_])v[ .]?|[=~>]= ?|\^|§ ?)$",
    re.IGNORECASE,
)
"""What stands right before four numbers that are no address."""
PHONE = re.compile(r"(?<![\w./#%$€£+-])(?<!\d,)(?:\+ ?|00)?\(?\d(?:[ ().\-/\u00a0]{0,3}\d){6,14}(?![\w%€$£]|[.,]\d)")
CALLED = near(
    r"tel|phone|fon\b|handy|mobie?l|cell|call|fax|whatsapp|sms|text me|ring|number is|n[uú]m[eé]ro|appel|joindre|teléfono"
    r"|telefon|llám|móvil|chiam|cellulare|bel\b|bellen|ligue|celular|contato|zadzwoń|anruf|rückruf|ruf|dial|reach|nummer|電話|电话|тел|звон",
    40,
)
"""What stands before a number by which somebody is called."""
MAX_TRIES = 1_000
"""So many parses a text is worth. What looks like a number behind them is taken for one: better too much than for ever."""
MAX_GROUPS = 6
GROUPS = re.compile(r"\d+")
DAY = re.compile(r"(?:19|20)\d\d[-/. ]\d\d?[-/. ]\d\d?|\d\d?[-/. ]\d\d?[-/. ](?:19|20)\d\d")


def ips(text: str) -> Iterator[Span]:
    """Those of a machine that can be reached from another one."""
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            if _is_reachable(match[0]) and not VERSION.search(text, max(0, match.start() - 16), match.start()):
                yield Span(kind="ip", start=match.start(), end=match.end())


def _is_reachable(text: str) -> bool:
    try:
        found = ip_address(text)
    except ValueError:
        return False
    if found.version == 6:
        return not found.is_loopback and sum(each.isalnum() for each in text) >= 6
    return not (found.is_loopback or found.is_multicast or text.startswith(("0.", "255.")))


def phones(regions: Sequence[str]) -> Find:
    """Numbers as they are dialled from anywhere, and those of these regions where they are written as there, or where somebody
    is to be called. What libphonenumber does not know as a number of its country is none."""

    def find(text: str) -> Iterable[Span]:
        tries = 0
        for match in PHONE.finditer(text):
            candidate = _candidate(text, match)
            if candidate is not None and tries < MAX_TRIES:
                tries += 1 if match[0][0] in "+0" else len(regions)
                candidate = candidate if _is_phone(candidate, regions) else None
            if candidate is not None:
                yield Span(kind="phone", start=match.start(), end=match.end())

    return find


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What may be a telephone number."""

    written: str
    groups: Sequence[str]
    is_called: bool


def _candidate(text: str, match: re.Match[str]) -> Candidate | None:
    """What is worth a try: an international number, groups of digits, or a number that somebody is to be called by."""
    written, groups = match[0], GROUPS.findall(match[0])
    if DAY.match(written):
        return None
    is_called = CALLED(text, match.start())
    is_grouped = (2 if written[0] == "0" else 3) <= len(groups) <= MAX_GROUPS or written.startswith("(")
    if not (is_called or written.startswith("+") or is_grouped):
        return None
    return Candidate(written=written, groups=groups, is_called=is_called)


def _is_phone(candidate: Candidate, regions: Sequence[str]) -> bool:
    written = candidate.written
    if written.startswith("+"):
        return _parsed(written, None) is not None
    if written.startswith("00"):
        return candidate.is_called and _parsed(f"+{written[2:]}", None) is not None
    numbers = (_parsed(written, region) for region in regions)
    return any(number and (candidate.is_called or _is_written_so(number, candidate.groups)) for number in numbers)


def _parsed(written: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(written, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _is_written_so(number: PhoneNumber, groups: Sequence[str]) -> bool:
    """Whether it is in the groups in which its country writes it."""
    return GROUPS.findall(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)) == list(groups)


def finders(regions: Sequence[str]) -> tuple[Find, ...]:
    spelt_out = by_pattern("email", SPELT_OUT, only_with=("[at]", "(at)", " dot "))
    return by_pattern("email", EMAIL, only_with=("@",)), spelt_out, ips, phones(regions)
