"""Bringing a file in: start, run, finish; every step can be broken off and done again."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from xinfu.cases import queries
from xinfu.cases.access import Can
from xinfu.cases.actions.loading import Loader, count_keys
from xinfu.cases.actions.masters import add_unknown
from xinfu.cases.actions.parts import LicenceLoader, PartLoader, StepLoader
from xinfu.cases.actions.pauses import PauseLoader
from xinfu.cases.intake import mapping as mappings
from xinfu.cases.intake.mapping import Mapping
from xinfu.cases.intake.reference import Reference
from xinfu.cases.intake.sentences import Rejection
from xinfu.cases.intake.staging import Staging, sweep
from xinfu.cases.local import accept_days
from xinfu.cases.models import BatchStatus, ImportBatch, Quality, RejectedRow
from xinfu.core import files, journal, keys
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Refused
from xinfu.lib.tables import safe_cell

SHOWN_REJECTIONS = 2000
BROKEN = "导入中断。已写入的办件保留，再次导入同一文件即可补齐，不会重复。"
LIST_LIMIT = 2 << 30
COUNTS = ("read", "created", "updated", "unchanged", "rejected")
UNFINISHED = (BatchStatus.WAITING, BatchStatus.CHECKING, BatchStatus.LOADING)
PARTS: dict[str, type[PartLoader]] = {"pause": PauseLoader, "step": StepLoader, "licence": LicenceLoader}
Progress = Callable[[str, float], None]


@transaction.atomic
def start_import(
    *, file: StoredFile, mapping: str, by: Actor, at: datetime, check_only: bool = False
) -> ImportBatch:
    """Queue a stored file for import in the background; `check_only`: check all rows and wait for `confirm_import`.

    Raises Refused: no permission, no such mapping.
    """
    by.require(Can.IMPORT)
    known = mappings.get(mapping)
    batch = _batch(file.name, file.sha256, known, by, at, file)
    journal.record("cases.import_started", batch, by=by, at=at, sha256=file.sha256, mapping=known.code)
    _enqueue(batch, check_only=check_only)
    return batch


@transaction.atomic
def confirm_import(*, batch: ImportBatch, by: Actor, at: datetime) -> ImportBatch:
    """Queue a checked batch for writing. Raises Refused where it does not wait for that."""
    by.require(Can.IMPORT)
    changed = ImportBatch.objects.filter(pk=batch.pk, status=BatchStatus.CHECKED).update(
        status=BatchStatus.WAITING, created=0, updated=0, unchanged=0, stale=0, finished_at=None, beat_at=at
    )
    if not changed:
        raise Refused("not_checked", f"这一批是“{batch.get_status_display()}”，不是待确认，请刷新后再看。")
    journal.record("cases.import_confirmed", batch, by=by, at=at)
    _enqueue(batch, check_only=False)
    batch.refresh_from_db()
    return batch


def _enqueue(batch: ImportBatch, *, check_only: bool) -> None:
    from xinfu.cases import tasks

    (tasks.check_import if check_only else tasks.run_import).enqueue(batch.pk)


def clear_broken(*, at: datetime) -> None:
    """Remove what killed imports left behind; those from the command line are closed as broken off."""
    dead = sweep(Path(settings.HOME) / "tmp")
    numbers = [int(name.partition("-")[2]) for name in dead if name.startswith("import-")]
    ImportBatch.objects.filter(pk__in=numbers, file=None, status__in=UNFINISHED).update(
        status=BatchStatus.FAILED, refusal=BROKEN, finished_at=at
    )


def _batch(
    name: str, sha256: str, mapping: Mapping, by: Actor, at: datetime, file: StoredFile | None
) -> ImportBatch:
    return ImportBatch.objects.create(
        name=name.replace("\0", "")[:255],
        sha256=sha256,
        mapping=mapping.code,
        file=file,
        started_at=at,
        started_by=by.name[:80],
        beat_at=at,
    )


def import_path(
    *, path: Path, mapping: Mapping, by: Actor, at: datetime, progress: Progress | None = None
) -> ImportBatch:
    """Import a file of this machine at once (command line); raises Refused where it is refused as a whole."""
    by.require(Can.IMPORT)
    clear_broken(at=at)
    batch = _batch(path.name, _sha256(path), mapping, by, at, None)
    return _run(batch, path, mapping, by, at, progress)


def run_import(*, batch: ImportBatch, by: Actor, at: datetime, check_only: bool = False) -> ImportBatch:
    """Import (or only check) the file of a queued batch; goes on where it was broken off, does a done one not again."""
    if batch.status not in UNFINISHED:
        return batch
    assert batch.file is not None
    try:
        path = files.path_of(batch.file.sha256)
        return _run(batch, path, mappings.get(batch.mapping), by, at, None, check_only)
    except Refused:
        return batch


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(
    batch: ImportBatch,
    path: Path,
    mapping: Mapping,
    by: Actor,
    at: datetime,
    progress: Progress | None,
    check_only: bool = False,
) -> ImportBatch:
    report = _Report(batch, progress)
    folder = Path(settings.HOME) / "tmp" / f"import-{batch.pk}"
    today = timezone.localdate(at, ZoneInfo(mapping.zone)) + timedelta(days=1)
    try:
        with Staging(folder, mapping, today) as staging:
            report.status(BatchStatus.CHECKING, unchanged=0, stale=0)
            staging.read_file(path, report.reading)
            report.status(BatchStatus.CHECKING, total=staging.rows)
            load = _load_cases if mapping.record == "case" else _load_parts
            load(staging, batch, report, by, at, check_only)
            _finish(staging, batch, report, by, at, check_only)
    except Refused as refused:
        report.status(BatchStatus.FAILED, refusal=refused.reason[:500], finished_at=report.ended(at))
        raise
    batch.refresh_from_db()
    return batch


def prepare(staging: Staging, at: datetime, units: frozenset[int] | None = None) -> int:
    """Check and derive the rows of a staging against the master data of now; return how many are accepted.

    `units`: the only departments and towns whose cases are taken in (None: all).
    """
    today = timezone.localdate(at)
    reference = Reference(
        departments=queries.departments_for_import(),
        windows=queries.windows_for_import(),
        versions=queries.versions_for_import(),
        calendar=calendar(),
        accept_days=accept_days(today),
        keys=(keys.secret("case-content", 32), keys.secret("personal-digest", 32)),
    )
    staging.state_facts()
    staging.load_reference(reference)
    if add_unknown(staging, at=at):
        staging.load_reference(
            replace(
                reference,
                departments=queries.departments_for_import(),
                versions=queries.versions_for_import(),
            )
        )
    return staging.derive(reference.accept_days, reference.keys, units)


def _load_cases(
    staging: Staging, batch: ImportBatch, report: _Report, by: Actor, at: datetime, check_only: bool
) -> None:
    accepted = prepare(staging, at)
    rejected = staging.rejected()
    status = BatchStatus.CHECKING if check_only else BatchStatus.LOADING
    report.status(status, rejected=rejected, read=rejected, marked=_marks(staging))
    loader = Loader(staging, batch, accepted, by, at)
    if check_only:
        counts = loader.preview()
        report.status(status, created=counts.created, updated=counts.updated, unchanged=counts.unchanged)
    else:
        loader.run(lambda done: report.loading(rejected + done))


def _load_parts(
    staging: Staging, batch: ImportBatch, report: _Report, by: Actor, at: datetime, check_only: bool
) -> None:
    accepted = staging.derive_parts()
    report.status(BatchStatus.CHECKING if check_only else BatchStatus.LOADING, rejected=staging.rejected())
    loader = PARTS[staging.mapping.record](staging, batch, accepted, at)
    if check_only:
        staging.reject_unknown_cases(loader.orphans_of_file())
    else:
        staging.reject_unknown_cases(loader.run(report.loading))


def _marks(staging: Staging) -> dict[str, int]:
    """Count the accepted rows of each quality mark."""
    counts: Counter[int] = Counter()
    for quality, number in staging.select(
        "SELECT quality, count(*) FROM ready WHERE quality > 0 GROUP BY quality"
    ):
        for mark in Quality:
            if quality & mark:
                counts[mark.value] += number
    return {str(mark): counts[mark] for mark in sorted(counts)}


def _finish(
    staging: Staging, batch: ImportBatch, report: _Report, by: Actor, at: datetime, check_only: bool
) -> None:
    """Keep the rejected rows, close the batch and write its one journal line."""
    rejected, stored = staging.rejected(), None
    if rejected:
        lines = _as_csv(staging.rejections())
        stored = files.store(lines, name=f"未收行-{batch.name}.csv", by=by, at=at, limit=LIST_LIMIT)
    digest = staging.digest() if staging.mapping.record == "case" else ""
    status = BatchStatus.CHECKED if check_only else BatchStatus.DONE
    with transaction.atomic():
        rows = islice(staging.rejections(), SHOWN_REJECTIONS)
        RejectedRow.objects.filter(batch=batch).delete()
        RejectedRow.objects.bulk_create(_rejected_row(batch, r) for r in rows)
        ImportBatch.objects.filter(pk=batch.pk).update(
            status=status,
            finished_at=report.ended(at),
            beat_at=at,
            read=staging.rows,
            rejected=rejected,
            rejected_file=stored,
        )
        batch.refresh_from_db()
        event = "cases.import_checked" if check_only else "cases.imported"
        counts = {name: getattr(batch, name) for name in COUNTS}
        said = {"sha256": batch.sha256, "mapping": batch.mapping, "digest": digest, **counts}
        journal.record(event, batch, by=by, at=at, **said)
    count_keys(batch.created)


def _rejected_row(batch: ImportBatch, r: Rejection) -> RejectedRow:
    return RejectedRow(
        batch=batch, row=r.row, column=r.column[:100], value=r.value[:200], reason=r.reason[:300]
    )


def rejected_lines(rejections: Iterator[Rejection]) -> Iterator[str]:
    """Yield the list of rejected rows as lines of CSV that no spreadsheet takes for formulas."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(("行号", "列", "取值", "原因"))
    for r in rejections:
        writer.writerow((r.row, safe_cell(r.column), safe_cell(r.value), r.reason))
        if buffer.tell() > 60_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _as_csv(rejections: Iterator[Rejection]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    for lines in rejected_lines(rejections):
        yield lines.encode()


class _Report:
    """How far a batch is, written so that other connections see it, and told to the caller."""

    def __init__(self, batch: ImportBatch, progress: Progress | None) -> None:
        self.batch, self.progress, self._since = batch, progress, monotonic()

    def ended(self, at: datetime) -> datetime:
        """Return when a run that began at `at` ends, if it ends now."""
        return at + timedelta(seconds=monotonic() - self._since)

    def status(self, status: BatchStatus, **more: Any) -> None:
        ImportBatch.objects.filter(pk=self.batch.pk).update(status=status, **more)
        self.batch.status = status
        for key, value in more.items():
            setattr(self.batch, key, value)

    def reading(self, share: float) -> None:
        if self.progress:
            self.progress("检查", share)

    def loading(self, done: int) -> None:
        ImportBatch.objects.filter(pk=self.batch.pk).update(read=done)
        if self.progress:
            self.progress("写入", done / max(self.batch.total or 1, 1))
