"""Giving a checked file up, and taking a written batch back while nothing depends on it."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.db.models import ProtectedError

from xinfu.catalog.access import Can
from xinfu.catalog.actions.checking import refuse_unless
from xinfu.catalog.models import BatchStatus, Item, ItemBatch, ItemVersion
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused

UNWRITTEN = (BatchStatus.WAITING, BatchStatus.CHECKING, BatchStatus.CHECKED)


@transaction.atomic
def drop_batch(*, batch: ItemBatch, by: Actor, at: datetime) -> None:
    """Give up a file of which nothing was written."""
    by.require(Can.IMPORT)
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    refuse_unless(held, *UNWRITTEN)
    if held.done and held.confirmed_at:
        raise Refused("batch_half_written", "这一批次已写入一部分，不能放弃；请再确认一次写完，再撤销。")
    held.status = BatchStatus.DROPPED
    held.save(update_fields=["status"])
    journal.record("items.import_dropped", held, by=by, at=at, sha256=held.sha256)


@transaction.atomic
def start_undo(*, batch: ItemBatch, by: Actor, at: datetime) -> None:
    """Queue a batch to be taken back. Raises Refused where a later batch builds on it."""
    from xinfu.catalog import tasks

    by.require(Can.IMPORT)
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    refuse_unless(held, BatchStatus.DONE)
    _refuse_followed(held)
    held.status, held.refusal, held.beat_at = BatchStatus.UNDOING, "", at
    held.save(update_fields=["status", "refusal", "beat_at"])
    tasks.undo.enqueue(held.pk)
    journal.record("items.undo_confirmed", held, by=by, at=at, sha256=held.sha256)


def finish_undo(*, batch: ItemBatch, by: Actor, at: datetime) -> None:
    """Take a queued batch back in the background; where that is refused, it stays imported and says why."""
    if batch.status != BatchStatus.UNDOING:
        return
    try:
        undo_batch(batch=batch, by=by, at=at)
    except Refused as refused:
        ItemBatch.objects.filter(pk=batch.pk, status=BatchStatus.UNDOING).update(
            status=BatchStatus.DONE, refusal=refused.reason[:500]
        )


@transaction.atomic
def undo_batch(*, batch: ItemBatch, by: Actor, at: datetime) -> None:
    """Take a batch back: its versions go, what it ended holds again. Raises Refused where something depends on it."""
    by.require(Can.IMPORT)
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    refuse_unless(held, BatchStatus.DONE, BatchStatus.UNDOING)
    ids = list(_touched(held).order_by("pk").values_list("pk", flat=True))
    list(
        Item.objects.filter(pk__in=_touched(held).values("pk")).order_by("pk").select_for_update(of=("self",))
    )
    _refuse_followed(held)
    try:
        gone = held.versions.all().delete()[0]
    except ProtectedError as error:
        raise Refused(
            "batch_used", "已有办件按这一批次的事项版本收件，不能撤销；请导入更正后的新版本。"
        ) from error
    restored = list(held.ended.all())
    for version in restored:
        version.until, version.open_until_on, version.ended_by = version.open_until_on, None, None
    ItemVersion.objects.bulk_update(restored, ["until", "open_until_on", "ended_by"], batch_size=500)
    for start in range(0, len(ids), 500):
        _follow_newest(ids[start : start + 500])
    held.status, held.finished_at = BatchStatus.UNDONE, at
    held.save(update_fields=["status", "finished_at"])
    journal.record("items.import_undone", held, by=by, at=at, sha256=held.sha256, versions=gone)


def _touched(batch: ItemBatch) -> models.QuerySet[Item]:
    """Return the items of which the batch wrote or ended a version."""
    mine = ItemVersion.objects.filter(models.Q(batch=batch) | models.Q(ended_by=batch))
    return Item.objects.filter(pk__in=mine.values("item"))


def _refuse_followed(batch: ItemBatch) -> None:
    if ItemVersion.objects.filter(item__in=_touched(batch), batch__gt=batch.pk).exists():
        raise Refused("batch_followed", "这一批次的事项后来又有新版本，请先撤销后面的批次。")


def _follow_newest(ids: list[int]) -> None:
    """Set each item's department to its newest version's; an item that never was goes."""
    Item.objects.filter(pk__in=ids, versions__isnull=True).delete()
    newest: dict[int, int | None] = dict(
        ItemVersion.objects.filter(item__in=ids).order_by("since").values_list("item_id", "department_id")
    )
    changed = [
        item
        for item in Item.objects.filter(pk__in=ids).order_by("pk")
        if newest[item.pk] != item.department_id
    ]
    for item in changed:
        item.department_id = newest[item.pk]
    Item.objects.bulk_update(changed, ["department"])
