"""Bringing a file in: start, run, finish; every step can be broken off and done again."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from xinfu.cases import queries
from xinfu.cases.access import Can
from xinfu.cases.actions.loading import Loader
from xinfu.cases.actions.masters import add_unknown
from xinfu.cases.actions.pauses import PauseLoader
from xinfu.cases.intake import mapping as mappings
from xinfu.cases.intake.mapping import Mapping
from xinfu.cases.intake.sentences import Rejection
from xinfu.cases.intake.staging import Reference, Staging
from xinfu.cases.local import accept_days
from xinfu.cases.models import BatchStatus, ImportBatch, Quality, RejectedRow
from xinfu.core import files, journal, keys
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Refused
from xinfu.lib.tables import safe_cell

SHOWN_REJECTIONS = 2000
LIST_LIMIT = 2 << 30
BEAT = timedelta(seconds=1)
Progress = Callable[[str, float], None]


@transaction.atomic
def start_import(*, file: StoredFile, mapping: str, by: Actor, at: datetime) -> ImportBatch:
    """Queue a stored file for import in the background. Raises Refused: no permission, no such mapping."""
    by.require(Can.IMPORT)
    known = mappings.get(mapping)
    batch = _batch(file.name, file.sha256, known, by, at, file)
    journal.record("cases.import_started", batch, by=by, at=at, sha256=file.sha256, mapping=known.code)
    from xinfu.cases import tasks

    tasks.run_import.enqueue(batch.pk)
    return batch


def _batch(
    name: str, sha256: str, mapping: Mapping, by: Actor, at: datetime, file: StoredFile | None
) -> ImportBatch:
    return ImportBatch.objects.create(
        name=name[:255],
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
    batch = _batch(path.name, _sha256(path), mapping, by, at, None)
    return _run(batch, path, mapping, by, at, progress)


def run_import(*, batch: ImportBatch, by: Actor, at: datetime) -> ImportBatch:
    """Import the file of a queued batch; does nothing where it is done, goes on where it was broken off."""
    if batch.status in (BatchStatus.DONE, BatchStatus.FAILED):
        return batch
    assert batch.file is not None
    try:
        return _run(batch, files.path_of(batch.file.sha256), mappings.get(batch.mapping), by, at, None)
    except Refused:
        return batch


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(
    batch: ImportBatch, path: Path, mapping: Mapping, by: Actor, at: datetime, progress: Progress | None
) -> ImportBatch:
    report = _Report(batch, progress)
    folder = Path(settings.HOME) / "tmp" / f"import-{batch.pk}"
    today = timezone.localdate(at, ZoneInfo(mapping.zone)) + timedelta(days=1)
    try:
        with Staging(folder, mapping, today) as staging:
            report.status(BatchStatus.CHECKING, unchanged=0, stale=0)
            staging.read_file(path, report.reading)
            report.status(BatchStatus.CHECKING, total=staging.rows)
            if mapping.record == "pause":
                _load_pauses(staging, batch, report, by, at)
            else:
                _load_cases(staging, batch, report, by, at)
            _finish(staging, batch, by, at)
    except Refused as refused:
        report.status(BatchStatus.FAILED, refusal=refused.reason[:500], finished_at=timezone_now(at))
        raise
    batch.refresh_from_db()
    return batch


def timezone_now(at: datetime) -> datetime:
    return at


def prepare(staging: Staging, at: datetime) -> int:
    """Check and derive the rows of a staging against the master data of now; return how many are accepted."""
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
            Reference(
                departments=queries.departments_for_import(),
                windows=reference.windows,
                versions=queries.versions_for_import(),
                calendar=reference.calendar,
                accept_days=reference.accept_days,
                keys=reference.keys,
            )
        )
    return staging.derive(reference.accept_days, reference.keys)


def _load_cases(staging: Staging, batch: ImportBatch, report: _Report, by: Actor, at: datetime) -> None:
    accepted = prepare(staging, at)
    rejected = staging.rejected()
    report.status(BatchStatus.LOADING, rejected=rejected, read=rejected, marked=_marks(staging))
    Loader(staging, batch, accepted, by, at).run(lambda done: report.loading(rejected + done))


def _load_pauses(staging: Staging, batch: ImportBatch, report: _Report, by: Actor, at: datetime) -> None:
    accepted = staging.derive_pauses()
    report.status(BatchStatus.LOADING, rejected=staging.rejected())
    staging.reject_unknown_cases(PauseLoader(staging, batch, accepted, at).run(report.loading))


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


def _finish(staging: Staging, batch: ImportBatch, by: Actor, at: datetime) -> None:
    """Keep the rejected rows, close the batch and write its one journal line."""
    rejected = staging.rejected()
    stored = None
    if rejected:
        stored = files.store(
            _as_csv(staging.rejections()), name=f"未收行-{batch.name}.csv", by=by, at=at, limit=LIST_LIMIT
        )
    digest = staging.digest() if staging.mapping.record == "case" else ""
    with transaction.atomic():
        rows = islice(staging.rejections(), SHOWN_REJECTIONS)
        RejectedRow.objects.filter(batch=batch).delete()
        RejectedRow.objects.bulk_create(_rejected_row(batch, r) for r in rows)
        ImportBatch.objects.filter(pk=batch.pk).update(
            status=BatchStatus.DONE,
            finished_at=at,
            read=staging.rows,
            rejected=rejected,
            rejected_file=stored,
        )
        batch.refresh_from_db()
        counts = {k: getattr(batch, k) for k in ("read", "created", "updated", "unchanged", "rejected")}
        journal.record(
            "cases.imported",
            batch,
            by=by,
            at=at,
            sha256=batch.sha256,
            mapping=batch.mapping,
            digest=digest,
            **counts,
        )


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
        self.batch, self.progress = batch, progress

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
