"""Results as tables: Markdown with even columns, to be read in a terminal and pasted into a page. Pure."""

from collections.abc import Iterator, Sequence

from tests.bench.results import LITELLM, PASS_THROUGH, PORTKEY, ROUTERHUB, Line, Results

NOT_MEASURED = "-"
SMALL_RATIO = 0.1
# What RouterHub is to reach: (beside what, how many times its rate, with how many clients, must or aim).
DEMANDS = (
    (PASS_THROUGH, 0.5, (64,), "required"),
    (PORTKEY, 1.0, (1, 16, 64), "required"),
    (PORTKEY, 3.0, (16, 64), "aim"),
    (LITELLM, 15.0, (16, 64), "aim"),
)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table. The first column is text, all others are figures."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join("| " + " | ".join(_padded(row, widths)) + " |" for row in (head, rule, *rows))


def _padded(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for at, (text, width) in enumerate(zip(row, widths, strict=True)):
        yield text.ljust(width) if at == 0 else text.rjust(width)


def ratios(results: Results) -> str:
    """Each line's rate as a part of the pass-through's, load by load."""
    found = {(line, cell): summary for cell, line, summary in results.summaries()}
    rows = [
        [
            str(line),
            *(_ratio(found[line, cell].ratio) if (line, cell) in found else NOT_MEASURED for cell in results.cells),
        ]
        for line in results.lines
    ]
    return table(_head(results), rows)


def details(results: Results) -> str:
    """Rates, times, errors and CPU, load by load."""
    head = ["", "answers/s", "ratio", "p50 ms", "p99 ms", "errors", "CPU us", "database us", "load+upstream us"]
    rows = []
    for cell, line, found in results.summaries():
        figures = (
            _figure(found.rate), _ratio(found.ratio), _figure(found.p50_ms, 1), _figure(found.p99_ms, 1),
            _figure(found.errors), _figure(found.cpu_us), _figure(found.database_cpu_us), _figure(found.beside_us),
        )  # fmt: skip
        rows.append([f"{cell.mode}, {_clients(cell.clients)}: {line}", *figures])
    return table(head, rows)


def memory(results: Results) -> str:
    rows = []
    for line in results.lines:
        steady, peak = results.memory_mb(line)
        rows.append([str(line), f"{steady:,.0f}", f"{peak:,.0f}"])
    return table(["", "RSS MB", "highest RSS MB"], rows)


def demands(results: Results) -> str:
    """What RouterHub is to reach, and whether it does; nothing where none of it was measured."""
    rows = []
    for line in (each for each in results.lines if each.product == ROUTERHUB):
        for product, times, counts, kind in DEMANDS:
            other = results.reference(line) if product == PASS_THROUGH else _line_of(results, product)
            if other:
                found = [
                    _verdict(results.ratio(line, other, cell), times, cell.clients in counts) for cell in results.cells
                ]
                rows.append([f"{line}: {times:g} x {product} ({kind})", *found])
    return table(_head(results), rows) if rows else ""


def _verdict(ratio: float | None, times: float, is_demanded: bool) -> str:
    if ratio is None or not is_demanded:
        return NOT_MEASURED
    return f"{ratio:.2f} {'reached' if ratio >= times else 'missed'}"


def _head(results: Results) -> list[str]:
    return ["", *(f"{cell.mode}, {_clients(cell.clients)}" for cell in results.cells)]


def _line_of(results: Results, product: str) -> Line | None:
    return next((each for each in results.lines if each.product == product), None)


def _clients(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"


def _figure(value: float | None, digits: int = 0) -> str:
    return NOT_MEASURED if value is None else f"{value:,.{digits}f}"


def _ratio(ratio: float | None) -> str:
    """Two digits that say something."""
    return NOT_MEASURED if ratio is None else f"{ratio:.{2 if ratio >= SMALL_RATIO else 3}f}"
