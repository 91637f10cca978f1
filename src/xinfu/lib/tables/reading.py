"""One way to read them all: as rows of text, or as one clean UTF-8 CSV for DuckDB."""

import csv
import io
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from xinfu.lib.tables.books import open_book
from xinfu.lib.tables.parquet import open_parquet
from xinfu.lib.tables.shapes import BadRow, Kind, Refuse, Source, TableError
from xinfu.lib.tables.sniffing import sniff
from xinfu.lib.tables.texts import open_csv, open_ndjson

ROW_COLUMN = "_row"
"""Name of the first column of a normalised file: the row number in the stranger's file."""
_BATCH = 4096


@dataclass(slots=True)
class Table:
    """An open table: its header, and its rows as (row number, cells as text), each as wide as the header.

    `bad` fills while the rows are read. Row numbers count as a spreadsheet does (see BadRow).
    """

    kind: Kind
    encoding: str
    header: list[str]
    header_row: int
    rows: Iterator[tuple[int, list[str]]]
    bad: list[BadRow]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A clean UTF-8 CSV made of a stranger's table: `rows` good rows in it, `bad` ones left out."""

    path: Path
    kind: Kind
    encoding: str
    header: list[str]
    header_row: int
    rows: int
    bad: list[BadRow] = field(repr=False)

    def relation(self) -> str:
        """Return the DuckDB table function that reads the file: _row BIGINT, then every column as text.

        An empty cell is NULL.
        """
        columns = [
            f"{_literal(ROW_COLUMN)}: 'BIGINT'",
            *(f"{_literal(name)}: 'VARCHAR'" for name in self.header),
        ]
        return (
            f"read_csv({_literal(str(self.path))}, auto_detect = false, header = true, delim = ',', "
            f"quote = '\"', escape = '\"', new_line = '\\n', columns = {{{', '.join(columns)}}})"
        )


@contextmanager
def open_table(path: Path, *, expected: Collection[str] = (), sheet: str | None = None) -> Iterator[Table]:
    """Open a table of any kind, as far as its header.

    `expected` are names by which the header is found under titles; `sheet` chooses one of a workbook.
    Raises TableError for what is no table (see `sniff`), no header, a name twice, or a sheet that is not there.
    """
    bad: list[BadRow] = []
    with _open(path, expected, sheet, bad.append) as source:
        rows = ((number, _cells(source, text, cells)) for number, text, cells in source.records)
        yield Table(source.kind, source.encoding, source.header, source.header_row, rows, bad)


def to_utf8_csv(
    path: Path,
    out: Path,
    *,
    expected: Collection[str] = (),
    sheet: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Normalised:
    """Write a table of any kind as UTF-8 CSV with a row number before each row, and return what was found.

    `progress` is called now and then with the share that is read, from 0 to 1. Raises what `open_table` raises.
    """
    bad: list[BadRow] = []
    report = progress or (lambda share: None)
    with _open(path, expected, sheet, bad.append) as source:
        if ROW_COLUMN in map(str.lower, source.header):
            reason = f"列名“{ROW_COLUMN}”是系统保留的，请改名后上传。"
            raise TableError("header_reserved", reason, source.header_row)
        rows = source.copy(out, ROW_COLUMN) if source.copy else _write(source, out, report)
        report(1.0)
    return Normalised(out, source.kind, source.encoding, source.header, source.header_row, rows, bad)


def _open(
    path: Path, expected: Collection[str], sheet: str | None, refuse: Refuse
) -> AbstractContextManager[Source]:
    match kind := sniff(path):
        case Kind.CSV:
            return open_csv(path, expected, refuse)
        case Kind.NDJSON:
            return open_ndjson(path, refuse)
        case Kind.PARQUET:
            return open_parquet(path, refuse)
        case _:
            return open_book(path, kind, sheet, expected, refuse)


def _cells(source: Source, text: str, cells: list[str] | None) -> list[str]:
    return text.split(source.delimiter) if cells is None else cells


def _write(source: Source, out: Path, report: Callable[[float], None]) -> int:
    """Write the records in batches and return how many they were."""
    rows = 0
    lines = _lines(source)
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(_quoted([ROW_COLUMN, *source.header]) + "\n")
        while batch := list(islice(lines, _BATCH)):
            file.write("".join(batch))
            rows += len(batch)
            report(source.share())
    return rows


def _lines(source: Source) -> Iterator[str]:
    """Give the records as lines of CSV; a text that is one already passes as it is."""
    delimiter = source.delimiter
    for number, text, cells in source.records:
        if text and delimiter == ",":
            line = text
        elif cells is None and "," not in text:
            line = text.replace(delimiter, ",")
        else:
            line = _joined(_cells(source, text, cells))
        yield f"{number},{line}\n"


def _joined(cells: list[str]) -> str:
    """Join cells by commas, with quotes only where one needs them."""
    line = ",".join(cells)
    is_plain = line.count(",") == len(cells) - 1 and not ('"' in line or "\n" in line or "\r" in line)
    return line if is_plain else _quoted(cells)


def _quoted(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)  # both characters of the end are quoted in cells
    return line.getvalue()[:-2]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
