"""What the screens of cases read beyond `queries`: lights of both clocks, tabs, what is due by unit, choices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, F, Q
from django.utils import timezone

from xinfu.cases import local, queries, rules
from xinfu.cases.access import Can
from xinfu.cases.models import Case, CaseQuerySet, DueKind, ImportBatch, State
from xinfu.cases.rules import Light
from xinfu.core import clock, holidays, journal
from xinfu.core.actor import Actor, system
from xinfu.core.models import JournalEntry, LocalRule
from xinfu.lib.workdays import Calendar
from xinfu.people import queries as people

TOWNSHIP = "township"
WAITING_STATES = (State.APPLIED, State.RECEIVED, State.CORRECTION)


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
    return Today(at, day, holidays.calendar(), _soon(day))


def _soon(day: date) -> tuple[int, int]:
    """Return what `local.soon` says, with one query for both of its numbers."""
    wanted = {local.SOON_WORKDAYS: rules.SOON_WORKDAYS, local.SOON_PERCENT: rules.SOON_PERCENT}
    known = LocalRule.objects.filter(code__in=list(wanted), since__lte=day).order_by("since")
    wanted |= dict(known.values_list("code", "value"))
    return int(wanted[local.SOON_WORKDAYS]), int(wanted[local.SOON_PERCENT])


# --- lights --------------------------------------------------------------------------------------


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


def lamp(case: Case, now: Today) -> Lamp:
    """Return the light of the clock that runs, or that ran last."""
    waiting = is_waiting(case)
    due_on = case.accept_due_on if waiting else case.due_on
    instant = case.due_at if case.due_kind == DueKind.STATED else None
    light = rules.light(
        now.calendar,
        now.day,
        due_on=due_on,
        limit=None if waiting else case.promise_days,
        finished_on=case.finished_on,
        ended=case.state not in rules.OPEN_STATES,
        paused_on=case.paused_on,
        was_late=case.finished_at > instant if instant and case.finished_at else None,
        soon=now.soon,
    )
    if light == Light.SOON and instant is not None and instant < now.at:
        light = Light.LATE
    return Lamp(light, "受理" if waiting else "办结", due_on, _word(light, due_on, case, now))


def _word(light: Light, due_on: date | None, case: Case, now: Today) -> str:
    if light == Light.LATE and due_on is not None:
        over = now.calendar.workdays_between(due_on, case.paused_on or now.day)
        return f"超期{over}个工作日" if over > 0 else "超期"
    if light == Light.SOON and due_on == now.day:
        return "今天到期"
    if light == Light.DONE and case.finished_on is None and case.state not in rules.DONE_STATES:
        return "已终结"
    return rules.LIGHT_LABELS[light]


# --- tabs: each by an index of models.Case -------------------------------------------------------

OPEN = Q(finished_at=None, state__in=sorted(rules.OPEN_STATES))
WAITING = Q(state__in=WAITING_STATES, accepted_on=None, due_on=None, finished_at=None, paused_on=None)


def due_between(first: date, last: date) -> Q:
    """Return the condition of a running clock, of either kind, that ends within some days."""
    handling = OPEN & Q(paused_on=None, due_on__gte=first, due_on__lte=last)
    return handling | (WAITING & Q(accept_due_on__gte=first, accept_due_on__lte=last))


def accepted_late(day: date) -> Q:
    """Return the condition of 超期受理 among open cases: accepted after the term, or past it and not yet accepted."""
    return OPEN & (
        Q(accepted_on__gt=F("accept_due_on"))
        | Q(state__in=WAITING_STATES, accepted_on=None, due_on=None, paused_on=None, accept_due_on__lt=day)
    )


def overdue(now: Today) -> Q:
    """Return the condition of the red light among open cases: past the day, or past a stated instant."""
    by_day = Q(paused_on=None, due_on__lt=now.day) | Q(paused_on__isnull=False, due_on__lt=F("paused_on"))
    return OPEN & Q(due_on__lte=now.day) & (by_day | (Q(paused_on=None) & _instant_passed(now)))


def _instant_passed(now: Today) -> Q:
    return Q(due_kind=DueKind.STATED, due_on=now.day, due_at__lt=now.at)


def due_soon(now: Today) -> Q:
    """Return the condition of the yellow light, for both clocks (rules.light)."""
    workdays, percent = now.soon

    def within(left: int) -> date:
        return now.calendar.add_workdays(now.day, left + 1)

    near = Q(due_on__lt=within(workdays))
    for left in range(workdays + 1, rules.SOON_CAP + 1) if percent else ():
        near |= Q(due_on__lt=within(left), promise_days__gte=-(-left * 100 // percent))
    last = within(max(workdays, rules.SOON_CAP))
    handling = OPEN & Q(paused_on=None, due_on__gte=now.day, due_on__lt=last) & near & ~_instant_passed(now)
    return handling | (WAITING & Q(accept_due_on__gte=now.day, accept_due_on__lt=within(workdays)))


def tab(rows: CaseQuerySet, code: str, now: Today) -> CaseQuerySet:
    """Narrow to one tab: today, soon, late, accept_late, paused, done_late."""
    after = Q(due_kind=DueKind.STATED, finished_at__gt=F("due_at")) | Q(
        due_kind=DueKind.COMPUTED, finished_on__gt=F("due_on")
    )
    wanted: dict[str, Q] = {
        "today": due_between(now.day, now.day),
        "soon": due_soon(now),
        "late": overdue(now),
        "accept_late": accepted_late(now.day),
        "paused": OPEN & Q(paused_on__isnull=False),
        "done_late": Q(finished_on__isnull=False) & after,
    }
    return rows.filter(wanted[code])


def person_digest(rows: CaseQuerySet, digest: str) -> CaseQuerySet:
    """Keep the cases of one person, named by the keyed digest of an identity number or a telephone."""
    value = bytes.fromhex(digest)
    return rows.filter(Q(id_digest=value) | Q(phone_digest=value))


@dataclass(frozen=True, slots=True)
class Choices:
    """Units, towns and windows in the actor's reach, as (id, name)."""

    departments: list[tuple[int, str]]
    towns: list[tuple[int, str]]
    windows: list[tuple[int, str]]


def choices(actor: Actor) -> Choices:
    """Return what the actor may filter by (one query)."""
    scope = actor.scope(Can.SEE)
    units = people.departments(system("cases")).select_related(None)
    if not scope.everything:
        units = units.filter(pk__in=scope.units)
    fields = ("pk", "short_name", "kind", "windows__order", "windows__code", "windows__pk", "windows__name")
    rows = list(units.values_list(*fields))
    names = {pk: name for pk, name, *_ in rows}
    windows = sorted((order, code, pk, name) for *_, order, code, pk, name in rows if pk is not None)
    return Choices(
        list(names.items()),
        list({pk: name for pk, name, kind, *_ in rows if kind == TOWNSHIP}.items()),
        [(pk, name) for *_, pk, name in windows],
    )


# --- what is due, by unit and window -------------------------------------------------------------


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


def due_groups(actor: Actor, now: Today, last: date, department: int | None = None) -> list[DueGroup]:
    """Count what is overdue, due today and due up to a day, by unit and window (two queries), worst first."""
    rows = _due_rows(actor, last, department)
    counted = (
        rows.order_by()
        .values("department", "department__short_name", "window", "window__name")
        .annotate(
            late=Count("pk", filter=_before(now.day)),
            today=Count("pk", filter=Q(due_on=now.day) | Q(due_on=None, accept_due_on=now.day)),
            total=Count("pk"),
        )
    )
    groups = [
        DueGroup(
            row["department"],
            row["department__short_name"] or "未登记单位",
            row["window"],
            row["window__name"] or "",
            row["late"],
            row["today"],
            row["total"] - row["late"] - row["today"],
        )
        for row in counted
    ]
    return sorted(groups, key=lambda g: (-g.late, -g.today, -g.ahead, g.department, g.window))


def _before(day: date) -> Q:
    return Q(due_on__lt=day) | Q(due_on=None, accept_due_on__lt=day)


def _due_rows(actor: Actor, last: date, department: int | None) -> CaseQuerySet:
    """Return running cases whose clock ends, or ended, up to a day; stopped ones wait and are left out."""
    handling = OPEN & Q(paused_on=None, due_on__lte=last)
    rows = queries.cases(actor).filter(handling | (WAITING & Q(accept_due_on__lte=last)))
    return rows.filter(department=department) if department else rows


def due_cases(
    actor: Actor, last: date, most: int, department: int | None = None, window: int | None = None
) -> list[Case]:
    """Return the running cases due up to a day, the longest overdue first."""
    rows = _due_rows(actor, last, department)
    if window:
        rows = rows.filter(window=window)
    return list(rows.order_by(F("due_on").asc(nulls_last=True), "accept_due_on", "pk")[:most])


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One line of the morning sheet."""

    case: Case
    verb: str
    due_on: date
    applicant: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One window's part of the morning sheet (晨会单)."""

    department_id: int | None
    department: str
    window_id: int | None
    window: str
    late: int
    today: list[SheetRow]
    tomorrow: list[SheetRow]

    @property
    def rows(self) -> list[SheetRow]:
        return [*self.today, *self.tomorrow]


def sheets(actor: Actor, now: Today, most: int, department: int | None = None) -> tuple[list[Sheet], int]:
    """Return the sheet of every window with cases due today or on the next working day, or overdue; and the total.

    Both clocks count: what must be accepted, and what must be finished. Three queries.
    """
    groups = due_groups(actor, now, now.next_workday, department)
    rows = _due_rows(actor, now.next_workday, department).exclude(_before(now.day))
    listed = list(rows.order_by(F("due_on").asc(nulls_last=True), "accept_due_on", "pk")[:most])
    by_window: dict[tuple[int | None, int | None], list[SheetRow]] = {}
    for case in listed:
        by_window.setdefault((case.department_id, case.window_id), []).append(_sheet_row(case))
    found = [
        Sheet(
            g.department_id,
            g.department,
            g.window_id,
            g.window,
            g.late,
            [r for r in by_window.get((g.department_id, g.window_id), []) if r.due_on == now.day],
            [r for r in by_window.get((g.department_id, g.window_id), []) if r.due_on > now.day],
        )
        for g in groups
    ]
    return sorted(found, key=lambda s: (s.department, s.window)), sum(g.today + g.ahead for g in groups)


def _sheet_row(case: Case) -> SheetRow:
    day = case.accept_due_on if case.due_on is None else case.due_on
    assert day is not None
    return SheetRow(case, "受理" if case.due_on is None else "办结", day, queries.masked_name(case))


# --- batches -------------------------------------------------------------------------------------


def same_file_before(batch: ImportBatch) -> ImportBatch | None:
    """Return the last finished batch of the same content and mapping before this one."""
    earlier = ImportBatch.objects.filter(
        sha256=batch.sha256, mapping=batch.mapping, finished_at__isnull=False, refusal="", pk__lt=batch.pk
    )
    return earlier.order_by("-pk").first()


def journal_of(case: Case, most: int = 50) -> list[JournalEntry]:
    """Return the journal's entries about a case, and that of the batch that brought it in, oldest first."""
    subjects = [journal.subject_of(case)]
    if case.batch is not None:
        subjects.append(journal.subject_of(case.batch))
    rows = JournalEntry.objects.filter(subject__in=subjects).exclude(event="cases.import_started")
    return list(rows.order_by("n")[:most])
