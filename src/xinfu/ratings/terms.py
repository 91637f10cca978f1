"""Days for a bad rating (hall.md §1.5), each with its source and first day, and what follows from them: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from xinfu.lib.workdays import Calendar
from xinfu.ratings.flow import FINAL, REVIEWED, Status


class DayCount(StrEnum):
    WORKDAY = "workday"
    CALENDAR = "calendar"


DAY_COUNTS = {DayCount.WORKDAY: "工作日", DayCount.CALENDAR: "自然日"}


@dataclass(frozen=True, slots=True)
class LoopTerm:
    """The days of a rule, from a day on: to verify, to rectify, and by how much the second may be put off once."""

    since: date
    verify_days: int
    rectify_days: int
    extension_days: int
    source: str


TERMS: Sequence[LoopTerm] = (
    LoopTerm(date(2019, 10, 29), 1, 15, 15, "《浙江省建立政务服务“好差评”制度工作方案》（2019年）"),
)
DAY_COUNT_SOURCE = "《工作方案》只写“日”，未写工作日或自然日，默认按工作日"
EXTENSION_SOURCE = "同类系统的做法：延期一次，不超过原期限后15日（默认值）"
JUDGE_DAYS = 3
JUDGE_SOURCE = "默认值，未见上位规定"
WARN_DAYS = 3
RAISE_EVERY = 3
CALL_TRIES = 3


def term_on(day: date, terms: Sequence[LoopTerm] = TERMS) -> LoopTerm:
    """Return the term in force on the day; the first one also speaks for the days before it."""
    return max((t for t in terms if t.since <= day), key=lambda t: t.since, default=terms[0])


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force in this county on a day (本地规定 over the dated terms)."""

    verify_days: int
    rectify_days: int
    extension_days: int
    judge_days: int
    count: DayCount
    restarts: bool = True
    pauses: bool = True
    warn_days: int = WARN_DAYS
    raise_every: int = RAISE_EVERY
    call_tries: int = CALL_TRIES

    @property
    def unit(self) -> str:
        return DAY_COUNTS[self.count]


def add(calendar: Calendar, start: date, days: int, count: DayCount) -> date:
    """Return the last day of a term of `days` that begins on `start` (day 0)."""
    if count == DayCount.WORKDAY:
        return calendar.due_on(start, days)
    return start + timedelta(days=days)


def due_days(calendar: Calendar, received_on: date, terms: Terms) -> tuple[date, date]:
    """Return until when a bad rating is to be verified, and until when rectified."""
    return (
        add(calendar, received_on, terms.verify_days, terms.count),
        add(calendar, received_on, terms.rectify_days, terms.count),
    )


def why_not_due(wanted: date, latest: date, today: date) -> str | None:
    """Return why a day cannot be the one to rectify by; once the term has passed only its own last day can."""
    if latest < today:
        return None if wanted == latest else f"整改期限{latest:%Y-%m-%d}已过，不能另定日期。"
    if wanted < today:
        return "整改期限不能早于今天。"
    if wanted > latest:
        return f"整改期限最晚为{latest:%Y-%m-%d}，请选这一天或更早的日期。"
    return None


def extended_latest(calendar: Calendar, due_on: date, terms: Terms) -> date:
    return add(calendar, due_on, terms.extension_days, terms.count)


def why_not_extended(wanted: date, due_on: date, latest: date, today: date) -> str | None:
    """Return why the term cannot be put off until a day: asked too late, no later day, or too late a day."""
    if today > due_on:
        return f"整改期限{due_on:%Y-%m-%d}已过，延期须在期限届满前提出。"
    if wanted <= due_on:
        return f"延期后的日期须晚于原期限{due_on:%Y-%m-%d}。"
    if wanted > latest:
        return f"最多延期到{latest:%Y-%m-%d}，请选这一天或更早的日期。"
    return None


def due_on(status: str, verify_due_on: date, rectify_due_on: date, judge_due_on: date | None = None) -> date:
    """Return the day that counts in a state: to verify by, while another unit judges its own, else to rectify by."""
    if is_reviewed(status) and judge_due_on is not None:
        return judge_due_on
    return verify_due_on if status == Status.OPEN else rectify_due_on


class Light(StrEnum):
    OK = "ok"
    SOON = "warn"
    LATE = "bad"
    DONE = "done"
    DONE_LATE = "late"


def light(
    calendar: Calendar,
    today: date,
    *,
    status: str,
    verify_due_on: date,
    rectify_due_on: date,
    judge_due_on: date | None = None,
    asked_on: date | None = None,
    finished_on: date | None,
    terms: Terms,
) -> Light:
    """Return the light of a loop on a day; an upheld appeal is never late, 无法整改 where it was asked too late."""
    if finished_on is not None or status in {str(s) for s in FINAL}:
        ended = asked_on if status == Status.CANNOT and asked_on else finished_on
        late = ended is not None and ended > rectify_due_on and status != Status.INVALID
        return Light.DONE_LATE if late else Light.DONE
    due = due_on(status, verify_due_on, rectify_due_on, judge_due_on)
    if due < today:
        return Light.LATE
    warn = terms.warn_days if warns(status) else 0
    return Light.SOON if due <= add(calendar, today, warn, terms.count) else Light.OK


def days_late(calendar: Calendar, due: date, today: date, count: DayCount) -> int:
    if today <= due:
        return 0
    return calendar.workdays_between(due, today) if count == DayCount.WORKDAY else (today - due).days


def steps_up(late: int, every: int) -> int:
    """Return how many units up the tree are told: the next one at once, one more after each further `every` days."""
    return 1 + max(late - 1, 0) // every


def due_after_pause(calendar: Calendar, due: date, asked_on: date, today: date, count: DayCount) -> date:
    """Return a term that stood still from the day on which another unit was asked; one that had passed stays."""
    if asked_on > due:
        return due
    return add(calendar, today, max(days_late(calendar, asked_on, due, count), 1), count)


def warns(status: str) -> bool:
    """Tell whether a state's term is long enough for a warning some days before; a short one is lit on its last day."""
    return status != Status.OPEN and not is_reviewed(status)


def is_reviewed(status: str) -> bool:
    return status in {str(s) for s in REVIEWED}
