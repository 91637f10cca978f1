"""A clerk of 综合科 brings a file in, looks at a case's clocks and prints the morning sheet; nothing for axe to find."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import make
from tests.cases.conftest import as_csv, row
from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.core.access import Role


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 6, 27)


ROWS = [
    row(1),
    row(2, 承诺工作日="6"),
    row(3, 承诺工作日="3"),
    row(4, 收件时间="昨天"),
    row(5, 申报来源="飞鸽"),
    row(6, 办结时间="2023-06-18 10:00:00", 办件状态="办结"),
]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_clerk_imports_a_file_reads_a_clock_and_prints_the_sheet(
    page_as: Any, axe: Any, picture: Any, tmp_path: Path, size: dict[str, int]
) -> None:
    page = page_as(Role.GENERAL, size=size)
    width = size["width"]

    def look(name: str) -> None:
        axe(page)
        assert overflows(page) <= 0, name
        picture(page, f"cases-{name}-{width}")

    # given a file with two bad rows
    path = tmp_path / "cases.csv"
    path.write_text(as_csv(ROWS))
    page.goto("/cases/import/")
    look("upload")
    page.set_input_files("[name=file]", path)
    page.get_by_role("button", name="检查").click()
    page.wait_for_url("**/cases/batches/*/")
    page.get_by_text("排队中，等后台任务接手").wait_for()
    look("progress")

    # when the check is done, the page shows the result by itself; then it is confirmed
    make.run_tasks()
    page.get_by_role("heading", name="检查结果").wait_for()
    assert "不是能识别的日期时间" in page.content()
    look("checked")
    page.get_by_role("button", name="确认导入").click()
    page.get_by_role("heading", name="进度").wait_for()
    make.run_tasks()
    page.get_by_role("heading", name="结果", exact=True).wait_for()
    look("result")

    # then exactly these rows are listed, and a case tells its clocks
    page.get_by_role("link", name="查看这 4 件").click()
    assert page.locator("tr[data-row]").count() == 4
    look("list")
    page.get_by_role("link", name="超期", exact=True).click()
    page.get_by_role("link", name=row(3)["办件编号"], exact=True).click()
    clock = "svg.clocks-narrow" if width < 640 else "svg.clocks-wide"
    expect(page.locator(clock)).to_be_visible()
    assert "到期2023-06-25" in page.locator(clock).text_content()
    look("detail")

    # and the sheets
    page.goto("/cases/due/")
    look("due")
    page.goto("/cases/morning/?alone=on")
    look("morning")
    page.emulate_media(media="print")
    expect(page.locator(".site-nav")).to_be_hidden()
    expect(page.locator(".sheet-printed").first).to_be_visible()
    picture(page, f"cases-morning-print-{width}")
    page.emulate_media(media="screen")
    page.goto("/cases/quality/")
    look("quality")


def test_a_number_typed_as_a_case_number_that_is_a_telephone_never_stands_in_the_address(
    page_as: Any,
) -> None:
    page = page_as(Role.GENERAL)
    page.goto("/cases/")
    page.get_by_label("办件编号或尾号").fill("13800001234")
    page.get_by_label("办件编号或尾号").press("Enter")
    page.wait_for_url("**/cases/?who=*")
    assert "13800001234" not in page.url
    assert "按完整号码" in page.content()


def test_a_window_clerk_sees_personal_data_for_a_reason_and_stops_the_clock(
    page_as: Any, axe: Any, picture: Any, county: Any, tmp_path: Path
) -> None:
    from tests.cases.conftest import import_cases

    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(1)]))
    import_cases(path)
    page = page_as(Role.WINDOW_CLERK, county.unit_a)
    page.goto("/cases/")
    page.get_by_role("link", name=row(1)["办件编号"], exact=True).click()
    page.get_by_label("查看事由").fill("核对申请材料")
    page.get_by_role("button", name="显示").click()
    page.get_by_text("张三丰").wait_for()
    axe(page)
    page.get_by_role("link", name="停钟").click()
    axe(page)
    picture(page, "cases-pause-1440")
    page.get_by_label("特别程序").check()
    page.get_by_label("开始时间").fill("2023-06-26 09:00")
    page.get_by_label("原因", exact=True).fill("送检")
    page.get_by_role("button", name="停钟").click()
    page.get_by_role("heading", name="确认停钟").wait_for()
    axe(page)
    page.get_by_role("button", name="确认停钟").click()
    page.get_by_role("link", name="恢复计时").wait_for()
    picture(page, "cases-stopped-1440", full=True)
