"""Bringing items in: check a file, write what it changes, undo a batch. Only these change the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from xinfu.catalog import attributes, local, mapping, planning, queries, reading, rules
from xinfu.catalog.access import Can
from xinfu.catalog.mapping import ItemMapping
from xinfu.catalog.models import BatchStatus, Item, ItemBatch, ItemFinding, ItemVersion
from xinfu.catalog.planning import Change, Row, Standing, Tally, Terms
from xinfu.core import files, journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.people import queries as people

LIMIT = 200 * files.MIB
CHUNK = 300  # items a transaction, so that none lasts over a second


# --- checking --------------------------------------------------------------------------------------


@transaction.atomic
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
    """Keep a file and check all its rows; no item changes. Raises Refused where it cannot be read as a whole.

    `since` is the first day of versions whose rows name none; `most` is the largest number of rows.
    """
    by.require(Can.IMPORT)
    stored = files.store(chunks, name=name, by=by, at=at, limit=LIMIT)
    batch = ItemBatch(
        name=stored.name,
        sha256=stored.sha256,
        mapping=chosen.code,
        file=stored,
        status=BatchStatus.CHECKED,
        since=since,
        started_at=at,
        started_by=by.name,
    )
    tally = _tally(_read(batch, chosen, most), _terms(batch, at))
    _fill(batch, tally)
    batch.save()
    _keep_findings(batch, tally)
    journal.record("items.checked", batch, by=by, at=at, sha256=batch.sha256, **_counts(batch))
    return batch


def _read(batch: ItemBatch, chosen: ItemMapping, most: int = reading.MOST_ROWS) -> reading.ReadFile:
    units = reading.Departments(people.codes("department"), people.department_names())
    return reading.read(files.path_of(batch.sha256), chosen, units, most)


def _terms(batch: ItemBatch, at: datetime) -> Terms:
    today = timezone.localdate(at)
    return Terms(today=today, since=batch.since, rates=local.rates_on(today))


def _tally(read: reading.ReadFile, terms: Terms) -> Tally:
    """Plan every row against what stands, writing nothing."""
    tally, kept = _begin(read)
    for group in _groups(kept):
        standing = _standing(Item.objects.filter(code__in=group))
        for code, rows in group.items():
            tally.add(planning.plan_item(rows, [s for _, s in standing.get(code, [])], terms))
    return tally


def _begin(read: reading.ReadFile) -> tuple[Tally, list[Row]]:
    kept, done, found = planning.within_file(read.rows)
    tally = Tally(read=read.read, digest=read.digest, findings=[*read.findings, *found])
    tally.counts.update(done.values())
    tally.counts["rejected"] += read.rejected
    return tally, kept


def _groups(rows: Iterable[Row]) -> Iterator[dict[str, list[Row]]]:
    whole = list(planning.by_code(rows).items())
    for start in range(0, len(whole), CHUNK):
        yield dict(whole[start : start + CHUNK])


def _standing(items: Any) -> dict[str, list[tuple[ItemVersion, Standing]]]:
    """Return the versions that stand, by code, earliest first."""
    found: dict[str, list[tuple[ItemVersion, Standing]]] = {}
    versions = ItemVersion.objects.filter(item__in=items).select_related("item").order_by("item_id", "since")
    for version in versions:
        standing = Standing(version.since, version.until, queries.content_of(version), version.department_id)
        found.setdefault(version.item.code, []).append((version, standing))
    return found


def _fill(batch: ItemBatch, tally: Tally) -> None:
    batch.read, batch.marked, batch.content_digest = tally.read, tally.marked, tally.digest
    for name in ("created", "updated", "unchanged", "rejected"):
        setattr(batch, name, tally.counts[name])


def _keep_findings(batch: ItemBatch, tally: Tally) -> None:
    batch.findings.all().delete()
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
            for f in tally.in_order()
        ],
        batch_size=500,
    )


def _counts(batch: ItemBatch) -> dict[str, int]:
    return {
        name: getattr(batch, name)
        for name in ("read", "created", "updated", "unchanged", "rejected", "marked")
    }


# --- writing ---------------------------------------------------------------------------------------


def apply_batch(*, batch: ItemBatch, by: Actor, at: datetime, chosen: ItemMapping | None = None) -> ItemBatch:
    """Write what a checked file changes, a few hundred items a transaction; the rows are judged anew.

    Stopped in the middle and called again, it ends as if called once. `chosen` is the mapping of the check where it
    is not a registered one. Raises Refused where the batch is not open.
    """
    by.require(Can.IMPORT)
    _refuse_unless(batch, BatchStatus.CHECKED)
    read = _read(batch, chosen or mapping.find(batch.mapping))
    terms = _terms(batch, at)
    tally, kept = _begin(read)
    for group in _groups(kept):
        tally.add(_write(group, terms, batch, at))
    return _finish(batch, tally, by, at)


@transaction.atomic
def _finish(batch: ItemBatch, tally: Tally, by: Actor, at: datetime) -> ItemBatch:
    open_batch = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    _refuse_unless(open_batch, BatchStatus.CHECKED)
    _fill(open_batch, tally)
    open_batch.status, open_batch.finished_at = BatchStatus.DONE, at
    open_batch.save()
    _keep_findings(open_batch, tally)
    journal.record(
        "items.imported",
        open_batch,
        by=by,
        at=at,
        sha256=open_batch.sha256,
        content=open_batch.content_digest,
        mapping=open_batch.mapping,
        **_counts(open_batch),
    )
    return open_batch


def _refuse_unless(batch: ItemBatch, status: str) -> None:
    if batch.status != status:
        raise Refused("batch_closed", f"这一批次{BatchStatus(batch.status).label}，不能再办这一步。")


@transaction.atomic
def _write(group: Mapping[str, list[Row]], terms: Terms, batch: ItemBatch, at: datetime) -> list[Change]:
    known = _locked(group)
    fresh = [code for code in group if code not in known and _creates(group[code], terms)]
    if fresh:
        Item.objects.bulk_create([Item(code=code) for code in fresh], ignore_conflicts=True)
        known = _locked(group)
    standing = _standing(Item.objects.filter(pk__in=[item.pk for item in known.values()]))
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


# --- undoing ---------------------------------------------------------------------------------------


@transaction.atomic
def drop_batch(*, batch: ItemBatch, by: Actor, at: datetime) -> None:
    """Give up a checked file; nothing of it was written."""
    by.require(Can.IMPORT)
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    _refuse_unless(held, BatchStatus.CHECKED)
    held.status = BatchStatus.DROPPED
    held.save(update_fields=["status"])
    journal.record("items.import_dropped", held, by=by, at=at, sha256=held.sha256)


@transaction.atomic
def undo_batch(*, batch: ItemBatch, by: Actor, at: datetime) -> None:
    """Take a batch back: its versions go, what it ended holds again. Raises Refused where something depends on it."""
    by.require(Can.IMPORT)
    held = ItemBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    _refuse_unless(held, BatchStatus.DONE)
    touched = Item.objects.filter(versions__in=[*held.versions.all(), *held.ended.all()])
    ids = list(touched.order_by("pk").values_list("pk", flat=True).distinct())
    list(Item.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)))
    if ItemVersion.objects.filter(item__in=ids, batch__gt=held.pk).exists():
        raise Refused("batch_followed", "这一批次的事项后来又有新版本，请先撤销后面的批次。")
    try:
        gone = held.versions.all().delete()[0]
    except ProtectedError as error:
        raise Refused(
            "batch_used", "已有办件按这一批次的事项版本收件，不能撤销；请导入更正后的新版本。"
        ) from error
    restored = list(held.ended.all())
    for version in restored:
        version.until, version.open_until_on, version.ended_by = version.open_until_on, None, None
    ItemVersion.objects.bulk_update(restored, ["until", "open_until_on", "ended_by"])
    _follow_newest(ids)
    held.status, held.finished_at = BatchStatus.UNDONE, at
    held.save(update_fields=["status", "finished_at"])
    journal.record("items.import_undone", held, by=by, at=at, sha256=held.sha256, versions=gone)


def _follow_newest(ids: list[int]) -> None:
    """Set each item's department to its newest version's; an item that never was goes."""
    Item.objects.filter(pk__in=ids, versions__isnull=True).delete()
    for item in Item.objects.filter(pk__in=ids).order_by("pk"):
        newest = item.versions.order_by("-since").first()
        if newest is not None and newest.department_id != item.department_id:
            Item.objects.filter(pk=item.pk).update(department=newest.department_id)
