"""Both clocks, their lights and the derived states, by the book (hall.md §2.4–2.5)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.cases import rules
from xinfu.cases.rules import Facts, Light, Stop
from xinfu.lib.workdays import national_calendar

CALENDAR = national_calendar()
D = date


def facts(accepted: date | None, promise: int | None = 5, **more: object) -> Facts:
    base = {
        "received_on": accepted or D(2023, 6, 19),
        "accepted_on": accepted,
        "finished_on": None,
        "state": "handling",
    }
    return Facts(**{**base, "promise_days": promise, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "accepted, promise, stops, due, paused",
    [
        (D(2023, 6, 19), 5, [], D(2023, 6, 27), 0),
        (D(2023, 6, 19), 5, [Stop("special", D(2023, 6, 21), D(2023, 6, 26))], D(2023, 6, 29), 2),
        (D(2023, 9, 27), 5, [], D(2023, 10, 10), 0),
        (D(2023, 4, 26), 5, [], D(2023, 5, 6), 0),
        (D(2023, 6, 16), 15, [], D(2023, 7, 10), 0),
        (D(2023, 6, 19), 0, [], D(2023, 6, 19), 0),
        (D(2023, 6, 19), 5, [Stop("transfer", D(2023, 6, 21), D(2023, 6, 26))], D(2023, 6, 27), 0),
        (D(2023, 6, 19), 5, [Stop("special", D(2023, 6, 21))], D(2023, 6, 27), 0),
        (D(2023, 6, 19), 5, [Stop("ordinary", D(2023, 6, 20), D(2023, 6, 20))], D(2023, 6, 28), 1),
    ],
)
def test_the_printed_vectors_of_the_handling_clock(
    accepted: date, promise: int, stops: list[Stop], due: date, paused: int
) -> None:
    found = rules.clocks(CALENDAR, facts(accepted, promise), stops)
    assert (found.due_on, found.paused_days) == (due, paused)


def test_the_accept_clock_runs_five_working_days_from_receipt_by_law() -> None:
    found = rules.clocks(CALENDAR, facts(None, received_on=D(2023, 6, 19)))
    assert found.accept_due_on == D(2023, 6, 27)
    assert found.due_on is None, "the handling clock has not started"


def test_a_correction_stops_the_accept_clock_and_a_special_procedure_does_not() -> None:
    stop = (D(2023, 6, 20), D(2023, 6, 26))
    corrected = rules.clocks(CALENDAR, facts(None), [Stop("correction", *stop)])
    special = rules.clocks(CALENDAR, facts(None), [Stop("special", *stop)])
    assert (corrected.accept_due_on, special.accept_due_on) == (D(2023, 6, 30), D(2023, 6, 27))


@pytest.mark.parametrize("item, local, limit", [(None, None, 5), (3, None, 3), (9, 5, 5), (4, 2, 2)])
def test_an_item_or_the_county_may_shorten_the_accept_limit_never_lengthen_it(
    item: int | None, local: int | None, limit: int
) -> None:
    assert rules.accept_limit(D(2023, 6, 19), item, local) == limit


def test_the_terms_of_the_law_hold_from_their_first_day_and_name_their_clause() -> None:
    for terms in (rules.ACCEPT_TERMS, rules.DECISION_TERMS, rules.DELIVERY_TERMS):
        assert rules.term_on(D(2004, 7, 1), terms) == rules.term_on(D(2099, 1, 1), terms) == terms[0]
        assert "行政许可法" in rules.term_on(D(1999, 1, 1), terms).source


@pytest.mark.parametrize(
    "kind, count, due",
    [
        ("calendar", 20, D(2023, 2, 20)),
        ("month", 1, D(2023, 2, 28)),
        ("year", 1, D(2024, 1, 31)),
        ("none", 1, None),
    ],
)
def test_promises_in_days_months_and_years_of_the_calendar(kind: str, count: int, due: date | None) -> None:
    assert rules.clocks(CALENDAR, facts(D(2023, 1, 31), count, promise_kind=kind)).due_on == due


def test_a_stop_moves_a_calendar_promise_by_the_days_stopped() -> None:
    stop = Stop("special", D(2023, 2, 1), D(2023, 2, 4))
    found = rules.clocks(CALENDAR, facts(D(2023, 1, 31), 20, promise_kind="calendar"), [stop])
    assert found.due_on == D(2023, 2, 23)


def test_a_stated_due_day_is_not_moved() -> None:
    found = rules.clocks(CALENDAR, facts(D(2023, 6, 19), stated_due_on=D(2023, 7, 1)), [])
    assert (found.due_on, found.provisional) == (D(2023, 7, 1), False)


def test_a_due_day_beyond_the_published_calendar_is_provisional() -> None:
    after = CALENDAR.known_until + timedelta(days=30)
    assert rules.clocks(CALENDAR, facts(after)).provisional


def test_days_that_run_backwards_give_no_duration() -> None:
    backwards = facts(D(2023, 6, 19), finished_on=D(2023, 6, 16))
    assert rules.clocks(CALENDAR, backwards).handling_days is None
    flagged = facts(D(2023, 6, 19), finished_on=D(2023, 6, 20), is_contradictory=True)
    assert rules.clocks(CALENDAR, flagged).handling_days is None


def test_handling_days_leave_out_the_stopped_ones() -> None:
    stop = Stop("special", D(2023, 6, 21), D(2023, 6, 26))
    assert (
        rules.clocks(CALENDAR, facts(D(2023, 6, 19), finished_on=D(2023, 6, 29)), [stop]).handling_days == 5
    )


def test_an_instant_case_and_a_finished_one_without_acceptance_start_at_receipt() -> None:
    received = D(2023, 6, 19)
    assert rules.starts_on(facts(None, received_on=received, project_type="1")) == received
    assert rules.starts_on(facts(None, received_on=received, finished_on=D(2023, 6, 20))) == received
    assert rules.starts_on(facts(None, received_on=received)) is None


@pytest.mark.parametrize(
    "today, more, light",
    [
        (D(2023, 6, 19), {}, Light.OK),
        (D(2023, 6, 26), {}, Light.SOON),
        (D(2023, 6, 27), {}, Light.SOON),
        (D(2023, 6, 28), {}, Light.LATE),
        (D(2023, 6, 28), {"paused_on": D(2023, 6, 26)}, Light.PAUSED),
        (D(2023, 6, 29), {"paused_on": D(2023, 6, 28)}, Light.LATE),
        (D(2023, 7, 1), {"finished_on": D(2023, 6, 27)}, Light.DONE),
        (D(2023, 7, 1), {"finished_on": D(2023, 6, 28)}, Light.DONE_LATE),
        (D(2023, 7, 1), {"finished_on": D(2023, 6, 27), "was_late": True}, Light.DONE_LATE),
        (D(2023, 7, 1), {"ended": True}, Light.DONE),
    ],
)
def test_lights(today: date, more: dict[str, object], light: Light) -> None:
    assert rules.light(CALENDAR, today, due_on=D(2023, 6, 27), limit=5, **more) == light  # type: ignore[arg-type]


def test_a_long_limit_turns_yellow_with_a_fifth_of_it_left() -> None:
    due = CALENDAR.due_on(D(2023, 3, 1), 20)
    four_left, five_left = CALENDAR.add_workdays(due, -4), CALENDAR.add_workdays(due, -5)
    assert rules.light(CALENDAR, four_left, due_on=due, limit=20) == Light.SOON
    assert rules.light(CALENDAR, five_left, due_on=due, limit=20) == Light.OK
    assert rules.soon_days(400) == rules.SOON_CAP


def test_without_a_due_day_there_is_no_light() -> None:
    assert rules.light(CALENDAR, D(2023, 6, 1), due_on=None) == Light.NONE
    assert rules.light(CALENDAR, D(2023, 6, 1), due_on=None, paused_on=D(2023, 5, 1)) == Light.PAUSED


@pytest.mark.parametrize(
    "said, state",
    [
        ({}, "received"),
        ({"accepted": True}, "handling"),
        ({"accepted": True, "paused": True}, "suspended"),
        ({"accepted": True, "finished": True}, "finished"),
        ({"refused_acceptance": True}, "not_accepted"),
        ({"finished": True, "finish_kind": "1"}, "returned"),
        ({"finished": True, "finish_kind": "2"}, "voided"),
        ({"finished": True, "finish_kind": "3"}, "voided"),
        ({"finished": True, "finish_kind": "4"}, "transferred"),
        ({"finished": True, "finish_kind": "5"}, "returned"),
        ({"finished": True, "finish_kind": "0", "refused_acceptance": True}, "finished"),
    ],
)
def test_a_state_that_no_source_names_follows_from_times_and_actions(
    said: dict[str, object], state: str
) -> None:
    assert rules.derive_state(**said) == state  # type: ignore[arg-type]


def test_refusals_voids_and_returns_need_a_reason() -> None:
    assert rules.lacks_reason("not_accepted", "", "")
    assert rules.lacks_reason("finished", "3", "")
    assert not rules.lacks_reason("returned", "1", "材料不全")
    assert not rules.lacks_reason("finished", "0", "")


days = st.dates(D(2018, 1, 1), D(2026, 12, 31))


@given(start=days, promise=st.integers(0, 60), begin=st.integers(0, 90), length=st.integers(0, 40))
def test_a_stop_never_brings_the_due_day_forward(start: date, promise: int, begin: int, length: int) -> None:
    first = start + timedelta(days=begin)
    stop = Stop("special", first, first + timedelta(days=length))
    plain = rules.clocks(CALENDAR, facts(start, promise)).due_on
    stopped = rules.clocks(CALENDAR, facts(start, promise), [stop]).due_on
    assert plain is not None
    assert stopped is not None
    assert stopped >= plain


@given(start=days, promise=st.integers(0, 60), today=days)
def test_red_is_exactly_after_the_due_day(start: date, promise: int, today: date) -> None:
    due = rules.clocks(CALENDAR, facts(start, promise)).due_on
    assert (rules.light(CALENDAR, today, due_on=due, limit=promise) == Light.LATE) == (today > due)  # type: ignore[operator]
