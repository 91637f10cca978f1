"""What waits: the inbox, and the sheet for the morning round (晨会单)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from xinfu.cases.access import Can
from xinfu.cases.models import Case
from xinfu.cases.queries.lists import LISTED, late, open_cases
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.core.inbox import Todo


@dataclass(frozen=True, slots=True)
class WindowSheet:
    """One window's (or, without a window, one unit's) part of the morning sheet."""

    department_id: int | None
    department: str
    window_id: int | None
    window: str
    today: Sequence[Case]
    tomorrow: Sequence[Case]
    overdue: int


def next_workday(today: date) -> date:
    return calendar().add_workdays(today, 1)


def morning_sheet(actor: Actor, today: date) -> list[WindowSheet]:
    """Return each window's cases due today and on the next working day, and how many are overdue already."""
    tomorrow = next_workday(today)
    visible = Case.objects.visible_to(actor)
    due = (
        open_cases(visible)
        .filter(due_on__gte=today, due_on__lte=tomorrow, paused_on=None)
        .select_related(*LISTED)
        .order_by("department__order", "department_id", "window__order", "window_id", "due_on", "pk")
    )
    counted = late(visible, today).order_by().values_list("department", "window").annotate(n=Count("pk"))
    overdue = {(department, window): number for department, window, number in counted}
    groups: dict[tuple[int | None, int | None], list[Case]] = {}
    for case in due:
        groups.setdefault((case.department_id, case.window_id), []).append(case)
    return [
        WindowSheet(
            department_id=key[0],
            department=group[0].department.short_name if group[0].department else "未登记机构",
            window_id=key[1],
            window=group[0].window.name if group[0].window else "",
            today=[c for c in group if c.due_on == today],
            tomorrow=[c for c in group if c.due_on != today],
            overdue=overdue.get(key, 0),
        )
        for key, group in groups.items()
    ]


def todos(actor: Actor, now: datetime) -> list[Todo]:
    """Return one line for the unit's overdue cases and one for those due today."""
    if not actor.may(Can.HANDLE) or actor.scope(Can.SEE).everything:
        return []
    today = timezone.localdate(now)
    visible = Case.objects.visible_to(actor)
    overdue = late(visible, today).order_by().count()
    due = open_cases(visible).filter(due_on=today, paused_on=None).order_by().count()
    found = []
    if overdue:
        found.append(_todo("超期未办结", overdue, "late", today, "已计入超期办结率，须说明原因并尽快办结"))
    if due:
        found.append(_todo("今日到期", due, "today", today, "今日不办结即为超期"))
    return found


def _todo(title: str, number: int, light: str, today: date, consequence: str) -> Todo:
    return Todo(
        verb="办结",
        title=f"{number}件{title}",
        url=f"{reverse('cases:list')}?light={light}",
        asked_by="办件时限",
        due_on=today,
        arrived_at=None,
        why="本单位承办",
        kind="办件",
        consequence=consequence,
        count=number,
    )
