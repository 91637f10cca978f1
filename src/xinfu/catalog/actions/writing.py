"""Writing what a checked file changes, a few hundred items a transaction; broken off, it goes on where it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from xinfu.catalog import attributes, mapping, planning, queries, rules
from xinfu.catalog.access import Can
from xinfu.catalog.actions.checking import (
    begin_tally,
    counts_of,
    groups,
    keep_findings,
    read_file,
    refuse_unless,
    standing_of,
    terms_of,
)
from xinfu.catalog.mapping import ItemMapping
from xinfu.catalog.models import BatchStatus, Item, ItemBatch, ItemVersion
from xinfu.catalog.planning import Change, Row, Standing, Tally, Terms
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused

RUNNING = "batch_running"


@transaction.atomic
def confirm_batch(*, batch: ItemBatch, by: Actor, at: datetime) -> ItemBatch:
    """Queue a checked file to be written in the background. Raises Refused where it is not open any more."""
    from xinfu.catalog import tasks

    held = _confirmed(batch, by, at)
    tasks.write.enqueue(held.pk)
    journal.record("items.import_confirmed", held, by=by, at=at, sha256=held.sha256)
    return held


def _confirmed(batch: ItemBatch, by: Actor, at: datetime) -> ItemBatch:
    by.require(Can.IMPORT)
    changed = ItemBatch.objects.filter(pk=batch.pk, status=BatchStatus.CHECKED).update(
        status=BatchStatus.LOADING, confirmed_at=at, beat_at=at
    )
    held = ItemBatch.objects.get(pk=batch.pk)
    if not changed:
        refuse_unless(held, BatchStatus.CHECKED)
    return held


def apply_batch(*, batch: ItemBatch, by: Actor, at: datetime, chosen: ItemMapping | None = None) -> ItemBatch:
    """Write a checked or confirmed file; its rows are judged anew, as of the day of its confirmation.

    Stopped in the middle and called again, it ends as if called once. `chosen` is the mapping of the check where it
    is not a registered one. Raises Refused where the batch is not open.
    """
    held = ItemBatch.objects.get(pk=batch.pk)
    if held.status != BatchStatus.LOADING:
        held = _confirmed(batch, by, at)
    read = read_file(held, chosen or mapping.find(held.mapping))
    tally, kept = begin_tally(read)
    whole = planning.by_code(kept)
    if held.done == 0:
        _begin(held, tally, len(whole))
    terms = terms_of(held, at)
    for done, group in groups(whole, held.done):
        _write(group, done, terms, held, at)
    return _finish(held, len(whole), by, at)


def write_batch(*, batch: ItemBatch, by: Actor, at: datetime) -> ItemBatch:
    """Write a confirmed batch in the background; one that is not being written is left as it is."""
    if batch.status != BatchStatus.LOADING:
        return batch
    try:
        return apply_batch(batch=batch, by=by, at=at)
    except Refused as refused:
        if refused.code == RUNNING:
            return batch
        ItemBatch.objects.filter(pk=batch.pk, status=BatchStatus.LOADING).update(
            status=BatchStatus.CHECKED, refusal=refused.reason[:500]
        )
        batch.refresh_from_db()
        return batch


@transaction.atomic
def _begin(batch: ItemBatch, tally: Tally, total: int) -> None:
    """Begin anew with what the file says against itself; nothing of it was written yet."""
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if held.status != BatchStatus.LOADING or held.done:
        raise _elsewhere()
    held.read, held.content_digest, held.total, held.refusal = tally.read, tally.digest, total, ""
    for name in ("created", "updated", "unchanged", "rejected"):
        setattr(held, name, tally.counts[name])
    held.save()
    held.findings.all().delete()
    keep_findings(held, tally.in_order())


@transaction.atomic
def _finish(batch: ItemBatch, total: int, by: Actor, at: datetime) -> ItemBatch:
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    refuse_unless(held, BatchStatus.LOADING)
    if held.done != total:
        raise _elsewhere()
    held.marked = held.findings.filter(level=planning.MARKED).values("row").order_by().distinct().count()
    held.status, held.finished_at = BatchStatus.DONE, at
    held.save()
    journal.record(
        "items.imported",
        held,
        by=by,
        at=at,
        sha256=held.sha256,
        content=held.content_digest,
        mapping=held.mapping,
        **counts_of(held),
    )
    return held


def _elsewhere() -> Refused:
    return Refused(RUNNING, "这一批次正由另一个后台任务写入。")


@transaction.atomic
def _write(group: Mapping[str, list[Row]], done: int, terms: Terms, batch: ItemBatch, at: datetime) -> None:
    """Write some items and note how far the batch is, both or neither."""
    claimed = ItemBatch.objects.filter(pk=batch.pk, status=BatchStatus.LOADING, done=done)
    if not claimed.update(done=done + len(group), beat_at=at):
        raise _elsewhere()
    tally = Tally()
    tally.add(_changes(group, terms, batch, at))
    ItemBatch.objects.filter(pk=batch.pk).update(
        **{name: F(name) + tally.counts[name] for name in ("created", "updated", "unchanged", "rejected")}
    )
    keep_findings(batch, tally.in_order())


def _changes(group: Mapping[str, list[Row]], terms: Terms, batch: ItemBatch, at: datetime) -> list[Change]:
    known = _locked(group)
    fresh = [code for code in group if code not in known and _creates(group[code], terms)]
    if fresh:
        Item.objects.bulk_create([Item(code=code) for code in fresh], ignore_conflicts=True)
        known = _locked(group)
    standing = standing_of(Item.objects.filter(pk__in=[item.pk for item in known.values()]))
    changes: list[Change] = []
    written = _Written([], [], [])
    for code, rows in group.items():
        pairs = standing.get(code, [])
        planned = planning.plan_item(rows, [s for _, s in pairs], terms)
        changes += planned
        if any(c.version or c.ends or c.fills for c in planned):
            _carry_out(known[code], [v for v, _ in pairs], planned, batch, at, written)
    ItemVersion.objects.bulk_update(written.touched, ["until", "ended_by", "open_until_on", "department"])
    ItemVersion.objects.bulk_create(written.versions)
    Item.objects.bulk_update(written.items, ["catalog_code", "local_code", "department"])
    return changes


def _creates(rows: list[Row], terms: Terms) -> bool:
    return any(change.version is not None for change in planning.plan_item(rows, [], terms))


def _locked(codes: Iterable[str]) -> dict[str, Item]:
    rows = Item.objects.filter(code__in=list(codes)).order_by("code").select_for_update(of=("self",))
    return {item.code: item for item in rows}


@dataclass(slots=True)
class _Written:
    """Rows of one transaction: new versions, versions whose end or department changed, items."""

    versions: list[ItemVersion]
    touched: list[ItemVersion]
    items: list[Item]


def _carry_out(
    item: Item,
    versions: list[ItemVersion],
    planned: list[Change],
    batch: ItemBatch,
    at: datetime,
    out: _Written,
) -> None:
    stored = len(versions)
    for change in planned:
        if versions and (change.ends is not None or change.fills):
            _end_or_fill(versions[-1], change, batch)
        if change.version is not None:
            versions.append(_new_version(item, len(versions) + 1, change.version, batch, at))
            item.catalog_code = str(change.version.content["catalog_code"])
            item.local_code = str(change.version.content["local_code"])
    item.department_id = versions[-1].department_id
    out.touched += versions[:stored][-1:]
    out.versions += versions[stored:]
    out.items.append(item)


def _end_or_fill(version: ItemVersion, change: Change, batch: ItemBatch) -> None:
    if change.fills:
        version.department_id = change.row.department_id
    if change.ends is not None:
        version.open_until_on, version.until, version.ended_by = version.until, change.ends, batch


def _new_version(item: Item, number: int, brought: Standing, batch: ItemBatch, at: datetime) -> ItemVersion:
    content = brought.content
    own = {name: content[name] for name in queries.OWN_COLUMNS}
    link = str(content["online_url"])
    return ItemVersion(
        item=item,
        version=number,
        since=brought.since,
        until=brought.until,
        department_id=brought.department_id,
        details={name: value for name, value in content.items() if name not in attributes.COLUMN_FIELDS},
        link_fault=(rules.link_fault(link, item.code) or "") if link else "",
        lacking=len(attributes.missing(content)),
        digest=planning.digest_of(content),
        batch=batch,
        imported_at=at,
        **own,
    )
