"""The engine beside an oracle in plain Python, and beside PostgreSQL on the records themselves."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from xinfu.cases.models import Case
from xinfu.core.actor import system
from xinfu.core.registry import Indicator, indicators, snapshot_views
from xinfu.indicators import actions, engine
from xinfu.indicators.engine import Row
from xinfu.lib import sql

AT = datetime(2023, 6, 1, 2, tzinfo=UTC)
FRM, TO = date(2023, 1, 1), date(2023, 5, 31)
TEST = system("test")
SINGLE = [(), *((grain,) for grain in engine.GRAINS)]

CaseMaker = Callable[..., Case]


def counted(
    codes: Iterable[str], grouping: tuple[str, ...] = (), frm: date = FRM, to: date = TO
) -> dict[Any, Any]:
    """Refresh, count, and return {(code, *group): (numerator, denominator)}."""
    snapshot = actions.refresh_snapshot(by=TEST, at=AT)
    rows = engine.compute(snapshot, [indicators[c] for c in codes], frm, to, [grouping])
    return {(r.indicator, *r.group): (r.numerator, r.denominator) for r in rows}


def one(code: str, frm: date = FRM, to: date = TO) -> tuple[int, int | None]:
    found: tuple[int, int | None] = counted([code], (), frm, to)[code,]
    return found


# --- what each rate counts ----------------------------------------------------------------------------


def test_the_unified_rate_leaves_cases_of_other_items_out_of_the_denominator(case: CaseMaker) -> None:
    case(FRM, is_unified=True, is_unified_item=True)
    case(FRM, is_unified=False, is_unified_item=True)
    case(FRM, is_unified=False, is_unified_item=False)
    assert one("one_net_rate") == (1, 2)
    assert one("cases_total") == (3, None)
    assert one("cases_unified") == (1, None)


@pytest.mark.parametrize(
    "decided, to, late, why",
    [
        (date(2023, 3, 8), TO, 0, "decided on the last day of the limit"),
        (date(2023, 3, 9), TO, 1, "decided a day after"),
        (None, TO, 1, "never decided"),
        (None, date(2023, 3, 7), 0, "open, and the limit is not over at the period's end"),
        (None, date(2023, 3, 8), 1, "open at the end of the limit's last day"),
        (date(2023, 3, 20), date(2023, 3, 10), 1, "decided after the period: open then, and past the limit"),
    ],
)
def test_an_acceptance_is_late(case: CaseMaker, decided: date | None, to: date, late: int, why: str) -> None:
    case(date(2023, 3, 1), accepted_on=decided, accept_due_on=date(2023, 3, 8))
    assert one("late_acceptance_rate", to=to) == (late, 1), why


def test_a_refusal_within_the_limit_is_a_decision_in_time(case: CaseMaker) -> None:
    case(date(2023, 3, 1), finished_on=date(2023, 3, 3), state="not_accepted", accept_due_on=date(2023, 3, 8))
    assert one("late_acceptance_rate") == (0, 1)


@pytest.mark.parametrize(
    "finished, frm, to, counts, why",
    [
        (date(2023, 3, 10), FRM, TO, (0, 1), "finished on the due day"),
        (date(2023, 3, 13), FRM, TO, (1, 1), "finished after the due day"),
        (None, FRM, TO, (1, 1), "open past its due day"),
        (None, FRM, date(2023, 3, 9), (0, 0), "open, not yet due"),
        (
            date(2023, 4, 3),
            FRM,
            date(2023, 3, 31),
            (1, 1),
            "finished after the period: open and overdue then",
        ),
        (date(2023, 4, 3), date(2023, 4, 1), date(2023, 4, 30), (1, 1), "counts on the day it was finished"),
        (date(2023, 4, 3), date(2023, 5, 1), TO, (0, 0), "finished before the period"),
        (None, date(2023, 4, 1), TO, (0, 0), "overdue since an earlier period: counts by its due day"),
    ],
)
def test_a_finish_is_late(
    case: CaseMaker, finished: date | None, frm: date, to: date, counts: tuple[int, int], why: str
) -> None:
    case(date(2023, 3, 1), accepted_on=date(2023, 3, 3), due_on=date(2023, 3, 10), finished_on=finished)
    assert one("late_finish_rate", frm, to) == counts, why


@pytest.mark.parametrize("paused_on, late", [(date(2023, 3, 8), 0), (date(2023, 3, 13), 1)])
def test_a_clock_that_stands_still_is_overdue_only_where_it_was_before(
    case: CaseMaker, paused_on: date, late: int
) -> None:
    first, due = date(2023, 3, 1), date(2023, 3, 10)
    case(first, accepted_on=first, due_on=due, state="suspended", paused_on=paused_on)
    assert one("late_finish_rate") == (late, late)


def test_a_stated_due_time_is_an_instant(case: CaseMaker) -> None:
    day, due = date(2023, 3, 10), datetime(2023, 3, 10, 4, tzinfo=UTC)
    for seconds in (-1, 0, 1):
        case(
            day,
            finished_on=day,
            due_on=day,
            due_kind="stated",
            due_at=due,
            finished_at=due + timedelta(seconds=seconds),
        )
    assert one("on_time_rate") == (2, 3)
    assert one("early_finish_rate") == (1, 3)
    assert one("late_finish_rate") == (1, 3)


def test_abnormal_finishes_are_left_out_of_the_finishing_rates(case: CaseMaker) -> None:
    day = date(2023, 3, 10)
    case(day, finished_on=day, due_on=day, finish_kind="2", state="voided")
    assert one("on_time_rate") == (0, 0)


def test_contradictory_times_are_left_out_of_durations_only(case: CaseMaker) -> None:
    day = date(2023, 3, 10)
    case(day, accepted_on=day, finished_on=day, due_on=day, handling_days=4, promise_days=5)
    case(day, accepted_on=day, finished_on=day, due_on=day, handling_days=-9, quality=1)
    assert one("mean_handling_days") == (4, 1)
    assert one("on_time_rate") == (2, 2)


def test_a_share_is_grouped_by_what_it_splits_and_divided_by_the_whole(case: CaseMaker) -> None:
    for channel in "1123":
        case(FRM, channel=channel)
    case(date(2023, 2, 1), channel="3")
    assert counted(["channel_share"]) == {
        ("channel_share", "1"): (2, 5),
        ("channel_share", "2"): (1, 5),
        ("channel_share", "3"): (2, 5),
    }
    by_month = counted(["channel_share"], ("month",))
    assert by_month["channel_share", date(2023, 2, 1), "3"] == (1, 1)
    assert by_month["channel_share", date(2023, 1, 1), "1"] == (2, 4)


# --- the oracle -----------------------------------------------------------------------------------------


@pytest.fixture
def county(office: Any, case: CaseMaker) -> list[Case]:
    """Two hundred cases with every odd combination, from a seeded stream."""
    dice = random.Random(20230531)
    windows = [office.window_a1, office.window_a2, office.window_b1]
    made = []
    for _ in range(200):
        received = date(2022, 12, 20) + timedelta(days=dice.randrange(190))
        accepted = dice.choice([None, received + timedelta(days=dice.randrange(12))])
        finished = dice.choice([None, (accepted or received) + timedelta(days=dice.randrange(-2, 30))])
        due = dice.choice([None, (accepted or received) + timedelta(days=dice.randrange(15))])
        window = dice.choice([None, *windows])
        state = (
            dice.choice(["finished", "delivered", "voided"])
            if finished
            else dice.choice(["received", "handling", "suspended", "finished"])
        )
        made.append(
            case(
                received,
                accepted_on=accepted,
                finished_on=finished,
                due_on=due,
                due_kind="" if due is None else dice.choice(["stated", "computed"]),
                accept_due_on=dice.choice([None, received + timedelta(days=5)]),
                state=state,
                finish_kind=dice.choice(["", "0", "6", "2"]),
                channel=dice.choice("1239"),
                window=window,
                department=window.department if window else None,
                town=dice.choice([None, office.town_a, office.town_b]),
                is_unified=dice.random() < 0.6,
                is_unified_item=dice.random() < 0.7,
                handling_days=dice.choice([None, dice.randrange(9)]),
                quality=dice.choice([0, 0, 0, 1, 16]),
                paused_on=dice.choice([received + timedelta(days=9), None]) if state == "suspended" else None,
            )
        )
    return made


def day_of(code: str, c: Case) -> date | None:
    if code in ("on_time_rate", "early_finish_rate", "mean_handling_days"):
        return c.finished_on
    if code == "late_finish_rate":
        return c.finished_on if c.finished_on and c.finished_on <= TO else c.due_on
    return c.received_on


def parts_of(code: str, c: Case) -> tuple[int, int]:
    """Count one case by the words of the definitions, not by their SQL."""
    normal = c.finish_kind in ("", "0", "6") and c.state in ("finished", "delivered")
    done = c.finished_on is not None and c.finished_on <= TO
    running = c.finished_on is None and c.state in ("received", "handling", "suspended")
    running = running or (c.finished_on is not None and c.finished_on > TO)
    overdue_open = running and c.due_on is not None and c.due_on <= TO
    overdue_open = overdue_open and (c.paused_on is None or c.paused_on > c.due_on)
    decided = c.accepted_on or c.finished_on

    def against_due() -> int:
        if c.due_kind == "stated":
            return (c.finished_at > c.due_at) - (c.finished_at < c.due_at)  # type: ignore[operator]
        return (c.finished_on > c.due_on) - (c.finished_on < c.due_on)  # type: ignore[operator]

    checked = done and normal and c.due_on is not None
    timed = normal and c.quality & 7 == 0 and c.handling_days is not None
    late_acceptance = (
        c.accept_due_on is not None
        and c.accept_due_on <= TO
        and (decided is None or decided > c.accept_due_on)
    )
    return {
        "cases_total": (1, 0),
        "cases_unified": (int(c.is_unified), 0),
        "one_net_rate": (int(c.is_unified and c.is_unified_item), int(c.is_unified_item)),
        "late_acceptance_rate": (int(late_acceptance), 1),
        "late_finish_rate": (
            int((checked and against_due() > 0) or overdue_open),
            int(checked or overdue_open),
        ),
        "on_time_rate": (int(checked and against_due() <= 0), int(checked)),
        "early_finish_rate": (int(checked and against_due() < 0), int(checked)),
        "mean_handling_days": (c.handling_days or 0 if timed else 0, int(timed)),
    }[code]


def group_of(grain: str, day: date, c: Case) -> Any:
    return {
        "month": day.replace(day=1),
        "week": day - timedelta(days=day.weekday()),
        "department": c.department_id,
        "window": c.window_id,
        "town": c.town_id,
        "item": None,
        "channel": c.channel,
    }[grain]


ORACLE = [
    "cases_total", "cases_unified", "one_net_rate", "late_acceptance_rate", "late_finish_rate", "on_time_rate",
    "early_finish_rate", "mean_handling_days",
]  # fmt: skip


def test_every_case_indicator_in_every_grain_equals_a_recount_in_plain_python(county: list[Case]) -> None:
    cases = list(Case.objects.order_by("pk"))
    snapshot = actions.refresh_snapshot(by=TEST, at=AT)
    groupings = [*SINGLE, ("month", "department"), ("week", "channel")]
    rows = engine.compute(snapshot, [indicators[c] for c in ORACLE], FRM, TO, groupings)
    found = {(r.indicator, r.grouping, r.group): (r.numerator, r.denominator or 0) for r in rows}
    expected: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for c in cases:
        for code in ORACLE:
            day = day_of(code, c)
            if day is None or not FRM <= day <= TO:
                continue
            for grouping in groupings:
                into = expected[code, grouping, tuple(group_of(g, day, c) for g in grouping)]
                for index, number in enumerate(parts_of(code, c)):
                    into[index] += number
    assert found == {key: tuple(value) for key, value in expected.items()}


def test_counting_all_at_once_equals_counting_one_by_one(county: list[Case]) -> None:
    snapshot = actions.refresh_snapshot(by=TEST, at=AT)
    together = engine.compute(snapshot, list(indicators), FRM, TO, SINGLE)
    alone = [
        row
        for indicator in indicators
        for grouping in SINGLE
        for row in engine.compute(snapshot, [indicator], FRM, TO, [grouping])
    ]
    assert sorted(set(map(repr, alone))) == sorted(map(repr, together))


# --- properties -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", list(engine.GRAINS))
def test_the_groups_of_a_grain_sum_to_the_county(county: list[Case], grain: str) -> None:
    codes = [i.code for i in indicators if i.view == "cases" and not i.split]
    total, parts = counted(codes), counted(codes, (grain,))
    for code in codes:
        groups = [value for key, value in parts.items() if key[0] == code]
        assert sum(n for n, _ in groups) == total[code,][0]
        assert sum(d or 0 for _, d in groups) == (total[code,][1] or 0)


def test_months_computed_apart_sum_to_the_half_year_where_the_day_decides_alone(county: list[Case]) -> None:
    months = [(date(2023, m, 1), date(2023, m + 1, 1) - timedelta(days=1)) for m in range(1, 6)]
    for code in ("cases_total", "one_net_rate", "on_time_rate", "mean_handling_days"):
        parts = [one(code, frm, to) for frm, to in months]
        whole = one(code)
        assert (sum(n for n, _ in parts), sum(d or 0 for _, d in parts)) == (whole[0], whole[1] or 0)


def test_no_rate_counts_more_above_the_line_than_below(county: list[Case]) -> None:
    snapshot = actions.refresh_snapshot(by=TEST, at=AT)
    for row in engine.compute(snapshot, list(indicators), FRM, TO, SINGLE):
        if row.denominator is not None and indicators[row.indicator].unit == "%":
            assert 0 <= row.numerator <= row.denominator


# --- the same text on the records ---------------------------------------------------------------------------


def as_tuples(rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    return [(r.indicator, "+".join(r.grouping), *r.group, r.numerator, r.denominator) for r in rows]


@pytest.mark.parametrize("grouping", [*SINGLE, ("month", "department")], ids=lambda g: "+".join(g) or "total")
def test_the_same_text_on_the_database_has_the_same_hash(
    county: list[Case], grouping: tuple[str, ...]
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the text is carried to PostgreSQL")
    snapshot = actions.refresh_snapshot(by=TEST, at=AT)
    for indicator in indicators:
        if not engine.allowed(indicator, grouping) or indicator.view not in snapshot_views:
            continue  # what is made of other views at reading time has no table of its own
        with_duckdb = engine.compute(snapshot, [indicator], FRM, TO, [grouping])
        assert sql.result_hash(as_tuples(with_duckdb)) == sql.result_hash(
            as_tuples(on_database(indicator, grouping))
        ), (indicator.code, grouping)


def on_database(indicator: Indicator, grouping: tuple[str, ...]) -> list[Row]:
    (scan,) = engine.scans([indicator], [grouping])
    text = engine.over_selects(engine.statement(scan, FRM, TO), [snapshot_views[indicator.view]])
    with connection.cursor() as cursor:
        cursor.execute(sql.carry(text, "postgres"))
        names = [column[0] for column in cursor.description or ()]
        return engine.read(scan, names, cursor.fetchall(), [grouping])
