"""What imports need and what they leave: master data for matching, batches, rejected rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from xinfu.cases.access import Can
from xinfu.cases.intake import mapping as mappings
from xinfu.cases.intake.fields import RECORDS
from xinfu.cases.models import BatchStatus, ImportBatch, Quality, RejectedRow
from xinfu.catalog import queries as catalog
from xinfu.core import files
from xinfu.core.actor import Actor, system
from xinfu.core.refusal import NotFound
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


# --- batches -------------------------------------------------------------------------------------


def batches(actor: Actor) -> QuerySet[ImportBatch]:
    """Return the import batches, newest first, for those who may import."""
    rows = ImportBatch.objects.select_related("file", "rejected_file").order_by("-pk")
    return rows if actor.may(Can.IMPORT) else rows.none()


def get_batch(actor: Actor, pk: int) -> ImportBatch:
    found = batches(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def same_file_before(batch: ImportBatch) -> ImportBatch | None:
    """Return the last finished batch of the same content and mapping before this one, unless it was undone."""
    earlier = ImportBatch.objects.filter(
        sha256=batch.sha256, mapping=batch.mapping, status=BatchStatus.DONE, pk__lt=batch.pk
    )
    return earlier.order_by("-pk").first()


def rejections(actor: Actor, batch: ImportBatch) -> QuerySet[RejectedRow]:
    """Return the first rejected rows of a batch (the complete list is its `rejected_file`)."""
    rows = RejectedRow.objects.filter(batch=batch).order_by("row", "pk")
    return rows if actor.may(Can.IMPORT) else rows.none()


def marks_of(batch: ImportBatch) -> list[tuple[Quality, int]]:
    """Return how many accepted rows carry each quality mark."""
    return [(Quality(int(mark)), number) for mark, number in batch.marked.items()]


def share_done(batch: ImportBatch) -> int:
    """Return how far a batch is, in percent."""
    if batch.status in (BatchStatus.DONE, BatchStatus.CHECKED, BatchStatus.UNDONE):
        return 100
    return min(99, 100 * batch.read // batch.total) if batch.total else 0


def mapping_choices() -> list[tuple[str, str]]:
    """Return (code, title) of the mappings that can be chosen."""
    return [(m.code, m.title) for m in mappings.shipped()]


def mapping_columns(code: str) -> list[tuple[str, bool, tuple[str, ...]]]:
    """Return (field's name, whether it must be there, the columns that fill it) of a mapping, for its help page."""
    known = mappings.get(code)
    fields = RECORDS[known.record]
    return [(fields[f].label, fields[f].is_required, columns) for f, columns in known.columns.items()]
