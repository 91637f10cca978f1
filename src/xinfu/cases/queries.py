"""How everybody reads cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from xinfu.cases.models import ImportBatch
from xinfu.catalog import queries as catalog
from xinfu.core import files
from xinfu.core.actor import system
from xinfu.people import queries as people


def departments_for_import() -> list[tuple[int, str, str, str, str, int | None]]:
    """Return (id, code, name, short name, kind, parent) of every unit, for matching set-wise."""
    rows = people.departments(system("import"))
    return list(rows.values_list("pk", "code", "name", "short_name", "kind", "parent_id"))


def windows_for_import() -> list[tuple[int, str, int]]:
    """Return (id, code, department) of every window."""
    return list(people.windows(system("import")).values_list("pk", "code", "department_id"))


def versions_for_import() -> Iterator[tuple[Any, ...]]:
    """Return the item versions in the columns that the staging joins with."""
    names = list(catalog.VERSION_COLUMNS)
    wanted = ("code", "since", "until", "version_id", "name", "project_type", "promise_days", "promise_kind",
              "accept_limit_days", "is_unified", "department_id")  # fmt: skip
    places = [names.index(n) for n in wanted]
    for row in catalog.versions_for():
        yield tuple(row[i] for i in places)


def write_rejected(batches: Iterable[ImportBatch], path: Path) -> None:
    """Write the complete lists of rejected rows of some batches into one file."""
    with path.open("wb") as out:
        heads = 0
        for batch in batches:
            if batch.rejected_file is None:
                continue
            with files.open_file(batch.rejected_file) as file:
                if heads:
                    file.readline()
                out.writelines(iter(lambda: file.read(1 << 20), b""))
            heads += 1
        if not heads:
            out.write("\ufeff行号,列,取值,原因\r\n".encode())
