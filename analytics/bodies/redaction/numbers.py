"""Numbers of people in a text: payment cards, bank accounts and national ids, each by its check digits. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from analytics.bodies.redaction import checksums
from analytics.bodies.redaction.checksums import digits
from analytics.bodies.redaction.types import Find, Span, near

ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|(?:50|5[6-9]|6[0-9])\d{10,17}"
)
"""How the numbers of cards begin, and how long they are, by issuer."""
CARD = re.compile(r"(?<![\w./-])(?<!\d,)\d(?:[ .-]?\d){11,18}(?!\w)")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
MAX_IBAN = 34


def cards(text: str) -> Iterator[Span]:
    """The longest beginning of what looks like one that is one: a number may follow it."""
    for match in CARD.finditer(text):
        if match[0].count(".") == 1:  # a fraction
            continue
        places = [place for place, each in enumerate(match[0]) if each.isdigit()]
        for length in range(len(places), 11, -1):
            number = "".join(match[0][place] for place in places[:length])
            ends = places[length - 1] + 1
            is_apart = ends == len(match[0]) or match[0][ends] in " .-"
            if is_apart and ISSUERS.fullmatch(number) and checksums.luhn(digits(number)) and len(set(number)) > 1:
                yield Span(kind="card", start=match.start(), end=match.start() + ends)
                break


def ibans(text: str) -> Iterator[Span]:
    """As many characters as the country's have, blanks aside."""
    for match in IBAN.finditer(text):
        places = [place for place, each in enumerate(match[0]) if each not in " -"]
        length = checksums.IBAN_LENGTHS.get(match[0][:2].upper(), MAX_IBAN + 1)
        if len(places) >= length and checksums.iban("".join(match[0][place] for place in places[:length]).upper()):
            yield Span(kind="iban", start=match.start(), end=match.start() + places[length - 1] + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class NationalId:
    """How a country's number is written. Where its check digits leave too much to chance, one is believed near its name alone."""

    pattern: str
    check: Callable[[str], bool] = bool
    """Of its letters and digits, in capitals."""
    words: str = ""
    """What it is called, as a pattern; empty: it is believed anywhere."""

    def find(self) -> Find:
        compiled = re.compile(rf"(?<![\w.-])(?<!\d,)(?:{self.pattern})(?!\w|[-.,]\d)", re.IGNORECASE)
        is_near = near(self.words) if self.words else None

        def found(text: str) -> Iterable[Span]:
            for match in compiled.finditer(text):
                bare = "".join(each for each in match[0] if each.isascii() and each.isalnum()).upper()
                if self.check(bare) and (is_near is None or is_near(text, match.start())):
                    yield Span(kind="national id", start=match.start(), end=match.end())

        return found


def _swedish(text: str) -> bool:
    short = text[-10:]
    return checksums.luhn(digits(short)) and checksums.is_date(f"19{short[:2]}", short[2:4], short[4:6])


NATIONAL_IDS = (
    NationalId(pattern=r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}"),
    NationalId(pattern=r"(?!000|666|9)\d{3} ?(?!00)\d\d ?(?!0000)\d{4}", words="ssn|social security"),
    NationalId(pattern=r"(?:\d{8}|[XYZ]-?\d{7})[- ]?[A-Z]", check=checksums.dni),
    NationalId(
        pattern=r"\d{4}\.?\d\d\.?\d{3}", check=lambda text: checksums.bsn(digits(text)), words="bsn|burgerservice|sofi"
    ),
    NationalId(pattern=r"\d{3}\.\d{3}\.\d{3}-\d\d", check=lambda text: checksums.cpf(digits(text))),
    NationalId(pattern=r"\d{11}", check=lambda text: checksums.cpf(digits(text)), words="cpf"),
    NationalId(pattern=r"[12] ?\d\d ?(?:0[1-9]|[1-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", check=checksums.nir),
    NationalId(
        pattern=r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", check=checksums.codice_fiscale
    ),
    NationalId(
        pattern=r"\d\d ?\d{3} ?\d{3} ?\d{3}", check=lambda text: checksums.iso_7064_11_10(digits(text)),
        words="steuer|idnr|tax id|tin\\b",
    ),
    NationalId(pattern=r"\d{11}", check=lambda text: checksums.pesel(digits(text)), words="pesel"),
    NationalId(pattern=r"(?:19|20)?\d{6}[-+]\d{4}", check=_swedish),
    NationalId(pattern=r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
    NationalId(pattern=r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", check=checksums.hetu),
    NationalId(pattern=r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", check=lambda text: checksums.verhoeff(digits(text))),
    NationalId(pattern=r"[2-9]\d{11}", check=lambda text: checksums.verhoeff(digits(text)), words="aadhaar|aadhar|uid\\b"),
    NationalId(pattern=r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", check=checksums.belgian),
    NationalId(pattern=r"756\.\d{4}\.\d{4}\.\d\d", check=lambda text: checksums.ean(digits(text))),
    NationalId(pattern=r"[1-9]\d{16}[0-9X]", check=checksums.chinese),
    NationalId(
        pattern=r"\d{3}[ -]?\d{3}[ -]?\d{3}", check=lambda text: checksums.luhn(digits(text)),
        words="sin\\b|social insurance|assurance sociale",
    ),
)  # fmt: skip
"""The United States, Spain, the Netherlands, Brazil, France, Italy, Germany, Poland, Sweden, the United Kingdom, Finland, India,
Belgium, Switzerland, China and Canada."""
DENSE = re.compile(r"\d(?:[ .+-]?[A-Za-z]?\d){5}")
"""Six digits close to one another: without them there is none of these numbers."""
FINDERS: tuple[Find, ...] = (cards, ibans, *(each.find() for each in NATIONAL_IDS))


def find(text: str) -> Iterable[Span]:
    for each in FINDERS if DENSE.search(text) else ():
        yield from each(text)
