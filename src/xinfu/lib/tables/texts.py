"""Text tables: CSV whatever its delimiter, and NDJSON. A torn row never takes a good one with it."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NoReturn, TextIO

from xinfu.lib.tables.headers import checked_names, find_header
from xinfu.lib.tables.shapes import (
    BAD_CHARACTER,
    HEADER_ROWS,
    LINE_LIMIT,
    SUSPECT,
    BadRow,
    Kind,
    Record,
    Refuse,
    Source,
    TableError,
    oversize,
    shown,
)
from xinfu.lib.tables.sniffing import encoding_of, is_gzip

_BLOCK = 1 << 20
_BLOCK_LINES = 5000
_SAMPLE = 1 << 20
_DELIMITERS = ",;\t|"
_QUOTE = '"'
_BLANK = " \t\x1a"


@contextmanager
def open_csv(path: Path, expected: Collection[str], refuse: Refuse) -> Iterator[Source]:
    """Open a CSV as far as its header; bad rows go to `refuse` while the records are read."""
    with _open_text(path) as (stream, encoding, share):
        declared, delimiter, top = _top_rows(stream, encoding)
        header_row, header = find_header(top, expected)
        stream.seek(0)
        lines = _Lines(stream)
        above = csv.reader(_Feed(lines), delimiter=delimiter)
        for _ in range(header_row + declared):
            next(above)
        records = _CsvRows(lines, delimiter, header, header_row, refuse).records()
        yield Source(Kind.CSV, header, header_row, records, share, encoding, delimiter)


@contextmanager
def open_ndjson(path: Path, refuse: Refuse) -> Iterator[Source]:
    """Open a file of one JSON object a line; the header is every key in order of first appearance."""
    with _open_text(path) as (stream, encoding, share):
        keys: dict[str, None] = {}
        for _, _, value in _objects(stream, lambda bad: None):
            if not value.keys() <= keys.keys():
                keys |= dict.fromkeys(value)
        if not keys:
            raise TableError("empty", "文件里没有任何内容。")
        stream.seek(0)
        header = checked_names(list(keys))
        records = _json_records(stream, dict(zip(keys, header, strict=True)), refuse)
        yield Source(Kind.NDJSON, header, 0, records, share, encoding)


@contextmanager
def _open_text(path: Path) -> Iterator[tuple[TextIO, str, Callable[[], float]]]:
    encoding = encoding_of(path)
    size = path.stat().st_size
    csv.field_size_limit(max(csv.field_size_limit(), LINE_LIMIT))
    with path.open("rb") as raw:
        packed = gzip.GzipFile(fileobj=raw) if is_gzip(path) else raw
        with io.TextIOWrapper(packed, encoding=encoding, newline="") as stream:
            yield stream, encoding, lambda: raw.tell() / size


# ---- lines


class _Lines:
    """Physical lines of a stream, one by one or as a block of about a megabyte; they can be put back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []

    def __next__(self) -> str:
        if not self._waiting:
            self.put_back(self._stream.readlines(_BLOCK))
        if not self._waiting:
            raise StopIteration
        return self._waiting.pop()

    def block(self) -> list[str]:
        """Take as many lines as a block holds, those that wait first."""
        if not self._waiting:
            return self._stream.readlines(_BLOCK)
        taken = self._waiting[: -_BLOCK_LINES - 1 : -1]
        del self._waiting[-_BLOCK_LINES:]
        return taken

    def is_waiting(self) -> bool:
        """Tell whether lines are left of those that were put back."""
        return bool(self._waiting)

    def put_back(self, lines: list[str]) -> None:
        """Give the lines again, in this order."""
        self._waiting.extend(reversed(lines))


class _Feed:
    """Hands lines to a parser and remembers those that it took for the present record."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines
        self.taken: list[str] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        return line


# ---- CSV


def _top_rows(stream: TextIO, encoding: str) -> tuple[int, str, list[tuple[int, list[str]]]]:
    """Return how many lines declare the delimiter (0 or 1), the delimiter, and the first rows below."""
    sample = stream.read(_SAMPLE)
    lines = io.StringIO(sample, newline="").readlines()
    if len(sample) == _SAMPLE and len(lines) > 1:
        lines.pop()
    declared = bool(lines) and lines[0].lower().startswith("sep=") and len(lines[0].rstrip("\r\n")) == 5
    delimiter = lines.pop(0)[4] if declared else _guess_delimiter(lines)
    rows = enumerate(csv.reader(lines, delimiter=delimiter), 1)
    return int(declared), delimiter, list(islice(rows, HEADER_ROWS))


def _guess_delimiter(lines: list[str]) -> str:
    """Return the delimiter by which most of the first rows have one and the same number of columns."""

    def agreement(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in islice(csv.reader(lines, delimiter=delimiter), 50) if row)
        (width, rows), *_ = widths.most_common(1) or [(1, 0)]
        return (rows / widths.total() if width > 1 else 0.0), width

    return max(_DELIMITERS, key=agreement)


class _CsvRows:
    """The rows of a CSV below its header, each good, or refused with its reason."""

    def __init__(
        self, lines: _Lines, delimiter: str, header: list[str], header_row: int, refuse: Refuse
    ) -> None:
        self._lines = lines
        self._feed = _Feed(lines)
        self._parser = csv.reader(self._feed, delimiter=delimiter, strict=True)
        self._delimiter = delimiter
        self._header = header
        self._number = header_row
        self._refuse = refuse

    def records(self) -> Iterator[Record]:
        """Give the rows, block by block: fast where every line of a block is a row, row by row where not."""
        while block := self._lines.block():
            parsed = self._parsed_at_once(block)
            if parsed is None:
                self._lines.put_back(block)
                yield from self._one_by_one(len(block))
            else:
                yield from parsed

    def _parsed_at_once(self, block: list[str]) -> Iterator[Record] | None:
        """Return the rows of a block in which every line is a sound row, else None.

        Only lines with quotes need a parser; where each of them is a row by itself, so is every line between.
        """
        text, between = "".join(block), len(self._header) - 1
        if "\0" in text or len(max(block, key=len)) > SUSPECT:
            return None
        quoted = [line for line in block if _QUOTE in line] if _QUOTE in text else []
        try:
            rows = list(csv.reader(quoted, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        if len(rows) != len(quoted) or any(len(cells) != between + 1 for cells in rows):
            return None
        if any(line.count(self._delimiter) != between for line in block if _QUOTE not in line):
            return None
        return self._sound(block, iter(rows))

    def _sound(self, block: list[str], rows: Iterator[list[str]]) -> Iterator[Record]:
        """Give the lines of a block, each with its cells where it has quotes; empty ones are passed over."""
        nothing = _BLANK + self._delimiter
        for number, line in enumerate(block, self._number + 1):
            text = line.rstrip("\r\n")
            if _QUOTE in line:
                cells = next(rows)
                joined = "".join(cells)
                if joined.strip(_BLANK):
                    yield number, "" if _QUOTE in joined else text, cells
            elif text.strip(nothing):
                yield number, text, None
        self._number += len(block)

    def _one_by_one(self, count: int) -> Iterator[Record]:
        """Give so many rows, or those of the lines that wait; the last may reach beyond them."""
        for _ in range(count):
            if not self._lines.is_waiting():
                break
            self._number += 1
            cells = self._next_row()
            if cells is not None:
                yield self._number, "", cells

    def _next_row(self) -> list[str] | None:
        """Parse the next record, which takes as many lines as its quotes span; None where it is no good row."""
        taken = self._feed.taken
        taken.clear()
        try:
            cells = next(self._parser)
        except csv.Error:
            cells = None
        if cells is None or self._are_rows(taken):
            self._lines.put_back(taken[1:])
            self._bad(taken[0], "引号不成对，或引号后面还有文字")
            return None
        if any("\0" in line for line in taken):
            where = next(
                (column for column, cell in zip(self._header, cells, strict=False) if "\0" in cell), ""
            )
            self._bad(taken[0].replace("\0", "␀"), BAD_CHARACTER, where)
            return None
        fitted = self._fitted(cells, taken)
        if (
            fitted
            and sum(map(len, taken)) > SUSPECT
            and (bad := oversize(self._number, self._header, fitted))
        ):
            self._refuse(bad)
            return None
        return fitted

    def _are_rows(self, taken: list[str]) -> bool:
        """Tell whether lines that quotes made into one record look like rows, each complete.

        A lone quote as a cell (″ for inches, a ditto mark) pairs up with the next one, in the same column of a
        later row, and what stands between is swallowed as one cell. With few columns prose could look like rows.
        """
        between = len(self._header) - 1
        return (
            len(taken) > 1 and between >= 3 and all(line.count(self._delimiter) >= between for line in taken)
        )

    def _fitted(self, cells: list[str], taken: list[str]) -> list[str] | None:
        """Return the cells if they are as many as the columns, but for empty ones at the end."""
        width = len(self._header)
        if not any(cell.strip(_BLANK) for cell in cells):
            return None
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            if any(line.count(self._delimiter) >= width - 1 for line in taken[1:]):
                self._lines.put_back(taken[1:])  # an open quote had swallowed what looks like rows
            self._bad(taken[0], f"应有 {width} 列，实有 {len(cells)} 列")
            return None
        return cells[:width]

    def _bad(self, value: str, reason: str, column: str = "") -> None:
        """Refuse the present row."""
        self._refuse(BadRow(self._number, column, shown(value), reason))


# ---- NDJSON


def _objects(lines: Iterable[str], refuse: Refuse) -> Iterator[tuple[int, str, dict[str, object]]]:
    """Give (row number, line, object) of every line that holds one; empty lines are passed over."""
    for number, line in enumerate(lines, 1):
        try:
            value = _DECODER.decode(line) if line.strip() else {}
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            if value:
                yield number, line, value
        else:
            refuse(BadRow(number, "", shown(line), "不是有效的 JSON 对象"))


class _Literal(float):
    """A JSON number that is written as it was read."""

    text: str

    def __new__(cls, text: str) -> "_Literal":
        made = super().__new__(cls, text)
        made.text = text
        return made


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_float=_Literal, parse_constant=_refuse_constant)


def _json_records(stream: TextIO, names: dict[str, str], refuse: Refuse) -> Iterator[Record]:
    """Give the objects as rows; `names` are the columns by key."""
    header = list(names.values())
    for number, line, value in _objects(stream, refuse):
        raw = [value.get(key) for key in names]
        cells = [cell if isinstance(cell, str) else _json_text(cell) for cell in raw]
        if bad := _json_fault(number, line, header, cells):
            refuse(bad)
        else:
            yield number, "", cells


def _json_fault(number: int, line: str, header: list[str], cells: list[str]) -> BadRow | None:
    """Return why the cells cannot be stored: characters that only escapes can make, or their size."""
    if "\\u" in line:
        for column, cell in zip(header, cells, strict=True):
            if "\0" in cell or _has_surrogate(cell):
                value = cell.encode("ascii", "backslashreplace").decode()
                return BadRow(number, column, shown(value.replace("\0", "␀")), BAD_CHARACTER)
    return oversize(number, header, cells) if len(line) > SUSPECT else None


def _json_text(value: object) -> str:
    """Return nothing as empty, numbers as they were written, and whatever is nested as JSON."""
    if value is None:
        return ""
    if isinstance(value, _Literal):
        return value.text
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
