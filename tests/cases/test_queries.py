"""Lists, lights, the case's page, the morning sheet, the inbox and the search, each within the actor's reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cases.conftest import GOOD_ID, HEAD, import_cases, row
from xinfu.cases import queries
from xinfu.cases.models import Case, Quality
from xinfu.cases.queries import CaseFilter, Today
from xinfu.cases.rules import Light
from xinfu.core.access import Role
from xinfu.core.refusal import NotFound
from xinfu.core.ui import paging

Write = Callable[..., Path]
TODAY = date(2023, 6, 27)
ZONE = ZoneInfo("Asia/Shanghai")
OTHER = "11330624MB0012"
TOWN = "330624001000"


@pytest.fixture
def county(office: Any, write: Write) -> Any:
    """Eight cases: due today, tomorrow, overdue, paused, of the other unit, of a township, finished, marked."""
    head = [*HEAD, "town_code"]
    rows = [
        row(1),
        row(2, 承诺工作日="6"),
        row(3, 承诺工作日="3"),
        row(4, 承诺工作日="4"),
        row(5, 承办单位编码=OTHER, 窗口编号="B01"),
        {**row(6, 承办单位编码=TOWN, 窗口编号=""), "town_code": TOWN},
        row(7, 办结时间="2023-06-28 10:00:00", 办件状态="办结"),
        row(8, 承诺工作日="20", 实施编码="NOTHING"),
    ]
    import_cases(write(rows, head=head))
    stop = {
        "办件编号": row(4)["办件编号"],
        "挂起类别": "特别程序",
        "开始时间": "2023-06-21 09:00:00",
        "原因": "评审",
    }
    import_cases(write([stop], name="p.csv", head=list(stop)), mapping="zj-pause")
    return office


def numbers(rows: Any) -> list[int]:
    return sorted(int(c.case_no[-6:]) for c in rows)


def at(day: date) -> Today:
    return queries.today(datetime(day.year, day.month, day.day, 9, tzinfo=ZONE))


@pytest.fixture
def now(db: None) -> Today:
    return at(TODAY)


def test_lights_of_a_list_and_its_filters_agree(county: Any, as_role: Callable[..., Any], now: Today) -> None:
    actor = as_role(Role.LEADER).actor
    every = list(queries.cases(actor))
    assert {int(c.case_no[-6:]): queries.lamp(c, now).light for c in every} == {
        1: Light.SOON, 2: Light.SOON, 3: Light.LATE, 4: Light.PAUSED, 5: Light.SOON, 6: Light.SOON,
        7: Light.DONE_LATE, 8: Light.OK,
    }  # fmt: skip
    for light in queries.LIGHTS:
        found = numbers(queries.cases(actor, CaseFilter(light=light), now))
        assert found == numbers(c for c in every if queries.is_lit(light, c, now)), light


def test_the_soon_list_keeps_the_fifth_of_a_long_limit_too(county: Any, as_role: Callable[..., Any]) -> None:
    actor = as_role(Role.LEADER).actor
    due = Case.objects.get(case_no=row(8)["办件编号"]).due_on
    assert due is not None
    from xinfu.core.holidays import calendar

    for left, yellow in ((4, True), (5, False)):
        moment = at(calendar().add_workdays(due, -left))
        assert (8 in numbers(queries.cases(actor, CaseFilter(light="soon"), moment))) == yellow


@pytest.mark.parametrize(
    "wanted, found",
    [
        (CaseFilter(state="finished"), [7]),
        (CaseFilter(mark=Quality.UNKNOWN_ITEM), [8]),
        (CaseFilter(mark=-1), [8]),
        (CaseFilter(text="000003"), [3]),
        (CaseFilter(text=" XC20230619000003 "), [3]),
        (CaseFilter(text="0003"), []),
        (CaseFilter(finished_from=date(2023, 6, 28), finished_to=date(2023, 6, 28)), [7]),
        (CaseFilter(finished_to=date(2023, 6, 27)), []),
        (CaseFilter(received_from=date(2023, 6, 19), received_to=date(2023, 6, 19), state="finished"), [7]),
        (CaseFilter(received_from=date(2023, 6, 20)), []),
        (CaseFilter(channel="2"), []),
        (CaseFilter(channel="6"), []),
        (CaseFilter(unified=True), []),
        (CaseFilter(number="000003"), [3]),
        (CaseFilter(number=GOOD_ID), []),
        (CaseFilter(text=GOOD_ID), [1, 2, 3, 4, 5, 6, 7, 8]),
        (CaseFilter(due_to=date(2023, 6, 27)), [1, 3, 4, 5, 6]),
        (CaseFilter(due_from=date(2023, 6, 28), state="suspended"), []),
    ],
)
def test_filters(county: Any, as_role: Callable[..., Any], wanted: CaseFilter, found: list[int]) -> None:
    assert numbers(queries.cases(as_role(Role.LEADER).actor, wanted)) == found


def test_filters_by_unit_window_town_and_batch(county: Any, as_role: Callable[..., Any]) -> None:
    actor = as_role(Role.LEADER).actor
    batch = Case.objects.order_by("pk")[0].batch_id
    assert numbers(queries.cases(actor, CaseFilter(department=county.unit_b.pk))) == [5]
    assert numbers(queries.cases(actor, CaseFilter(window=county.window_b1.pk))) == [5]
    assert numbers(queries.cases(actor, CaseFilter(town=county.town_a.pk))) == [6]
    assert len(queries.cases(actor, CaseFilter(batch=batch))) == 8


def test_everybody_sees_the_cases_of_the_units_in_reach(county: Any, as_role: Callable[..., Any]) -> None:
    reach = {
        (Role.LEADER, None): 8,
        (Role.WINDOW_CLERK, county.unit_a): 6,
        (Role.WINDOW_CHIEF, county.unit_b): 1,
        (Role.TOWN_CLERK, county.town_a): 1,
        (Role.TOWN_CLERK, county.town_b): 0,
        (Role.SYSTEM_ADMIN, None): 0,
    }
    for (role, unit), number in reach.items():
        actor = as_role(role, unit).actor
        assert queries.cases(actor).count() == number, role
    other = Case.objects.get(case_no=row(5)["办件编号"])
    with pytest.raises(NotFound):
        queries.get_case(as_role(Role.WINDOW_CLERK, county.unit_a).actor, other.pk)


@pytest.mark.parametrize(
    "wanted",
    [
        CaseFilter(),
        CaseFilter(state="finished"),
        CaseFilter(state="handling", channel="3"),
        CaseFilter(channel="6", unified=False),
        CaseFilter(received_from=date(2023, 6, 19), received_to=date(2023, 6, 19)),
        CaseFilter(text="000005"),
        CaseFilter(department=1),
        CaseFilter(finished_from=date(2023, 6, 1)),
        CaseFilter(light="late"),
    ],
)
def test_a_list_says_how_many_it_shows_whoever_reads_it(
    county: Any, as_role: Callable[..., Any], write: Write, now: Today, wanted: CaseFilter
) -> None:
    """A case lodged in a town and handled by another unit is counted once by each, never twice by one."""
    head = [*HEAD, "town_code"]
    lodged = [{**row(n, 渠道="6"), "town_code": TOWN} for n in (11, 12)]
    own = {**row(13, 承办单位编码=TOWN, 窗口编号=""), "town_code": TOWN}
    import_cases(write([*lodged, own], name="towns.csv", head=head))
    for role, unit in [
        (Role.LEADER, None),
        (Role.WINDOW_CHIEF, county.unit_a),
        (Role.TOWN_CLERK, county.town_a),
        (Role.TOWN_CLERK, county.town_b),
    ]:
        rows = queries.cases(as_role(role, unit).actor, wanted, now)
        assert paging.count(rows) == (len(rows), True), role
        assert paging.count(rows.filter(state="handling")) == (len(rows.filter(state="handling")), True)
        assert paging.count(rows.none()) == (0, True)


def test_a_unit_finds_its_own_cases_of_each_light_and_no_other(
    county: Any, as_role: Callable[..., Any], now: Today
) -> None:
    everybody = as_role(Role.LEADER).actor
    for role, unit in ((Role.WINDOW_CLERK, county.unit_a), (Role.TOWN_CLERK, county.town_a)):
        actor = as_role(role, unit).actor
        own = set(numbers(queries.cases(actor)))
        for light in queries.LIGHTS:
            wanted = CaseFilter(light=light)
            found = set(numbers(queries.cases(everybody, wanted, now)))
            assert set(numbers(queries.cases(actor, wanted, now))) == found & own, (role, light)


def test_days_are_those_of_the_record_where_batches_of_two_zones_are_kept(
    county: Any, as_role: Callable[..., Any]
) -> None:
    """Received at 20:00 in Boston on the 19th, which is the 20th here: the record's day counts."""
    from xinfu.cases.models import ImportBatch

    actor, foreign = as_role(Role.LEADER).actor, Case.objects.get(case_no=row(1)["办件编号"])
    moment = datetime(2023, 6, 19, 20, tzinfo=ZoneInfo("America/New_York"))
    Case.objects.filter(pk=foreign.pk).update(received_at=moment)
    one_day = CaseFilter(received_from=date(2023, 6, 19), received_to=date(2023, 6, 19))
    assert 1 not in numbers(queries.cases(actor, one_day))
    batch = ImportBatch.objects.latest("pk")
    ImportBatch.objects.filter(pk=batch.pk).update(mapping="boston-311")
    assert 1 in numbers(queries.cases(actor, one_day))


def test_what_is_due_begins_with_the_longest_overdue(county: Any, as_role: Callable[..., Any]) -> None:
    actor = as_role(Role.LEADER).actor
    found = queries.due_cases(actor, date(2023, 7, 3), 100)
    assert [c.due_on for c in found] == sorted(c.due_on for c in found if c.due_on)
    assert numbers(found) == [1, 2, 3, 5, 6]
    assert numbers(queries.due_cases(actor, date(2023, 7, 3), 100, window=county.window_b1.pk)) == [5]


def test_who_may_see_the_whole_applicant(county: Any, as_role: Callable[..., Any]) -> None:
    case = Case.objects.get(case_no=row(4)["办件编号"])
    assert queries.may_reveal(as_role(Role.WINDOW_CLERK, county.unit_a).actor, case)
    assert not queries.may_reveal(as_role(Role.LEADER).actor, case)
    assert dict(queries.masked_applicant(case))["申请者名称"] == "张**"


def test_the_morning_sheet_groups_by_window_and_leaves_out_what_is_stopped(
    county: Any, as_role: Callable[..., Any], now: Today
) -> None:
    actor = as_role(Role.LEADER).actor
    groups = queries.sheet_groups(actor, now)
    found = queries.sheets(actor, now, groups, 100, department=None, window=None)
    shown = {
        s.group.window or s.group.department: (
            numbers(r.case for r in s.today),
            numbers(r.case for r in s.tomorrow),
            s.group.late,
        )
        for s in found
    }
    assert shown == {
        "市场监管窗口一": ([1], [2], 1),
        "社保窗口": ([5], [], 0),
        "南明街道": ([6], [], 0),
    }
    assert [(g.today, g.ahead) for g in groups] == [(len(s.today), len(s.tomorrow)) for s in found]


def test_the_inbox_of_a_window_counts_its_own_overdue_and_due_cases(
    county: Any, as_role: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xinfu.cases.queries.work.reverse", lambda name: "/cases/")
    now = datetime(2023, 6, 27, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    mine = queries.todos(as_role(Role.WINDOW_CLERK, county.unit_a).actor, now)
    assert [(t.title, t.count) for t in mine] == [("1件超期未办结", 1), ("1件今日到期", 1)]
    assert queries.todos(as_role(Role.LEADER).actor, now) == []


def test_the_data_quality_list_counts_each_mark(county: Any, as_role: Callable[..., Any]) -> None:
    assert queries.quality_counts(as_role(Role.LEADER).actor) == [(Quality.UNKNOWN_ITEM, 1)]
    assert queries.quality_counts(as_role(Role.WINDOW_CLERK, county.unit_b).actor) == []


def test_a_list_costs_the_same_queries_whatever_its_length(
    county: Any, as_role: Callable[..., Any], django_assert_num_queries: Any
) -> None:
    actor = as_role(Role.LEADER).actor
    with django_assert_num_queries(1):
        for case in queries.cases(actor)[:25]:
            assert str(case.department or "") is not None
            assert str(case.window or "") is not None


def test_the_snapshot_view_is_exported_alike_and_without_personal_data(county: Any) -> None:
    from django.db import connection

    from xinfu.cases.snapshot import COLUMNS, VIEW

    with connection.cursor() as cursor:
        cursor.execute(
            VIEW.select.replace("{where}", "c.received_on >= '2023-06-01' AND c.received_on < '2023-07-01'")
        )
        assert [c[0] for c in cursor.description] == list(COLUMNS)
        rows = [dict(zip(COLUMNS, line, strict=True)) for line in cursor.fetchall()]
    assert len(rows) == 8
    assert [bool(r["normal_finish"]) for r in rows].count(True) == 1
    assert all(r["clock_ok"] for r in rows)
    assert dict(VIEW.revisions()) == {"2023-06": 2}
    assert not {"case_no", "applicant_sealed", "id_digest", "phone_digest", "id_tail"} & set(COLUMNS)
