"""Background work: the one schedule, the reaper of dead workers' tasks, retries."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from croniter import croniter
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from xinfu.core.models import DueRun, TaskRetry

log = logging.getLogger(__name__)
STUCK_AFTER = timedelta(hours=2)
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Due:
    """One line of the schedule: a cron time (Asia/Shanghai) and the function `(at: datetime) -> None` to call."""

    name: str
    label: str
    cron: str
    call: str


def schedule() -> Sequence[Due]:
    return tuple(import_string(settings.XINFU_SCHEDULE))


def last_due(cron: str, now: datetime) -> datetime:
    """Return the latest time at or before now at which the line was due."""
    local = timezone.localtime(now)
    found: datetime = croniter(cron, local + timedelta(seconds=1)).get_prev(datetime)
    return found


def tick(*, at: datetime) -> list[str]:
    """Run each line of the schedule that is due, once for all processes; return the names run."""
    return [line.name for line in schedule() if _run_if_due(line, at)]


def _run_if_due(line: Due, at: datetime) -> bool:
    due = last_due(line.cron, at)
    with transaction.atomic():
        row, new = DueRun.objects.get_or_create(name=line.name, defaults={"last_at": due})
        claimed = new or DueRun.objects.filter(name=line.name, last_at=row.last_at, last_at__lt=due).update(
            last_at=due
        )
        if not claimed:
            return False
        DueRun.objects.filter(name=line.name).update(started_at=timezone.now(), finished_at=None, error="")
    error = ""
    try:
        import_string(line.call)(at)
    except Exception as fault:
        log.exception("scheduled %s failed", line.name)
        error = f"{type(fault).__name__}: {fault}"[:300]
    DueRun.objects.filter(name=line.name).update(finished_at=timezone.now(), error=error)
    return True


def reap(at: datetime) -> int:
    """Put back the tasks that a dead worker held and those that failed, at most three attempts each."""
    stuck = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING, started_at__lt=at - STUCK_AFTER)
    failed = DBTaskResult.objects.filter(
        status=TaskResultStatus.FAILED, finished_at__gt=at - timedelta(days=1)
    )
    return sum(_again(result, at) for result in [*stuck, *failed])


@transaction.atomic
def _again(result: DBTaskResult[Any, Any], at: datetime) -> bool:
    tried, _ = TaskRetry.objects.get_or_create(task_id=result.id)
    if tried.attempts >= MAX_ATTEMPTS:
        return False
    changed = DBTaskResult.objects.filter(pk=result.pk, status=result.status).update(
        status=TaskResultStatus.READY, started_at=None, finished_at=None, run_after=at, worker_ids=[]
    )
    if changed:
        TaskRetry.objects.filter(pk=tried.pk).update(attempts=tried.attempts + 1)
    return bool(changed)
