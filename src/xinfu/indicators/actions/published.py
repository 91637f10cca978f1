"""Publishing a league table: prepared and frozen, looked at, published by name, corrected in the open, withdrawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db import IntegrityError, transaction

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.ui import text
from xinfu.indicators import rules, snapshots
from xinfu.indicators.access import Can
from xinfu.indicators.actions.figures import pin_snapshot
from xinfu.indicators.flow import FLOW, Status
from xinfu.indicators.models import PublishedLine, PublishedTable
from xinfu.indicators.queries import League, LeagueRow, league
from xinfu.lib import canon

BATCH = 1000


# --- preparing ----------------------------------------------------------------------------------------


def prepare_table(
    *, indicator: str, frm: date, to: date, grain: str, by: Actor, at: datetime
) -> PublishedTable:
    """Freeze a league table as it stands now, to be looked at before it is published.

    The same table of the same snapshot that waits already is returned. Refused: no snapshot, nothing to rank.
    """
    by.require(Can.PUBLISH)
    table = league(by, frm, to, [indicator], grain=grain)
    snapshot = snapshots.current()
    if not table.rows or snapshot is None or snapshot.digest != table.digest:
        raise Refused("nothing_to_publish", "这一期间没有可排的记录，不能公布。")
    return _freeze(table, grain, snapshot.as_of, by=by, at=at)


@transaction.atomic
def _freeze(found: League, grain: str, as_of: datetime, *, by: Actor, at: datetime) -> PublishedTable:
    one, period = found.by, found.period
    lines = [_line(row, one.code, grain, place) for place, row in enumerate(found.rows, start=1)]
    content = digest_of(lines)
    waiting = PublishedTable.objects.filter(
        indicator=one.code, grain=grain, frm=period.frm, to=period.to, content=content, status=Status.DRAFT
    ).order_by("pk")
    if (known := waiting.first()) is not None:
        return known
    table = PublishedTable.objects.create(
        indicator=one.code, title=one.title, unit=one.unit, decimals=one.decimals, better=one.better,
        formula=one.formula[:300], grain=grain, frm=period.frm, to=period.to, snapshot=found.digest, snapshot_at=as_of,
        minimum=found.minimum, minimum_source=found.minimum_source[:300], content=content, prepared_at=at,
        prepared_by=by.name[:80],
    )  # fmt: skip
    for line in lines:
        line.table = table
    PublishedLine.objects.bulk_create(lines, batch_size=BATCH)
    journal.record("indicators.table_prepared", table, by=by, at=at, **_named(table))
    return table


def _line(row: LeagueRow, code: str, grain: str, place: int) -> PublishedLine:
    figure = row.figures[code]
    return PublishedLine(
        key=str(row.ids[grain]),
        label=row.label[:200],
        code=(row.code or "")[:80],
        place=place,
        rank=row.rank,
        rank_before=row.rank_before,
        numerator=figure.numerator or 0,
        denominator=figure.denominator,
        value=figure.value or "",
    )


def digest_of(lines: Iterable[PublishedLine]) -> str:
    """Return the SHA-256 of what a table says, line by line."""
    said = [[one.key, one.label, one.rank, one.numerator, one.denominator, one.value] for one in lines]
    return hashlib.sha256(canon.canon(said)).hexdigest()


def _named(table: PublishedTable) -> dict[str, str]:
    return {
        "indicator": table.indicator,
        "grain": table.grain,
        "frm": str(table.frm),
        "to": str(table.to),
        "snapshot": table.snapshot,
        "content": table.content,
    }


# --- publishing ---------------------------------------------------------------------------------------


@transaction.atomic
def publish_table(*, table: PublishedTable, by: Actor, at: datetime) -> PublishedTable:
    """Publish a prepared table, under the publisher's name; its snapshot's files are kept from now on.

    Refused: published by somebody meanwhile, the same table published already, the snapshot gone.
    """
    by.require(Can.PUBLISH)
    row = _locked(table)
    if row.status == Status.PUBLISHED:
        raise _already(row, "这张榜")
    _refuse_second(row)
    try:
        with transaction.atomic():
            FLOW.move("publish", row, by, published_at=at, published_by=by.name[:80])
    except IntegrityError:  # another draft of the same table, published in the same moment
        _refuse_second(row)
        raise
    pin_snapshot(snapshot=row.snapshot, subject=journal.subject_of(row), by=by, at=at)
    journal.record("indicators.table_published", row, by=by, at=at, **_named(row))
    return row


def _locked(table: PublishedTable) -> PublishedTable:
    return PublishedTable.objects.select_for_update(of=("self",)).get(pk=table.pk)


def _refuse_second(row: PublishedTable) -> None:
    same = PublishedTable.objects.filter(
        indicator=row.indicator, grain=row.grain, frm=row.frm, to=row.to, status=Status.PUBLISHED
    )
    if (other := same.exclude(pk=row.pk).order_by("pk").first()) is not None:
        raise _already(other, "同一指标、同一期间的榜")


def _already(row: PublishedTable, what: str) -> Refused:
    told = f"{row.published_by}已于 {text.when(row.published_at)} 公布了{what}"
    return Refused("already_published", f"{told}。数值有误请在那张榜上更正，或撤回后重新公布。")


@transaction.atomic
def discard_table(*, table: PublishedTable, by: Actor, at: datetime) -> None:
    """Give up a table that waits to be published."""
    by.require(Can.PUBLISH)
    row = _locked(table)
    if row.status == Status.PUBLISHED:
        raise _already(row, "这张榜")
    FLOW.move("discard", row, by)
    journal.record("indicators.table_discarded", row, by=by, at=at, **_named(row))


@transaction.atomic
def withdraw_table(*, table: PublishedTable, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a published table; it stays readable with the reason. Refused without one."""
    by.require(Can.PUBLISH)
    why = _reason(reason)
    row = _locked(table)
    if row.status == Status.WITHDRAWN:
        told = f"{row.withdrawn_by}已于 {text.when(row.withdrawn_at)} 撤回了这张榜。"
        raise Refused("already_withdrawn", told)
    FLOW.move("withdraw", row, by, withdrawn_at=at, withdrawn_by=by.name[:80], withdrawn_reason=why)
    journal.record("indicators.table_withdrawn", row, by=by, at=at, reason=why, **_named(row))


# --- correcting ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction changed: the new line, and how many other units moved in rank with it."""

    line: PublishedLine
    moved: int


@transaction.atomic
def correct_line(
    *, line: PublishedLine, numerator: int, denominator: int | None, reason: str, by: Actor, at: datetime
) -> Corrected:
    """Put another number beside a published one; ranks follow, every old line stays and is shown.

    Refused: no reason, numbers that are none, the same numbers, a line that somebody corrected meanwhile.
    """
    by.require(Can.PUBLISH)
    why = _reason(reason)
    table = _locked(PublishedTable(pk=line.table_id))
    FLOW.move("correct", table, by)
    lines = {one.key: one for one in table.lines.filter(is_latest=True).order_by("place")}
    present = lines[line.key]
    _check_numbers(table, line, present, numerator, denominator)
    changed = _next(present, why, by, at)
    changed.numerator, changed.denominator = numerator, denominator
    changed.value = rules.shown(numerator, denominator, table.unit, table.decimals) or ""
    told = f"{present.label}更正，名次随之变动：{why}"[:300]
    fresh = _ranked_anew(table, lines, changed, told, by, at)
    PublishedLine.objects.filter(table=table, key__in=[one.key for one in fresh], is_latest=True).update(
        is_latest=False
    )
    PublishedLine.objects.bulk_create(fresh, batch_size=BATCH)
    journal.record(
        "indicators.table_corrected", table, by=by, at=at, unit=present.key, reason=why, lines=len(fresh),
        old=[present.numerator, present.denominator, present.rank], new=[numerator, denominator, changed.rank],
    )  # fmt: skip
    return Corrected(changed, len(fresh) - 1)


def _check_numbers(
    table: PublishedTable, seen: PublishedLine, present: PublishedLine, top: int, bottom: int | None
) -> None:
    if present.revision != seen.revision:
        told = f"{present.corrected_by}已于 {text.when(present.corrected_at)} 更正了“{present.label}”，请看过再改。"
        raise Refused("changed_meanwhile", told)
    if (bottom is None) != (present.denominator is None):
        raise Refused(
            "bad_number",
            "这项指标有分母，请填写。" if bottom is None else "这项指标没有分母。",
            field="denominator",
        )
    if (wrong := rules.wrong_correction(top, bottom, table.unit)) is not None:
        raise Refused("bad_number", wrong, field="numerator")
    if (top, bottom) == (present.numerator, present.denominator):
        raise Refused("same_number", "与现在的数值相同，没有可更正的。", field="numerator")


def _next(line: PublishedLine, reason: str, by: Actor, at: datetime) -> PublishedLine:
    """Return the line's next revision, not yet stored, with the same numbers."""
    return PublishedLine(
        table_id=line.table_id, key=line.key, label=line.label, code=line.code, place=line.place, rank=line.rank,
        rank_before=line.rank_before, numerator=line.numerator, denominator=line.denominator, value=line.value,
        revision=line.revision + 1, corrected_at=at, corrected_by=by.name[:80], reason=reason,
    )  # fmt: skip


def _ranked_anew(
    table: PublishedTable,
    lines: Mapping[str, PublishedLine],
    changed: PublishedLine,
    reason: str,
    by: Actor,
    at: datetime,
) -> list[PublishedLine]:
    """Return the corrected line, ranked, and a revision of every other line whose rank moved with it."""
    values: dict[str, Fraction] = {
        key: value
        for key, one in {**lines, changed.key: changed}.items()
        if (one.denominator is None or one.denominator >= max(1, table.minimum))
        and (value := rules.exact(one.numerator, one.denominator, table.unit)) is not None
    }
    ranks = dict(zip(values, rules.ranks(list(values.values()), table.better), strict=True))
    moved = [one for key, one in lines.items() if key != changed.key and one.rank != ranks.get(key)]
    fresh = [changed, *(_next(one, reason, by, at) for one in moved)]
    for one in fresh:
        one.rank = ranks.get(one.key)
    return fresh


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused("no_reason", "请写明原因，公布后大家都能看到。", field="reason")
    return reason.strip()[:300]
