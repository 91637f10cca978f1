"""Background work of the indicators: refresh the snapshot, compute the usual figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django_tasks import task
from django_tasks_db.models import DBTaskResult

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.indicators import actions


@task()
def refresh() -> None:
    """Bring snapshot and stored figures up to date; safe to run again at any time."""
    actions.precompute(by=system("indicators"), at=clock.now())


def ask_refresh() -> None:
    """Ask for a refresh, unless one waits already."""
    waiting = DBTaskResult.objects.ready().filter(task_path=refresh.module_path)
    if not waiting.exists():
        refresh.enqueue()


def nightly(at: datetime) -> None:
    ask_refresh()


def prune(at: datetime) -> None:
    actions.prune(by=system("tick"), at=at)


def on_imported(entry: dict[str, Any], at: datetime) -> None:
    ask_refresh()
