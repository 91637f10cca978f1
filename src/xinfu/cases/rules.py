"""Clocks, lights and derived statuses of a case (hall.md §2.4–2.5): pure, each number with its source and day.

Two clocks run on working days. The accept clock starts on the day of receipt and ends with acceptance; the
handling clock starts on the day of acceptance (day 0) and ends with the finish. Both are stopped by whole days.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from xinfu.lib.workdays import Calendar, Suspension


@dataclass(frozen=True, slots=True)
class Term:
    """A number of working days fixed by a rule, from a day on, and the clause that fixes it."""

    since: date
    workdays: int
    source: str


# A defective application must be answered within this term; otherwise it counts as accepted on the day of receipt.
ACCEPT_TERMS: Sequence[Term] = (Term(date(2004, 7, 1), 5, "《中华人民共和国行政许可法》第三十二条"),)
DECISION_TERMS: Sequence[Term] = (Term(date(2004, 7, 1), 20, "《中华人民共和国行政许可法》第四十二条"),)
DELIVERY_TERMS: Sequence[Term] = (Term(date(2004, 7, 1), 10, "《中华人民共和国行政许可法》第四十四条"),)

SOON_WORKDAYS = 1
SOON_PERCENT = 20
SOON_CAP = 20
SOON_SOURCE = "默认值：剩余不超过1个工作日，或不超过期限的20%（最多20个工作日）"

# Stops of the clock by kind: 转报 moves nothing, a correction asked for before acceptance stops the accept clock.
STOPS_HANDLING = frozenset({"ordinary", "correction", "special"})
CALENDAR_KINDS = frozenset({"calendar", "month", "year"})
STOPS_ACCEPTING = frozenset({"correction"})

OPEN_STATES = frozenset({"applied", "received", "correction", "accepted", "handling", "suspended"})
NOT_YET_ACCEPTED = frozenset({"applied", "received", "correction", "pre_returned"})
DONE_STATES = frozenset({"finished", "delivered"})
ENDED_STATES = frozenset({"not_accepted", "returned", "pre_returned", "voided", "withdrawn", "transferred"})
NEEDS_REASON = frozenset({"not_accepted", "returned", "voided"})
NEEDS_REASON_KINDS = frozenset({"1", "2", "3"})
NORMAL_KINDS = frozenset({"", "0", "6"})
KIND_STATES = {"0": "finished", "1": "returned", "2": "voided", "3": "voided", "4": "transferred", "5": "returned",
               "6": "finished", "7": "finished"}  # fmt: skip


def term_on(day: date, terms: Sequence[Term]) -> Term:
    """Return the term in force on the day; the first one also speaks for the days before it."""
    return max((t for t in terms if t.since <= day), key=lambda t: t.since, default=terms[0])


def accept_limit(received_on: date, item_days: int | None = None, local_days: int | None = None) -> int:
    """Return the working days within which a case must be accepted: the law's term, or a shorter one set here."""
    law = term_on(received_on, ACCEPT_TERMS).workdays
    return min(days for days in (law, item_days, local_days) if days is not None)


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the clock; `resumed_on` is None while it lasts."""

    kind: str
    began_on: date
    resumed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case's clocks depend on: days in the record's zone, the term, and the item's own limits."""

    received_on: date
    accepted_on: date | None
    finished_on: date | None
    state: str
    project_type: str = "2"
    promise_days: int | None = None
    promise_kind: str = "workday"
    accept_limit: int | None = 5
    stated_due_on: date | None = None
    is_contradictory: bool = False


@dataclass(frozen=True, slots=True)
class Clocks:
    """What follows from the facts; None where the clock does not run."""

    accept_due_on: date | None
    due_on: date | None
    provisional: bool
    paused_days: int
    paused_on: date | None
    handling_days: int | None


def starts_on(facts: Facts) -> date | None:
    """Return day 0 of the handling clock: acceptance; for an instant or finished case without one, receipt."""
    if facts.accepted_on is not None:
        return facts.accepted_on
    if facts.project_type == "1" or facts.finished_on is not None:
        return facts.received_on
    return None


def clocks(calendar: Calendar, facts: Facts, stops: Iterable[Stop] = ()) -> Clocks:
    """Return both clocks of a case, with what stopped them taken out.

    A stop that still lasts moves nothing yet: it moves the due day by the days really stopped when it ends.
    """
    all_stops = list(stops)
    start = starts_on(facts)
    ended = _spans(all_stops, STOPS_HANDLING, after=start)
    due = _due(calendar, facts, start, ended)
    paused = 0
    if start is not None:
        paused = calendar.suspended_workdays(ended, after=start, until=facts.finished_on or date.max)
    running = [s.began_on for s in all_stops if s.resumed_on is None and s.kind != "transfer"]
    return Clocks(
        accept_due_on=_accept_due(calendar, facts, all_stops),
        due_on=due,
        provisional=due is not None and facts.stated_due_on is None and calendar.provisional(due),
        paused_days=paused,
        paused_on=min(running) if running and facts.finished_on is None else None,
        handling_days=_handling_days(calendar, facts, start, paused),
    )


def _spans(stops: Iterable[Stop], kinds: frozenset[str], *, after: date | None) -> list[Suspension]:
    if after is None:
        return []
    return [(s.began_on, s.resumed_on) for s in stops if s.kind in kinds and s.resumed_on is not None]


def _accept_due(calendar: Calendar, facts: Facts, stops: Iterable[Stop]) -> date | None:
    if facts.accept_limit is None:
        return None
    last = facts.accepted_on or date.max
    before = [s for s in stops if s.began_on <= last]
    spans = _spans(before, STOPS_ACCEPTING, after=facts.received_on)
    return calendar.due_on_with_suspensions(facts.received_on, facts.accept_limit, spans)


def _due(calendar: Calendar, facts: Facts, start: date | None, ended: list[Suspension]) -> date | None:
    if facts.stated_due_on is not None:
        return facts.stated_due_on
    if start is None or facts.promise_days is None:
        return None
    if facts.promise_kind == "workday":
        return calendar.due_on_with_suspensions(start, facts.promise_days, ended)
    if facts.promise_kind not in CALENDAR_KINDS:
        return None
    last = add_calendar(start, facts.promise_days, facts.promise_kind)
    return last + timedelta(days=_stopped_days(start, last, ended))


def add_calendar(start: date, count: int, kind: str) -> date:
    """Return the day that lies some calendar days, months or years later; a missing 31st becomes the last day."""
    if kind == "calendar":
        return start + timedelta(days=count)
    months = start.month - 1 + count * (12 if kind == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _stopped_days(start: date, last: date, ended: list[Suspension]) -> int:
    """Count the calendar days stopped after the start, each once."""
    stopped = {
        day
        for begin, end in ended
        if begin <= last
        for day in (begin + timedelta(days=i) for i in range(max((end - begin).days, 1)))
        if day > start
    }
    return len(stopped)


def _handling_days(calendar: Calendar, facts: Facts, start: date | None, paused: int) -> int | None:
    """Count the working days from acceptance to finish without the stopped ones; None where the days contradict."""
    if facts.finished_on is None or start is None or contradicts(facts):
        return None
    return max(calendar.workdays_between(start, facts.finished_on) - paused, 0)


def contradicts(facts: Facts) -> bool:
    """Tell whether the days run backwards, so that no duration can be taken from them."""
    days = [d for d in (facts.received_on, facts.accepted_on, facts.finished_on) if d is not None]
    return facts.is_contradictory or days != sorted(days)


class Light(StrEnum):
    """红黄灯 (interface.md §c5)."""

    NONE = "none"
    OK = "ok"
    SOON = "soon"
    LATE = "late"
    PAUSED = "paused"
    DONE = "done"
    DONE_LATE = "done_late"


LIGHT_LABELS = {
    Light.NONE: "无期限",
    Light.OK: "正常",
    Light.SOON: "临期",
    Light.LATE: "超期",
    Light.PAUSED: "暂停",
    Light.DONE: "办结",
    Light.DONE_LATE: "超期办结",
}


def soon_days(limit: int | None, workdays: int = SOON_WORKDAYS, percent: int = SOON_PERCENT) -> int:
    """Return at how many working days left a case turns yellow."""
    return max(workdays, min(SOON_CAP, (limit or 0) * percent // 100))


def light(
    calendar: Calendar,
    today: date,
    *,
    due_on: date | None,
    limit: int | None = None,
    finished_on: date | None = None,
    ended: bool = False,
    paused_on: date | None = None,
    was_late: bool | None = None,
    soon: tuple[int, int] = (SOON_WORKDAYS, SOON_PERCENT),
) -> Light:
    """Return the light of a clock on a day; `was_late` overrides the comparison by days (a stated instant)."""
    if ended or finished_on is not None:
        late = due_on is not None and finished_on is not None and finished_on > due_on
        return Light.DONE_LATE if (late if was_late is None else was_late) else Light.DONE
    if due_on is None:
        return Light.PAUSED if paused_on else Light.NONE
    if due_on < (paused_on or today):
        return Light.LATE
    if paused_on is not None:
        return Light.PAUSED
    left = calendar.workdays_between(today, due_on)
    return Light.SOON if left <= soon_days(limit, *soon) else Light.OK


def derive_state(
    *,
    finish_kind: str = "",
    accepted: bool = False,
    finished: bool = False,
    refused_acceptance: bool = False,
    paused: bool = False,
) -> str:
    """Return the state of a record whose source names none, from its times and actions.

    The order matters: an ending outweighs a refusal of acceptance, and both outweigh what went before.
    """
    if finished and finish_kind in KIND_STATES:
        return KIND_STATES[finish_kind]
    if refused_acceptance:
        return "not_accepted"
    if finished:
        return "finished"
    if paused:
        return "suspended"
    return "handling" if accepted else "received"


def lacks_reason(state: str, finish_kind: str, reason: str) -> bool:
    """Tell whether an ending that must be explained is not (删除、退回、作废办结，不予受理)."""
    return not reason and (state in NEEDS_REASON or finish_kind in NEEDS_REASON_KINDS)
