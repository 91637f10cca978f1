"""Working days: the only day arithmetic in the house.

The one counting rule (行政许可法第八十二条: terms count in working days, holidays excluded):

* Day 0 is the day on which the clock starts (acceptance). It is never counted.
* A term of ``n`` working days ends with the last instant of the ``n``-th working day after day 0 on which the
  clock ran. A term of 0 (即办件) ends with the last instant of day 0 itself.
* A suspension stops whole days: the day on which it began (the part of it that was stopped is rounded up) up to,
  and without, the day on which the clock ran again. One that begins and ends on the same day stops that day.
  Days covered by several suspensions are stopped once. Days up to day 0, and days after the term had already
  run out, move nothing.

All days are dates of the office's own calendar (Asia/Shanghai); the caller turns instants into them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import TypeAlias

Suspension: TypeAlias = tuple[date, date]
"""(day on which the clock stopped, day on which it ran again); both may be the same day."""

Row: TypeAlias = tuple[date, bool, int]
"""(day, whether it is a working day, its ordinal): what a set-wise query joins with."""

_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off and days of work that differ from Monday-to-Friday, known up to a last day.

    ``off`` are days without work, ``work`` are days of work (adjusted weekends); a day in both is an error.
    Any other day works from Monday to Friday. After ``known_until`` (the last day of the last year that the
    State Council has published) only weekends are known, and every answer is provisional.
    """

    off: frozenset[date]
    work: frozenset[date]
    known_until: date
    _off: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _work: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay out the exceptions as sorted day numbers, so that counting needs no walk over days."""
        off, work = frozenset(self.off), frozenset(self.work)
        if both := off & work:
            raise ValueError(f"both a day off and a day of work: {min(both)}")
        object.__setattr__(self, "off", off)
        object.__setattr__(self, "work", work)
        object.__setattr__(self, "_off", tuple(sorted(d.toordinal() for d in off if not _is_weekend(d))))
        object.__setattr__(self, "_work", tuple(sorted(d.toordinal() for d in work if _is_weekend(d))))

    def with_local(self, *, off: Iterable[date] = (), work: Iterable[date] = ()) -> "Calendar":
        """Return this calendar with the county's own days laid over it; the county's word wins."""
        off, work = frozenset(off), frozenset(work)
        return Calendar((self.off - work) | off, (self.work - off) | work, self.known_until)

    def is_workday(self, day: date) -> bool:
        """Tell whether the office works on this day."""
        return day in self.work or not (day in self.off or _is_weekend(day))

    def provisional(self, day: date) -> bool:
        """Tell whether the day lies beyond the last published year, so that its kind may still change."""
        return day > self.known_until

    def ordinal(self, day: date) -> int:
        """Count the working days from 0001-01-01 up to and including the day."""
        return self._count(day.toordinal())

    def workdays_between(self, after: date, until: date) -> int:
        """Count the working days in (after, until]; negative where ``until`` comes first."""
        return self.ordinal(until) - self.ordinal(after)

    def add_workdays(self, start: date, n: int) -> date:
        """Return the n-th working day after the start, or the |n|-th before it; 0 is the start itself.

        Raises OverflowError where the answer lies outside of the years 1 to 9999.
        """
        if n == 0:
            return start
        before_start = self.ordinal(start) - (n < 0 and self.is_workday(start))
        return self._day_of(before_start + n + (n < 0))

    def due_on(self, accepted_on: date, n: int) -> date:
        """Return the day with whose end a term of n working days runs out; n = 0 is the same day."""
        return self.due_on_with_suspensions(accepted_on, n, ())

    def due_on_with_suspensions(self, accepted_on: date, n: int, suspensions: Iterable[Suspension]) -> date:
        """Return the due day moved forward by the working days on which the clock really stood still.

        Raises ValueError for a negative term and for a suspension that ends before it begins.
        """
        if n < 0:
            raise ValueError(f"a term cannot be negative: {n}")
        stopped = _merged(suspensions)
        if n == 0 and any(begin <= accepted_on < end for begin, end in stopped):
            n = 1  # day 0 was the one day of the term and stood still: the next running day takes its place
        due = self.add_workdays(accepted_on, n)
        for begin, end in stopped:
            if begin > due:
                break
            n += self._stopped(begin, end, after=accepted_on, until=date.max)
            due = self.add_workdays(accepted_on, n)
        return due

    def suspended_workdays(
        self, suspensions: Iterable[Suspension], *, after: date = date.min, until: date = date.max
    ) -> int:
        """Count the distinct working days in (after, until] on which the clock stood still.

        Raises ValueError for a suspension that ends before it begins.
        """
        return sum(self._stopped(begin, end, after=after, until=until) for begin, end in _merged(suspensions))

    def rows(self, first: date, last: date) -> list[Row]:
        """List every day from first to last with its kind and ordinal.

        Set-wise use: a term of n ≥ 1 that starts on day ``a`` is due on the working day whose ordinal is
        ``ordinal(a) + n``; working days in (a, b] are ``ordinal(b) - ordinal(a)``.
        """
        rows: list[Row] = []
        ordinal = self.ordinal(first)
        for day in _days(first, last):
            is_workday = self.is_workday(day)
            ordinal += is_workday and day != first
            rows.append((day, is_workday, ordinal))
        return rows

    def _count(self, number: int) -> int:
        weeks, rest = divmod(number, 7)  # day number 1 is a Monday
        weekdays = weeks * _SATURDAY + min(rest, _SATURDAY)
        return weekdays - bisect_right(self._off, number) + bisect_right(self._work, number)

    def _day_of(self, ordinal: int) -> date:
        days = range(1, date.max.toordinal() + 1)
        index = bisect_left(days, ordinal, key=self._count)
        if ordinal < 1 or index == len(days):
            raise OverflowError("the day lies outside of the years 1 to 9999")
        return date.fromordinal(days[index])

    def _stopped(self, begin: date, end: date, *, after: date, until: date) -> int:
        """Count the working days of [begin, end) that lie in (after, until]."""
        first = max(begin.toordinal() - 1, after.toordinal())
        last = min(end.toordinal() - 1, until.toordinal())
        return max(0, self._count(last) - self._count(first))


@cache
def national_calendar() -> Calendar:
    """Return the State Council's calendar from 2004 to the last year that chinesecalendar knows.

    Source: 国务院办公厅关于节假日安排的通知 of each year, as carried by the package chinesecalendar.
    """
    from chinese_calendar.constants import holidays, workdays

    known_until = date(max(holidays).year, 12, 31)
    return Calendar(frozenset(holidays), frozenset(workdays), known_until)


def last_instant(day: date, tz: tzinfo) -> datetime:
    """Return the last microsecond of the day in a time zone: a term that ends on this day is kept until then."""
    return datetime.combine(day, time.max, tz)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY


def _days(first: date, last: date) -> Iterator[date]:
    for number in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(number)


def _merged(suspensions: Iterable[Suspension]) -> list[Suspension]:
    """Turn suspensions into disjoint half-open spans [begin, end) of stopped days, in order."""
    merged: list[Suspension] = []
    for begin, resumed in sorted(suspensions):
        if resumed < begin:
            raise ValueError(f"a suspension ends before it begins: {begin} → {resumed}")
        end = max(resumed, begin + _DAY)
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged
