"""An assigned item goes its way: given, accepted, begun, reported, confirmed; on the desk and on a phone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.assignments.flow import Status
from xinfu.assignments.models import Item
from xinfu.core.access import Role


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


def press(page: Page, verb: str, said: str = "", *, sure: bool = False) -> None:
    if said:
        page.get_by_role("textbox", name="办理情况或理由").fill(said)
    page.get_by_role("button", name=verb, exact=True).click()
    if sure:
        page.locator(".confirm-form button[type=submit]").click()
    page.get_by_text(f"已办理：{verb}").first.wait_for()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_item_is_given_accepted_reported_and_confirmed(
    page_as: Any, county: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    name = "desk" if size == DESK else "phone"
    giver = page_as(Role.GENERAL, county.general, size)
    doer = page_as(Role.UNIT_LIAISON, county.unit_a, size)

    giver.goto("/assignments/give/")
    axe(giver)
    assert not overflows(giver)
    giver.get_by_label("交办什么").fill("压减受理超时件")
    giver.get_by_label("承办单位").select_option(str(county.unit_a.pk))
    giver.get_by_label("完成期限").fill("2023-05-26")
    picture(giver, f"assigned-give-{name}", full=True)
    giver.get_by_role("button", name="交办", exact=True).click()
    giver.get_by_text("已交办").first.wait_for()
    item = Item.objects.get()

    doer.goto("/assignments/")
    doer.get_by_text("黄灯").first.wait_for()
    axe(doer)
    assert not overflows(doer)
    picture(doer, f"assigned-list-{name}", full=True)
    doer.goto(f"/assignments/{item.pk}/")
    press(doer, "签收")
    press(doer, "开始办理")
    press(doer, "报结", "逐件说明原因，受理时限已压减")
    axe(doer)
    assert not overflows(doer)

    giver.goto(f"/assignments/{item.pk}/")
    axe(giver)
    picture(giver, f"assigned-item-{name}", full=True)
    press(giver, "确认办结", "同意", sure=True)
    item.refresh_from_db()
    assert item.status == Status.CONFIRMED
