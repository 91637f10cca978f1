"""Exports: CSV that spreadsheets open in Chinese, and workbooks whose numbers of things stay text."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, TypeAlias

from rustpy_xlsxwriter import write_worksheet

from xinfu.lib.tables.cells import safe_cell
from xinfu.lib.tables.shapes import TableError

Cell: TypeAlias = str | int | Decimal | date | None
"""What a cell of an export may hold. Ratios and money are formatted before; floats have no place here."""

SHEET_ROWS = 1_048_576
"""Rows of a sheet, its header included."""
_EXACT = 10**15


def write_csv(out: Path | BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a CSV in UTF-8 with a byte-order mark and return the number of rows; text cells are made safe."""
    if isinstance(out, Path):
        with out.open("wb") as file:
            return write_csv(file, header, rows)
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow([safe_cell(name) for name in header])
    written = 0
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
        written += 1
    text.detach()
    return written


def write_xlsx(
    out: Path | BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str = "数据"
) -> int:
    """Write a workbook of one sheet, its header bold and frozen, and return the number of rows.

    Text stays text, whatever its digits; whole numbers of more than 15 digits become text; days and instants are
    ISO text. Raises ValueError for a column name twice, TableError("too_many_rows") beyond what a sheet holds.
    """
    if len(set(header)) != len(header):
        raise ValueError("a column name twice")
    counter = _Counter(rows)
    records = (dict(zip(header, map(_typed, row), strict=True)) for row in counter)
    target = str(out) if isinstance(out, Path) else out
    write_worksheet(_never_empty(records, header), target, sheet_name=sheet, freeze_row=1, bold_headers=True)
    return counter.rows


class _Counter:
    """Counts rows as they pass, up to what a sheet holds."""

    def __init__(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._rows = rows
        self.rows = 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._rows:
            self.rows += 1
            if self.rows >= SHEET_ROWS:
                raise TableError(
                    "too_many_rows", f"超过一张工作表的上限（{SHEET_ROWS - 1} 行），请改用 CSV。"
                )
            yield row


def _never_empty(
    records: Iterator[dict[str, str | int | float | None]], header: Sequence[str]
) -> Iterator[dict[str, str | int | float | None]]:
    """Give the records, or one blank one, so that the header is written in any case."""
    first = next(records, None)
    yield dict.fromkeys(header) if first is None else first
    yield from records


def _plain(cell: Cell) -> str | int | Decimal | None:
    if isinstance(cell, str):
        return safe_cell(cell)
    return _day(cell) if isinstance(cell, date) else cell


def _typed(cell: Cell) -> str | int | float | None:
    if isinstance(cell, str):
        return safe_cell(cell)
    if isinstance(cell, date):
        return _day(cell)
    if isinstance(cell, Decimal):
        return float(cell)
    return str(cell) if cell is not None and abs(cell) >= _EXACT else cell


def _day(cell: date) -> str:
    return cell.strftime("%Y-%m-%d %H:%M:%S") if isinstance(cell, datetime) else cell.isoformat()
