"""Days of a bad rating: first and last day of both terms over holidays, and what holds for any day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.lib.workdays import national_calendar
from xinfu.ratings import terms, triage
from xinfu.ratings.flow import FINAL, REVIEWED, Status
from xinfu.ratings.terms import DayCount, Light, Terms

CALENDAR = national_calendar()
WORK = Terms(1, 15, 15, 3, DayCount.WORKDAY)
PLAIN = Terms(1, 15, 15, 3, DayCount.CALENDAR)
days = st.dates(date(2019, 11, 1), date(2026, 12, 31))
counts = st.sampled_from([WORK, PLAIN])


@pytest.mark.parametrize(
    ("received", "verify", "rectify", "why"),
    [
        ("2023-04-27", "2023-04-28", "2023-05-22", "the last but one before May; the 6th is worked, 29 April to 3 May are off"),
        ("2023-04-28", "2023-05-04", "2023-05-23", "the last working day before May: verified after it"),
        ("2023-04-29", "2023-05-04", "2023-05-23", "first day of the holiday"),
        ("2023-05-03", "2023-05-04", "2023-05-23", "last day of the holiday"),
        ("2023-05-04", "2023-05-05", "2023-05-24", "first working day; Saturday the 6th is worked"),
        ("2023-09-28", "2023-10-07", "2023-10-25", "the last working day before National Day; Saturday the 7th is worked"),
        ("2023-09-29", "2023-10-07", "2023-10-25", "Mid-Autumn, first day off"),
        ("2023-10-06", "2023-10-07", "2023-10-25", "last day off"),
        ("2023-10-07", "2023-10-08", "2023-10-26", "Sunday the 8th is worked, too"),
    ],
)  # fmt: skip
def test_both_terms_over_the_holidays(received: str, verify: str, rectify: str, why: str) -> None:
    found = terms.due_days(CALENDAR, date.fromisoformat(received), WORK)
    assert tuple(map(date.isoformat, found)) == (verify, rectify), why


@pytest.mark.parametrize("received", ["2023-04-28", "2023-09-28"])
def test_calendar_days_run_through_holidays(received: str) -> None:
    day = date.fromisoformat(received)
    assert terms.due_days(CALENDAR, day, PLAIN) == (day + timedelta(1), day + timedelta(15))


@pytest.mark.parametrize(("received", "due", "after"), [("2023-04-28", "2023-05-04", "2023-05-05"),
                                                        ("2023-09-28", "2023-10-07", "2023-10-08")])  # fmt: skip
def test_the_light_is_kept_through_the_last_day_and_late_on_the_next(
    received: str, due: str, after: str
) -> None:
    verify, rectify = terms.due_days(CALENDAR, date.fromisoformat(received), WORK)

    def light(day: str) -> Light:
        return terms.light(CALENDAR, date.fromisoformat(day), status=Status.OPEN, verify_due_on=verify,
                           rectify_due_on=rectify, finished_on=None, terms=WORK)  # fmt: skip

    assert (light(due), light(after)) == (Light.SOON, Light.LATE)


@given(day=days, of=counts)
def test_the_second_term_ends_after_the_first_and_both_after_receipt(day: date, of: Terms) -> None:
    verify, rectify = terms.due_days(CALENDAR, day, of)
    assert day < verify < rectify
    if of.count == DayCount.WORKDAY:
        assert CALENDAR.is_workday(verify)
        assert CALENDAR.is_workday(rectify)
        assert CALENDAR.workdays_between(day, rectify) == 15


@given(first=days, second=days, of=counts)
def test_who_comes_later_is_never_due_earlier(first: date, second: date, of: Terms) -> None:
    early, late = sorted((first, second))
    for a, b in zip(terms.due_days(CALENDAR, early, of), terms.due_days(CALENDAR, late, of), strict=True):
        assert a <= b


@given(day=days, wanted=days, today=days, of=counts)
def test_an_extension_is_later_than_the_term_within_its_limit_and_asked_in_time(
    day: date, wanted: date, today: date, of: Terms
) -> None:
    latest = terms.extended_latest(CALENDAR, day, of)
    is_open = terms.why_not_extended(wanted, day, latest, today) is None
    assert is_open == (day < wanted <= latest and today <= day)


@given(wanted=days, latest=days, today=days)
def test_a_day_to_rectify_by_lies_between_today_and_the_end_of_the_term(
    wanted: date, latest: date, today: date
) -> None:
    is_open = terms.why_not_due(wanted, latest, today) is None
    assert is_open == (today <= wanted <= latest or (latest < today and wanted == latest))


@given(day=days, today=days, status=st.sampled_from(list(Status)), finished=st.none() | days,
       judge=st.none() | days, of=counts)  # fmt: skip
def test_overdue_is_past_the_day_that_counts_and_ended_ones_are_never_waiting(
    day: date, today: date, status: Status, finished: date | None, judge: date | None, of: Terms
) -> None:
    verify, rectify = terms.due_days(CALENDAR, day, of)
    light = terms.light(CALENDAR, today, status=status, verify_due_on=verify, rectify_due_on=rectify,
                        judge_due_on=judge, finished_on=finished, terms=of)  # fmt: skip
    if finished is not None or status in FINAL:
        late = finished is not None and finished > rectify and status != Status.INVALID
        assert light == (Light.DONE_LATE if late else Light.DONE)
    else:
        asked = judge if status in REVIEWED and judge else rectify
        assert (light == Light.LATE) == (today > (verify if status == Status.OPEN else asked))


@given(late=st.integers(0, 400), every=st.integers(1, 30))
def test_the_way_up_begins_at_once_and_takes_one_unit_a_span(late: int, every: int) -> None:
    assert terms.steps_up(0, every) == terms.steps_up(1, every) == 1
    assert terms.steps_up(late + every, every) - terms.steps_up(max(late, 1), every) in (0, 1)


def test_the_term_is_that_of_its_day_with_its_source() -> None:
    for day in (date(2018, 1, 1), date(2019, 10, 29), date(2026, 1, 1)):
        assert "浙江省" in terms.term_on(day).source


def test_reasons_lead_to_what_is_to_be_looked_at_first() -> None:
    assert triage.topics(["110", "209", "115", "999"]) == [triage.Topic.CLOCK, triage.Topic.STAFF]
    assert set(triage.TOPIC_OF) == set(triage.BAD_REASONS)
    assert triage.labels(["110", "101"]) == ["无理由超过法定办理时间", "101"]
    assert {str(t) for t in triage.TOPIC_LABELS} == {str(t) for t in triage.Topic}
