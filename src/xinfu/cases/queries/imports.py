"""What imports need and what they leave: master data for matching, batches, rejected rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from xinfu.cases.access import Can
from xinfu.cases.intake import mapping as mappings
from xinfu.cases.intake.fields import RECORDS
from xinfu.cases.models import (
    BatchStatus,
    Case,
    CaseLicence,
    CasePause,
    CaseQuerySet,
    CaseStep,
    ImportBatch,
    Quality,
    RejectedRow,
)
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


ADDED = (CasePause, CaseStep, CaseLicence)
"""What another record adds to a case: a stop of the clock, a step, a licence."""


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


def untouched(rows: CaseQuerySet) -> CaseQuerySet:
    """Keep the cases to which nobody added anything: no stop of the clock, no step, no licence."""
    for added in ADDED:
        rows = rows.filter(~Exists(added._default_manager.filter(case=OuterRef("pk")).order_by()))
    return rows


@dataclass(frozen=True, slots=True)
class Standing:
    """How many cases still stand as a batch brought them, and why it cannot be taken back (nothing: it can)."""

    kept: int
    why_not: str = ""


def standing_of(batch: ImportBatch) -> Standing:
    """Count what is left of a batch, and whether it can be taken back (X4: only while nothing depends on it)."""
    if batch.status not in (BatchStatus.DONE, BatchStatus.UNDONE):
        return Standing(0, _only_done(batch))
    kept = Case.objects.filter(batch=batch.pk).count()
    return Standing(kept, _bound(batch) or _not_free(batch, kept))


def why_not_undone(batch: ImportBatch) -> str:
    """Return why a batch cannot be taken back, or nothing."""
    return standing_of(batch).why_not


def _only_done(batch: ImportBatch) -> str:
    return f"这一批是“{batch.get_status_display()}”，只有已完成的批次可以撤销。"


def _bound(batch: ImportBatch) -> str:
    if batch.status != BatchStatus.DONE:
        return _only_done(batch)
    if record_of(batch) != "case":
        return "停钟、环节和证照记录并入了各件办件，不按批次留存，不能整批撤销；请导入更正后的记录。"
    if batch.updated:
        return (
            f"这一批更新了{batch.updated:,}件已有办件，更新前的内容没有留存，不能撤销；请导入更正后的文件。"
        )
    return "" if batch.created else "这一批没有写入任何办件，不用撤销。"


def _not_free(batch: ImportBatch, kept: int) -> str:
    if kept < batch.created:
        later = batch.created - kept
        return f"这一批新增的办件中有{later:,}件后来被别的批次或接口更新过，不能撤销；请导入更正后的文件。"
    for added in ADDED:
        touched = added._default_manager.filter(case__batch=batch.pk).order_by()
        for case_no in touched.values_list("case__case_no", flat=True)[:1]:
            return (
                f"这一批的办件（如{case_no}）已登记{added._meta.verbose_name}，不能撤销；请导入更正后的文件。"
            )
    return ""


def rejections(actor: Actor, batch: ImportBatch) -> QuerySet[RejectedRow]:
    """Return the first rejected rows of a batch (the complete list is its `rejected_file`)."""
    rows = RejectedRow.objects.filter(batch=batch).order_by("row", "pk")
    return rows if actor.may(Can.IMPORT) else rows.none()


def record_of(batch: ImportBatch) -> str:
    """Return what the rows of a batch are: case, pause, step or licence."""
    return next((m.record for m in mappings.shipped() if m.code == batch.mapping), "case")


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
