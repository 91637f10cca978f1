"""What the schedule calls in `assignments`: thin, one call out each."""

from __future__ import annotations

from datetime import datetime

from xinfu.assignments import actions
from xinfu.core.actor import system


def watch(at: datetime) -> None:
    actions.watch(by=system("assignments"), at=at)


def review(at: datetime) -> None:
    actions.review(by=system("assignments"), at=at)
