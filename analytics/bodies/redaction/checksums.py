"""Check digits, by which a number that is meant is told from one that only looks like it. Pure."""

from collections.abc import Sequence
from datetime import date

IBAN_LENGTHS = dict(
    AD=24, AE=23, AL=28, AT=20, AZ=28, BA=20, BE=16, BG=22, BH=22, BR=29, BY=28, CH=21, CR=22, CY=28, CZ=24, DE=22, DK=18, DO=28,
    EE=20, EG=29, ES=24, FI=18, FO=18, FR=27, GB=22, GE=22, GI=23, GL=18, GR=27, GT=28, HR=21, HU=28, IE=22, IL=23, IQ=23, IS=26,
    IT=27, JO=30, KW=30, KZ=20, LB=28, LC=32, LI=21, LT=20, LU=20, LV=21, MC=27, MD=24, ME=22, MK=19, MR=27, MT=31, MU=30, NL=18,
    NO=15, PK=24, PL=28, PS=29, PT=25, QA=29, RO=24, RS=22, SA=24, SC=31, SE=24, SI=19, SK=24, SM=27, ST=25, SV=28, TL=23, TN=24,
    TR=26, UA=29, VA=22, VG=24, XK=20,
)  # fmt: skip
VERHOEFF_STEP = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
VERHOEFF_TURN = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4), (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7), (9, 4, 5, 3, 1, 2, 6, 8, 7, 0), (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5), (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)  # fmt: skip
ODD = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25,
         24, 23), strict=True)
)  # fmt: skip
"""What a character at an odd place counts in an Italian codice fiscale."""


def digits(text: str) -> list[int]:
    return [int(each) for each in text if each in "0123456789"]


def luhn(number: Sequence[int]) -> bool:
    doubled = (sum(divmod(2 * each, 10)) for each in number[-2::-2])
    return (sum(number[-1::-2]) + sum(doubled)) % 10 == 0


def weighted(number: Sequence[int], weights: Sequence[int], modulus: int) -> int:
    return sum(each * weight for each, weight in zip(number, weights, strict=False)) % modulus


def iban(text: str) -> bool:
    """`text` without blanks, in capitals: mod 97 of it, its first four characters last, letters as 10 to 35."""
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1


def verhoeff(number: Sequence[int]) -> bool:
    check = 0
    for place, each in enumerate(reversed(number)):
        check = VERHOEFF_STEP[check][VERHOEFF_TURN[place % 8][each]]
    return check == 0


def iso_7064_11_10(number: Sequence[int]) -> bool:
    product = 10
    for each in number[:-1]:
        product = ((each + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == number[-1]


def dni(text: str) -> bool:
    """Spain: the letter is the number mod 23; an X, Y or Z in front of a foreigner's counts 0, 1 or 2."""
    body = text[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23] == text[-1]


def bsn(number: Sequence[int]) -> bool:
    """The Netherlands: the test by 11."""
    return weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0 and any(number)


def cpf(number: Sequence[int]) -> bool:
    """Brazil: two digits, each by 11."""
    if len(set(number)) == 1:
        return False
    first = weighted(number, range(10, 1, -1), 11)
    second = weighted(number, range(11, 1, -1), 11)
    return number[9] == (0 if first < 2 else 11 - first) and number[10] == (0 if second < 2 else 11 - second)


def nir(text: str) -> bool:
    """France: two digits that complete the number mod 97; 2A and 2B stand for departments of Corsica."""
    body = text[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(body) % 97 == int(text[13:])


def codice_fiscale(text: str) -> bool:
    """Italy: a letter by the sum of odd and even places."""
    total = sum(ODD[each] for each in text[0:15:2]) + sum(int(each, 36) % 10 if each.isdigit() else ord(each) - 65
                                                         for each in text[1:15:2])  # fmt: skip
    return chr(65 + total % 26) == text[15]


def pesel(number: Sequence[int]) -> bool:
    """Poland."""
    return weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10) == 0


def hetu(text: str) -> bool:
    """Finland: a character by the number mod 31."""
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[-4:-1]) % 31] == text[-1]


def belgian(text: str) -> bool:
    """Belgium: two digits that complete the number mod 97, with a 2 in front of it for those born from 2000 on."""
    return any(97 - int(front + text[:9]) % 97 == int(text[9:]) for front in ("", "2"))


def chinese(text: str) -> bool:
    """China: ISO 7064 mod 11-2."""
    total = sum(int(each) * pow(2, 17 - place, 11) for place, each in enumerate(text[:17]))
    return "10X98765432"[total % 11] == text[17] and is_date(text[6:10], text[10:12], text[12:14])


def ean(number: Sequence[int]) -> bool:
    return sum(each * (3 if place % 2 else 1) for place, each in enumerate(number)) % 10 == 0


def is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
