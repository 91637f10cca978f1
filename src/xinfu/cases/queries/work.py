"""What waits: what is due by unit and window, the sheet for the morning round (晨会单), the inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, F, Max, Q, Value
from django.urls import reverse

from xinfu.cases.access import Can
from xinfu.cases.models import Case, CaseQuerySet
from xinfu.cases.queries import lights
from xinfu.cases.queries.detail import masked_name
from xinfu.cases.queries.lights import Today
from xinfu.cases.queries.lists import CaseFilter, cases, visible
from xinfu.cases.queries.steering import Unindexed, condition
from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo

BY_DUE = (F("due_on").asc(nulls_last=True), "accept_due_on", "pk")


@dataclass(frozen=True, slots=True)
class DueGroup:
    """One unit's window (or a unit without one): how many cases are overdue, due today, due soon."""

    department_id: int | None
    department: str
    window_id: int | None
    window: str
    late: int
    today: int
    ahead: int

    @property
    def total(self) -> int:
        return self.late + self.today + self.ahead


def due_groups(
    actor: Actor, now: Today, last: date, department: int | None = None, window: int | None = None
) -> list[DueGroup]:
    """Count what is overdue, due today and due up to a day, by unit and window (one query), worst first."""
    counted = (
        due(actor, last, department, window)
        .order_by()
        .values(unit=Unindexed(F("department_id")), place=Unindexed(F("window_id")))
        .annotate(
            unit_name=Max("department__short_name"),
            place_name=Max("window__name"),
            late=Count("pk", filter=before(now.day)),
            today=Count("pk", filter=Q(due_on=now.day) | Q(due_on=None, accept_due_on=now.day)),
            total=Count("pk"),
        )
    )
    groups = [
        DueGroup(
            row["unit"],
            row["unit_name"] or "未登记单位",
            row["place"],
            row["place_name"] or "",
            row["late"],
            row["today"],
            row["total"] - row["late"] - row["today"],
        )
        for row in counted
    ]
    return sorted(groups, key=lambda g: (-g.late, -g.today, -g.ahead, g.department_id or 0, g.window_id or 0))


def before(day: date) -> Q:
    """Return the condition of what was due before a day, of either clock."""
    return Q(due_on__lt=day) | Q(due_on=None, accept_due_on__lt=day)


def due(actor: Actor, last: date, department: int | None = None, window: int | None = None) -> CaseQuerySet:
    """Return running cases whose clock ends, or ended, up to a day; stopped ones wait and are left out."""
    rows = visible(actor, is_steered=True).filter(lights.due_between(None, last))
    for name, value in (("department_id", department), ("window_id", window)):
        if value:
            rows = rows.filter(condition(name, value, is_steered=True))
    return rows


def due_cases(
    actor: Actor, last: date, most: int, department: int | None = None, window: int | None = None
) -> list[Case]:
    """Return the running cases due up to a day, the longest overdue first."""
    return _first(due(actor, last, department, window), most)


def _first(rows: CaseQuerySet, most: int) -> list[Case]:
    """Return the most urgent rows. Their keys are chosen first: only those are read whole."""
    wanted = rows.order_by(*BY_DUE).values("pk")[:most]
    return list(Case.objects.filter(pk__in=wanted).select_related("department", "window").order_by(*BY_DUE))


# --- the morning sheet ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One line of the morning sheet."""

    case: Case
    verb: str
    due_on: date
    applicant: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One window's part of the morning sheet (晨会单): its counts, and its lines where they were asked for."""

    group: DueGroup
    today: Sequence[SheetRow]
    tomorrow: Sequence[SheetRow]

    @property
    def rows(self) -> list[SheetRow]:
        return [*self.today, *self.tomorrow]


def sheet_groups(
    actor: Actor, now: Today, department: int | None = None, window: int | None = None
) -> list[DueGroup]:
    """Count for every window what is overdue, due today, and due on the next working day (`ahead`), by name."""
    groups = due_groups(actor, now, now.next_workday, department, window)
    return sorted(groups, key=lambda g: (g.department, g.window))


def sheets(
    actor: Actor,
    now: Today,
    groups: Sequence[DueGroup],
    most: int,
    *,
    department: int | None,
    window: int | None,
) -> list[Sheet]:
    """Return the sheets of some groups with the cases due today or on the next working day, of both clocks."""
    rows = due(actor, now.next_workday, department, window).exclude(before(now.day))
    listed: dict[tuple[int | None, int | None], list[SheetRow]] = {}
    for case in _first(rows, most):
        listed.setdefault((case.department_id, case.window_id), []).append(_sheet_row(case))
    return [_sheet(group, listed.get((group.department_id, group.window_id), []), now) for group in groups]


def _sheet(group: DueGroup, rows: Sequence[SheetRow], now: Today) -> Sheet:
    return Sheet(group, [r for r in rows if r.due_on == now.day], [r for r in rows if r.due_on > now.day])


def _sheet_row(case: Case) -> SheetRow:
    day = case.accept_due_on if case.due_on is None else case.due_on
    assert day is not None
    return SheetRow(case, "受理" if case.due_on is None else "办结", day, masked_name(case))


# --- the inbox -----------------------------------------------------------------------------------

WAITING: Mapping[str, tuple[str, str]] = {
    "late": ("超期未办结", "已计入超期办结率，须说明原因并尽快办结"),
    "today": ("今日到期", "今日不办结即为超期，不受理即为超期受理"),
}


def todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return one line for the unit's overdue cases and one for those due today."""
    if not actor.may(Can.HANDLE) or actor.scope(Can.SEE).everything:
        return []
    now = lights.today(at)
    numbers = _lit_counts(actor, now)
    return [
        _todo(title, numbers[light], light, now.day, consequence)
        for light, (title, consequence) in WAITING.items()
        if numbers.get(light)
    ]


def _lit_counts(actor: Actor, now: Today) -> dict[str, int]:
    """Return how many cases stand in each list that waits, asked at once."""
    one, *others = (
        cases(actor, CaseFilter(light=light), now)
        .order_by()
        .select_related(None)
        .values(light=Value(light))
        .annotate(n=Count("pk"))
        .values_list("light", "n")
        for light in WAITING
    )
    return dict(one.union(*others, all=True))


def _todo(title: str, number: int, light: str, day: date, consequence: str) -> Todo:
    return Todo(
        verb="办结",
        title=f"{number}件{title}",
        url=f"{reverse('cases:list')}?light={light}",
        asked_by="办件时限",
        due_on=day,
        arrived_at=None,
        why="本单位承办",
        kind="办件",
        consequence=consequence,
        count=number,
    )
