"""What changes the indicators' rows: refreshing, official values, targets and colour rules."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.registry import indicators
from xinfu.indicators import engine, ranking, rules, snapshots
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Grouping, Row
from xinfu.indicators.models import (
    ColourMethod,
    ColourRule,
    Figure,
    FigureSet,
    ImportedValue,
    SnapshotOrigin,
    SnapshotPin,
    Target,
)
from xinfu.indicators.queries import numbers
from xinfu.indicators.ranking import Given, RankRow
from xinfu.indicators.snapshots import Snapshot
from xinfu.people import queries as people

SINGLE: tuple[Grouping, ...] = ((), *((grain,) for grain in engine.GRAINS))
TREND: Grouping = ("month", "department")
BATCH = 5000
KEEP_SETS = timedelta(days=7)


def refresh_snapshot(*, by: Actor, at: datetime) -> Snapshot:
    """Export what changed since the last snapshot and return the present one."""
    by.require(Can.SEE)
    return snapshots.refresh(origin=origin(at), at=at)


def origin(at: datetime) -> str:
    """Return this database's name in manifests, made once."""
    row, _ = SnapshotOrigin.objects.get_or_create(
        pk=1, defaults={"token": secrets.token_hex(16), "made_at": at}
    )
    return row.token


def precompute(*, by: Actor, at: datetime) -> int:
    """Refresh the snapshot and store the figures of the usual periods; return how many sets were new."""
    snapshot = refresh_snapshot(by=by, at=at)
    today = timezone.localdate(at)
    made = 0
    for period in rules.usual_periods(today):
        made += store(snapshot, period.frm, period.to, groupings_of(period), by=by, at=at)
    return made


def groupings_of(period: rules.Period) -> list[Grouping]:
    """Return the groupings worth storing for a period: a month has one month, a week one week."""
    whole = month_only = rules.month_of(period.frm)
    in_one_month = whole.frm <= period.frm and period.to <= month_only.to
    in_one_week = period.to <= rules.week_of(period.frm).to
    found = [
        g for g in SINGLE if not (g == ("month",) and in_one_month) and not (g == ("week",) and in_one_week)
    ]
    return found if in_one_month or in_one_week else [*found, TREND]


def store(
    snapshot: Snapshot, frm: date, to: date, groupings: Sequence[Grouping], *, by: Actor, at: datetime
) -> int:
    """Compute and store the figures of one period where they are not stored yet; return how many sets were new."""
    kept = FigureSet.objects.filter(snapshot=snapshot.digest, frm=frm, to=to).values_list("grain", flat=True)
    known = set(kept)
    missing = [grouping for grouping in groupings if "+".join(grouping) not in known]
    if not missing:
        return 0
    wanted = list(indicators)
    computed = engine.compute(snapshot, wanted, frm, to, missing)
    by_set = {grouping: of_set(computed, grouping) for grouping in missing}
    return _keep(snapshot.digest, frm, to, by_set, by=by, at=at)


def of_set(rows: Iterable[Row], grouping: Grouping) -> list[Row]:
    """Return the rows that belong to one asked grouping; a share comes with the grain that splits it."""
    return [
        row
        for row in rows
        if row.grouping == engine.grouping_of([*grouping, *filter(None, [indicators[row.indicator].split])])
    ]


@transaction.atomic
def _keep(
    digest: str, frm: date, to: date, by_set: dict[Grouping, list[Row]], *, by: Actor, at: datetime
) -> int:
    made = 0
    for grouping, rows in by_set.items():
        found, new = FigureSet.objects.get_or_create(
            snapshot=digest, frm=frm, to=to, grain="+".join(grouping), defaults={"computed_at": at}
        )
        if not new:
            continue
        made += 1
        Figure.objects.bulk_create(
            (
                Figure(
                    set=found,
                    indicator=row.indicator,
                    grain="+".join(row.grouping),
                    key=numbers.key_of(row),
                    numerator=row.numerator,
                    denominator=row.denominator,
                )
                for row in rows
            ),
            batch_size=BATCH,
        )
    if made:
        name = f"indicators.FigureSet:{digest[:16]}"
        journal.record(
            "indicators.computed", name, by=by, at=at, frm=str(frm), to=str(to), snapshot=digest, sets=made
        )
    return made


# --- keeping and pruning ----------------------------------------------------------------------------


@transaction.atomic
def pin_snapshot(*, snapshot: str, subject: str, by: Actor, at: datetime) -> None:
    """Keep a snapshot's files for as long as something frozen stands on it; pinning twice is one pin."""
    if snapshots.load(snapshot) is None:
        raise Refused("no_snapshot", "这份快照已不在，不能引用。")
    pin, new = SnapshotPin.objects.get_or_create(
        snapshot=snapshot, subject=subject, defaults={"pinned_at": at, "pinned_by": by.name}
    )
    if new:
        journal.record("indicators.snapshot_pinned", pin, by=by, at=at, snapshot=snapshot, by_subject=subject)


def prune(*, by: Actor, at: datetime) -> int:
    """Remove figures and files of old snapshots that nothing stands on; return the number of files removed."""
    by.require(Can.SET)
    present = snapshots.current()
    pinned = set(SnapshotPin.objects.values_list("snapshot", flat=True))
    kept = {*pinned, present.digest} if present else pinned
    FigureSet.objects.exclude(snapshot__in=kept).filter(computed_at__lt=at - KEEP_SETS).delete()
    return snapshots.prune(kept | set(FigureSet.objects.values_list("snapshot", flat=True)))


# --- what others publish ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RanksImported:
    """What came of a table: new values, corrected ones (the old stay visible), unchanged ones."""

    created: int
    corrected: int
    unchanged: int


def import_ranks(
    *,
    path: Path,
    name: str,
    source: str,
    by: Actor,
    at: datetime,
    indicator: str | None = None,
    frm: date | None = None,
    to: date | None = None,
) -> RanksImported:
    """Take in a published table of counties (CSV, XLSX …): values, ranks, colours; all of it or nothing.

    `indicator`, `frm`, `to` hold for files without these columns. The same table again changes nothing; another
    value for the same county and period becomes a new revision. Refused: no source, a file that is none, bad rows.
    """
    by.require(Can.IMPORT)
    if not source.strip():
        raise Refused("no_source", "请写明来源，如“省大数据局2023年5月通报”。", field="source")
    rows = ranking.read(path, Given(indicator, frm, to))
    units = people.department_names() if any(row.department for row in rows) else {}
    unknown = sorted({row.department for row in rows if row.department and row.department not in units})
    if unknown:
        raise Refused("unknown_department", f"机构表里没有：{'、'.join(unknown[:5])}，请先登记或改正名称。")
    return _take_in(rows, units, path, name, source.strip(), by=by, at=at)


@transaction.atomic
def _take_in(
    rows: Sequence[RankRow],
    units: Mapping[str, int],
    path: Path,
    name: str,
    source: str,
    *,
    by: Actor,
    at: datetime,
) -> RanksImported:
    known = {
        (v.indicator, v.frm, v.to, v.region, v.department_id): v
        for v in ImportedValue.objects.select_for_update(of=("self",)).filter(
            is_latest=True, indicator__in={row.indicator for row in rows}
        )
    }
    fresh, replaced = [], []
    for row in rows:
        value = _value(row, units, source, by, at)
        before = known.get((row.indicator, row.frm, row.to, row.region, value.department_id))
        if before is not None and _same(before, value):
            continue
        if before is not None:
            value.revision = before.revision + 1
            replaced.append(before.pk)
        fresh.append(value)
    ImportedValue.objects.filter(pk__in=replaced).update(is_latest=False)
    ImportedValue.objects.bulk_create(fresh, batch_size=BATCH)
    done = RanksImported(len(fresh) - len(replaced), len(replaced), len(rows) - len(fresh))
    journal.record(
        "indicators.ranks_imported", f"indicators.ImportedValue:{rows[0].indicator}", by=by, at=at, file=name,
        sha256=_sha256(path), source=source, created=done.created, corrected=done.corrected,
        unchanged=done.unchanged,
    )  # fmt: skip
    return done


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _value(row: RankRow, units: Mapping[str, int], source: str, by: Actor, at: datetime) -> ImportedValue:
    return ImportedValue(
        indicator=row.indicator,
        frm=row.frm,
        to=row.to,
        region=row.region,
        department_id=units[row.department] if row.department else None,
        is_own=is_own(row.region),
        printed=row.printed,
        numerator=row.numerator,
        denominator=row.denominator,
        rank=row.rank,
        colour=row.colour,
        source=source,
        imported_at=at,
        imported_by=by.name,
    )


def is_own(region: str) -> bool:
    """Return whether a region is this county, written with or without its 县, 市 or 区, or by its code."""
    ours: str = settings.COUNTY
    return region in (ours, ours[:-1], settings.DIVISION_CODE)


def _same(before: ImportedValue, value: ImportedValue) -> bool:
    fields = ("printed", "numerator", "denominator", "rank", "colour", "is_own")
    return all(getattr(before, field) == getattr(value, field) for field in fields)


# --- targets and colours ----------------------------------------------------------------------------


@transaction.atomic
def set_target(*, indicator: str, since: date, value: str, source: str, by: Actor, at: datetime) -> Target:
    """Set the value that an indicator should reach from a day on; refused without a source or a number."""
    by.require(Can.SET)
    one = numbers.indicator(indicator)
    if not rules.is_number(value.strip()):
        raise Refused("bad_value", f"目标值应为数字（单位 {one.unit}），如 99.5。", field="value")
    _needs_source(source)
    row, _ = Target.objects.update_or_create(
        indicator=indicator,
        since=since,
        defaults={"value": value.strip(), "source": source.strip(), "set_at": at, "set_by": by.name},
    )
    journal.record(
        "indicators.target_set", row, by=by, at=at, indicator=indicator, since=str(since), value=value.strip()
    )
    return row


@transaction.atomic
def set_colour_rule(
    *,
    indicator: str,
    since: date,
    method: str,
    bounds: Sequence[tuple[str, str | None]],
    source: str,
    by: Actor,
    at: datetime,
) -> ColourRule:
    """Set how an indicator (blank: every one without its own rule) is coloured from a day on.

    `bounds`: (colour, limit as decimal text) from best to worst, the last one open. Refused: an unknown method, bounds
    that are none, no source.
    """
    by.require(Can.SET)
    one = numbers.indicator(indicator) if indicator else None
    if method not in ColourMethod.values:
        raise Refused("bad_method", f"分色方法应为{'、'.join(ColourMethod.labels)}之一。", field="method")
    if method == ColourMethod.SCORE and (one is None or one.better == "none"):
        raise Refused("bad_method", "按数值分档只能用于有好坏方向的单个指标。", field="indicator")
    if any(limit is not None and not rules.is_number(limit) for _, limit in bounds):
        raise Refused("bad_bounds", "各档的界应为数字。", field="bounds")
    exact = tuple((colour, None if limit is None else Fraction(limit)) for colour, limit in bounds)
    wrong = rules.wrong_bounds(method, one is not None and one.better == "up", exact)
    if wrong:
        raise Refused("bad_bounds", wrong, field="bounds")
    _needs_source(source)
    row, _ = ColourRule.objects.update_or_create(
        indicator=indicator,
        since=since,
        defaults={
            "method": method, "bounds": [list(bound) for bound in bounds], "source": source.strip(),
            "set_at": at, "set_by": by.name,
        },
    )  # fmt: skip
    journal.record(
        "indicators.colour_rule_set", row, by=by, at=at, indicator=indicator, since=str(since), method=method
    )
    return row


def _needs_source(source: str) -> None:
    if not source.strip():
        raise Refused("no_source", "请写明依据的文件或决定。", field="source")
