"""What changes the indicators' rows: refreshing, official values, targets and colour rules."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.registry import indicators
from xinfu.indicators import engine, rules, snapshots
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Grouping, Row
from xinfu.indicators.models import Figure, FigureSet, SnapshotOrigin
from xinfu.indicators.queries import numbers
from xinfu.indicators.snapshots import Snapshot

SINGLE: tuple[Grouping, ...] = ((), *((grain,) for grain in engine.GRAINS))
TREND: Grouping = ("month", "department")
BATCH = 5000


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
