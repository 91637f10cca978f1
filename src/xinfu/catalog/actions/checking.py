"""Taking a file in and checking all its rows; no item changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from xinfu.catalog import local, mapping, planning, queries, reading
from xinfu.catalog.access import Can
from xinfu.catalog.mapping import ItemMapping
from xinfu.catalog.models import BatchStatus, Item, ItemBatch, ItemFinding, ItemVersion
from xinfu.catalog.planning import Finding, Row, Standing, Tally, Terms
from xinfu.core import files, journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.people import queries as people

LIMIT = 200 * files.MIB
GLANCED = 4 * files.MIB  # up to this size a file that is no list of items is refused while its sender waits
CHUNK = 300  # items a transaction, so that none lasts over a second


@transaction.atomic
def start_import(
    *, chunks: Iterable[bytes], name: str, chosen: ItemMapping, since: date | None, by: Actor, at: datetime
) -> ItemBatch:
    """Keep a file and queue the check of its rows in the background.

    `since` is the first day of versions whose rows name none. Raises Refused: no permission, too large, a small file
    that is no list of items.
    """
    from xinfu.catalog import tasks

    batch = _keep_file(chunks=chunks, name=name, chosen=chosen, since=since, by=by, at=at)
    assert batch.file is not None
    if batch.file.size <= GLANCED:
        reading.glance(files.path_of(batch.sha256), chosen)
    tasks.check.enqueue(batch.pk)
    journal.record("items.import_started", batch, by=by, at=at, sha256=batch.sha256, mapping=batch.mapping)
    return batch


def _keep_file(
    *, chunks: Iterable[bytes], name: str, chosen: ItemMapping, since: date | None, by: Actor, at: datetime
) -> ItemBatch:
    by.require(Can.IMPORT)
    stored = files.store(chunks, name=name, by=by, at=at, limit=LIMIT)
    return ItemBatch.objects.create(
        name=stored.name,
        sha256=stored.sha256,
        mapping=chosen.code,
        file=stored,
        status=BatchStatus.WAITING,
        since=since,
        started_at=at,
        beat_at=at,
        started_by=by.name,
    )


def check_file(
    *,
    chunks: Iterable[bytes],
    name: str,
    chosen: ItemMapping,
    since: date | None,
    by: Actor,
    at: datetime,
    most: int = reading.MOST_ROWS,
) -> ItemBatch:
    """Keep a file and check it at once (command line). Raises Refused where it cannot be read as a whole.

    `most` is the largest number of rows.
    """
    with transaction.atomic():
        batch = _keep_file(chunks=chunks, name=name, chosen=chosen, since=since, by=by, at=at)
        journal.record(
            "items.import_started", batch, by=by, at=at, sha256=batch.sha256, mapping=batch.mapping
        )
    return _check(batch, chosen, by, at, most)


def check_batch(*, batch: ItemBatch, by: Actor, at: datetime) -> ItemBatch:
    """Check the file of a queued batch; broken off and called again it checks anew, a checked one it leaves.

    What is wrong with the file as a whole stands in the batch's `refusal`.
    """
    if batch.status not in (BatchStatus.WAITING, BatchStatus.CHECKING):
        return batch
    try:
        return _check(batch, mapping.find(batch.mapping), by, at)
    except Refused as refused:
        _fail(batch, refused, at)  # also where the mapping went
        return batch


def _check(
    batch: ItemBatch, chosen: ItemMapping, by: Actor, at: datetime, most: int = reading.MOST_ROWS
) -> ItemBatch:
    tell_progress(batch, BatchStatus.CHECKING, 0, None, at)
    try:
        read = read_file(batch, chosen, most)
    except Refused as refused:
        _fail(batch, refused, at)
        raise
    tally, kept = begin_tally(read)
    terms = terms_of(batch, at)
    whole = planning.by_code(kept)
    for done, group in groups(whole):
        tell_progress(batch, BatchStatus.CHECKING, done, len(whole), at)
        standing = standing_of(Item.objects.filter(code__in=group))
        for code, rows in group.items():
            tally.add(planning.plan_item(rows, [s for _, s in standing.get(code, [])], terms))
    return _finish(batch, tally, by, at)


def _fail(batch: ItemBatch, refused: Refused, at: datetime) -> None:
    """Close a batch with what is wrong with its file; one that was given up meanwhile stays given up."""
    ItemBatch.objects.filter(pk=batch.pk, status__in=(BatchStatus.WAITING, BatchStatus.CHECKING)).update(
        status=BatchStatus.FAILED, refusal=refused.reason[:500], finished_at=at
    )
    batch.refresh_from_db()


@transaction.atomic
def _finish(batch: ItemBatch, tally: Tally, by: Actor, at: datetime) -> ItemBatch:
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    refuse_unless(held, BatchStatus.CHECKING)
    held.read, held.marked, held.content_digest = tally.read, tally.marked, tally.digest
    for name in ("created", "updated", "unchanged", "rejected"):
        setattr(held, name, tally.counts[name])
    held.status, held.done, held.total = BatchStatus.CHECKED, 0, None
    held.save()
    held.findings.all().delete()
    keep_findings(held, tally.in_order())
    journal.record("items.checked", held, by=by, at=at, sha256=held.sha256, **counts_of(held))
    return held


# --- shared with the writing -----------------------------------------------------------------------


def tell_progress(batch: ItemBatch, status: str, done: int, total: int | None, at: datetime) -> None:
    """Note how far a batch is, where its page reads it; one that was given up meanwhile is left alone."""
    changed = (
        ItemBatch.objects.filter(pk=batch.pk)
        .exclude(status=BatchStatus.DROPPED)
        .update(status=status, done=done, total=total, beat_at=at)
    )
    if not changed:
        batch.status = BatchStatus.DROPPED
        refuse_unless(batch, status)
    batch.status = status


def read_file(batch: ItemBatch, chosen: ItemMapping, most: int = reading.MOST_ROWS) -> reading.ReadFile:
    units = reading.Departments(people.codes("department"), people.department_names())
    return reading.read(files.path_of(batch.sha256), chosen, units, most)


def terms_of(batch: ItemBatch, at: datetime) -> Terms:
    """Return what the plan depends on; a confirmed batch keeps the day of its confirmation."""
    today = timezone.localdate(batch.confirmed_at or at)
    return Terms(today=today, since=batch.since, rates=local.rates_on(today))


def begin_tally(read: reading.ReadFile) -> tuple[Tally, list[Row]]:
    """Return the tally of what the file says against itself, and the rows that count."""
    kept, done, found = planning.within_file(read.rows)
    tally = Tally(read=read.read, digest=read.digest, findings=[*read.findings, *found])
    tally.counts.update(done.values())
    tally.counts["rejected"] += read.rejected
    return tally, kept


def groups(whole: dict[str, list[Row]], done: int = 0) -> Iterator[tuple[int, dict[str, list[Row]]]]:
    """Yield the rows by item, a few hundred items at once, each with how many items came before; the first `done` not."""
    items = list(whole.items())
    for start in range(done, len(items), CHUNK):
        yield start, dict(items[start : start + CHUNK])


def standing_of(items: Any) -> dict[str, list[tuple[ItemVersion, Standing]]]:
    """Return the versions that stand, by code, earliest first."""
    found: dict[str, list[tuple[ItemVersion, Standing]]] = {}
    versions = ItemVersion.objects.filter(item__in=items).select_related("item").order_by("item_id", "since")
    for version in versions:
        standing = Standing(version.since, version.until, queries.content_of(version), version.department_id)
        found.setdefault(version.item.code, []).append((version, standing))
    return found


def keep_findings(batch: ItemBatch, found: Iterable[Finding]) -> None:
    ItemFinding.objects.bulk_create(
        [
            ItemFinding(
                batch=batch,
                level=f.level,
                kind=f.kind,
                row=f.row,
                column=f.column[:100],
                value=f.value[:300],
                reason=f.reason[:500],
            )
            for f in found
        ],
        batch_size=500,
    )


def counts_of(batch: ItemBatch) -> dict[str, int]:
    return {
        name: getattr(batch, name)
        for name in ("read", "created", "updated", "unchanged", "rejected", "marked")
    }


def refuse_unless(batch: ItemBatch, *statuses: str) -> None:
    if batch.status not in statuses:
        raise Refused("batch_closed", f"这一批次{BatchStatus(batch.status).label}，不能再办这一步。")
