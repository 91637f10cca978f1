"""What a list of one light holds is what each row of it shows: the same rule in SQL and in Python."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinfu.cases import queries, rules
from xinfu.cases.models import Case, DueKind, State
from xinfu.cases.queries import LIGHTS, CaseFilter, Today
from xinfu.core.actor import system
from xinfu.lib.workdays import last_instant, national_calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = national_calendar()
FRIDAY, SATURDAY = date(2023, 6, 30), date(2023, 7, 1)
"""The days around a weekend and, nine days before, a holiday: a due day may be one that nobody works."""
days = st.integers(-12, 30).map(lambda n: FRIDAY + timedelta(days=n))


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Give a case in any state with any days; only what the tables' own constraints ask for is kept."""
    due_on, kind = draw(st.none() | days), draw(st.sampled_from([DueKind.STATED, DueKind.COMPUTED]))
    due_at = None
    if due_on is not None:
        stated = datetime.combine(due_on, draw(st.times()), ZONE)
        due_at = stated if kind == DueKind.STATED else last_instant(due_on, ZONE)
    finished_on = draw(st.none() | st.none() | days)
    return {
        "state": draw(st.sampled_from(State.values)),
        "received_at": datetime(2023, 6, 1, tzinfo=UTC),
        "received_on": date(2023, 6, 1),
        "accepted_on": draw(st.none() | days),
        "accept_due_on": draw(st.none() | days),
        "due_on": due_on,
        "due_at": due_at,
        "due_kind": kind if due_on else DueKind.NONE,
        "promise_days": draw(st.none() | st.integers(0, 120)),
        "paused_on": draw(st.none() | st.none() | days),
        "finished_on": finished_on,
        "finished_at": datetime.combine(finished_on, draw(st.times()), ZONE) if finished_on else None,
    }


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(cases(), min_size=5, max_size=40),
    st.sampled_from([FRIDAY, SATURDAY, date(2023, 7, 3), date(2023, 6, 21)]),
    st.times(),
    st.tuples(st.integers(0, 20), st.integers(0, 100)),
)
def test_the_list_of_each_light_holds_the_rows_that_show_it(
    rows: list[dict[str, Any]], day: date, hour: Any, soon: tuple[int, int]
) -> None:
    Case.objects.all().delete()
    stamp = datetime(2023, 6, 1, tzinfo=UTC)
    Case.objects.bulk_create(
        Case(case_no=f"N{n:05}", case_tail=f"{n:06}", content=b"", item_name="事项", changed_at=stamp, **row)
        for n, row in enumerate(rows)
    )
    now = Today(datetime.combine(day, hour, ZONE), day, CALENDAR, soon)
    everybody = system("tests")
    every = list(queries.cases(everybody))
    for light in LIGHTS:
        listed = {c.case_no for c in queries.cases(everybody, CaseFilter(light=light), now)}
        shown = {c.case_no for c in every if queries.is_lit(light, c, now)}
        assert listed == shown, light


@pytest.mark.django_db
def test_a_case_due_on_the_day_off_after_the_last_working_day_is_yellow_in_list_and_row() -> None:
    """One working day before: Thursday 29th; Friday is the last working day, due on Saturday."""
    stamp = datetime(2023, 6, 1, tzinfo=UTC)
    Case.objects.create(
        case_no="N1", case_tail="N1", content=b"", item_name="事项", received_at=stamp, received_on=stamp.date(),
        state="handling", due_kind=DueKind.COMPUTED, due_on=SATURDAY, due_at=last_instant(SATURDAY, ZONE),
        promise_days=3, changed_at=stamp,
    )  # fmt: skip
    now = Today(datetime(2023, 6, 29, 9, tzinfo=ZONE), date(2023, 6, 29), CALENDAR, (1, 0))
    (case,) = queries.cases(system("tests"), CaseFilter(light="soon"), now)
    assert queries.lamp(case, now).light == rules.Light.SOON


def test_each_light_has_its_words_and_the_list_knows_no_other() -> None:
    assert set(LIGHTS) == {"today", "soon", "late", "accept_late", "paused", "done_late"}
