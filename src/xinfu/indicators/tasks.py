"""Background work of the indicators: refresh the snapshot, compute the usual figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django_tasks import task

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.indicators import actions


@task()
def refresh() -> None:
    """Bring snapshot and stored figures up to date; safe to run again at any time."""
    actions.precompute(by=system("indicators"), at=clock.now())


def nightly(at: datetime) -> None:
    refresh.enqueue()


def on_imported(entry: dict[str, Any], at: datetime) -> None:
    refresh.enqueue()
