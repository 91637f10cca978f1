"""The analysis meeting: from the board to its notice, sign-in sheet, presence, decisions, items and minutes."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx
import pytest
from playwright.sync_api import Page

from tests import make
from tests.conftest import CHINA
from tests.indicators.test_screens import row
from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.assignments.models import Item, Meeting
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.indicators import actions, engine
from xinfu.indicators.queries import numbers
from xinfu.indicators.queries.records import ANSWERS

AT = datetime(2023, 6, 2, 9, 0, tzinfo=CHINA)
MAY = "?frm=2023-05-01&to=2023-05-31"


@pytest.fixture(autouse=True)
def _counted(settings: Any, tmp_path: Path, county: Any) -> Any:
    """Ten cases of May: six of unit A (three outside the platform), four of unit B; the day is 2 June."""
    settings.DEMO_DAY, settings.HOME = date(2023, 6, 2), tmp_path
    (tmp_path / "tmp").mkdir()
    engine.connections.digest = ""
    numbers.ROWS.clear()
    ANSWERS.clear()
    rows = [row(n, county.unit_a, unified=n > 2) for n in range(6)]
    rows += [row(n, county.unit_b, unified=n > 0) for n in range(4)]
    cases.push_cases(records=rows, by=make.SYSTEM, at=AT)
    actions.precompute(by=make.SYSTEM, at=AT)
    make.person(Role.LEADER, county.root, "主某")
    yield
    engine.connections.digest = ""


def paper(page: Page, label: str) -> list[str]:
    """Draft a paper by its one button, download it and return its lines; go back to the meeting."""
    back = page.url
    page.get_by_role("button", name=f"生成{label}", exact=True).click()
    page.get_by_text("已拟好").first.wait_for()
    with page.expect_download() as sent:
        page.get_by_role("link", name="下载 .docx").click()
    document = docx.Document(io.BytesIO(Path(sent.value.path()).read_bytes()))
    lines = [one.text for one in document.paragraphs]
    lines += [cell.text for table in document.tables for line in table.rows for cell in line.cells]
    page.goto(back)
    return lines


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_analysis_meeting_is_called_held_and_minuted_and_its_decision_is_accepted(
    page_as: Any, county: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    name = "desk" if size == DESK else "phone"
    office = page_as(Role.GENERAL, county.general, size)
    unit = page_as(Role.UNIT_LIAISON, county.unit_a, size)
    for page in (office, unit):
        page.set_default_timeout(60_000)  # the first page of figures asks the engine

    def look(page: Page, what: str) -> None:
        axe(page)
        assert not overflows(page)
        picture(page, f"meeting-{what}-{name}", full=True)

    office.goto(f"/indicators/{MAY}")
    office.get_by_role("link", name="落后指标分析").last.click()
    office.get_by_text("占全县失分").first.wait_for()
    look(office, "review")
    office.get_by_role("link", name="召开分析会").click()
    office.get_by_label("开会日期").fill("2023-06-02")
    office.get_by_label("开会时间").fill("14:30")
    office.get_by_label("地点").fill("三楼会议室")
    office.get_by_label("主持人").fill("主某")
    look(office, "call")
    office.get_by_role("button", name="召开", exact=True).click()
    office.get_by_text("议程和数据表已带入").first.wait_for()
    office.get_by_role("button", name="生成会议通知").wait_for()
    look(office, "planned")
    assert any("召开2023年5月落后指标分析会" in line for line in paper(office, "会议通知"))
    assert "签名" in paper(office, "签到表")
    office.get_by_role("button", name="发出通知").click()
    office.get_by_text("现在的状态是“已通知”").first.wait_for()

    meeting = Meeting.objects.get()
    unit.goto(f"/assignments/meetings/{meeting.pk}/")
    unit.get_by_role("link", name="县市场监管局：答复是否参会").click()
    unit.get_by_label("参会人").fill("王某 副局长")
    look(unit, "reply")
    unit.get_by_role("button", name="提交").click()
    unit.get_by_text("已回执").first.wait_for()

    office.get_by_role("button", name="召开", exact=True).click()
    office.get_by_text("现在的状态是“已召开”").first.wait_for()
    office.get_by_role("link", name="登记到会情况").click()
    for box in office.get_by_label("到会情况").all():
        if box.evaluate("one => one.tagName") == "SELECT":
            box.select_option("present")
    look(office, "presence")
    office.get_by_role("button", name="保存").click()
    office.get_by_text("到会情况已登记").first.wait_for()
    office.goto(f"/indicators/review/{MAY}")
    office.get_by_label("县市场监管局：一网通办率原因").fill("线下收件未录入")
    office.get_by_label("县市场监管局：一网通办率措施").fill("线下收件当日录入")
    look(office, "fill")
    office.get_by_role("button", name="保存").click()
    office.get_by_text("现有1项决定").first.wait_for()
    office.goto(f"/assignments/meetings/{meeting.pk}/")
    office.get_by_role("button", name="交办“线下收件当日录入”").click()
    office.get_by_text("已交办，现由县市场监管局签收").first.wait_for()
    look(office, "held")

    item = Item.objects.get()
    unit.goto(f"/assignments/{item.pk}/")
    unit.get_by_role("button", name="签收", exact=True).click()
    unit.get_by_text("已办理：签收").first.wait_for()
    office.reload()
    office.get_by_role("button", name="生成会议纪要").wait_for()
    lines = paper(office, "会议纪要")
    assert "线下收件未录入" in lines
    assert "线下收件当日录入" in lines
    office.get_by_role("button", name="结会").click()
    office.locator(".confirm-form button[type=submit]").click()
    office.get_by_text("现在的状态是“已结会”").first.wait_for()
    item.refresh_from_db()
    assert item.status == "accepted"
