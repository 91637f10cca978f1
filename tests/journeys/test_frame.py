"""A clerk's ways through the frame: by mouse, by keys, on a phone, in large type, without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from tests import make
from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.core import clock, journal
from xinfu.core.access import Role
from xinfu.core.models import Draft
from xinfu.site.models import Suggestion

NARROW = {"width": 320, "height": 640}


@pytest.fixture
def entries(county: Any) -> None:
    """A journal of 130 entries by several people."""
    with transaction.atomic():
        for i in range(130):
            journal.record(
                ["local.rule_set", "person.role_granted", "case.imported"][i % 3],
                f"core.LocalRule:{i}",
                by=make.SYSTEM,
                at=clock.now() - timedelta(minutes=130 - i),
            )


def test_an_auditor_filters_sorts_pages_and_comes_back_to_the_same_place(
    page_as: Any, axe: Any, picture: Any, entries: None
) -> None:
    page = page_as(Role.AUDITOR)
    page.goto("/journal/")
    picture(page, "list-1440")
    axe(page)
    page.select_option("#id_event", "case.imported")
    page.get_by_role("button", name="查询").click()
    page.wait_for_url("**/journal/?event=case.imported")
    assert page.locator(".list-total strong").inner_text() == "43 条"
    assert page.title() == "43 条 · 操作日志 · 馨服"
    axe(page)
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url("**page=2**")
    page.locator("tbody a[data-open]").nth(5).click()
    page.wait_for_url("**/journal/*/")
    page.get_by_role("link", name="返回列表").click()
    page.wait_for_url("**/journal/?event=case.imported&page=2")
    assert page.locator("tr.is-here").count() == 1
    page.go_back()
    page.go_back()
    page.wait_for_url("**page=2**")
    page.reload()
    assert page.locator(".list-total strong").inner_text() == "43 条"
    page.get_by_role("link", name="去掉条件").click()
    page.wait_for_url(lambda url: "event=" not in url)
    assert page.locator(".list-total strong").inner_text() == "130 条"


def test_a_clerk_works_a_list_by_keys_and_never_while_typing(page_as: Any, entries: None) -> None:
    page = page_as(Role.AUDITOR)
    page.goto("/journal/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator("tr.is-here").get_attribute("data-row") == "129"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "site-search"
    page.keyboard.type("jjx?/")
    assert page.locator("#site-search").input_value() == "jjx?/"
    assert page.locator("tr.is-here").get_attribute("data-row") == "129"
    expect(page.get_by_role("dialog", name="快捷键")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/journal/128/")


def test_keys_can_be_switched_off_and_stay_off(page_as: Any, entries: None) -> None:
    page = page_as(Role.AUDITOR)
    page.goto("/journal/")
    page.keyboard.press("?")
    page.get_by_role("button", name="停用快捷键").click()
    page.reload()
    page.keyboard.press("j")
    assert page.locator("tr.is-here").count() == 0


def test_everything_is_reached_by_tab_and_the_focus_is_seen(page_as: Any, entries: None) -> None:
    page = page_as(Role.AUDITOR)
    page.goto("/journal/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "(document.activeElement.textContent || document.activeElement.name || '').trim().slice(0, 8)"
            )
        )
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width in {"2px", "1px", "3px"}, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    assert {"查询", "重置", "列设置", "导出"} <= seen


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["390", "320"])
def test_a_phone_shows_the_list_with_folded_filters_and_a_navigation_that_opens(
    page_as: Any, axe: Any, picture: Any, entries: None, size: dict[str, int]
) -> None:
    page = page_as(Role.AUDITOR, size=size)
    page.goto("/journal/")
    picture(page, f"list-{size['width']}")
    assert overflows(page) <= 0
    expect(page.locator("#id_event")).to_be_hidden()
    page.get_by_role("button", name="筛选条件").click()
    expect(page.locator("#id_event")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="菜单").click()
    picture(page, f"nav-{size['width']}")
    axe(page)
    expect(page.get_by_role("link", name="系统状态")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="系统状态")).to_be_hidden()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_large_type_is_large_and_still_fits(
    page_as: Any, axe: Any, picture: Any, entries: None, size: dict[str, int]
) -> None:
    page = page_as(Role.AUDITOR, size=size)
    page.goto("/journal/")
    page.get_by_role("button", name="大字版").click()
    page.wait_for_selector("html.type-large")
    picture(page, f"large-{size['width']}")
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 20
    assert (
        page.evaluate(
            "parseFloat(getComputedStyle(document.body).lineHeight) / parseFloat(getComputedStyle(document.body).fontSize)"
        )
        >= 1.3
    )
    assert overflows(page) <= 0
    axe(page)
    if size is PHONE:
        height = page.get_by_role("button", name="筛选条件").bounding_box()["height"]
        assert height >= 60
    page.get_by_role("button", name="大字版").click()
    page.wait_for_selector("html:not(.type-large)")


def test_high_contrast_passes_too(page_as: Any, axe: Any, picture: Any, entries: None) -> None:
    page = page_as(Role.AUDITOR, cookies={"xinfu_contrast": "high"})
    page.goto("/journal/")
    axe(page)
    page.goto("/system/status/")
    picture(page, "contrast-1440")
    axe(page)


def test_without_scripts_lists_read_filter_page_and_the_navigation_opens(page_as: Any, entries: None) -> None:
    page = page_as(Role.AUDITOR, size=PHONE, scripts=False)
    page.goto("/journal/")
    page.select_option("#id_event", "case.imported")
    page.get_by_role("button", name="查询").click()
    assert page.locator(".list-total strong").inner_text() == "43 条"
    page.get_by_role("link", name="下一页").click()
    assert "page=2" in page.url
    page.get_by_role("link", name="菜单").click()
    page.get_by_role("link", name="系统状态").click()
    assert page.locator("h1").inner_text() == "系统状态"


def test_a_draft_is_there_again_after_a_reload_and_gone_once_sent(
    page_as: Any, axe: Any, picture: Any
) -> None:
    page = page_as(Role.WINDOW_CLERK)
    page.goto("/suggestions/")
    page.fill("#id_text", "列表里的字太小，看不清。")
    page.wait_for_selector("text=草稿已保存", timeout=6000)
    assert Draft.objects.count() == 1
    page.reload()
    page.wait_for_selector("text=已恢复")
    assert page.input_value("#id_text") == "列表里的字太小，看不清。"
    picture(page, "draft-1440")
    axe(page)
    page.get_by_role("button", name="提交").click()
    page.wait_for_selector("text=已收到")
    assert not Draft.objects.exists()
    assert Suggestion.objects.count() == 1


def test_an_error_is_focused_named_in_the_title_and_linked_to_its_field(
    page_as: Any, axe: Any, picture: Any
) -> None:
    page = page_as(Role.WINDOW_CLERK)
    page.goto("/suggestions/")
    page.evaluate("document.querySelector('#id_text').removeAttribute('required')")
    page.get_by_role("button", name="提交").click()
    page.wait_for_selector("text=有 1 处需要修改")
    picture(page, "error-1440")
    assert page.title().startswith("错误：")
    assert page.evaluate("document.activeElement.hasAttribute('data-errors')")
    axe(page)
    page.locator(".error-summary a").click()
    assert page.evaluate("document.activeElement.id") == "id_text"


def test_a_double_click_sends_once(page_as: Any) -> None:
    page = page_as(Role.WINDOW_CLERK)
    page.goto("/suggestions/")
    page.fill("#id_text", "只说一次")
    page.get_by_role("button", name="提交").dblclick()
    page.wait_for_selector("text=已收到")
    assert Suggestion.objects.count() == 1


def test_columns_are_chosen_and_a_file_is_downloaded(page_as: Any, axe: Any, entries: None) -> None:
    page = page_as(Role.AUDITOR)
    page.goto("/journal/?event=case.imported")
    page.get_by_text("列设置").click()
    axe(page)
    page.get_by_label("对象", exact=True).last.uncheck()
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("thead")
    assert page.locator("thead").inner_text().count("对象") == 0
    page.get_by_text("导出", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    assert waiting.value.suggested_filename.endswith(".csv")


def test_the_end_of_the_session_is_announced_five_minutes_before(
    page_as: Any, axe: Any, picture: Any
) -> None:
    page = page_as(Role.WINDOW_CLERK)
    page.clock.install()
    page.goto("/")
    page.wait_for_load_state("networkidle")  # what the page still asks for counts as use
    page.clock.fast_forward("26:00")
    page.wait_for_selector("text=将在4分钟后自动退出登录")
    picture(page, "session-end-1440")
    axe(page)
    page.get_by_role("button", name="继续使用").click()
    page.wait_for_selector(".session-end", state="detached")


def test_printing_leaves_the_frame_away(page_as: Any, picture: Any, entries: None) -> None:
    page = page_as(Role.AUDITOR)
    page.goto("/journal/")
    page.emulate_media(media="print")
    for gone in (".site-head", ".site-nav", ".list-filters", ".pager", ".site-foot"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator(".print-foot")).to_be_visible()
    expect(page.locator("table")).to_be_visible()
    picture(page, "print-1440")
