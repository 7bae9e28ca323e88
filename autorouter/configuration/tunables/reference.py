"""The table of all tunables in the documentation, made from their declaration. Pure."""

from collections.abc import Iterator

from autorouter.configuration.tunables.kinds import Choice, Flag, Kind, Number, PointsByPattern, Table, Tunable, text
from autorouter.configuration.tunables.shapes import GROUPS, TUNABLES

BEGIN, END = "<!-- tunables: written by .venv/bin/python manage.py document_tunables -->", "<!-- end of tunables -->"


def markdown() -> str:
    """The table, a line for each tunable, group by group in their order."""
    lines = ["| group | value | what it does | unit | from | to | default |", "|---|---|---|---|---|---|---|"]
    for group in GROUPS:
        named = [(name, tunable) for name, tunable in TUNABLES.items() if tunable.group == group]
        lines += [_line(group.title if not at else "", name, each) for at, (name, each) in enumerate(named)]
    return "\n".join(lines)


def written_into(document: str) -> str:
    """The document with the table between its two marks. Raises ValueError where it has no such marks."""
    before, _, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"The document has no place for the table: write {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


def _line(group: str, name: str, tunable: Tunable) -> str:
    return f"| {' | '.join((group, f'`{name}`', f'{tunable.label}. {tunable.help}', *_scale(tunable.kind)))} |"


def _scale(kind: Kind) -> tuple[str, str, str, str]:
    """Unit, range and default."""
    match kind:
        case Number():
            return kind.unit, text(kind.low), text(kind.high), text(kind.default)
        case Flag(default=default):
            return "on or off", "", "", "on" if default else "off"
        case Choice(default=default, options=options):
            return ", ".join(f"`{name}`" for name in options), "", "", f"`{default}`"
        case PointsByPattern(points=points):
            return points.unit, text(points.low), text(points.high), ", ".join(_points(kind))
        case Table():
            cell = next(iter(kind.cells.values()))
            return cell.unit, text(cell.low), text(cell.high), "; ".join(_rows(kind))
        case model:
            return "model", "", "", f"`{model.default}`"


def _points(kind: PointsByPattern) -> Iterator[str]:
    return (f"{pattern} {points}" for pattern, points in kind.default.items())


def _rows(table: Table) -> Iterator[str]:
    """Each row with its cells in the order of the columns, which the first one names."""
    for at, row in enumerate(table.rows):
        cells = " / ".join(text(table.cells[row, column].default) for column in table.columns)
        yield f"{row} {cells}" + ("" if at else f" ({' / '.join(table.columns)})")
