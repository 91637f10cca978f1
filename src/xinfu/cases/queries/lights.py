"""The lights of both clocks: what they show of one case, and the same said to the database for lists of cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Q
from django.utils import timezone

from xinfu.cases import local, rules
from xinfu.cases.models import Case, CaseQuerySet, DueKind, State
from xinfu.cases.rules import Light
from xinfu.core import clock, holidays
from xinfu.lib.workdays import Calendar

WAITING_STATES = (State.APPLIED, State.RECEIVED, State.CORRECTION)
CLOSED_STATES = sorted(set(State.values) - rules.OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Today:
    """What lights are read by: the moment, its day, the calendar, and when a case turns yellow."""

    at: datetime
    day: date
    calendar: Calendar
    soon: tuple[int, int]

    @property
    def next_workday(self) -> date:
        return self.calendar.add_workdays(self.day, 1)


def today(at: datetime | None = None) -> Today:
    """Return the present moment of the house (two small queries)."""
    at = at or clock.now()
    day = timezone.localdate(at)
    return Today(at, day, holidays.calendar(), local.soon(day))


# --- one case ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lamp:
    """The light of a case: which clock it belongs to (受理, 办结), the day it is measured by, and the words."""

    light: Light
    verb: str
    due_on: date | None
    word: str


def is_waiting(case: Case) -> bool:
    """Tell whether the accept clock is the one that runs: received, not yet accepted, no handling clock."""
    return (
        case.accepted_on is None
        and case.due_on is None
        and case.accept_due_on is not None
        and case.finished_at is None
        and case.state in WAITING_STATES
    )


def was_late(case: Case) -> bool | None:
    """Tell whether a case was finished after its due instant; None where it is not finished or had none."""
    if case.finished_at is None or case.due_at is None:
        return None
    return case.finished_at > case.due_at


def handling_light(case: Case, now: Today) -> Light:
    """Return the light of the handling clock; a stated due time is an instant, not a day."""
    light = rules.light(
        now.calendar,
        now.day,
        due_on=case.due_on,
        limit=case.promise_days,
        finished_on=case.finished_on,
        ended=case.state not in rules.OPEN_STATES,
        paused_on=case.paused_on,
        was_late=was_late(case),
        soon=now.soon,
    )
    instant = case.due_at if case.due_kind == DueKind.STATED else None
    has_passed = instant is not None and instant < now.at
    return Light.LATE if has_passed and light in (Light.OK, Light.SOON) else light


def lamp(case: Case, now: Today) -> Lamp:
    """Return the light of the clock that runs, or that ran last."""
    if not is_waiting(case):
        light = handling_light(case, now)
        return Lamp(light, "办结", case.due_on, _word(light, case.due_on, case, now))
    due_on = case.accept_due_on
    light = rules.light(now.calendar, now.day, due_on=due_on, paused_on=case.paused_on, soon=now.soon)
    return Lamp(light, "受理", due_on, _word(light, due_on, case, now))


def _word(light: Light, due_on: date | None, case: Case, now: Today) -> str:
    if light == Light.LATE and due_on is not None:
        over = now.calendar.workdays_between(due_on, case.paused_on or now.day)
        return f"超期{over}个工作日" if over > 0 else "超期"
    if light == Light.SOON and due_on == now.day:
        return "今天到期"
    if light == Light.DONE and case.finished_on is None and case.state not in rules.DONE_STATES:
        return "已终结"
    return rules.LIGHT_LABELS[light]


LIGHTS = {
    "today": "今天到期",
    "soon": "临期",
    "late": "超期",
    "accept_late": "超期受理",
    "paused": "补正或挂起",
    "done_late": "超期办结",
}
"""What a list can be narrowed to, by code. Each says the same as `is_lit` of each row (tests/cases/test_lights.py)."""


def is_lit(code: str, case: Case, now: Today) -> bool:
    """Tell whether a case belongs into the list of one light."""
    shown = lamp(case, now)
    is_accepting = shown.verb == "受理"
    if code == "today":
        runs = shown.light in (Light.OK, Light.SOON, Light.LATE) and case.paused_on is None
        return runs and shown.due_on == now.day
    if code == "accept_late":
        return (is_accepting and shown.light == Light.LATE) or _accepted_late(case)
    lights = {
        "soon": Light.SOON,
        "late": Light.LATE,
        "paused": Light.PAUSED,
        "done_late": Light.DONE_LATE,
    }
    return shown.light == lights[code] and not (code == "late" and is_accepting)


def _accepted_late(case: Case) -> bool:
    is_open = case.finished_at is None and case.state in rules.OPEN_STATES
    days = case.accepted_on, case.accept_due_on
    return is_open and days[0] is not None and days[1] is not None and days[0] > days[1]


# --- lists of cases ------------------------------------------------------------------------------

OPEN = Q(finished_at=None) & ~Q(state__in=CLOSED_STATES)
"""What is not ended. Said by what it is not, so that the small index of unfinished cases is the one that is read."""
RUNNING = Q(paused_on=None)
UNACCEPTED = Q(state__in=WAITING_STATES, accepted_on=None, due_on=None)


def due_between(first: date | None, last: date) -> Q:
    """Return the condition of a running clock, of either kind, that ends within some days."""
    handling, accepting = Q(due_on__lte=last), UNACCEPTED & Q(accept_due_on__lte=last)
    if first is not None:
        handling, accepting = handling & Q(due_on__gte=first), accepting & Q(accept_due_on__gte=first)
    return OPEN & RUNNING & (handling | accepting)


def accepted_late(now: Today) -> Q:
    """Return the condition of 超期受理: accepted after the term, or past it and not yet accepted."""
    past = (RUNNING & Q(accept_due_on__lt=now.day)) | Q(accept_due_on__lt=F("paused_on"))
    return OPEN & (Q(accepted_on__gt=F("accept_due_on")) | (UNACCEPTED & past))


def overdue(now: Today) -> Q:
    """Return the condition of the red light of the handling clock: past the day, or past a stated instant."""
    by_day = (RUNNING & Q(due_on__lt=now.day)) | Q(due_on__lt=F("paused_on"))
    return OPEN & (by_day | (RUNNING & _instant_passed(now)))


def _instant_passed(now: Today) -> Q:
    return Q(due_kind=DueKind.STATED, due_on__gte=now.day, due_at__lt=now.at)


def due_soon(now: Today) -> Q:
    """Return the condition of the yellow light, for both clocks (rules.light)."""
    workdays, percent = now.soon

    def within(left: int) -> date:
        return now.calendar.add_workdays(now.day, left + 1)

    near = Q(due_on__lt=within(workdays))
    for left in range(workdays + 1, rules.SOON_CAP + 1) if percent else ():
        near |= Q(due_on__lt=within(left), promise_days__gte=-(-left * 100 // percent))
    handling = Q(due_on__gte=now.day) & near & ~_instant_passed(now)
    accepting = UNACCEPTED & Q(accept_due_on__gte=now.day, accept_due_on__lt=within(workdays))
    return OPEN & RUNNING & (handling | accepting)


def stopped() -> Q:
    """Return the condition of a stopped clock that had not run out before."""
    unaccepted_late = UNACCEPTED & Q(accept_due_on__lt=F("paused_on"), accept_due_on__isnull=False)
    in_time = Q(due_on__gte=F("paused_on")) | (Q(due_on=None) & ~unaccepted_late)
    return OPEN & Q(paused_on__isnull=False) & in_time


def done_late() -> Q:
    """Return the condition of 超期办结. A computed due day is kept as its last instant too."""
    return Q(finished_at__gt=F("due_at"))


def lit(rows: CaseQuerySet, code: str, now: Today) -> CaseQuerySet:
    """Narrow to the cases of one light (a code of LIGHTS)."""
    conditions = {
        "today": lambda: due_between(now.day, now.day),
        "soon": lambda: due_soon(now),
        "late": lambda: overdue(now),
        "accept_late": lambda: accepted_late(now),
        "paused": stopped,
        "done_late": done_late,
    }
    return rows.filter(conditions[code]())
