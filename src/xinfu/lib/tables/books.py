"""Spreadsheets: typed cells turned into the text that a person sees."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetVisibleEnum,
    WorksheetNotFound,
)

from xinfu.lib.tables.headers import find_header
from xinfu.lib.tables.shapes import (
    EXACT,
    HEADER_ROWS,
    LOST_DIGITS,
    BadRow,
    Kind,
    Record,
    Refuse,
    Source,
    TableError,
    shown,
)

_HALF_SECOND = timedelta(milliseconds=500)
"""Spreadsheets keep instants as fractions of a day; nine o'clock may come out a millisecond short."""


@contextmanager
def open_book(
    path: Path, kind: Kind, sheet: str | None, expected: Collection[str], refuse: Refuse
) -> Iterator[Source]:
    """Open one sheet of a workbook: the named one, or the first visible one that holds anything."""
    try:
        with (
            path.open("rb") as file,
            CalamineWorkbook.from_filelike(file) as book,
        ):  # its name is not believed
            page = _sheet(book, sheet)
            top = ((number, [_text(cell) for cell in row]) for number, row in enumerate(page.iter_rows(), 1))
            header_row, header = find_header(islice(top, HEADER_ROWS), expected)
            rows = _BookRows(page, header, header_row, refuse)
            yield Source(kind, header, header_row, rows.records(), rows.share)
    except CalamineError:
        raise TableError("damaged", "表格文件已损坏，打不开。请重新另存为 .xlsx 后上传。") from None


def _sheet(book: CalamineWorkbook, name: str | None) -> CalamineSheet:
    if name is not None:
        try:
            return book.get_sheet_by_name(name)
        except WorksheetNotFound:
            have = "、".join(book.sheet_names)
            raise TableError("sheet_not_found", f"没有名为“{name}”的工作表，现有：{have}。") from None
    for position, page in enumerate(book.sheets_metadata):
        sheet = book.get_sheet_by_index(position)
        if page.visible is SheetVisibleEnum.Visible and sheet.height:
            return sheet
    raise TableError("empty", "表格里没有任何内容。")


class _BookRows:
    """The rows of a sheet below its header."""

    def __init__(self, sheet: CalamineSheet, header: list[str], header_row: int, refuse: Refuse) -> None:
        self._sheet = sheet
        self._header = header
        self._header_row = header_row
        self._refuse = refuse
        self._done = 0

    def share(self) -> float:
        """Tell how much has been read, from 0 to 1."""
        return min(1.0, self._done / (self._sheet.total_height + 1))

    def records(self) -> Iterator[Record]:
        """Give the rows as text; empty ones are passed over."""
        width = len(self._header)
        for number, row in enumerate(self._sheet.iter_rows(), 1):
            self._done = number
            if number <= self._header_row or not any(cell != "" for cell in row):
                continue
            if bad := self._fault(number, row):
                self._refuse(bad)
            else:
                cells = [_text(cell) for cell in row[:width]]
                yield number, "", cells + [""] * (width - len(cells))

    def _fault(self, number: int, row: Sequence[object]) -> BadRow | None:
        """Return why the row cannot be taken: lost digits, or something beside the table."""
        for position, cell in enumerate(row):
            if isinstance(cell, float) and abs(cell) >= EXACT:
                column = self._header[position] if position < len(self._header) else ""
                return BadRow(number, column, f"{cell:.0f}", LOST_DIGITS)
            if position >= len(self._header) and cell != "":
                return BadRow(number, "", shown(_text(cell)), f"表头以外的第 {position + 1} 列有内容")
        return None


def _text(cell: object) -> str:
    """Return what a person sees in a typed cell: whole numbers without a point, days and instants as in ISO 8601."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{Decimal(repr(cell)):f}"
    if isinstance(cell, datetime):
        return (cell + _HALF_SECOND).replace(microsecond=0).isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)
