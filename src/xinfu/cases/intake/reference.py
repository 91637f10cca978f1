"""Master data that rows are joined with, laid out as tables: units and towns by every name, windows, item versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xinfu.lib.workdays import Calendar

Table = tuple[str, Mapping[str, str], Sequence[Sequence[Any]]]
"""Name, column → type, rows."""
VERSION_COLUMNS = {
    "code": "VARCHAR", "since": "DATE", "version_until": "DATE", "version_id": "BIGINT",
    "version_name": "VARCHAR", "version_type": "VARCHAR", "version_promise": "INTEGER",
    "version_kind": "VARCHAR", "version_limit": "INTEGER", "version_unified": "BOOLEAN",
    "version_department": "BIGINT",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """Master data as lists of rows, the calendar, the accept term, and the keys of content and personal digests."""

    departments: Sequence[tuple[int, str, str, str, str, int | None]]
    windows: Sequence[tuple[int, str, int]]
    versions: Iterable[tuple[Any, ...]]
    calendar: Calendar
    accept_days: int
    keys: tuple[bytes, bytes]

    def tables(self) -> Iterator[Table]:
        """Yield the tables that the staging joins with."""
        yield from self._departments()
        windows = [(i, code.upper(), unit) for i, code, unit in self.windows]
        yield "windows", {"id": "BIGINT", "code": "VARCHAR", "department_id": "BIGINT"}, windows
        yield "item_versions", VERSION_COLUMNS, list(self.versions)

    def _departments(self) -> Iterator[Table]:
        keys: dict[str, set[int]] = {}
        codes = {code.upper(): pk for pk, code, *_ in self.departments}
        for pk, _, long, short, *_ in self.departments:
            for word in {long.upper(), short.upper()}:
                keys.setdefault(word, set()).add(pk)
        single = {word: min(found) for word, found in keys.items() if len(found) == 1}
        towns = {pk: pk for pk, *_, kind, _ in self.departments if kind == "township"}
        towns |= {
            pk: parent for pk, *_, kind, parent in self.departments if kind == "village" and parent in towns
        }
        both = {**single, **codes}
        pair = {"key": "VARCHAR", "id": "BIGINT"}
        yield "department_keys", pair, list(both.items())
        yield "town_keys", pair, [(word, towns[pk]) for word, pk in both.items() if pk in towns]
        yield "town_ids", {"department_id": "BIGINT", "id": "BIGINT"}, list(towns.items())
