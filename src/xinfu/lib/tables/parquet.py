"""Parquet: every column made text by DuckDB, row by row or all at once."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from xinfu.lib.tables.headers import checked_names
from xinfu.lib.tables.shapes import (
    BAD_CHARACTER,
    CELL_LIMIT,
    EXACT,
    LOST_DIGITS,
    ROW_LIMIT,
    BadRow,
    Kind,
    Record,
    Refuse,
    Source,
    TableError,
    oversize,
    shown,
)

_BATCH = 5000
_FLOATS = {"DOUBLE", "FLOAT"}


@contextmanager
def open_parquet(path: Path, refuse: Refuse) -> Iterator[Source]:
    """Open a Parquet file; its column names are the header, its rows are numbered from 1.

    Instants with a zone are given in UTC, nested values as JSON, whole floating-point numbers without a point.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            rows = _Rows(connection, path, refuse)
            yield Source(Kind.PARQUET, rows.header, 0, rows.records(), copy=rows.copy)
        except duckdb.Error:
            raise TableError("damaged", "Parquet 文件已损坏，打不开。") from None


class _Rows:
    """The rows of a Parquet file through a view: n, is_good, and every column c1, c2, … as text."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, refuse: Refuse) -> None:
        self._connection = connection
        self._refuse = refuse
        source = _literal(
            re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", str(path))
        )  # the name is no pattern
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({source})").fetchall()  # noqa: S608
        self.header = checked_names([name for name, *_ in described])
        self._kinds = [kind for _, kind, *_ in described]
        columns = [_as_text(name, kind) for name, kind, *_ in described]
        texts = ", ".join(f"{text} AS c{position}" for position, text in enumerate(columns, 1))
        connection.execute(
            f"CREATE TEMP VIEW texts AS SELECT file_row_number + 1 AS n, {texts}"  # noqa: S608
            f" FROM read_parquet({source}, file_row_number = true)"
        )
        self._cells = ", ".join(f"c{position}" for position in range(1, len(columns) + 1))
        self._is_good = " AND ".join(self._conditions())

    def records(self) -> Iterator[Record]:
        """Give the rows as text."""
        found = self._connection.execute(f"SELECT n, {self._is_good}, {self._cells} FROM texts")  # noqa: S608
        while batch := found.fetchmany(_BATCH):
            for number, is_good, *cells in batch:
                if is_good:
                    yield number, "", cells
                else:
                    self._refuse(self._fault(number, cells))

    def copy(self, out: Path, row_column: str) -> int:
        """Write the good rows as CSV, refuse the others, and return how many were written."""
        bad = self._connection.execute(f"SELECT n, {self._cells} FROM texts WHERE NOT ({self._is_good})")  # noqa: S608
        for number, *cells in bad.fetchall():
            self._refuse(self._fault(number, cells))
        names = ", ".join(
            f"c{position} AS {_identifier(name)}" for position, name in enumerate(self.header, 1)
        )
        ((written,),) = self._connection.execute(
            f"COPY (SELECT n AS {_identifier(row_column)}, {names} FROM texts WHERE {self._is_good})"  # noqa: S608
            f" TO {_literal(str(out))} (FORMAT csv, HEADER true, DELIMITER ',')"
        ).fetchall()
        return int(written)

    def _conditions(self) -> Iterator[str]:
        """Give what makes a row good: exact numbers, no NUL, no oversize."""
        for position, kind in enumerate(self._kinds, 1):
            cell = f"c{position}"
            yield f"strlen({cell}) <= {CELL_LIMIT}"
            if kind in _FLOATS:
                yield f"coalesce(abs(try_cast({cell} AS DOUBLE)) < {EXACT}, {cell} = '')"
            else:
                yield f"NOT contains({cell}, chr(0))"
        yield (
            " + ".join(f"strlen(c{position})" for position in range(1, len(self._kinds) + 1))
            + f" <= {ROW_LIMIT}"
        )

    def _fault(self, number: int, cells: Sequence[str]) -> BadRow:
        """Return why a row is not good."""
        for column, kind, cell in zip(self.header, self._kinds, cells, strict=True):
            if kind in _FLOATS and cell and not abs(float(cell)) < EXACT:
                return BadRow(number, column, f"{float(cell):.0f}", LOST_DIGITS)
            if "\0" in cell:
                return BadRow(number, column, shown(cell.replace("\0", "␀")), BAD_CHARACTER)
        bad = oversize(number, self.header, cells)
        assert bad is not None
        return bad


def _as_text(name: str, kind: str) -> str:
    """Return the SQL that makes text of a column; nothing becomes empty."""
    column = _identifier(name)
    if kind in _FLOATS:
        is_whole = f"abs({column}) < {EXACT} AND {column} = trunc({column})"
        text = f"CASE WHEN {is_whole} THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
    elif kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]"):
        text = f"to_json({column})::VARCHAR"
    else:
        text = f"{column}::VARCHAR"
    return f"coalesce({text}, '')"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
