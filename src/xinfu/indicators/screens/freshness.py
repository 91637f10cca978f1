"""Whether a page's numbers are as new as its period asks: every board, table and bulletin says so in the same words."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from croniter import croniter
from django.utils import timezone

from xinfu.core import clock
from xinfu.core import tasks as schedule
from xinfu.indicators import tasks
from xinfu.indicators.queries import SnapshotState
from xinfu.indicators.rules import Period

GRACE = timedelta(hours=1)  # what a night's update may take before a page calls it missing
NIGHTLY = f"{tasks.__name__}.{tasks.nightly.__name__}"


def of(state: SnapshotState | None, period: Period) -> datetime | None:
    """Return when the figures of a period should have been updated, where they were not; None where they are fresh.

    A past period needs the first night's update after its last day, the present one that of last night.
    """
    due = due_at(period, clock.now())
    return due if state is not None and due is not None and state.as_of < due else None


def due_at(period: Period, now: datetime) -> datetime | None:
    """Return the update that a page must stand on at a moment; None where no update is scheduled."""
    cron = next((line.cron for line in schedule.schedule() if line.call == NIGHTLY), "")
    if not cron:
        return None
    ended = timezone.make_aware(datetime.combine(period.to + timedelta(days=1), time()))
    after: datetime = croniter(cron, timezone.localtime(ended - timedelta(seconds=1))).get_next(datetime)
    return min(after, schedule.last_due(cron, now - GRACE))
