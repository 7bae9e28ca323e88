"""What an export is made of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["text", "integer", "number", "money", "moment", "flag", "words", "object"]
"""money: nano-dollars in the row, exact US dollars in the file. moment: an aware time. words: a list of texts. object: JSON."""
Format = Literal["csv", "json", "xlsx", "parquet"]
FORMATS: tuple[str, ...] = get_args(Format)
CURRENCY = "USD"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of the file."""

    name: str
    """As it stands in the file; a column of money ends with _usd."""
    kind: Kind = "text"
    of: str = ""
    """What of the row stands in it; empty: what has the column's name."""

    @property
    def source(self) -> str:
        return self.of or self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What the file says of itself, where its format has a place for that."""

    title: str = "Export"
    zone: str = "UTC"
    """That its times are told in."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else is to be said, by name: the range, the filters."""

    def lines(self) -> dict[str, str]:
        return {"title": self.title, "time_zone": self.zone, "currency": CURRENCY, **self.facts}
