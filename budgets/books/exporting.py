"""A billing record as a file: CSV for programs, PDF for people. The same record gives the same bytes, always."""

import csv
import io
from collections.abc import Iterator

from django.http import HttpResponse
from fpdf import FPDF

from budgets.models import BillingLine, BillingRecord
from budgets.money import dollars, usd

COLUMNS = (
    "record", "account", "period_start", "period_end", "time_zone", "month", "late", "kind", "model", "key", "user", "policy",
    "entries", "input_tokens", "output_tokens", "amount_usd", "by_ceiling_usd",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes text that begins so for a formula."""
WIDTHS = (24, 20, 54, 34, 30, 28, 16, 40, 36)
HEADINGS = ("Month", "Kind", "Model", "Key", "User", "Policy", "Entries", "Tokens in / out", "USD")


def as_csv(record: BillingRecord) -> bytes:
    """A row a line of the record, and one with the total. Moments are those of the account's time zone."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows(_csv_rows(record))
    return written.getvalue().encode("utf-8-sig")


def as_file(record: BillingRecord, kind: str) -> HttpResponse:
    """A download of it, as "csv" or "pdf"."""
    written, content_type = {"csv": (as_csv, "text/csv; charset=utf-8"), "pdf": (as_pdf, "application/pdf")}[kind]
    answer = HttpResponse(written(record), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{record}.{kind}"'
    return answer


def _csv_rows(record: BillingRecord) -> Iterator[list[str]]:
    start, end = (moment.isoformat() for moment in record.period)
    about = [str(record), cell(record.account), start, end, record.time_zone]
    for line in record.lines.all():
        yield [
            *about, line.month, "yes" if line.is_late else "", line.kind, cell(line.model), cell(line.key), cell(line.user),
            cell(line.policy), str(line.entries), str(line.input_tokens), str(line.output_tokens), usd(line.amount_nano),
            usd(line.by_ceiling_nano),
        ]  # fmt: skip
    yield [*about, "", "", "total", *[""] * 7, usd(record.total_nano), ""]


def cell(text: str) -> str:
    """Text as one cell: what a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text


class _Paper(FPDF):
    """Every page says of which record it is, and which page of how many."""

    def __init__(self, record: BillingRecord) -> None:
        super().__init__(orientation="landscape")
        self._record = record
        self.set_creation_date(record.closed_at)
        self.set_title(f"Billing record {record}")
        self.set_margin(14)
        self.set_auto_page_break(True, 18)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("Helvetica", size=8)
        self.set_text_color(110)
        self.cell(0, 5, f"Billing record {self._record}, page {self.page_no()} of {{nb}}", align="R")


def as_pdf(record: BillingRecord) -> bytes:
    paper = _Paper(record)
    start, end = record.period
    paper.set_font("Helvetica", "B", 18)
    paper.cell(0, 10, f"Billing record {record}", new_x="LMARGIN", new_y="NEXT")
    paper.set_font("Helvetica", size=10)
    paper.set_text_color(80)
    for text in (
        latin(f"{record.account_name} ({record.account})"),
        f"From {start:%Y-%m-%d %H:%M} until {end:%Y-%m-%d %H:%M}, {record.time_zone}. "
        f"Closed {record.closed_at:%Y-%m-%d %H:%M} UTC.",
    ):
        paper.cell(0, 5.5, text, new_x="LMARGIN", new_y="NEXT")
    paper.ln(5)
    _table(paper, list(record.lines.all()))
    _total(paper, record)
    return bytes(paper.output())


def _table(paper: FPDF, lines: list[BillingLine]) -> None:
    paper.set_font("Helvetica", size=8)
    paper.set_text_color(30)
    paper.set_draw_color(200)
    aligned = (*["LEFT"] * 6, *["RIGHT"] * 3)
    with paper.table(
        col_widths=WIDTHS, text_align=aligned, borders_layout="HORIZONTAL_LINES", line_height=5, padding=1
    ) as table:
        heading = table.row()
        for text in HEADINGS:
            heading.cell(text)
        for line in lines:
            row = table.row()
            for text in (
                f"{line.month}{' (late)' if line.is_late else ''}", line.get_kind_display(), line.model, line.key, line.user,
                line.policy, f"{line.entries:,}", f"{line.input_tokens:,} / {line.output_tokens:,}",
                f"{dollars(line.amount_nano)}{' *' if line.by_ceiling_nano else ''}",
            ):  # fmt: skip
                row.cell(latin(text))


def _total(paper: FPDF, record: BillingRecord) -> None:
    paper.ln(3)
    paper.set_font("Helvetica", "B", 12)
    paper.cell(
        0, 8, f"Total {latin(dollars(record.total_nano))} (US dollars)", align="R", new_x="LMARGIN", new_y="NEXT"
    )
    paper.set_font("Helvetica", size=8)
    paper.set_text_color(110)
    by_ceiling = sum(line.by_ceiling_nano for line in record.lines.all())
    if by_ceiling:
        text = (
            f"* Of this {latin(dollars(by_ceiling))} was charged at a ceiling, since a price or the usage was missing."
        )
        paper.multi_cell(0, 4.5, text, new_x="LMARGIN", new_y="NEXT")
    if any(line.is_late for line in record.lines.all()):
        text = "(late) Came after the record of that month was closed, so it stands on this one."
        paper.multi_cell(0, 4.5, text, new_x="LMARGIN", new_y="NEXT")


def latin(text: str) -> str:
    """What the PDF's own letters can show. Accepted limit: any other letter is a question mark; the CSV has them all."""
    return text.replace("\N{MINUS SIGN}", "-").encode("latin-1", "replace").decode("latin-1")
