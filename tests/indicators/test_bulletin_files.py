"""周通报 and 月分析 as workbooks hold the numbers of the screen; the wall names nobody; no use of the program counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from tests import make
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.core.registry import FORBIDDEN_NAMES, FORBIDDEN_WORDS, derived_views, indicators, snapshot_views
from xinfu.indicators import actions
from xinfu.indicators.screens.league import CODES, GRAINS

Workbook = dict[str, list[list[Any]]]


@pytest.fixture(autouse=True)
def _demo_day(settings: Any, now: datetime) -> None:
    settings.DEMO_DAY = now.date()


@pytest.fixture
def county(office: make.Office, now: datetime) -> make.Office:
    """Two units with 40 cases each: A has 4 outside the platform and 3 late, one still open past its day."""

    def row(unit: Any, n: int) -> dict[str, Any]:
        late = unit is office.unit_a and n < 3
        return {
            "case_no": f"{unit.code}{n:04}", "item_name": "企业设立登记", "department": unit.code, "channel": "2",
            "window": office.window_a1.code if unit is office.unit_a else office.window_b1.code,
            "town": office.town_a.code, "applicant_name": f"申请人甲{n:02}", "handler_name": f"经办人乙{n:02}",
            "is_unified": unit is office.unit_b or n >= 4, "is_unified_item": True,
            "received_at": "2023-05-08T09:00:00+08:00", "accepted_at": "2023-05-08T10:00:00+08:00",
            "finished_at": "2023-05-12T10:00:00+08:00" if late else "2023-05-09T10:00:00+08:00",
            "promise_days": 2, "project_type": "2", "state": "finished", "finish_kind": "0",
        }  # fmt: skip

    rows = [row(unit, n) for unit in (office.unit_a, office.unit_b) for n in range(40)]
    del rows[3]["finished_at"], rows[3]["finish_kind"]
    rows[3]["state"] = "handling"
    pushed = cases.push_cases(records=rows, by=make.SYSTEM, at=now)
    assert pushed.created == len(rows), pushed
    actions.precompute(by=make.SYSTEM, at=now)
    return office


def workbook(client: Client, url: str) -> Workbook:
    answer = client.get(url)
    assert answer.status_code == 200
    book = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer)))  # type: ignore[call-overload]
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def below(sheet: list[list[Any]], head: str) -> list[list[Any]]:
    """Return the rows under the line that begins with this head."""
    place = next(n for n, row in enumerate(sheet) if row[0] == head)
    return sheet[place + 1 :]


def cells(page: str) -> list[list[str]]:
    """Return the texts of the rows of a page's tables."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    plain = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in plain]


def test_the_weeks_workbook_is_the_weeks_page(county: make.Office, as_role: Callable[..., Client]) -> None:
    client = as_role(Role.LEADER)
    page = client.get("/indicators/weekly/?day=2023-05-08").content.decode()
    book = workbook(client, "/indicators/weekly/?day=2023-05-08&format=xlsx")
    assert list(book) == ["关键指标", "部门榜", "超期未办结", "工作要求"]
    shown = {row[0]: row for row in cells(page) if row}
    key = below(book["关键指标"], "指标")
    assert key
    for title, value, unit, top, bottom, *_ in key:
        assert shown[title][1] in (f"{value:.2f}{unit}", f"{value:.2f}个{unit}"), title
        assert bottom
        assert top <= bottom or unit != "%"
    league = below(book["部门榜"], "名次")
    assert [[row[0], row[2], f"{row[3]:.2f}", f"{row[4]:.0f} ÷ {row[5]:.0f}"] for row in league] == [
        [1, "县人力社保局", "100.00", "40 ÷ 40"],
        [2, "县市场监管局", "90.00", "36 ÷ 40"],
    ]
    assert "36 ÷ 40" in " ".join(" ".join(row) for row in cells(page))
    overdue = below(book["超期未办结"], "办件编号")
    assert [(row[0], row[2], row[4]) for row in overdue] == [(f"{county.unit_a.code}0003", "县市场监管局", 2)]
    assert below(book["工作要求"], "单位")[0][0] == "县市场监管局"


def test_the_months_workbook_is_the_months_page(county: make.Office, as_role: Callable[..., Client]) -> None:
    client = as_role(Role.LEADER)
    page = client.get("/indicators/monthly/?day=2023-05-01").content.decode()
    assert "format=xlsx" in page
    book = workbook(client, "/indicators/monthly/?day=2023-05-01&format=xlsx")
    assert list(book) == ["关键指标", "逐月走势", "丢分单位", "主要事项和渠道"]
    lost = below(book["丢分单位"], "指标")
    assert ["一网通办率", "县市场监管局", 4, 100] in lost
    shown = [row for row in cells(page) if len(row) == 3 and row[0] == "县市场监管局"]
    assert [[row[1], f"{row[2]:.0f}", f"{row[3]:.2f}"] for row in lost] == shown
    may = next(row for row in below(book["逐月走势"], "指标") if row[:2] == ["一网通办率", "2023年5月"])
    assert may[2:] == [95, "%", 76, 80]
    assert "95.00%" in page
    causes = below(book["主要事项和渠道"], "指标")
    for _, kind, label, count in causes:
        assert f"{label}（{count:.0f}件）" in page, kind


@pytest.mark.parametrize(
    "name, day, later", [("weekly", "2023-05-08", "2023-06-05"), ("monthly", "2023-04-01", "2023-05-01")]
)
def test_a_file_says_what_it_stands_on_and_when_its_update_is_missing(
    county: make.Office,
    as_role: Callable[..., Client],
    settings: Any,
    now: datetime,
    name: str,
    day: str,
    later: str,
) -> None:
    client, url = as_role(Role.LEADER), f"/indicators/{name}/?format=xlsx&day="
    first = workbook(client, url + day)["关键指标"]
    assert "数据截至 2023-05-18 09:00" in first[1][0]
    assert not any("数据未更新" in str(row[0]) for row in first)
    settings.DEMO_DAY = now.date() + timedelta(days=30)
    late = workbook(client, url + later)["关键指标"]
    assert any("数据未更新（应于" in str(row[0]) for row in late)


def test_a_wall_in_a_public_hall_names_no_person_and_no_case(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    client = as_role(Role.LEADER)
    for grain in GRAINS:
        for turn in range(len(CODES)):
            url = f"/indicators/wall/?frm=2023-05-01&to=2023-05-31&grain={grain}&turn={turn}"
            page = client.get(url).content.decode()
            assert grain != "department" or "县人力社保局" in page, url
            for unit in (county.unit_a, county.unit_b):
                assert unit.code not in page, url
            assert not re.search(r"申请人甲|经办人乙|测试员", page), url
            assert "<a " not in page, url


def test_what_is_counted_comes_from_no_record_of_the_programs_use() -> None:
    """国办函〔2026〕12号: no log-ins, time online, views, likes, forwards, photos or check-ins rank anybody."""
    use = re.compile(r"account|session|login|journal|savedview|draft|export|token|django_", re.IGNORECASE)
    for view in snapshot_views:
        read = re.findall(r"(?:FROM|JOIN)\s+\"?([a-z_]+)", view.select)
        assert read, view.name
        assert not [table for table in read if use.search(table)], view.name
        assert not set(view.columns) & FORBIDDEN_NAMES, view.name
        assert not [name for name in view.columns if use.search(name)], view.name
    for one in indicators:
        made = derived_views.get(one.view)
        assert set(made.of if made else [one.view]) <= set(snapshot_views.codes()), one.code
        assert not [word for word in FORBIDDEN_WORDS if word in one.title + one.counts + one.formula], (
            one.code
        )
