"""A clerk of 考评科 brings ratings of the province in, sees what was not taken and why, and gives a period out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import make
from tests.cases.conftest import as_csv as as_cases
from tests.cases.conftest import import_cases
from tests.cases.conftest import row as case_row
from tests.journeys.conftest import DESK, PHONE, overflows
from tests.ratings.test_exchange_screens import as_csv, row
from xinfu.core.access import Role
from xinfu.ratings.models import Rating


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 6, 29)


def _number(n: int) -> str:
    return case_row(n)["办件编号"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_clerk_takes_a_file_of_ratings_and_gives_a_period_out(
    page_as: Any, axe: Any, picture: Any, tmp_path: Path, county: Any, size: dict[str, int]
) -> None:
    cases = tmp_path / "cases.csv"
    done = {"办结时间": "2023-06-20 10:00:00", "办件状态": "办结"}
    cases.write_text(as_cases([case_row(n, **done) for n in range(1, 5)]))
    import_cases(cases)
    page = page_as(Role.APPRAISAL, size=size)

    def look(name: str) -> None:
        axe(page)
        assert overflows(page) <= 0, name
        picture(page, f"exchange-{name}-{size['width']}", full=True)

    # given nothing was exchanged yet
    page.goto("/ratings/exchange/")
    expect(page.get_by_text("还没有交换过评价文件")).to_be_visible()
    look("empty")

    # when a file with four good rows, one unknown case and one wrong code is checked
    path = tmp_path / "省平台.csv"
    said = {"assessTime": "2023-06-27 10:30:00"}
    rows = [row(_number(n), str(6 - n), **said) for n in range(1, 5)]
    path.write_bytes(as_csv([*rows, row("NONE", **said), row(_number(2), "9", **said)]))
    page.get_by_role("link", name="导入评价").click()
    look("take")
    page.set_input_files("[name=file]", path)
    page.get_by_role("button", name="检查", exact=True).click()
    page.get_by_text("排队中，等后台任务接手").wait_for()
    look("progress")
    make.run_tasks()

    # then the result comes by itself, tells each row that was not taken, and nothing is written yet
    expect(page.get_by_role("heading", name="检查结果：尚未写入")).to_be_visible()
    expect(page.get_by_role("heading", name="未收的行（2）")).to_be_visible()
    look("checked")
    assert not Rating.objects.exists()
    page.get_by_role("button", name="确认导入").click()
    page.get_by_role("heading", name="进度").wait_for()
    make.run_tasks()
    expect(page.get_by_role("heading", name="结果", exact=True)).to_be_visible()
    look("result")
    assert Rating.objects.count() == 4

    # and a period goes out as a file of the same form
    page.goto("/ratings/exchange/give/")
    page.get_by_role("button", name="生成文件").click()
    look("give-errors")
    page.get_by_label("评价日期起").fill("2023-06-01")
    page.get_by_label("评价日期止").fill("2023-06-29")
    page.get_by_label("用途").fill("报省平台核对")
    page.get_by_role("button", name="生成文件").click()
    page.get_by_role("heading", name="进度").wait_for()
    make.run_tasks()
    expect(page.get_by_role("heading", name="文件已生成")).to_be_visible()
    look("given")
    with page.expect_download() as taken:
        page.get_by_role("link", name="下载", exact=True).click()
    content = Path(taken.value.path()).read_text(encoding="utf-8-sig")
    assert "satisfaction" in content
    assert content.count("\n") == 5
    page.goto("/ratings/exchange/")
    assert page.locator("tr[data-row]").count() == 2
    look("list")
