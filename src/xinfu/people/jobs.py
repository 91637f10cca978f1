"""What the schedule calls: old locks, ended sessions and old log-in records go."""

from __future__ import annotations

from datetime import datetime

from xinfu.people import actions


def tidy(at: datetime) -> None:
    actions.tidy_logins(at=at)
