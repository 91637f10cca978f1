"""The counting rule of working days, against printed vectors, published years and plain walking."""

import json
from collections import Counter
from datetime import UTC, date, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.lib.workdays import Calendar, last_instant, national_calendar

NATIONAL = national_calendar()
DAY = timedelta(days=1)
JUNE_20 = date(2023, 6, 20)

days = st.dates(date(2003, 1, 1), date(2030, 12, 31))
spans = st.tuples(days, st.integers(0, 40)).map(lambda span: (span[0], span[0] + span[1] * DAY))
near = st.integers(-15, 60).map(lambda offset: JUNE_20 + offset * DAY)
near_spans = st.tuples(near, st.integers(0, 12)).map(lambda span: (span[0], span[0] + span[1] * DAY))


def days_of(year):
    return [date(year, 1, 1) + number * DAY for number in range(365 + (year % 4 == 0))]


@pytest.mark.parametrize(
    "accepted_on, n, due_on, why",
    [
        (date(2023, 6, 19), 5, date(2023, 6, 27), "Dragon Boat days off, the Sunday after them works"),
        (date(2023, 9, 27), 5, date(2023, 10, 10), "eight days off, then a working weekend"),
        (date(2023, 4, 26), 5, date(2023, 5, 6), "due on a Saturday that works"),
        (date(2023, 6, 16), 15, date(2023, 7, 10), "a bad rating, 15 working days"),
        (date(2023, 6, 19), 0, date(2023, 6, 19), "a term of nothing ends on the day itself"),
        (date(2023, 6, 22), 0, date(2023, 6, 22), "even on a day off"),
        (date(2023, 6, 22), 1, date(2023, 6, 25), "from a day off the next working day is the first"),
    ],
)
def test_a_term_ends_on_the_nth_following_working_day(accepted_on, n, due_on, why):
    assert NATIONAL.due_on(accepted_on, n) == due_on, why


ACCEPTED = date(2023, 6, 19)


@pytest.mark.parametrize(
    "n, suspensions, stopped, due_on, why",
    [
        (5, [(21, 26)], 2, 29, "the printed vector: a special procedure, two working days stopped"),
        (5, [(21, 21)], 1, 28, "a part of one day is rounded up to the whole day"),
        (5, [(21, 22)], 1, 28, "the day of stopping counts, the day of going on does not"),
        (5, [(22, 25)], 0, 27, "days off cannot be stopped"),
        (5, [(21, 26), (20, 25)], 3, 30, "days stopped twice count once"),
        (5, [(20, 21), (21, 26)], 3, 30, "one suspension after another"),
        (5, [(19, 21)], 2, 28, "day 0 is not part of the term, so stopping it moves nothing"),
        (5, [(12, 16)], 4, 27, "stopped before acceptance moves nothing"),
        (5, [(27, 28)], 1, 28, "stopped on the last day"),
        (5, [(28, 29)], 1, 27, "a term that has run out cannot be stopped any more"),
        (5, [(26, 28), (28, 30)], 4, 33, "stopped again while the shifted term runs"),
        (0, [(19, 21)], 2, 21, "stopped on the only day: due on the day of going on"),
        (0, [(20, 21)], 1, 19, "stopped after the only day: nothing moves"),
    ],
)
def test_a_suspension_moves_the_due_day_by_the_working_days_really_stopped(
    n, suspensions, stopped, due_on, why
):
    june = [(date(2023, 6, begin), date(2023, 6, end)) for begin, end in suspensions]
    assert NATIONAL.suspended_workdays(june) == stopped, why
    assert NATIONAL.due_on_with_suspensions(ACCEPTED, n, june) == date(2023, 6, 1) + (due_on - 1) * DAY, why


def test_suspended_days_are_counted_between_two_days_of_the_case():
    june = [(date(2023, 6, 19), date(2023, 6, 28))]
    assert NATIONAL.suspended_workdays(june, after=date(2023, 6, 20), until=date(2023, 6, 25)) == 2
    assert NATIONAL.suspended_workdays(june, after=date(2023, 6, 27)) == 0


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="negative"):
        NATIONAL.due_on(ACCEPTED, -1)
    with pytest.raises(ValueError, match="before it begins"):
        NATIONAL.suspended_workdays([(date(2023, 6, 21), date(2023, 6, 20))])
    with pytest.raises(ValueError, match="both"):
        Calendar(frozenset({ACCEPTED}), frozenset({ACCEPTED}), ACCEPTED)
    with pytest.raises(OverflowError):
        NATIONAL.add_workdays(date.max, 1)
    with pytest.raises(OverflowError):
        NATIONAL.add_workdays(date.min, -1)


def test_2023_has_the_published_number_of_working_days():
    by_month = Counter(day.month for day in days_of(2023) if NATIONAL.is_workday(day))
    assert by_month.total() == 249
    assert [by_month[month] for month in range(1, 6)] == [18, 20, 23, 20, 21]
    assert NATIONAL.workdays_between(date(2022, 12, 31), date(2023, 12, 31)) == 249


@pytest.mark.parametrize("year", range(2018, 2027))
def test_every_day_agrees_with_the_published_notices(year, shared_data):
    off = {}  # the notice of a year also moves the last days of the year before
    for notice in sorted((shared_data / "calendar").glob("holiday-cn-*.json")):
        published = json.loads(notice.read_text())["days"]
        off |= {date.fromisoformat(day["date"]): day["isOffDay"] for day in published}
    assert any(day.year == year for day in off)
    for day in days_of(year):
        works = not off[day] if day in off else day.weekday() < 5
        assert NATIONAL.is_workday(day) == works, day


def test_after_the_last_published_year_only_weekends_are_known():
    known_until = NATIONAL.known_until
    assert not NATIONAL.provisional(known_until)
    assert NATIONAL.provisional(known_until + DAY)
    year = days_of(2099)
    assert [NATIONAL.is_workday(day) for day in year] == [day.weekday() < 5 for day in year]


def test_the_countys_own_days_win_over_the_national_ones():
    local = NATIONAL.with_local(off=[date(2023, 6, 25), date(2023, 6, 28)], work=[date(2023, 6, 22)])
    assert [local.is_workday(date(2023, 6, day)) for day in (22, 23, 25, 26, 28)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert local.with_local(work=[date(2023, 6, 28)]).is_workday(date(2023, 6, 28))
    assert NATIONAL.is_workday(date(2023, 6, 25))
    assert local.known_until == NATIONAL.known_until


def test_a_day_ends_with_its_last_microsecond_in_its_zone():
    end = last_instant(date(2023, 6, 27), timezone(timedelta(hours=8)))
    assert end.astimezone(UTC).isoformat() == "2023-06-27T15:59:59.999999+00:00"


@given(days, st.integers(0, 300))
def test_counting_equals_walking_day_by_day(start, n):
    day, passed = start, 0
    while passed < n:
        day += DAY
        passed += NATIONAL.is_workday(day)
    assert NATIONAL.due_on(start, n) == day
    assert NATIONAL.workdays_between(start, day) == n == -NATIONAL.workdays_between(day, start)


@given(days, st.integers(1, 300))
def test_going_back_is_walking_back(start, n):
    day, passed = start, 0
    while passed < n:
        day -= DAY
        passed += NATIONAL.is_workday(day)
    assert NATIONAL.add_workdays(start, -n) == day


@given(near, st.integers(1, 20), st.lists(near_spans, max_size=5))
def test_the_due_day_is_the_nth_working_day_that_was_not_stopped(accepted_on, n, suspensions):
    due = NATIONAL.due_on(accepted_on, n)
    for begin, _resumed in sorted(suspensions):  # a suspension after the end of the term is none
        if begin <= due:
            due, passed = accepted_on, 0
            counted = [s for s in suspensions if s[0] <= begin]
            while passed < n:
                due += DAY
                stopped = any(b <= due < max(e, b + DAY) for b, e in counted)
                passed += NATIONAL.is_workday(due) and not stopped
    assert NATIONAL.due_on_with_suspensions(accepted_on, n, suspensions) == due


@given(st.lists(spans, max_size=5), days, days)
def test_suspended_days_are_the_stopped_working_days_of_the_window(suspensions, after, until):
    stopped = {b + k * DAY for b, e in suspensions for k in range(max(1, (e - b).days))}
    counted = {day for day in stopped if NATIONAL.is_workday(day) and after < day <= until}
    assert NATIONAL.suspended_workdays(suspensions, after=after, until=until) == len(counted)


@given(days, st.integers(0, 60))
def test_rows_say_the_same_as_the_calendar(first, length):
    last = first + length * DAY
    rows = NATIONAL.rows(first, last)
    assert [row[0] for row in rows] == [first + number * DAY for number in range(length + 1)]
    for day, is_workday, ordinal in rows:
        assert (is_workday, ordinal) == (NATIONAL.is_workday(day), NATIONAL.ordinal(day))
