"""A clerk asks, a person rates on the window's tablet; then what everybody may read of the window."""

from __future__ import annotations

import itertools
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.journeys.conftest import DESK, PHONE, overflows
from tests.ratings import crowd
from xinfu.cases.models import Case
from xinfu.core.access import Role
from xinfu.ratings.models import Rating

TABLET = {"width": 1280, "height": 800}


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 6, 29)


def test_from_the_clerks_press_to_the_thanks(
    page_as: Any, county: Any, tmp_path: Path, axe: Any, picture: Any
) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(1, 办结时间="2023-06-28 10:00:00", 办件状态="办结")]))
    import_cases(path)
    case = Case.objects.get()

    chief = page_as(Role.WINDOW_CHIEF)
    chief.goto("/ratings/tablets/new/")
    chief.get_by_label("窗口", exact=True).select_option(label="市场监管窗口一（县市场监管局）")
    chief.get_by_label("平板名称").fill("1号平板")
    chief.get_by_role("button", name="登记").click()
    chief.get_by_text("链接15分钟内有效").wait_for()
    axe(chief)
    picture(chief, "tablet-pairing", full=True)
    link = chief.locator("p.code").inner_text()

    tablet = page_as(None, size=TABLET)
    tablet.goto(link)
    axe(tablet)
    tablet.get_by_role("button", name="配对").click()
    tablet.get_by_role("heading", name="市场监管窗口一").wait_for()
    axe(tablet)
    picture_of(tablet, picture, "tablet-waiting")

    clerk = page_as(Role.WINDOW_CLERK)
    clerk.goto(f"/cases/{case.pk}/")
    clerk.get_by_role("link", name="请评价", exact=True).last.click()
    axe(clerk)
    picture(clerk, "tablet-ask")
    clerk.get_by_role("button", name="请评价").click()
    clerk.get_by_text("正在请办事人评价").wait_for()
    axe(clerk)

    tablet.get_by_role("heading", name="请您评价").wait_for()
    assert case.case_no not in tablet.content()
    tablet.locator('label[for="level-1"]').click()
    tablet.get_by_label("无理由超过法定办理时间").check()
    axe(tablet)
    assert not overflows(tablet)
    picture_of(tablet, picture, "tablet-asking")
    tablet.get_by_role("button", name="提交评价").click()
    tablet.get_by_role("heading", name="已收到，谢谢您").wait_for()
    axe(tablet)
    tablet.get_by_role("heading", name="市场监管窗口一").wait_for()

    clerk.get_by_text("已结束，平板可以请下一位评价").wait_for()
    assert "不满意" not in clerk.locator("#main").inner_text()
    rating = Rating.objects.get()
    assert (rating.level, rating.reason_codes, rating.channel, rating.case) == (1, "110", "4", None)
    chief.goto("/ratings/tablets/")
    axe(chief)
    picture(chief, "tablets", full=True)


def picture_of(page: Any, picture: Any, name: str) -> None:
    """Take a picture of a page that asks again by itself and is never quite idle."""
    page.wait_for_timeout(200)
    picture(page, name)


def test_the_last_seconds_are_counted_and_a_tap_goes_on(
    page_as: Any, county: Any, tmp_path: Path, axe: Any, picture: Any
) -> None:
    from xinfu.core import clock
    from xinfu.ratings.actions import tablets
    from xinfu.ratings.models import TabletRequest

    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(1, 办结时间="2023-06-28 10:00:00", 办件状态="办结")]))
    import_cases(path)
    chief = make.actor(Role.WINDOW_CHIEF, county.unit_a)
    at = clock.now()
    made = tablets.prepare_tablet(window_id=county.window_a1.pk, name="1号", by=chief, at=at)
    page = page_as(None, size=TABLET)
    page.goto(f"/ratings/tablet/pair/{tablets.pairing_token(made, at)}/")
    page.get_by_role("button", name="配对").click()
    page.get_by_role("heading", name="市场监管窗口一").wait_for()
    clerk = make.actor(Role.WINDOW_CLERK, county.unit_a)
    asked = tablets.ask(case=Case.objects.get(), window_id=county.window_a1.pk, by=clerk, at=clock.now())
    page.get_by_role("heading", name="请您评价").wait_for()
    bar = page.locator("#tablet-left")
    expect(bar).to_be_hidden()
    from datetime import timedelta

    TabletRequest.objects.filter(pk=asked.pk).update(open_until=clock.now() + timedelta(seconds=12))
    page.reload()
    bar.wait_for(state="visible")
    axe(page)
    picture_of(page, picture, "tablet-last-seconds")
    page.get_by_role("button", name="继续评价").click()
    bar.wait_for(state="hidden")
    TabletRequest.objects.filter(pk=asked.pk).update(open_until=clock.now())
    page.get_by_role("heading", name="市场监管窗口一").wait_for()
    assert not Rating.objects.exists()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_everybody_reads_what_was_said_of_a_window(
    page_as: Any, county: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    serial = itertools.count(1)

    def rated(times: int, level: int, **changes: Any) -> list[crowd.Rated]:
        values: dict[str, Any] = {
            "case_id": None, "rated_at": datetime(2023, 5, 4, 9, tzinfo=CHINA), "level": level, "channel": "3",
            "reasons": (), "text": "", "is_anonymous": True, "may_publish": False, "item_id": None,
            "item_code": "", "item_name": "食品经营许可", "department_id": county.unit_a.pk,
            "window_id": county.window_a1.pk, "town_id": None, **changes,
        }  # fmt: skip
        return [crowd.Rated(case_no=f"XC{next(serial):08}", **values) for _ in range(times)]

    texts = {"may_publish": True}
    rows = [
        *rated(1220, 5), *rated(310, 4), *rated(44, 3), *rated(6, 2), *rated(2, 1), *rated(9, 5, channel="7"),
        *rated(1, 5, text="材料一次就收下了，还帮我复印，很快。", **texts),
        *rated(1, 2, text="网上预约了，到大厅还要重新取号。", **texts),
        *rated(1, 4, text="办得快", is_anonymous=False, name="张三丰", phone="13800001234", **texts),
    ]  # fmt: skip
    crowd.write(rows)
    page = page_as(None, size=size, scripts=size is not PHONE)
    page.goto("/ratings/public/")
    if size is DESK:
        axe(page)
    page.get_by_role("link", name="市场监管窗口一").click()
    page.get_by_text("好评率").first.wait_for()
    name = "phone" if size is PHONE else "desk"
    picture(page, f"public-window-{name}", full=True)
    if size is DESK:
        axe(page)
        page.set_viewport_size(PHONE)
        axe(page)
        assert not overflows(page)
        page.get_by_role("link", name="大字版").click()
        axe(page)
        assert not overflows(page)
        picture(page, "public-window-large", full=True)
    assert not page.context.cookies()
