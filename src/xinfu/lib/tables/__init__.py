"""Strangers' tables in, small exports out: .csv, .xlsx, .xls, .ods, NDJSON and Parquet.

In: `sniff` tells the kind by content, `open_table` gives a header and rows of text, `to_utf8_csv` writes the same
as one clean file that DuckDB reads set-wise. A table that is none is a `TableError` with a Chinese sentence; a row
that is none is a `BadRow` and does not stop the others.
Out: `write_csv` and `write_xlsx`, with cells that no spreadsheet takes for a formula.
"""

from xinfu.lib.tables.cells import NARROW, WIDE, clean, safe_cell
from xinfu.lib.tables.reading import ROW_COLUMN, Normalised, Table, open_table, to_utf8_csv
from xinfu.lib.tables.shapes import CELL_LIMIT, BadRow, Kind, TableError
from xinfu.lib.tables.sniffing import encoding_of, sniff
from xinfu.lib.tables.writing import Cell, write_csv, write_xlsx

__all__ = [
    "CELL_LIMIT",
    "NARROW",
    "ROW_COLUMN",
    "WIDE",
    "BadRow",
    "Cell",
    "Kind",
    "Normalised",
    "Table",
    "TableError",
    "clean",
    "encoding_of",
    "open_table",
    "safe_cell",
    "sniff",
    "to_utf8_csv",
    "write_csv",
    "write_xlsx",
]
