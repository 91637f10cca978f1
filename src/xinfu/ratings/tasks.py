"""What the schedule calls in `ratings`: thin, one call out each."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from xinfu.core.actor import system
from xinfu.ratings import actions


def open_anonymous(at: datetime) -> None:
    actions.open_anonymous(by=system("bad_ratings"), at=at)


def watch_loops(at: datetime) -> None:
    actions.watch(by=system("bad_ratings"), at=at)


def seal_day(at: datetime) -> None:
    actions.seal_day(day=timezone.localdate(at) - timedelta(days=1), by=system("ratings"), at=at)


def tell(at: datetime) -> None:
    actions.tell(by=system("ratings"), at=at)
