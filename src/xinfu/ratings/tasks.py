"""What the schedule calls in `ratings`: thin, one call out each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.ratings import actions
from xinfu.ratings.actions import tablets


def open_anonymous(at: datetime) -> None:
    actions.open_anonymous(by=system("bad_ratings"), at=at)


def watch_loops(at: datetime) -> None:
    actions.watch(by=system("bad_ratings"), at=at)


def close_tablets(at: datetime) -> None:
    tablets.close_lapsed(by=system("ratings"), at=at)


def seal_day(at: datetime) -> None:
    actions.seal_day(day=timezone.localdate(at) - timedelta(days=1), by=system("ratings"), at=at)


def tell(at: datetime) -> None:
    actions.tell(by=system("ratings"), at=at)


def invite(at: datetime) -> None:
    actions.invite(by=system("ratings"), at=at)


def list_calls(at: datetime) -> None:
    actions.list_calls(by=system("ratings"), at=at)


def invite_again(entry: Mapping[str, Any], at: datetime) -> None:
    """Hear that a bad rating was put right."""
    loop_id = int(str(entry["subject"]).rpartition(":")[2])
    actions.invite_again(loop_id=loop_id, by=system("ratings"), at=clock.now())
