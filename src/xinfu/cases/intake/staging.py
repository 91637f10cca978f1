"""One file on its way in: read, checked and derived in a DuckDB database of its own that is deleted afterwards."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Mapping_
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

import duckdb

from xinfu.cases.intake import derive, sql
from xinfu.cases.intake.fields import PARTS, RECORD_LABELS, RECORDS
from xinfu.cases.intake.mapping import Mapping
from xinfu.cases.intake.reference import Reference
from xinfu.cases.intake.sentences import (
    DUPLICATE,
    ENDS_FIRST,
    NO_CASE,
    NO_DEPARTMENT,
    NO_ITEM,
    NO_NAME,
    OUT_OF_REACH,
    SAME_PART,
    Rejection,
    merged,
    rejection,
)
from xinfu.cases.intake.sql import Frame, name
from xinfu.core.refusal import Refused
from xinfu.lib.tables import ROW_COLUMN, BadRow, TableError, to_utf8_csv

MOST_MEMORY = 1400  # MB; what a million rows need without spilling


def memory_limit() -> str:
    """Return DuckDB's limit: what a large import needs, and never more than a third of the machine."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return f"{min(MOST_MEMORY, machine // 3)}MB"


class Staging:
    """The working database of one import; a context manager, because its folder holds personal data."""

    def __init__(self, folder: Path, mapping: Mapping, today: date) -> None:
        self.folder = folder
        self.mapping = mapping
        self.today = today
        self.bad: list[BadRow] = []
        self.rows = 0
        self.frame = Frame(mapping, {}, today)

    def __enter__(self) -> Staging:
        self.lock = _locked(self.folder)
        if self.lock is None:
            raise Refused("running", "这一批正在另一个进程中导入，请等它结束。")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        self.duck = duckdb.connect()  # in memory, and beyond the limit in `spill`: twice as fast as a file
        self.duck.execute(
            f"SET threads = 2; SET memory_limit = '{memory_limit()}'; SET temp_directory = '{self.folder}/spill'"
        )
        self.duck.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        self.duck.execute(
            "CREATE TABLE faults (row_no BIGINT, field VARCHAR, fault INT, value VARCHAR, other BIGINT)"
        )
        return self

    def __exit__(self, *failure: object) -> None:
        self.duck.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        _lock_path(self.folder).unlink(missing_ok=True)
        if self.lock is not None:
            self.lock.close()

    # --- reading ---------------------------------------------------------------------------------

    def read_file(self, path: Path, progress: Callable[[float], None] | None = None) -> None:
        """Read a file of any kind and find the mapping's columns; raises Refused where it is none of this kind."""
        first = [columns[0] for f in self._required() if (columns := self.mapping.columns.get(f))]
        every = [column for columns in self.mapping.columns.values() for column in columns]
        expected = list(dict.fromkeys([*first, *every]))
        try:
            table = to_utf8_csv(path, self.folder / "clean.csv", expected=expected, progress=progress)
        except TableError as error:
            raise Refused(f"table_{error.code}", error.reason) from error
        self.bad, self.rows = table.bad, table.rows + len(table.bad)
        self.frame = Frame(self.mapping, self._sources(table.header), self.today)
        self._check_header(table.header)
        self._type(table.relation(), name(ROW_COLUMN))

    def read_records(self, records: Sequence[Mapping_[str, Any]]) -> None:
        """Take records under the fields' own names (API); row numbers count from 1."""
        known = RECORDS[self.mapping.record]
        self.rows = len(records)
        used = [f for f in known if any(r.get(f) is not None for r in records)]
        self.frame = Frame(self.mapping, {f: [f] for f in {*used, *self._required()}}, self.today)
        rows = [
            {"_row": i, **{f: _plain(r.get(f)) for f in self.frame.sources}} for i, r in enumerate(records, 1)
        ]
        types = {"_row": "BIGINT", **dict.fromkeys(self.frame.sources, "VARCHAR")}
        self._table("pushed", types, [tuple(r.values()) for r in rows])
        self._type("pushed", name("_row"))

    def _required(self) -> list[str]:
        return [f.name for f in RECORDS[self.mapping.record].values() if f.is_required]

    def _sources(self, header: Sequence[str]) -> dict[str, list[str]]:
        """Return field → columns of the file, found without regard to case and blanks."""
        present = {_folded(column): column for column in reversed(header)}
        found = {
            field: [present[_folded(c)] for c in columns if _folded(c) in present]
            for field, columns in self.mapping.columns.items()
        }
        return {field: list(dict.fromkeys(columns)) for field, columns in found.items() if columns}

    def _check_header(self, header: Sequence[str]) -> None:
        folded = {_folded(c) for c in header}
        for column, sentence in self.mapping.ambiguous.items():
            if _folded(column) in folded:
                raise Refused("ambiguous_column", f"{sentence}。")
        missing = [f for f in self._required() if f not in self.frame.fields]
        if missing:
            fields = RECORDS[self.mapping.record]
            names = "；".join(
                f"“{fields[f].label}”（{'、'.join(self.mapping.columns.get(f, ()))}）" for f in missing
            )
            raise Refused(
                "missing_column",
                f"按映射“{self.mapping.title}”，文件缺少{RECORD_LABELS[self.mapping.record]}的必需列：{names}。"
                f"文件现有列：{'、'.join(header[:20])}。请核对文件或换一个映射。",
            )

    def _type(self, relation: str, row: str) -> None:
        """Convert every field in one pass; describe the faults only of the rows that have one."""
        raw = f"SELECT {row} AS row_no, {', '.join(sql.raw_columns(self.frame))} FROM {relation}"
        typed = f"SELECT *, {', '.join(sql.typed_columns(self.frame))} FROM ({raw})"
        faulty = f"SELECT *, {', '.join(sql.fault_columns(self.frame))} FROM ({typed})"
        marks = ", ".join(f"e_{f}" for f in self.frame.fields)
        values = [f"v_{f}" for f in self.frame.fields]
        values += [f"l_{f}" for f, field in self.frame.fields.items() if field.kind == "time"]
        self.duck.execute(
            f"CREATE TABLE typed AS SELECT row_no, {', '.join(values)}, coalesce({marks}) IS NOT NULL AS is_bad "
            f"FROM ({faulty})"
        )
        if self._number("SELECT count(*) FROM typed WHERE is_bad"):
            each = " UNION ALL ".join(
                f"SELECT row_no, '{f}', e_{f}, {name(f)}, NULL FROM faulty WHERE e_{f} IS NOT NULL"
                for f in self.frame.fields
            )
            self.duck.execute(
                f"INSERT INTO faults WITH faulty AS MATERIALIZED (SELECT * FROM ({faulty}) "
                f"WHERE row_no IN (SELECT row_no FROM typed WHERE is_bad)) {each}"
            )

    # --- rows that fall out later ----------------------------------------------------------------

    def _drop(self, relation: str, field: str, fault: int, condition: str, other: str = "NULL") -> None:
        """Note the rows of a relation that meet a condition as faulty."""
        shown = {
            "case_no": "case_no",
            "item_code": "item_code",
            "department": "coalesce(department, org_name)",
        }
        value = shown.get(field, "NULL")
        self.duck.execute(
            f"INSERT INTO faults SELECT row_no, '{field}', {fault}, {value}::VARCHAR, {other} "
            f"FROM {relation} WHERE {condition}"
        )

    def rejections(self) -> Iterator[Rejection]:
        """Yield everything that was not taken in, by row."""
        cursor = self.duck.cursor()
        cursor.execute("SELECT row_no, field, fault, value, other FROM faults ORDER BY row_no, field")
        bad = (Rejection(b.row, b.column, b.value, f"{b.reason.rstrip('。')}。") for b in sorted(self.bad))
        return merged(bad, self._found(cursor))

    def _found(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[Rejection]:
        while rows := cursor.fetchmany(5000):
            for row, field, fault, value, other in rows:
                yield rejection(self.frame, row, field, fault, value, other)

    def rejected(self) -> int:
        return len(self.bad) + self._number("SELECT count(DISTINCT row_no) FROM faults")

    # --- cases -----------------------------------------------------------------------------------

    def state_facts(self) -> None:
        """Lay out what the source said, without the rows that a later row of the same file replaces."""
        self.duck.execute(f"CREATE VIEW all_stated AS {derive.stated(self.frame)}")
        best = "arg_max(row_no, (data_version, row_no))"
        self.duck.execute(
            f"CREATE TABLE kept AS SELECT case_no, {best} AS kept FROM all_stated GROUP BY case_no HAVING count(*) > 1"
        )
        if self._number("SELECT count(*) FROM kept"):
            losers = "(SELECT * FROM all_stated JOIN kept USING (case_no) WHERE row_no <> kept)"
            self._drop(losers, "case_no", DUPLICATE, "true", "kept")
            where = "WHERE row_no NOT IN (SELECT row_no FROM faults)"
        else:
            where = ""
        self.duck.execute(f"CREATE VIEW good AS SELECT * FROM all_stated {where}")

    def load_reference(self, reference: Reference) -> None:
        """Lay out departments, windows, towns, item versions and the calendar beside the rows."""
        for table, columns, rows in reference.tables():
            self._table(table, columns, rows)
        self.duck.execute("CREATE OR REPLACE TABLE item_codes AS SELECT DISTINCT code FROM item_versions")
        days = reference.calendar.rows(*self._span())
        self._table("calendar", {"day": "DATE", "works": "BOOLEAN", "ord": "INTEGER"}, days)
        self.duck.execute("CREATE OR REPLACE TABLE workdays AS SELECT day, ord FROM calendar WHERE works")
        self.duck.execute(f"SET VARIABLE known_until = DATE '{reference.calendar.known_until}'")

    def _span(self) -> tuple[date, date]:
        """Return the days that the clocks of these rows can touch: a term of n workdays ends within 2 n + 60 days."""
        row = self.duck.execute(
            "SELECT min(least(received_on, accepted_on, finished_on)), "
            "max(greatest(received_on, accepted_on, finished_on)), greatest(coalesce(max(promise_days), 0), "
            "coalesce((SELECT max(version_promise) FROM item_versions WHERE version_kind = 'workday'), 0)) FROM good"
        ).fetchone()
        assert row is not None
        first, last, term = row
        return first or self.today, (last or self.today) + timedelta(days=min(2 * int(term), 8000) + 400)

    def unknown_departments(self) -> list[tuple[str, str]]:
        """Return (code, name) of units that rows name and the departments do not know."""
        found = self.duck.execute(
            "SELECT department, coalesce(any_value(org_name), department) FROM good "
            "WHERE department IS NOT NULL AND upper(department) NOT IN (SELECT key FROM department_keys) "
            "GROUP BY department ORDER BY department"
        )
        return [(str(code), str(title)) for code, title in found.fetchall()]

    def unknown_items(self) -> list[tuple[str, str]]:
        """Return (code, name) of items that rows name and the catalogue does not know."""
        found = self.duck.execute(
            "SELECT item_code, coalesce(any_value(item_name), item_code) FROM good "
            "WHERE item_code IS NOT NULL AND item_code NOT IN (SELECT code FROM item_codes) "
            "GROUP BY item_code ORDER BY item_code"
        )
        return [(str(code), str(title)) for code, title in found.fetchall()]

    def derive(self, accept_days: int, keys: tuple[bytes, bytes], units: frozenset[int] | None = None) -> int:
        """Make the table `ready` of accepted rows in the order of their numbers; return how many they are.

        `units`: the only departments and towns whose cases are taken in (None: all).
        """
        self.duck.execute(f"CREATE VIEW joined AS {derive.JOINED}")
        self.duck.execute(f"CREATE TABLE facts AS {derive.facts(self.frame, keys)}")
        self.duck.execute("DROP TABLE typed")
        self._drop("facts", "item_name", NO_NAME, "item_name IS NULL")
        if self.mapping.unknown_policy("department") == "reject":
            named = "(department IS NOT NULL OR org_name IS NOT NULL)"
            self._drop("facts", "department", NO_DEPARTMENT, f"department_id IS NULL AND {named}")
        if self.mapping.unknown_policy("item") == "reject":
            self._drop("facts", "item_code", NO_ITEM, "item_code IS NOT NULL AND NOT item_known")
        if units is not None:
            reach = f"({', '.join(map(str, [-1, *sorted(units)]))})"
            inside = f"coalesce(department_id IN {reach}, false) OR coalesce(town_id IN {reach}, false)"
            self._drop("facts", "department", OUT_OF_REACH, f"NOT ({inside})")
        if self._number("SELECT count(*) FROM faults WHERE fault >= 20"):
            self.duck.execute("DELETE FROM facts WHERE row_no IN (SELECT row_no FROM faults)")
        self.duck.execute(f"CREATE VIEW clocked AS {derive.clocks(self.frame, accept_days)}")
        self.duck.execute("SET preserve_insertion_order = true")
        self.duck.execute(f"CREATE TABLE ready AS {derive.ready(self.frame)}")
        self.duck.execute("DROP TABLE facts CASCADE")
        return self._number("SELECT count(*) FROM ready")

    def reject_numbers(self, numbers: Sequence[str]) -> None:
        """Note accepted rows as out of reach, because their numbers are cases of other units."""
        if numbers:
            listed = f"case_no IN {sql.listed(numbers)}"
            self._drop("ready", "case_no", OUT_OF_REACH, listed)
            self.duck.execute(f"DELETE FROM ready WHERE {listed}")

    def digest(self) -> str:
        """Return a digest of the accepted rows' numbers and content, for the journal."""
        row = self.duck.execute(
            "SELECT sha256(coalesce(string_agg(case_no || lower(hex(content)), chr(10) ORDER BY seq), '')) FROM ready"
        ).fetchone()
        assert row is not None
        return str(row[0])

    # --- parts: stops, steps, licences ------------------------------------------------------------

    def derive_parts(self) -> int:
        """Make the table `ready` of what belongs to cases: one row for each key of the record."""
        table, fields = PARTS[self.mapping.record], self.frame.fields
        columns = [f"v_{f} AS {f}" if f in fields else f"NULL AS {f}" for f in RECORDS[self.mapping.record]]
        self.duck.execute(
            f"CREATE VIEW all_stated AS SELECT row_no, {', '.join(columns)} FROM typed WHERE NOT is_bad"
        )
        self._drop("all_stated", table.last, ENDS_FIRST, f"{table.last} < {table.first}")
        key = ", ".join(table.key)
        repeated = f"(SELECT *, max(row_no) OVER (PARTITION BY {key}) AS kept FROM all_stated)"
        self._drop(repeated, "case_no", SAME_PART, "row_no <> kept", "kept")
        self.duck.execute(
            f"CREATE TABLE ready AS SELECT row_number() OVER (ORDER BY {key}) AS seq, * "
            f"FROM all_stated WHERE row_no NOT IN (SELECT row_no FROM faults) ORDER BY {key}"
        )
        return self._number("SELECT count(*) FROM ready")

    def reject_unknown_cases(self, rows: Iterable[int]) -> None:
        """Note parts of cases that do not exist."""
        self._table("orphans", {"n": "BIGINT"}, [(n,) for n in rows])
        self._drop("ready", "case_no", NO_CASE, "row_no IN (SELECT n FROM orphans)")

    # --- giving out ------------------------------------------------------------------------------

    def select(self, query: str) -> list[tuple[Any, ...]]:
        return self.duck.execute(query).fetchall()

    def _number(self, query: str) -> int:
        row = self.duck.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def _table(self, table: str, columns: Mapping_[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Lay a small list out as a table, in one statement."""
        fields = ", ".join(f"{name(c)} {t}" for c, t in columns.items())
        self.duck.execute(f"CREATE OR REPLACE TABLE {name(table)} ({fields})")
        path = self.folder / f"{table}.json"
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(
                    json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=str) + "\n"
                )
        if rows:
            shape = ", ".join(f"{name(c)}: '{t}'" for c, t in columns.items())
            self.duck.execute(
                f"INSERT INTO {name(table)} SELECT {', '.join(name(c) for c in columns)} FROM "
                f"read_json({sql.text(str(path))}, format = 'newline_delimited', columns = {{{shape}}})"
            )
        path.unlink()


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _locked(folder: Path) -> IO[str] | None:
    """Lock a working folder for this process; None where another one that is alive holds it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = _lock_path(folder).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def sweep(parent: Path) -> list[str]:
    """Remove the working folders of processes that died, personal data and all; return their names."""
    dead = []
    for folder in [f for kind in ("import-*", "push-*") for f in parent.glob(kind) if f.is_dir()]:
        lock = _locked(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            _lock_path(folder).unlink(missing_ok=True)
            lock.close()
            dead.append(folder.name)
    return dead


def _folded(column: str) -> str:
    return column.replace(" ", "").replace("_", "").casefold()


def _plain(value: object) -> str | None:
    """Return a pushed value as text: booleans as 1 and 0."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
