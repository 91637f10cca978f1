"""A notice goes from draft to archive by the persons of its roles, is sent back once, and stays as it was signed."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.core.access import Role
from xinfu.papers.render import docx_lines

TITLE = "关于规范延时服务的通知"
TEXT = """一、总体要求
各窗口要按照公布的时间提供延时服务，不得提前离岗。
（一）服务时间
工作日中午和下班后各延长半小时。
二、工作要求
请各单位于收到本通知后五个工作日内报送值班安排。"""
BETTER = TEXT.replace("半小时", "一小时")


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 6, 27)


class People:
    """Everyone whom the paper meets, each in a browser of his own."""

    def __init__(self, page_as: Any, county: Any, size: dict[str, int]) -> None:
        self.drafter: Page = page_as(Role.APPRAISAL, county.appraisal, size)
        self.reviewer: Page = page_as(Role.GENERAL, county.general, size)
        self.liaison: Page = page_as(Role.UNIT_LIAISON, county.unit_a, size)
        self.leader: Page = page_as(Role.LEADER, county.root, size)


def draft(page: Page, county: Any) -> None:
    """Write the notice as its drafter does."""
    page.goto("/papers/")
    page.locator("main").get_by_role("link", name="拟稿", exact=True).click()
    page.get_by_label("文种").select_option(label="通知")
    page.get_by_label("标题", exact=True).fill(TITLE)
    page.get_by_label("主送机关").fill("各派驻单位")
    page.get_by_role("textbox", name="正文").fill(TEXT)
    page.get_by_role("group", name="会签单位").get_by_label(county.unit_a.short_name).check()
    page.get_by_role("group", name="分送单位").get_by_label(county.unit_a.short_name).check()
    page.get_by_role("textbox", name="其他分送单位").fill("县供电公司")
    page.get_by_label("抄送机关").fill("县委办公室")


def press(page: Page, verb: str, *, sure: bool = False, said: str = "") -> None:
    """Press a move, confirm it where it cannot be undone, and read that it was done."""
    page.reload()
    if said:
        page.get_by_role("textbox", name="意见", exact=False).first.fill(said)
    page.get_by_role("button", name=verb, exact=True).click()
    if sure:
        page.get_by_role("button", name=f"确认{verb}").click()
    page.get_by_text(f"已{verb}。").wait_for()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_notice_goes_its_way_and_stays_as_it_was_signed(
    page_as: Any, axe: Any, picture: Any, county: Any, size: dict[str, int]
) -> None:
    people = People(page_as, county, size)
    width = size["width"]

    def look(page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        picture(page, f"papers-{name}-{width}", full=True)
        assert overflows(page) <= 0, name
        axe(page)

    # given a draft, written and looked at by its drafter
    page = people.drafter
    draft(page, county)
    look(page, "new")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("heading", name=TITLE, level=1).wait_for()
    address = page.url
    look(page, "draft")
    press(page, "送核")

    # when the reviewer finds a fault, it comes back with the reason
    people.reviewer.goto("/")
    look(people.reviewer, "inbox")
    people.reviewer.get_by_role("link", name=re.compile(TITLE)).first.click()
    people.reviewer.get_by_role("button", name="退回", exact=True).click()
    people.reviewer.get_by_text("请写明退回的原因。").first.wait_for()
    look(people.reviewer, "no-reason")
    press(people.reviewer, "退回", said="延长时间应为一小时，与服务公约一致。")
    page.reload()
    assert "延长时间应为一小时" in page.inner_text("main")
    look(page, "sent-back")
    page.get_by_role("link", name="修改", exact=True).click()
    look(page, "edit")
    page.get_by_role("textbox", name="正文").fill(BETTER)
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已存为新版本。").wait_for()
    press(page, "送核")
    press(people.reviewer, "送会签", said="已核。")

    # then the unit co-signs, the leader signs, the office numbers, seals, sends and archives
    people.liaison.goto(address)
    look(people.liaison, "cosign")
    people.liaison.get_by_role("button", name="同意", exact=True).click()
    people.liaison.get_by_text("已会签。").wait_for()
    people.leader.goto(address)
    people.leader.get_by_role("button", name="签发", exact=True).click()
    people.leader.get_by_role("heading", name="确认签发").wait_for()
    look(people.leader, "sign")
    people.leader.get_by_role("button", name="确认签发").click()
    people.leader.get_by_text("已签发。").wait_for()
    press(people.reviewer, "编号", sure=True)
    press(people.reviewer, "用印")
    press(people.reviewer, "分送", sure=True)
    look(people.reviewer, "dispatched")
    people.reviewer.get_by_label("保管期限").select_option(label="30年")
    people.reviewer.get_by_role("button", name="归档", exact=True).click()
    people.reviewer.get_by_text("已归档。").wait_for()

    # and the receiver reads the frozen text and acknowledges it
    people.liaison.goto(address)
    people.liaison.get_by_role("button", name="签收").click()
    people.liaison.get_by_text("已签收。").wait_for()
    page.goto(address)
    text = page.inner_text("main")
    assert "现存文本与签发时一致" in text
    assert "〔2023〕1号" in text
    assert page.get_by_role("link", name="修改", exact=True).count() == 0
    look(page, "archived")
    check_files(page)
    page.get_by_role("link", name="第1版", exact=True).click()
    assert "半小时" in page.inner_text("main")
    look(page, "version")
    page.goto("/papers/?box=issued")
    look(page, "list")


def check_files(page: Page) -> None:
    """Take the paper as .docx and PDF: the signed text, its number, no mark of a draft."""
    content = taken(page, "下载 .docx")
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    lines = docx_lines(content)
    assert any("〔2023〕1号" in line for line in lines)
    assert any("各延长一小时" in line for line in lines)
    assert not any("送审稿" in line or "半小时" in line for line in lines)
    assert taken(page, "下载 .pdf").startswith(b"%PDF-")


def taken(page: Page, name: str) -> bytes:
    with page.expect_download() as found:
        page.get_by_role("link", name=name).click()
    return Path(found.value.path()).read_bytes()
