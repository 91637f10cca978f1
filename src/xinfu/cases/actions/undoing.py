"""Taking a whole batch back: its cases go, chunk by chunk, as long as nothing depends on them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import TruncMonth

from xinfu.cases import queries
from xinfu.cases.access import Can
from xinfu.cases.actions.locking import bump, take_lock
from xinfu.cases.models import BatchStatus, Case, ImportBatch
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused

CHUNK = 1000


@transaction.atomic
def start_undo(*, batch: ImportBatch, by: Actor, at: datetime) -> ImportBatch:
    """Queue a batch to be taken back in the background. Raises Refused where something depends on it."""
    from xinfu.cases import tasks

    by.require(Can.IMPORT)
    take_lock()
    held = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if reason := queries.why_not_undone(held):
        raise Refused("not_undoable", reason)
    changed = ImportBatch.objects.filter(pk=held.pk, status=BatchStatus.DONE).update(
        status=BatchStatus.UNDOING, undone=0, beat_at=at
    )
    if not changed:
        raise Refused("not_done", "这一批刚刚有了变化，请刷新后再看。")
    tasks.undo_import.enqueue(held.pk)
    journal.record("cases.undo_confirmed", held, by=by, at=at, sha256=held.sha256, cases=held.created)
    held.refresh_from_db()
    return held


def finish_undo(*, batch: ImportBatch, by: Actor, at: datetime) -> ImportBatch:
    """Remove the cases of a batch that waits for it; broken off and begun again, the same is left as after one run.

    What another hand took up meanwhile (a later batch, a stop of the clock) stays.
    """
    while _remove_some(batch, at):
        pass
    with transaction.atomic():
        take_lock()
        kept = Case.objects.filter(batch=batch.pk).count()
        changed = ImportBatch.objects.filter(pk=batch.pk, status=BatchStatus.UNDOING).update(
            status=BatchStatus.UNDONE, finished_at=at, beat_at=at
        )
        batch.refresh_from_db()
        if changed:
            said = {"sha256": batch.sha256, "removed": batch.undone, "kept": kept}
            journal.record("cases.import_undone", batch, by=by, at=at, **said)
    return batch


@transaction.atomic
def _remove_some(batch: ImportBatch, at: datetime) -> int:
    """Remove up to a chunk of the batch's cases in one short transaction; return how many."""
    take_lock()
    if not ImportBatch.objects.filter(pk=batch.pk, status=BatchStatus.UNDOING).exists():
        return 0
    free = queries.untouched(Case.objects.filter(batch=batch.pk)).order_by("pk")
    pks = list(free.values_list("pk", flat=True)[:CHUNK])
    if not pks:
        return 0
    rows = Case.objects.filter(pk__in=pks)
    months = list(rows.order_by().annotate(month=TruncMonth("received_on")).values_list("month").distinct())
    rows.only("pk").delete()
    bump(f"{month:%Y-%m}" for (month,) in months)
    ImportBatch.objects.filter(pk=batch.pk).update(undone=F("undone") + len(pks), beat_at=at)
    return len(pks)
