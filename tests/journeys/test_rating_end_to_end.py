"""From a case that ends to the figures that move: invited, rated badly, put right, asked again, rated again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.module_loading import import_string
from playwright.sync_api import Page

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.journeys.conftest import PHONE, overflows
from tests.journeys.test_bad_ratings import press
from tests.ratings import loops
from xinfu.cases.models import Case
from xinfu.core import tasks
from xinfu.core.access import Role
from xinfu.core.senders import ConsoleSender
from xinfu.indicators import actions as indicators
from xinfu.indicators import queries as figures
from xinfu.ratings.models import BadRating, Channel, Rating

FINISHED = datetime(2023, 6, 26, 10, 0, tzinfo=CHINA)
TODAY = date(2023, 6, 28)
MONTH = "frm=2023-06-01&to=2023-06-30"


@pytest.fixture(autouse=True)
def _day(settings: Any, live_server: Any) -> None:
    settings.DEMO_DAY = TODAY
    settings.PUBLIC_ADDRESS = live_server.url


def run(*names: str, at: datetime) -> None:
    """Run lines of the schedule, as the ticker does when they are due."""
    calls = {line.name: line.call for line in tasks.schedule()}
    for name in names:
        import_string(calls[name])(at)


def letter(key: str) -> dict[str, str]:
    """Return the message as it left: the file of the outbox."""
    said: dict[str, str] = json.loads(ConsoleSender().path(key).read_text())
    return said


def link_of(text: str) -> str:
    start = text.index("http")
    return text[start:].split(" ")[0]


def good_rating_rate() -> str:
    """Bring snapshot and board up to date and return the printed rate of the month."""
    now = datetime(2023, 6, 28, 12, 0, tzinfo=CHINA)
    indicators.precompute(by=make.SYSTEM, at=now)
    (found,) = figures.figures(make.SYSTEM, date(2023, 6, 1), date(2023, 6, 30), (), ["good_rating_rate"])
    return str(found.value)


@pytest.fixture
def look(axe: Any, picture: Any) -> Callable[[Page, str], None]:
    def check(page: Page, name: str) -> None:
        axe(page)
        assert not overflows(page), name
        picture(page, f"end-to-end-{name}", full=True)

    return check


def rates(page: Page, link: str, level: int, reason: str = "") -> None:
    page.goto(link)
    page.locator(f'label[for="level-{level}"]').click()
    if reason:
        page.get_by_label(reason).check()
    page.get_by_label("实名评价").check()


def test_a_case_is_invited_rated_badly_put_right_and_rated_again(
    page_as: Any, county: Any, tmp_path: Path, look: Callable[[Page, str], None]
) -> None:
    for _ in range(9):
        loops.rating(county, FINISHED, level=5, named=False, reason_codes="", text="")
    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(1, 办结时间="2023-06-26 10:00:00", 办件状态="办结", 手机="13800001234")]))
    import_cases(path)
    case = Case.objects.get()
    run("ratings_tell", at=FINISHED + timedelta(hours=14, minutes=7))
    assert good_rating_rate() == "100.00"

    # A day later the message leaves.
    run("invite", "messages", at=FINISHED + timedelta(hours=24))
    invited = letter(f"rating_invited:{case.pk}")
    assert invited["to"] == "13800001234"

    # The citizen rates on a phone, by name.
    citizen = page_as(None, size=PHONE)
    rates(citizen, link_of(invited["text"]), 1, "无理由超过法定办理时间")
    look(citizen, "rate")
    citizen.get_by_role("button", name="提交评价").click()
    citizen.get_by_text("已收到您的评价").first.wait_for()
    look(citizen, "rated")
    rating = Rating.objects.get(case=case)
    assert (rating.level, rating.channel, rating.is_anonymous) == (1, Channel.MESSAGE, False)
    assert good_rating_rate() == "90.00"

    # The unit calls back and appeals; another one rejects it; the unit puts it right.
    handler = page_as(Role.WINDOW_CHIEF, county.unit_a)
    judge = page_as(Role.APPRAISAL, county.appraisal)
    address = f"/ratings/loops/{rating.code}/"
    handler.goto(address)
    look(handler, "loop")
    handler.get_by_role("button", name="显示姓名和电话").click()
    handler.get_by_role("link", name="13800001234").wait_for()
    handler.get_by_label("接通", exact=True).check()
    handler.get_by_role("textbox", name="通话内容").fill("等了很久，要求说明")
    handler.get_by_role("button", name="登记回访").click()
    handler.get_by_text("已登记回访").first.wait_for()
    press(handler, "认为不实，提出申诉", "当日系统故障，非窗口原因")
    judge.goto(address)
    look(judge, "judge")
    press(judge, "申诉驳回", "故障期间未告知群众，属实")
    handler.goto(address)
    press(handler, "认定属实，开始整改", "张贴告知并致歉")
    press(handler, "整改完成", "已张贴告知，已致歉", sure=True)
    look(handler, "rectified")
    loop = BadRating.objects.get(rating=rating)

    # Who rated by name is told, and rates once more.
    run("events", "messages", at=FINISHED + timedelta(days=2))
    told = letter(f"rating_invited_again:{loop.number}")
    assert "已核实整改" in told["text"]
    rates(citizen, link_of(told["text"]), 5)
    look(citizen, "rate-again")
    citizen.get_by_role("button", name="提交评价").click()
    citizen.get_by_text("已收到您的评价").first.wait_for()
    assert Rating.objects.get(case=case, turn=2).level == 5
    handler.goto(address)
    handler.get_by_role("heading", name="追评").wait_for()

    # Statistics and board have moved with it, and the office finds both messages.
    moved = good_rating_rate()
    assert moved == "90.91"
    judge.goto("/ratings/statistics/?frm=2023-06-01&to=2023-06-30")
    judge.get_by_text(f"{moved}%").first.wait_for()
    look(judge, "statistics")
    leader = page_as(Role.LEADER)
    leader.goto(f"/indicators/?{MONTH}")
    card = leader.locator(".indicator-card", has=leader.get_by_role("link", name="好评率", exact=True))
    assert moved in card.inner_text()
    look(leader, "board")
    judge.goto("/messages/")
    assert judge.get_by_text("138****1234").count() == 2
    look(judge, "messages")


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_who_has_not_rated_after_three_days_is_called(
    page_as: Any, county: Any, tmp_path: Path, look: Callable[[Page, str], None], settings: Any, size: Any
) -> None:
    settings.DEMO_DAY = date(2023, 6, 29)
    path = tmp_path / "cases.csv"
    rows = [row(n, 办结时间="2023-06-26 10:00:00", 办件状态="办结", 手机=f"1380000{n:04}") for n in (1, 2)]
    path.write_text(as_csv(rows))
    import_cases(path)
    run("list_calls", at=FINISHED + timedelta(days=3))
    name = "desk" if size is None else "phone"
    caller = page_as(Role.APPRAISAL, county.appraisal, size)
    caller.goto("/ratings/telephone/")
    look(caller, f"telephone-list-{name}")
    caller.locator("a[data-open]").first.click()
    look(caller, f"telephone-call-{name}")
    caller.get_by_role("button", name="显示姓名和电话").click()
    caller.get_by_role("link", name="1380000").wait_for()
    caller.get_by_label("接通，现在评价").check()
    caller.locator('label[for="level-5"]').click()
    caller.get_by_label("一窗受理一次办结").check()
    look(caller, f"telephone-filled-{name}")
    caller.get_by_role("button", name="登记结果").click()
    caller.get_by_text("已登记通话结果").first.wait_for()
    rating = Rating.objects.get()
    assert (rating.level, rating.reason_codes, rating.channel) == (5, "510", Channel.TELEPHONE)
    caller.goto("/ratings/telephone/done/")
    caller.locator("tr[data-row]", has_text="已通话").wait_for()
    look(caller, f"telephone-done-{name}")
