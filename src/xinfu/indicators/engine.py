"""The indicator engine: indicators as data → one SQL text → whole numbers, on DuckDB over a snapshot's Parquet.

Indicators that share view, day and base are counted in one scan; every grouping asked for is one grouping set of it.
The same text is carried to PostgreSQL by `carried`, over the SELECTs behind the views.
"""

from __future__ import annotations

# ruff: noqa: S608 -- statements are built from registered definitions, grains and checked dates only
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import duckdb

from xinfu.core.registry import DerivedView, Indicator, Part, SnapshotView, derived_views, snapshot_views

# Grain → its expression over a view's row; `day` is the day that the indicator counts by.
GRAINS: Mapping[str, str] = {
    "month": "CAST(DATE_TRUNC('month', day) AS DATE)",
    "week": "CAST(DATE_TRUNC('week', day) AS DATE)",
    "department": "department_id",
    "window": "window_id",
    "town": "town_id",
    "item": "item_id",
    "channel": "channel",
}
MEMORY_LIMIT = "640MB"
THREADS = 2

Grouping = tuple[str, ...]
Value = int | str | date | None


class Source(Protocol):
    """What the engine reads: the Parquet files of each view, under a digest that names their content."""

    @property
    def digest(self) -> str: ...
    @property
    def files(self) -> Mapping[str, Sequence[str]]: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One figure as counted: whole numbers only; `denominator` is None for a plain count."""

    indicator: str
    grouping: Grouping
    group: tuple[Value, ...]
    numerator: int
    denominator: int | None


@dataclass(frozen=True, slots=True)
class Scan:
    """Indicators counted together: one view, one day, one base."""

    indicators: tuple[Indicator, ...]
    groupings: tuple[Grouping, ...]

    @property
    def first(self) -> Indicator:
        return self.indicators[0]


def grouping_of(grains: Iterable[str]) -> Grouping:
    """Return the grains in their one order, each once."""
    wanted = set(grains)
    return tuple(grain for grain in GRAINS if grain in wanted)


def allowed(indicator: Indicator, grouping: Grouping) -> bool:
    return set(grouping) <= set(indicator.grains)


def scans(indicators: Iterable[Indicator], groupings: Iterable[Grouping]) -> list[Scan]:
    """Put together what one pass over a view can count."""
    shared: dict[tuple[str, str, str], list[Indicator]] = {}
    for indicator in indicators:
        shared.setdefault((indicator.view, indicator.dated_by, indicator.base), []).append(indicator)
    wanted = list(dict.fromkeys(grouping_of(g) for g in groupings))
    found = []
    for members in shared.values():
        sets = dict.fromkeys(
            _with_split(indicator, grouping)
            for indicator in members
            for grouping in wanted
            if allowed(indicator, grouping)
        )
        if sets:
            found.append(Scan(tuple(members), tuple(sets)))
    return found


def _with_split(indicator: Indicator, grouping: Grouping) -> Grouping:
    return grouping_of((*grouping, indicator.split)) if indicator.split else grouping


def statement(scan: Scan, frm: date, to: date) -> str:
    """Return the SQL text of one scan for a period, in DuckDB's dialect."""
    return _for_days(template(scan), frm, to)


def _for_days(text: str, frm: date, to: date) -> str:
    return text.replace("$from", f"DATE '{frm.isoformat()}'").replace("$to", f"DATE '{to.isoformat()}'")


def template(scan: Scan) -> str:
    """Return the SQL text of one scan with `$from` and `$to` for the days of a period."""
    first = scan.first
    grains = grouping_of(grain for grouping in scan.groupings for grain in grouping)
    parts = _parts(scan.indicators)
    inner = [f"{GRAINS[grain]} AS by_{grain}" for grain in grains]
    inner += [
        f"CASE WHEN {part.where} THEN {part.measure} ELSE 0 END AS {name}" for part, name in parts.items()
    ]
    outer = [f"by_{grain}" for grain in grains]
    sums = [f"COALESCE(SUM({name}), 0) AS {name}" for name in parts.values()]
    text = (
        f"SELECT {_sets_number(grains, scan.groupings)}, {', '.join([*outer, *sums])}\n"
        f"FROM (\n  SELECT {(',' + chr(10) + '         ').join(inner)}\n"
        f"  FROM ({_dated(first)}) AS dated\n"
        f"  WHERE {_period(first)}\n) AS counted"
        f"{_group_by(scan.groupings)}"
    )
    split = {indicator.split for indicator in scan.indicators if indicator.split}
    if split:
        text = _whole_over(text, scan.indicators, parts, grains)
    return text


def _parts(indicators: Sequence[Indicator]) -> dict[Part, str]:
    """Name each distinct numerator and denominator once."""
    found: dict[Part, str] = {}
    for indicator in indicators:
        for part in (indicator.numerator, indicator.denominator):
            if part is not None and part not in found:
                found[part] = f"n{len(found) + 1}"
    return found


def _dated(indicator: Indicator) -> str:
    day = indicator.dated_by or "$to"
    where = f" WHERE {indicator.base}" if indicator.base else ""
    return f"SELECT *, {day} AS day FROM {indicator.view}{where}"


def _period(indicator: Indicator) -> str:
    return "day BETWEEN $from AND $to"


def _sets_number(grains: Grouping, groupings: Sequence[Grouping]) -> str:
    """Return the column that says which grouping set a row belongs to (bits as GROUPING gives them)."""
    if len(groupings) > 1 and grains:
        return f"GROUPING({', '.join(f'by_{g}' for g in grains)}) AS grouped"
    return "0 AS grouped"


def _group_by(groupings: Sequence[Grouping]) -> str:
    if len(groupings) > 1:
        sets = ", ".join(f"({', '.join(f'by_{g}' for g in grouping)})" for grouping in groupings)
        return f"\nGROUP BY GROUPING SETS ({sets})"
    if groupings[0]:
        return f"\nGROUP BY {', '.join(f'by_{g}' for g in groupings[0])}"
    return ""


def _whole_over(
    text: str, indicators: Sequence[Indicator], parts: Mapping[Part, str], grains: Grouping
) -> str:
    """Add, for each share, the denominator summed over the grain that it is split by."""
    columns = [f"by_{g}" for g in grains] + list(parts.values())
    for indicator in indicators:
        if indicator.split and indicator.denominator:
            others = [f"by_{g}" for g in grains if g != indicator.split]
            name = parts[indicator.denominator]
            columns.append(
                f"SUM({name}) OVER (PARTITION BY {', '.join(['grouped', *others])}) AS whole_{indicator.split}_{name}"
            )
    return f"SELECT grouped, {', '.join(columns)}\nFROM (\n{text}\n) AS grouped_rows"


def read(
    scan: Scan, names: Sequence[str], found: Iterable[Sequence[Any]], asked: Sequence[Grouping]
) -> list[Row]:
    """Turn the rows of a scan's statement into figures, each indicator in the groupings it was asked for."""
    grains = grouping_of(grain for grouping in scan.groupings for grain in grouping)
    parts = _parts(scan.indicators)
    at = {name: index for index, name in enumerate(names)}
    by_number: dict[int, list[Sequence[Any]]] = {}
    for row in found:
        by_number.setdefault(int(row[0]), []).append(row)
    rows: list[Row] = []
    for indicator in scan.indicators:
        for grouping in dict.fromkeys(_with_split(indicator, grouping_of(g)) for g in asked):
            if not allowed(indicator, grouping):
                continue
            number = _number(grouping, grains) if len(scan.groupings) > 1 else 0
            rows.extend(_row(indicator, grouping, row, parts, at) for row in by_number.get(number, ()))
    return rows


def _number(grouping: Grouping, grains: Grouping) -> int:
    return sum(1 << (len(grains) - 1 - index) for index, grain in enumerate(grains) if grain not in grouping)


def _row(
    indicator: Indicator,
    grouping: Grouping,
    row: Sequence[Any],
    parts: Mapping[Part, str],
    at: Mapping[str, int],
) -> Row:
    denominator = None
    if indicator.denominator is not None:
        name = parts[indicator.denominator]
        denominator = int(row[at[f"whole_{indicator.split}_{name}" if indicator.split else name]])
    return Row(
        indicator.code,
        grouping,
        tuple(row[at[f"by_{grain}"]] for grain in grouping),
        int(row[at[parts[indicator.numerator]]]),
        denominator,
    )


# --- DuckDB -----------------------------------------------------------------------------------------


class Connections(threading.local):
    """One DuckDB connection a thread, kept; its views are re-made when another snapshot is asked for."""

    connection: duckdb.DuckDBPyConnection | None = None
    digest: str = ""

    def over(self, source: Source) -> duckdb.DuckDBPyConnection:
        if self.connection is None:
            self.connection = open_duckdb()
        if self.digest != source.digest:
            for view, files in source.files.items():
                self.connection.execute(f"CREATE OR REPLACE VIEW {view} AS {_rows_of(view, files)}")
            for made in derived_views:
                if has(source, made.name):
                    self.connection.execute(f"CREATE OR REPLACE VIEW {made.name} AS {made.select}")
            self.digest = source.digest
        return self.connection


def has(source: Source, view: str) -> bool:
    """Return whether a snapshot holds a view, or all that a derived view is made of."""
    made = derived_views.get(view)
    return set(made.of) <= set(source.files) if made else view in source.files


def _rows_of(view: str, files: Sequence[str]) -> str:
    """Return the SELECT over a view's files; before the first record it has its columns and no rows."""
    if files:
        return f"SELECT * FROM read_parquet([{', '.join(_quoted(file) for file in files)}])"
    columns = snapshot_views[view].columns.items()
    return f"SELECT {', '.join(f'CAST(NULL AS {kind}) AS {name}' for name, kind in columns)} WHERE FALSE"


def open_duckdb(memory: str = MEMORY_LIMIT, threads: int = THREADS) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB of its own in memory, with a limit on what it may take."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": threads,
        "temp_directory": f"{tempfile.gettempdir()}/xinfu-duckdb",
    }
    return duckdb.connect(":memory:", config=config)


def _quoted(text: str) -> str:
    return "'" + str(text).replace("'", "''") + "'"


connections = Connections()


def compute(
    source: Source, indicators: Sequence[Indicator], frm: date, to: date, groupings: Sequence[Grouping]
) -> list[Row]:
    """Count the indicators in every grouping over the period; groups in order, unassigned last."""
    duck = connections.over(source)
    rows: list[Row] = []
    for scan in scans([i for i in indicators if has(source, i.view)], groupings):
        cursor = duck.execute(statement(scan, frm, to))
        names = [column[0] for column in cursor.description or ()]
        rows.extend(read(scan, names, cursor.fetchall(), groupings))
    return ordered(rows, [indicator.code for indicator in indicators])


def ordered(rows: Iterable[Row], codes: Sequence[str]) -> list[Row]:
    place = {code: index for index, code in enumerate(codes)}
    return sorted(
        rows,
        key=lambda r: (
            len(r.grouping),
            r.grouping,
            place[r.indicator],
            [_sortable(value) for value in r.group],
        ),
    )


def _sortable(value: Value) -> tuple[int, str]:
    if value is None:
        return (1, "")
    return (0, f"{value:020d}" if isinstance(value, int) else str(value))


def records_sql(indicator: Indicator, part: str, frm: date, to: date, group: Mapping[str, Value]) -> str:
    """Return the SQL of the rows behind one number: the same day, base and condition, and the group's values."""
    chosen = indicator.numerator if part == "numerator" else indicator.denominator or indicator.numerator
    where = [_period(indicator), f"({chosen.where})"]
    for grain, value in group.items():
        if not (grain == indicator.split and part == "denominator"):
            where.append(f"{GRAINS[grain]} {_equals(value)}")
    text = f"SELECT * FROM ({_dated(indicator)}) AS dated WHERE {' AND '.join(where)}"
    return _for_days(text, frm, to)


def _equals(value: Value) -> str:
    if value is None:
        return "IS NULL"
    if isinstance(value, date):
        return f"= DATE '{value.isoformat()}'"
    return f"= {int(value)}" if isinstance(value, int) else f"= {_quoted(value)}"


# --- the same text on the database ------------------------------------------------------------------


def behind(view: str) -> list[SnapshotView | DerivedView]:
    """Return the views whose SELECTs a statement over this one stands on, in the order of their making."""
    made = derived_views.get(view)
    if made:
        return [*(snapshot_views[name] for name in made.of), made]
    found = snapshot_views.get(view)
    return [found] if found else []


def over_selects(text: str, views: Iterable[SnapshotView | DerivedView]) -> str:
    """Put the SELECTs behind the views in front of a statement, so that it runs on the records themselves."""
    tables = ", ".join(f"{view.name} AS ({view.select.replace('{where}', '1 = 1')})" for view in views)
    return f"WITH {tables}\n{text}"
