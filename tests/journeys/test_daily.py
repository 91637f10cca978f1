"""A day's work: a saved view, one verb over many rows, a thing put off, a phrase put in; nothing for axe to find."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import make
from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.core import clock, inbox
from xinfu.core.access import Role
from xinfu.core.inbox import Todo
from xinfu.core.models import BulkRun, Phrase, SavedView
from xinfu.core.ui import bulk
from xinfu.people.models import Account

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@SIZES
def test_a_chief_saves_a_view_finds_it_in_the_rail_and_changes_it(
    county: Any, page_as: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    for _ in range(3):
        make.person(Role.WINDOW_CLERK, county.unit_a)
    page = page_as(Role.WINDOW_CHIEF, size=size)
    page.goto("/people/?state=serving")
    menu = page.locator(".views-menu")
    menu.locator("summary").click()
    menu.get_by_label("当前条件另存为").fill("本单位在岗")
    menu.get_by_label("共享给本单位").check()
    axe(page)
    assert overflows(page) <= 0
    picture(page, f"view-menu-{size['width']}")
    menu.get_by_role("button", name="保存视图").click()
    page.get_by_text("已保存视图“本单位在岗”").wait_for()
    assert page.locator(".list-view").inner_text() == "视图：本单位在岗"
    axe(page)
    if size == PHONE:
        page.get_by_role("button", name="菜单").click()
    link = page.locator("[data-rail] a")
    page.locator("[data-rail] .rail-count", has_text="4").wait_for()
    assert link.get_attribute("aria-current") == "page"
    picture(page, f"view-rail-{size['width']}")
    page.goto(f"/people/?state=left&view={SavedView.objects.get().pk}")
    menu.locator("summary").click()
    menu.get_by_role("button", name="把当前条件存入").click()
    page.get_by_text("视图已更新为当前的条件和顺序").wait_for()
    assert SavedView.objects.get().query.startswith("state=left")
    menu.locator("summary").click()
    menu.get_by_label("当前条件另存为").fill("本单位在岗")
    menu.get_by_role("button", name="保存视图").click()
    page.get_by_text("这个列表已有名为“本单位在岗”的视图").wait_for()
    axe(page)
    page.goto("/views/")
    axe(page)
    assert overflows(page) <= 0
    picture(page, f"views-{size['width']}")
    page.get_by_role("link", name="修改：本单位在岗").click()
    page.get_by_role("heading", name="修改视图").wait_for()
    axe(page)


@SIZES
def test_an_administrator_closes_many_accounts_and_retries_what_was_left(
    county: Any, page_as: Any, axe: Any, picture: Any, monkeypatch: pytest.MonkeyPatch, size: dict[str, int]
) -> None:
    for _ in range(25):
        make.person(Role.WINDOW_CLERK, county.unit_a)
    page = page_as(Role.SYSTEM_ADMIN, size=size)
    page.goto("/accounts/?state=open")
    page.get_by_role("checkbox", name="选中本页").check()
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url("**page=2**")
    assert page.locator(".bulk-said").inner_text() == "已选中 20 行"
    page.locator("[data-pick]").first.check()
    page.get_by_role("button", name="取消选择").click()
    page.get_by_role("checkbox", name="选中本页").check()
    page.get_by_role("button", name="选中全部").click()
    assert page.locator(".bulk-said").inner_text() == "已选中全部符合条件的"
    axe(page)
    picture(page, f"bulk-list-{size['width']}")
    page.get_by_role("button", name="停用账号").click()
    page.get_by_role("heading", name="批量停用账号：26 个账号").wait_for()
    axe(page)
    picture(page, f"bulk-ask-{size['width']}")
    page.get_by_role("button", name="停用账号", exact=True).click()
    page.get_by_role("heading", name="未处理的 1 行").wait_for()
    assert page.title() == "成功 25，未处理 1 · 批量停用账号 · 馨服"
    axe(page)
    assert overflows(page) <= 0
    picture(page, f"bulk-result-{size['width']}", full=True)
    page.get_by_role("button", name="只重试未处理的").click()
    page.wait_for_url("**/bulk/*/")
    page.get_by_role("heading", name="未处理的 1 行").wait_for()
    assert page.title().startswith("成功 0，未处理 1")
    assert BulkRun.objects.count() == 2
    assert Account.objects.filter(is_active=True).count() == 1
    page.get_by_role("link", name="返回列表").click()
    page.wait_for_url("**/accounts/?state=open**")
    expect(page.locator(".bulk"), "what was done is no longer selected").to_be_hidden()
    page.goto("/bulk/")
    axe(page)
    picture(page, f"bulk-runs-{size['width']}")


def test_a_long_run_shows_its_progress_over_a_reload_and_ends_by_itself(
    county: Any, page_as: Any, axe: Any, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    for _ in range(5):
        make.person(Role.WINDOW_CLERK, county.unit_a)
    page = page_as(Role.SYSTEM_ADMIN)
    page.goto("/accounts/?q=user")
    page.get_by_role("checkbox", name="选中本页").check()
    page.get_by_role("button", name="停用账号").click()
    page.get_by_role("button", name="停用账号", exact=True).click()
    page.get_by_text("0 / 6").wait_for()
    page.reload()
    page.get_by_text("0 / 6").wait_for()
    axe(page)
    picture(page, "bulk-progress-1440")
    bulk.work(BulkRun.objects.get().pk, at=clock.now())
    page.get_by_role("link", name="查看结果").click()
    page.get_by_role("heading", name="未处理的 1 行").wait_for()


@SIZES
def test_a_clerk_puts_a_thing_off_and_brings_it_back(
    page_as: Any, axe: Any, picture: Any, monkeypatch: pytest.MonkeyPatch, size: dict[str, int]
) -> None:
    def source(actor: Any, now: datetime) -> list[Todo]:
        today = timezone.localdate(now)
        return [
            Todo("受理", "社会保险登记", "/a/", "窗口", today, None, "直接", "case"),
            Todo("审核", "第12期晨会单", "/b/", "综合科", today + timedelta(days=20), None, "直接", "paper"),
        ]

    monkeypatch.setattr(inbox, "_SOURCES", {"journey": source})
    page = page_as(Role.GENERAL, size=size)
    page.goto("/")
    page.get_by_role("button", name="稍后处理：社会保险登记").focus()
    page.get_by_text("此件今天到期，不能推迟，请先办理。").wait_for()
    axe(page)
    picture(page, f"snooze-why-{size['width']}")
    page.locator("summary[aria-label='稍后处理：第12期晨会单']").focus()
    page.keyboard.press("Enter")
    picture(page, f"snooze-menu-{size['width']}")
    axe(page)
    page.get_by_role("button", name="下个工作日").press("Enter")
    page.get_by_role("link", name="已推迟 1 条").wait_for()
    axe(page)
    page.get_by_role("link", name="已推迟 1 条").click()
    page.get_by_role("link", name="改期").click()
    page.get_by_label("推迟到").fill("2020-01-01")
    page.get_by_role("button", name="推迟", exact=True).click()
    page.get_by_role("link", name="请选择明天或以后的日期。").wait_for()
    axe(page)
    assert overflows(page) <= 0
    page.get_by_role("link", name="返回，不推迟").click()
    page.get_by_role("link", name="已推迟 1 条").click()
    axe(page)
    picture(page, f"snoozed-{size['width']}")
    page.get_by_role("button", name="回到待办").click()
    page.get_by_text("没有推迟的待办").wait_for()


@SIZES
def test_a_phrase_goes_in_at_the_cursor_by_mouse_and_by_keys(
    page_as: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    page = page_as(Role.WINDOW_CHIEF, size=size)
    for words in ("请补充身份证复印件。", "已电话告知申请人。"):
        page.goto("/phrases/")
        page.get_by_label("内容").fill(words)
        page.get_by_role("button", name="加入").click()
        page.get_by_text("已加入常用语").wait_for()
    axe(page)
    assert overflows(page) <= 0
    picture(page, f"phrases-{size['width']}")
    assert Phrase.objects.count() == 2
    page.goto("/suggestions/")
    box = page.locator("textarea").first
    box.fill("甲乙")
    box.evaluate("b => b.setSelectionRange(1, 1)")
    menu = page.locator(".phrases").first
    menu.locator("summary").click()
    menu.get_by_role("button", name="已电话告知申请人。").wait_for()
    axe(page)
    picture(page, f"phrases-menu-{size['width']}")
    menu.get_by_role("button", name="已电话告知申请人。").click()
    assert box.input_value() == "甲已电话告知申请人。乙"
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    page.keyboard.press("Alt+ArrowDown")
    page.locator("[data-phrase]:focus").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert box.input_value() == "甲已电话告知申请人。请补充身份证复印件。乙"
    page.keyboard.press("Alt+ArrowDown")
    page.locator("[data-phrase]:focus").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_without_scripts_phrases_are_a_list_and_todos_are_put_off(page_as: Any) -> None:
    page = page_as(Role.WINDOW_CHIEF, scripts=False)
    page.goto("/suggestions/")
    page.locator(".phrases summary").first.click()
    page.get_by_role("link", name="打开常用语列表").click()
    page.wait_for_url("**/phrases/")
