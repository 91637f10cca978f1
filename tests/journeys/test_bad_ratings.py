"""A bad rating goes round: called back, appealed, rejected by another unit, rectified; on the desk and on a phone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from playwright.sync_api import Page

from tests import make
from tests.conftest import CHINA
from tests.journeys.conftest import DESK, PHONE, overflows
from tests.ratings import loops
from xinfu.core.access import Role
from xinfu.ratings import actions
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


def press(page: Page, verb: str, said: str = "", *, sure: bool = False) -> None:
    if said:
        page.get_by_role("textbox", name="说明").fill(said)
    page.get_by_role("button", name=verb, exact=True).click()
    if sure:
        page.get_by_role("button", name=f"确认{verb}").click()
    page.get_by_text("已办理").first.wait_for()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_bad_rating_is_called_back_appealed_rejected_and_rectified(
    page_as: Any, county: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    name = "desk" if size == DESK else "phone"
    at = datetime(2023, 5, 18, 8, 0, tzinfo=CHINA)
    loop = actions.open_loop(rating=loops.rating(county, at), by=make.SYSTEM, at=at)
    loops.loop(county, at, named=False)
    handler = page_as(Role.WINDOW_CHIEF, county.unit_a, size)
    judge = page_as(Role.APPRAISAL, county.appraisal, size)

    handler.goto("/ratings/loops/")
    handler.get_by_text("还剩1个工作日").first.wait_for()
    axe(handler)
    picture(handler, f"bad-ratings-{name}", full=True)
    handler.goto("/ratings/loops/sheet/")
    axe(handler)
    picture(handler, f"bad-rating-sheet-{name}", full=True)

    handler.goto(f"/ratings/loops/{loop.rating.code}/")
    axe(handler)
    assert not overflows(handler)
    picture(handler, f"bad-rating-{name}", full=True)
    handler.get_by_role("button", name="显示姓名和电话").click()
    handler.get_by_role("link", name="13800001234").wait_for()
    handler.get_by_label("接通", exact=True).check()
    handler.get_by_role("textbox", name="通话内容").fill("排队时间长，要求说明")
    handler.get_by_role("button", name="登记回访").click()
    handler.get_by_text("已登记回访").first.wait_for()
    press(handler, "认为不实，提出申诉", "当日系统故障，非窗口原因")

    judge.goto(f"/ratings/loops/{loop.rating.code}/")
    axe(judge)
    picture(judge, f"bad-rating-judge-{name}", full=True)
    press(judge, "申诉驳回", "故障期间未告知群众，属实")

    handler.goto(f"/ratings/loops/{loop.rating.code}/")
    press(handler, "认定属实，开始整改", "张贴告知并致歉")
    press(handler, "整改完成", "已张贴告知，已致歉", sure=True)
    axe(handler)
    assert not overflows(handler)
    picture(handler, f"bad-rating-done-{name}", full=True)
    assert BadRating.objects.get(pk=loop.pk).status == Status.RECTIFIED

    judge.goto("/ratings/loops/spot-checks/")
    judge.get_by_role("textbox", name="办结日期从").fill("2023-05-01")
    judge.get_by_role("textbox", name="到", exact=True).fill("2023-05-31")
    axe(judge)
    judge.get_by_role("button", name="抽取").click()
    judge.get_by_text("种子：").wait_for()
    axe(judge)
    picture(judge, f"spot-check-{name}", full=True)
    judge.get_by_role("link", name=loop.number).click()
    judge.get_by_label("接通", exact=True).check()
    judge.get_by_role("textbox", name="通话内容").fill("对整改满意")
    judge.get_by_role("button", name="登记回访").click()
    judge.get_by_text("已登记回访").first.wait_for()
    axe(judge)
    assert not overflows(judge)
