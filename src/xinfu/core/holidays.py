"""The county's working days: the national calendar plus the county's own days."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from django.db import transaction

from xinfu.core import county, journal
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.models import CountyDay
from xinfu.core.refusal import Forbidden, Refused
from xinfu.lib.workdays import Calendar, national_calendar


def calendar() -> Calendar:
    """Return the calendar in force; its tables are built only after a change of the county's days."""
    return _built(county.own().days)


@lru_cache(maxsize=2)
def _built(days: tuple[tuple[date, bool], ...]) -> Calendar:
    off = {day for day, works in days if not works}
    work = {day for day, works in days if works}
    return national_calendar().with_local(off=off, work=work) if days else national_calendar()


@transaction.atomic
def set_day(*, day: date, is_workday: bool, source: str, by: Actor, at: datetime) -> None:
    """Make one day a working day or a day off for this county; due days are computed anew by `tick`."""
    if by.kind != "system" and not by.roles & {Role.GENERAL, Role.SYSTEM_ADMIN}:
        raise Forbidden()
    if not source.strip():
        raise Refused("no_source", "请写明依据的文件或通知。", field="source")
    row, _ = CountyDay.objects.update_or_create(
        day=day,
        defaults={"is_workday": is_workday, "source": source.strip(), "set_at": at, "set_by": by.name},
    )
    county.forget()
    journal.record(
        "calendar.day_set", row, by=by, at=at, day=day.isoformat(), is_workday=is_workday, source=source
    )
