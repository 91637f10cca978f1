"""Snapshots: the registered views as Parquet files by month, and the manifest that names them.

Promise: a snapshot's digest is the SHA-256 of its canonical manifest, which holds, for every view and month, the
number of rows and a digest of the rows in order. The same database gives the same digest, however often and on
whichever engine the files are made. Two databases agree only where their internal numbers agree as well.

Files never change once written: they are named by the digest of their rows, written aside and renamed. The manifest
is written after its files, the pointer `current` last, so that a kill at any moment leaves the former snapshot whole.
"""

from __future__ import annotations

# ruff: noqa: S608 -- registered views, checked dates and our own paths only
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

import duckdb
from django.conf import settings
from django.db import connection, transaction

from xinfu.core.registry import SnapshotView, snapshot_views
from xinfu.indicators import engine
from xinfu.lib import canon

MONTHS_AT_ONCE = 12
LINES = 5000
CHUNK = 100_000  # keys under one inner hash, so that a month of any size needs little memory


class FileEntry(TypedDict):
    rows: int
    digest: str
    sha256: str
    revision: int


class Manifest(TypedDict):
    """`views`: view → month ("" for a table exported whole) → file. `origin` names the database it came from."""

    digest: str
    origin: str
    made_at: str
    layout: dict[str, str]
    views: dict[str, dict[str, FileEntry]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot: its digest, when it was last found to be the present state, and the files of each view."""

    digest: str
    as_of: datetime
    files: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, int]


def folder() -> Path:
    return Path(settings.HOME) / "snapshots"


# --- reading ----------------------------------------------------------------------------------------


def current() -> Snapshot | None:
    """Return the newest whole snapshot, or None before the first."""
    pointer = _pointer()
    return load(*pointer) if pointer else None


def load(digest: str, as_of: str = "") -> Snapshot | None:
    """Return the snapshot of this digest, where its manifest is still kept."""
    manifest = _manifest(digest)
    if manifest is None:
        return None
    files = {
        view: tuple(str(_path(view, month, entry)) for month, entry in sorted(months.items()))
        for view, months in manifest["views"].items()
    }
    rows = {view: sum(e["rows"] for e in months.values()) for view, months in manifest["views"].items()}
    return Snapshot(digest, datetime.fromisoformat(as_of or manifest["made_at"]), files, rows)


def _pointer() -> tuple[str, str] | None:
    """Return digest and moment of the newest snapshot."""
    try:
        digest, as_of = (folder() / "current").read_text().split()
    except FileNotFoundError:
        return None
    return digest, as_of


@lru_cache(maxsize=8)
def _read_manifest(path: str, _: float) -> Manifest:
    found: Manifest = json.loads(Path(path).read_text())
    return found


def _manifest(digest: str) -> Manifest | None:
    path = folder() / "manifests" / f"{digest}.json"
    try:
        return _read_manifest(str(path), path.stat().st_mtime)
    except FileNotFoundError:
        return None


def _path(view: str, month: str, entry: FileEntry) -> Path:
    return folder() / view / f"{month or 'all'}-{entry['digest'][:24]}.parquet"


# --- refreshing -------------------------------------------------------------------------------------


def refresh(*, origin: str, at: datetime) -> Snapshot:
    """Export what changed since the current snapshot and return the new one.

    One process refreshes at a time; the others wait and then find little left to do.
    """
    with _lock(), _reading():
        before = _newest_manifest(origin)
        layout = {view.name: _layout(view) for view in snapshot_views}
        views = {
            view.name: _refresh_view(view, before if _same_layout(before, layout, view.name) else None)
            for view in snapshot_views
        }
        digest = _digest(views)
        if before is None or before["digest"] != digest or before["views"] != views:
            _publish(
                Manifest(digest=digest, origin=origin, made_at=at.isoformat(), layout=layout, views=views)
            )
        _write(folder() / "current", f"{digest} {at.isoformat()}")
    found = load(digest, at.isoformat())
    assert found is not None
    return found


def is_fresh(origin: str) -> bool:
    """Return whether the current snapshot holds the records as they stand now."""
    before = _newest_manifest(origin)
    if before is None:
        return False
    return all(
        {month: entry["revision"] for month, entry in before["views"].get(view.name, {}).items()}
        == dict(view.revisions())
        for view in snapshot_views
    )


@contextmanager
def _lock() -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _reading() -> Iterator[None]:
    """Read all views at one moment, without keeping writers out."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def _newest_manifest(origin: str) -> Manifest | None:
    pointer = _pointer()
    manifest = _manifest(pointer[0]) if pointer else None
    return manifest if manifest and manifest["origin"] == origin else None


def _layout(view: SnapshotView) -> str:
    """Name the form of a view, so that a release that changes it exports everything anew."""
    text = json.dumps([list(view.columns.items()), view.select, view.partition])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _same_layout(before: Manifest | None, layout: Mapping[str, str], view: str) -> bool:
    return before is not None and before["layout"].get(view) == layout[view]


def _refresh_view(view: SnapshotView, before: Manifest | None) -> dict[str, FileEntry]:
    known = before["views"].get(view.name, {}) if before else {}
    revisions = dict(sorted(view.revisions().items()))
    kept = {
        month: entry
        for month, entry in known.items()
        if revisions.get(month) == entry["revision"] and _path(view.name, month, entry).exists()
    }
    changed = [month for month in revisions if month not in kept]
    for start in range(0, len(changed), MONTHS_AT_ONCE):
        for month, entry in _export(view, changed[start : start + MONTHS_AT_ONCE]).items():
            kept[month] = FileEntry(**{**entry, "revision": revisions[month]})
    return {month: kept[month] for month in revisions}


def _digest(views: Mapping[str, Mapping[str, FileEntry]]) -> str:
    content = {
        view: {month: [entry["rows"], entry["digest"]] for month, entry in months.items() if entry["rows"]}
        for view, months in views.items()
    }
    return hashlib.sha256(canon.canon(content)).hexdigest()


def _publish(manifest: Manifest) -> None:
    path = folder() / "manifests" / f"{manifest['digest']}.json"
    _write(path, json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True))
    _read_manifest.cache_clear()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _rename(fresh, path)


def _rename(fresh: Path, path: Path) -> None:
    fresh.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


# --- the files ----------------------------------------------------------------------------------------


def _export(view: SnapshotView, months: Sequence[str]) -> dict[str, FileEntry]:
    """Write months of a view from the database to Parquet, with one reading of the table."""
    target = folder() / view.name
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target) as name:
        aside = Path(name)
        _to_csv(_select(view, months), aside / "rows.csv")
        duck = engine.open_duckdb()
        try:
            found = {}
            for month, rows in _sources(duck, view, months, aside).items():
                parquet = aside / f"{month or 'all'}.parquet"
                duck.execute(
                    f"COPY (SELECT * FROM {rows} ORDER BY 1) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)"
                )
                found[month] = _settle(duck, view, month, parquet)
        finally:
            duck.close()
    return found


def _sources(
    duck: duckdb.DuckDBPyConnection, view: SnapshotView, months: Sequence[str], aside: Path
) -> dict[str, str]:
    """Return, for each month, the DuckDB expression that reads its rows; the CSV is read once.

    A blank text is NULL in a snapshot, on both engines.
    """
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in view.columns.items())
    rows = (
        f"read_csv('{aside}/rows.csv', header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', columns = {{{types}}})"
    )
    if len(months) == 1 or not view.partition:
        return dict.fromkeys(months, rows)
    day = view.partition.rpartition(".")[2]
    duck.execute(
        f"COPY (SELECT *, strftime({day}, '%Y-%m') AS in_month FROM {rows}) TO '{aside}/months' "
        f"(FORMAT parquet, PARTITION_BY (in_month))"
    )
    nothing = f"(SELECT * FROM {rows} LIMIT 0)"
    parts = {month: aside / "months" / f"in_month={month}" for month in months}
    return {
        month: f"read_parquet('{part}/*.parquet', hive_partitioning = false)" if part.exists() else nothing
        for month, part in parts.items()
    }


def _settle(duck: duckdb.DuckDBPyConnection, view: SnapshotView, month: str, parquet: Path) -> FileEntry:
    """Give a written file its lasting name."""
    rows, digest = rows_digest(duck, f"read_parquet('{parquet}')", view)
    with parquet.open("rb+") as file:
        os.fsync(file.fileno())
    entry = FileEntry(rows=rows, digest=digest, sha256=_file_sha256(parquet), revision=0)
    _rename(parquet, _path(view.name, month, entry))
    return entry


def _select(view: SnapshotView, months: Sequence[str]) -> str:
    """Return the SELECT of some months; on SQLite each row comes as one line of CSV, which is twice as fast."""
    where = " OR ".join(_in_month(view.partition, month) for month in months) if view.partition else "1 = 1"
    inner = view.select.replace("{where}", f"({where})")
    columns = ", ".join(f'"{column}"' for column in view.columns)
    if connection.vendor == "sqlite":
        form = ",".join('"%s"' if kind == "VARCHAR" else "%s" for kind in view.columns.values())
        cells = (_sqlite_cell(column, kind) for column, kind in view.columns.items())
        columns = f"printf('{form}\n', {', '.join(cells)})"
    return f"SELECT {columns} FROM ({inner}) AS exported"


def _sqlite_cell(column: str, kind: str) -> str:
    return f'replace("{column}", \'"\', \'""\')' if kind == "VARCHAR" else f'"{column}"'


def _in_month(partition: str, month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return f"({partition} >= '{first.isoformat()}' AND {partition} < '{after.isoformat()}')"


def _to_csv(sql: str, path: Path) -> None:
    with connection.cursor() as cursor, path.open("wb") as file:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
                file.writelines(copy)
            return
        cursor.execute(sql)
        while lines := cursor.fetchmany(LINES):
            file.write("".join(line for (line,) in lines).encode())


def rows_digest(duck: duckdb.DuckDBPyConnection, table: str, view: SnapshotView) -> tuple[int, str]:
    """Return number and SHA-256 of a table's rows in the order of its first column, a whole number."""
    key = next(iter(view.columns))
    cells = ", ".join(f"coalesce(CAST({name} AS VARCHAR), chr(1))" for name in view.columns)
    bounds = duck.execute(f"SELECT count(*), min({key}), max({key}) FROM {table}").fetchone()
    assert bounds is not None
    digest = hashlib.sha256()
    for start in range(bounds[1] or 0, (bounds[2] or -1) + 1, CHUNK):
        part = duck.execute(
            f"SELECT sha256(string_agg(line, chr(30) ORDER BY {key}, line)) FROM ("
            f"SELECT {key}, concat_ws(chr(31), {cells}) AS line FROM {table} "
            f"WHERE {key} BETWEEN {start} AND {start + CHUNK - 1})"
        ).fetchone()
        if part is not None and part[0]:
            digest.update(bytes.fromhex(part[0]))
    return int(bounds[0]), digest.hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- keeping and checking ---------------------------------------------------------------------------


def damaged(digest: str) -> list[str]:
    """Return the files of a snapshot that are missing or are not what its manifest says."""
    manifest = _manifest(digest)
    if manifest is None:
        return [f"manifests/{digest}.json"]
    wrong = []
    for view, months in manifest["views"].items():
        for month, entry in months.items():
            path = _path(view, month, entry)
            if not path.exists() or _file_sha256(path) != entry["sha256"]:
                wrong.append(str(path.relative_to(folder())))
    return wrong


def prune(keep: Collection[str]) -> int:
    """Remove manifests that nobody needs, then files that no manifest names; return the number removed."""
    removed = 0
    with _lock():
        pointer = _pointer()
        needed = {*keep, pointer[0]} if pointer else set(keep)
        for path in (folder() / "manifests").glob("*.json"):
            if path.stem not in needed:
                path.unlink()
                removed += 1
        named = {
            name
            for path in (folder() / "manifests").glob("*.json")
            if (snapshot := load(path.stem)) is not None
            for files in snapshot.files.values()
            for name in files
        }
        for path in folder().glob("*/*.parquet"):
            if str(path) not in named:
                path.unlink()
                removed += 1
        for path in folder().glob("*/.export-*"):  # left by a killed refresh
            shutil.rmtree(path)
            removed += 1
    return removed
