"""A leader opens the board, follows 一网通办率 down to one case and comes back; the wall stands without hands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.indicators import actions, engine

PERIOD = "frm=2023-01-01&to=2023-05-31"
OUTSIDE = {1: 4, 2: 3, 3: 3, 4: 2, 5: 1}  # month: cases of unit A outside the platform
A_MONTH = 14


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path, now: datetime) -> Iterator[None]:
    settings.HOME = tmp_path
    settings.DEMO_DAY = now.date()
    (tmp_path / "tmp").mkdir(exist_ok=True)
    engine.connections.digest = ""
    yield
    engine.connections.digest = ""


def row(month: int, n: int, unit: Any, *, unified: bool) -> dict[str, Any]:
    day = date(2023, month, 1 + n % 7)
    done = 9 if n % 6 == 0 else 1
    return {
        "case_no": f"{unit.code}{day:%Y%m%d}{n:04}",
        "item_name": "企业设立登记" if n % 2 else "食品经营许可",
        "department": unit.code,
        "channel": "2" if n % 3 else "1",
        "is_unified": unified,
        "is_unified_item": True,
        "received_at": f"{day}T09:00:00+08:00",
        "accepted_at": f"{day}T10:00:00+08:00",
        "finished_at": f"{date(day.year, day.month, day.day + done)}T16:00:00+08:00",
        "promise_days": 3,
        "project_type": "2",
        "state": "finished",
        "finish_kind": "0",
    }


@pytest.fixture
def counted(county: Any, now: datetime) -> Any:
    """Five months of two units, the first one with cases outside the platform; the snapshot is made."""
    rows = [
        row(month, n, unit, unified=unit is county.unit_b or n >= OUTSIDE[month])
        for month in OUTSIDE
        for unit in (county.unit_a, county.unit_b)
        for n in range(A_MONTH)
    ]
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == len(rows)
    actions.precompute(by=make.SYSTEM, at=now)
    return county


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_leader_opens_a_number_down_to_one_case_and_goes_back(
    counted: Any, page_as: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    page = page_as(Role.LEADER, size=size)
    tail = "" if size == DESK else "-phone"

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        picture(page, f"{name}{tail}")
        assert overflows(page) <= 0, name
        axe(page)

    page.goto(f"/indicators/?{PERIOD}")
    look("board")
    assert "数据截至" in page.content()

    card = page.locator(".indicator-card", has=page.get_by_role("link", name="一网通办率", exact=True))
    card.locator("a.opens").click()
    page.get_by_role("heading", name="口径", exact=True).wait_for()
    look("number")

    numerator = page.locator(".fraction dd a").first
    total = numerator.inner_text().strip()
    numerator.click()
    page.get_by_role("heading", name="一网通办率：分子的记录").wait_for()
    assert f"共 {total} 条" in page.inner_text("main")
    look("records")
    page.locator("tr[data-row] a[data-open]").first.click()
    page.wait_for_url("**/cases/**")
    page.go_back()
    page.get_by_role("link", name="返回这个数").click()
    page.get_by_role("heading", name="口径", exact=True).wait_for()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize(
    "name, address",
    [
        ("league", f"/indicators/league/?{PERIOD}"),
        ("detail", "/indicators/of/one_net_rate/"),
        ("meeting", "/indicators/meeting/one_net_rate/"),
        ("weekly", "/indicators/weekly/?day=2023-05-03"),
        ("monthly", "/indicators/monthly/?day=2023-05-01"),
    ],
)
def test_tables_and_charts_are_readable_on_desk_and_phone(
    counted: Any, page_as: Any, axe: Any, picture: Any, size: dict[str, int], name: str, address: str
) -> None:
    page = page_as(Role.GENERAL, size=size)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    picture(page, f"{name}{'' if size == DESK else '-phone'}")
    assert overflows(page) <= 0, name
    axe(page)


@pytest.mark.parametrize("width, height", [(1920, 1080), (3840, 2160)])
def test_the_wall_fits_its_screen_and_names_no_person(
    counted: Any, page_as: Any, picture: Any, width: int, height: int
) -> None:
    page = page_as(Role.LEADER, size={"width": width, "height": height})
    page.goto(f"/indicators/wall/?{PERIOD}")
    picture(page, f"wall-{width}")
    assert overflows(page) <= 0
    foot = page.locator(".wall-foot").bounding_box()
    assert foot["y"] + foot["height"] <= height
    size_of_cell = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.wall td')).fontSize)")
    assert size_of_cell >= height * 0.025


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_board_is_looked_at_published_and_corrected_in_the_open(
    counted: Any, page_as: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        picture(page, f"{name}{'' if size == DESK else '-phone'}")
        assert overflows(page) <= 0, name
        axe(page)

    page = page_as(Role.GENERAL, size=size)
    page.goto(f"/indicators/league/?{PERIOD}")
    page.get_by_role("button", name="准备公布").click()
    page.get_by_role("heading", name="预览").wait_for()
    look("published-preview")
    page.get_by_role("button", name="公布", exact=True).click()
    page.get_by_role("heading", name="确认公布").wait_for()
    look("published-confirm")
    page.get_by_role("button", name="确认公布").click()
    page.get_by_role("link", name="撤回").wait_for()
    page.locator("tbody").get_by_role("link", name="更正").last.click()
    page.get_by_label("分子", exact=True).wait_for()
    look("published-correct")
    page.get_by_label("分子", exact=True).fill("69")
    page.get_by_label("更正原因").fill("漏计，已核对原始记录")
    page.get_by_role("button", name="更正", exact=True).click()
    page.get_by_role("button", name="确认更正").click()
    page.get_by_text("更正于 2023").first.wait_for()
    look("published")
    page.goto("/indicators/published/")
    page.get_by_role("link", name="一网通办率").first.wait_for()
    look("published-list")
