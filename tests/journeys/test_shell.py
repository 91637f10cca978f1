"""The frame in a browser: both sizes, keyboard, large type, no scripts, nothing for axe to find."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.core import inbox
from xinfu.core.access import Role
from xinfu.core.inbox import Todo

SCREENS = {
    "home": "/",
    "search": "/search/?q=日志",
    "downloads": "/downloads/",
    "help": "/help/",
    "suggestions": "/suggestions/",
    "rules": "/system/rules/",
    "status": "/system/status/",
    "journal": "/journal/",
    "missing": "/nothing-here/",
}


@pytest.fixture
def todos(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inbox with one thing in each group."""

    def source(actor: Any, now: datetime) -> list[Todo]:
        today = now.date()
        return [
            Todo("催办", "“企业变更登记”等 12 件已超过承诺时限", "/cases/?late=1", "系统", today - timedelta(days=3), now, "岗位：考评科", "case", "列入本周通报", 12),
            Todo("受理", "社会保险登记 受理时限今天截止", "/cases/1/", "市场监管窗口一", today, now, "直接", "case", "记超期受理1件"),
            Todo("审核", "第12期晨会单待核稿", "/papers/1/", "综合科 王某", today + timedelta(days=2), now, "代理：李某", "paper"),
            Todo("阅知", "关于做好五月份晾晒指标工作的通知", "/papers/2/", "综合科", None, now, "直接", "paper"),
        ]  # fmt: skip

    monkeypatch.setattr(inbox, "_SOURCES", {**inbox._SOURCES, "journey": source})


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", SCREENS)
def test_axe_finds_nothing_on_the_frames_screens(
    page_as: Any, axe: Any, picture: Any, todos: None, name: str, size: dict[str, int]
) -> None:
    page = page_as(Role.AUDITOR, size=size)
    page.goto(SCREENS[name])
    axe(page)
    assert overflows(page) <= 0
    picture(page, f"site-{name}-{size['width']}")
