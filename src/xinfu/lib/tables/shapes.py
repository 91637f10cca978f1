"""What reading a table gives: kinds, refusals and bad rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeAlias

CELL_LIMIT = 1 << 20
"""Largest cell in bytes of UTF-8; beyond it the row is bad."""
ROW_LIMIT = 1_900_000
"""Largest row in bytes of UTF-8; DuckDB reads lines of up to 2,000,000."""
LINE_LIMIT = 32 << 20
"""Longest line in bytes of a text that is read at all."""
SUSPECT = CELL_LIMIT // 4
"""Fewer characters than this cannot be too large, whatever they are."""
VALUE_SHOWN = 200
"""Characters of a bad value that are kept for the report."""
HEADER_ROWS = 10
"""Rows at the top among which the header is looked for."""

EXACT = 10**15
"""From here on a number kept as floating point may have lost its last digits."""
LOST_DIGITS = "超过 15 位的数字存成了数值，末几位可能已经丢失，请把该列设为文本后重新填写"
BAD_CHARACTER = "含有空字符（NUL）或残缺的字符"


class Kind(StrEnum):
    """A kind of file that can be read as a table."""

    CSV = "csv"
    NDJSON = "ndjson"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    PARQUET = "parquet"


class TableError(ValueError):
    """A file that cannot be read as a table: a code for programs, a sentence for people, a row where one is meant."""

    def __init__(self, code: str, reason: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.row = row


class BadRow(NamedTuple):
    """A row that was left out.

    `row` counts as a spreadsheet does: the first row of the file is 1, and a cell with line breaks is one row.
    `column` is empty where the whole row is meant; `value` is cut to 200 characters.
    """

    row: int
    column: str
    value: str
    reason: str


Record: TypeAlias = tuple[int, str, list[str] | None]
"""(row number, text, cells). A text that is not empty is a well-formed line of CSV; where cells is None it has no
quotes and falls into its cells at the delimiters."""

Refuse: TypeAlias = Callable[[BadRow], None]


@dataclass(slots=True)
class Source:
    """An open file, read as far as its header."""

    kind: Kind
    header: list[str]
    header_row: int
    records: Iterator[Record]
    share: Callable[[], float] = float
    """How much has been read, from 0 to 1; 0.0 where it is not known."""
    encoding: str = ""
    delimiter: str = ","
    copy: Callable[[Path, str], int] | None = None
    """Writes the good rows as CSV under a name for the row column, where that is quicker than record by record."""


def shown(value: str) -> str:
    """Cut a bad value to what a report shows, without the line's end."""
    return value[:VALUE_SHOWN].rstrip("\r\n")


def size_text(count: int) -> str:
    """Say a number of bytes in MB with one decimal, rounded half up: 10.0 MB."""
    tenths = (count * 10 + (1 << 19)) >> 20
    return f"{tenths // 10}.{tenths % 10} MB"


def oversize(number: int, header: Sequence[str], cells: Sequence[str]) -> BadRow | None:
    """Return the bad row that too large a cell or row makes, or None."""
    sizes = [len(cell.encode(errors="replace")) for cell in cells]
    for column, cell, size in zip(header, cells, sizes, strict=True):
        if size > CELL_LIMIT:
            return BadRow(number, column, shown(cell), f"单元格有 {size_text(size)}，超过 1 MB 的上限")
    if sum(sizes) > ROW_LIMIT:
        return BadRow(number, "", shown(cells[0]), f"整行有 {size_text(sum(sizes))}，超过上限")
    return None
