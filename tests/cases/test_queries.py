"""Lists, lights, the case's page, the morning sheet, the inbox and the search, each within the actor's reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cases.conftest import HEAD, import_cases, row
from xinfu.cases import queries
from xinfu.cases.models import Case, Quality
from xinfu.cases.queries import CaseFilter
from xinfu.cases.rules import Light
from xinfu.core.access import Role
from xinfu.core.refusal import NotFound

Write = Callable[..., Path]
TODAY = date(2023, 6, 27)
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


def test_lights_of_a_list_and_its_filters_agree(county: Any, as_role: Callable[..., Any]) -> None:
    actor = as_role(Role.LEADER).actor
    every = list(queries.cases(actor))
    lights = {int(c.case_no[-6:]): queries.lights(every, TODAY)[c.pk] for c in every}
    assert lights == {
        1: Light.SOON, 2: Light.SOON, 3: Light.LATE, 4: Light.PAUSED, 5: Light.SOON, 6: Light.SOON,
        7: Light.DONE_LATE, 8: Light.OK,
    }  # fmt: skip
    for light in ("late", "soon", "paused"):
        found = numbers(queries.cases(actor, CaseFilter(light=light), TODAY))
        assert found == sorted(n for n, shown in lights.items() if shown == light)


def test_the_soon_list_keeps_the_fifth_of_a_long_limit_too(county: Any, as_role: Callable[..., Any]) -> None:
    actor = as_role(Role.LEADER).actor
    due = Case.objects.get(case_no=row(8)["办件编号"]).due_on
    assert due is not None
    from xinfu.core.holidays import calendar

    for left, yellow in ((4, True), (5, False)):
        today = calendar().add_workdays(due, -left)
        assert (8 in numbers(queries.soon_due_cases(actor, today))) == yellow


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
        (CaseFilter(unified=True), []),
    ],
)
def test_filters(county: Any, as_role: Callable[..., Any], wanted: CaseFilter, found: list[int]) -> None:
    assert numbers(queries.cases(as_role(Role.LEADER).actor, wanted, TODAY)) == found


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
        queries.case_view(as_role(Role.WINDOW_CLERK, county.unit_a).actor, other.pk, TODAY)


def test_the_overdue_list_begins_with_the_longest_overdue(county: Any, as_role: Callable[..., Any]) -> None:
    actor = as_role(Role.LEADER).actor
    found = list(queries.overdue_cases(actor, date(2023, 7, 3)))
    assert [c.due_on for c in found] == sorted(c.due_on for c in found if c.due_on)
    assert numbers(found) == [1, 2, 3, 5, 6]


def test_the_page_of_a_case_shows_both_clocks_what_stopped_them_and_why(
    county: Any, as_role: Callable[..., Any]
) -> None:
    actor = as_role(Role.WINDOW_CLERK, county.unit_a).actor
    case = Case.objects.get(case_no=row(4)["办件编号"])
    view = queries.case_view(actor, case.pk, TODAY)
    assert (view.accepting.light, view.handling.light) == (Light.DONE, Light.PAUSED)
    assert view.handling.why == "受理次日起第4个工作日"
    assert "行政许可法" in view.accepting.why
    assert [s.kind for s in view.handling.spans] == ["run", "late", "stop"]
    assert all(s.left >= 0 and s.left + s.width <= 1000 for s in view.handling.spans)
    assert [m.label for m in view.moments] == ["收件", "受理", "停钟：特别程序"]
    assert dict(view.applicant)["申请者名称"] == "张**"
    assert view.may_reveal
    assert not queries.case_view(as_role(Role.LEADER).actor, case.pk, TODAY).may_reveal


def test_the_morning_sheet_groups_by_window_and_leaves_out_what_is_stopped(
    county: Any, as_role: Callable[..., Any]
) -> None:
    sheets = queries.morning_sheet(as_role(Role.LEADER).actor, TODAY)
    shown = {s.window or s.department: (numbers(s.today), numbers(s.tomorrow), s.overdue) for s in sheets}
    assert shown == {
        "市场监管窗口一": ([1], [2], 1),
        "社保窗口": ([5], [], 0),
        "南明街道": ([6], [], 0),
    }


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


def test_a_long_list_is_counted_up_to_a_bound(county: Any, as_role: Callable[..., Any]) -> None:
    rows = queries.cases(as_role(Role.LEADER).actor)
    assert queries.count_up_to(rows) == (8, True)
    assert queries.count_up_to(rows, 5) == (5, False)


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
