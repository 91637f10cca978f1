"""The office makes its half-year report, opens a figure down to its records, and has a self-written draft checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.journeys.conftest import DESK, PHONE, overflows
from tests.journeys.test_indicators import A_MONTH, OUTSIDE, row
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.indicators import actions, engine

TOTAL = len(OUTSIDE) * 2 * A_MONTH
DRAFT = f"""2023年上半年工作总结
1至5月，全县共办理政务服务事项{TOTAL}件，其中2.0平台办理{TOTAL}件。
窗口办理时限平均压缩12.5%，群众满意度99.9%。"""


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path, now: datetime) -> Iterator[None]:
    settings.HOME = tmp_path
    settings.DEMO_DAY = date(2023, 6, 27)
    (tmp_path / "tmp").mkdir(exist_ok=True)
    engine.connections.digest = ""
    yield
    engine.connections.digest = ""


@pytest.fixture
def counted(county: Any, now: datetime) -> Any:
    """Five months of two units, brought in; the report makes its own snapshot."""
    rows = [
        row(month, n, unit, unified=unit is county.unit_b or n >= OUTSIDE[month])
        for month in OUTSIDE
        for unit in (county.unit_a, county.unit_b)
        for n in range(A_MONTH)
    ]
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == TOTAL
    actions.precompute(by=make.SYSTEM, at=now)
    return county


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_office_makes_its_report_and_checks_a_draft(
    counted: Any, page_as: Any, axe: Any, picture: Any, tmp_path: Path, size: dict[str, int]
) -> None:
    page: Page = page_as(Role.GENERAL, counted.general, size)

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        picture(page, f"report-{name}-{size['width']}", full=True)
        assert overflows(page) <= 0, name
        axe(page)

    # given the period, the report is made in the background and its bar survives a reload
    page.goto("/reports/")
    page.locator("main").get_by_role("link", name="生成报告").click()
    fill_period(page)
    look("new")
    page.get_by_role("button", name="生成").click()
    page.get_by_text("排队中").first.wait_for()
    page.reload()
    look("progress")
    make.run_tasks()
    page.get_by_role("link", name=re.compile("^打开公文")).wait_for()
    look("done")
    page.get_by_role("link", name=re.compile("^打开公文")).click()

    # when a figure is asked, it leads to its row of the source table, its definition and its records
    page.get_by_role("heading", level=1).wait_for()
    look("paper")
    first = page.locator(".paper sup a").first
    number = first.inner_text().strip("[]")
    first.click()
    page.wait_for_url(f"**/#source_{number}")
    source = page.locator(f"#source_{number}")
    expect(source).to_be_visible()
    source.locator("td:nth-child(2) a").click()
    page.get_by_role("heading", name="口径", exact=True).wait_for()
    look("number")
    page.locator(".fraction dd a").first.click()
    page.get_by_role("heading", name=re.compile("的记录$")).wait_for()
    assert page.locator("tr[data-row]").count() > 0

    # then a self-written draft is ticked and struck, number by number
    page.goto("/reports/checks/")
    page.locator("main").get_by_role("link", name="核对稿件").click()
    path = tmp_path / "draft.txt"
    path.write_text(DRAFT)
    fill_period(page)
    page.set_input_files("[name=file]", path)
    look("check-new")
    page.get_by_role("button", name="核对", exact=True).click()
    page.get_by_role("heading", name=re.compile("^数字核对")).wait_for()
    assert page.locator(".mark-ticked", has_text=f"{TOTAL}件").count() >= 1
    assert page.locator(".checked .mark-struck").count() >= 1
    assert page.locator(".checked .mark-unknown").count() >= 1
    look("check")
    page.goto("/reports/checks/")
    look("checks")


def fill_period(page: Page) -> None:
    page.get_by_label("统计期开始").fill("2023-01-01")
    page.get_by_label("统计期结束").fill("2023-05-31")
    page.get_by_label("截至", exact=True).fill("2023-06-27")
