"""The appraisal office reads ratings, keeps a text from the public, looks at who rated, switches a reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import make
from tests.conftest import CHINA
from tests.journeys.conftest import DESK, PHONE, overflows
from tests.ratings import loops
from xinfu.core.access import Role
from xinfu.ratings import actions

AT = datetime(2023, 5, 18, 8, 0, tzinfo=CHINA)
BEFORE = datetime(2023, 5, 17, 8, 0, tzinfo=CHINA)


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_ratings_are_read_narrowed_and_decided_about(
    page_as: Any, county: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    name = "desk" if size == DESK else "phone"
    for n in range(6):
        loops.rating(
            county, BEFORE, named=False, level=5 - n % 2, reason_codes="510" if n % 2 == 0 else "406", text=""
        )
    lone = loops.rating(county, BEFORE, named=False, level=2, reason_codes="213", may_publish=True,
                        department=county.unit_b, window=county.window_b1, text="张某某态度差，名字我记着")  # fmt: skip
    named = loops.rating(county, AT, level=4, reason_codes="406", text="办得挺快，谢谢")
    loops.rating(county, AT, named=False, text="今天写的")
    loops.rating(county, BEFORE, named=False, channel="7", level=5, text="", reason_codes="")
    actions.tell(by=make.SYSTEM, at=AT)
    page = page_as(Role.APPRAISAL, county.appraisal, size)

    page.goto("/ratings/list/")
    expect(page.get_by_text("8 条").first).to_be_visible()
    assert page.get_by_text("今天写的").count() == 0
    axe(page)
    assert not overflows(page)
    picture(page, f"ratings-{name}", full=True)
    page.goto("/ratings/list/?level=2")
    axe(page)
    page.goto("/ratings/list/?kind=default")
    expect(page.get_by_role("heading", name="系统默认评价")).to_be_visible()
    axe(page)

    page.goto(f"/ratings/list/{lone.code}/")
    expect(page.get_by_text("同日评价较少").first).to_be_visible()
    axe(page)
    assert not overflows(page)
    picture(page, f"rating-anonymous-{name}", full=True)
    page.get_by_role("textbox", name="理由").fill("写了他人姓名")
    page.get_by_role("button", name="不公开这段文字").click()
    page.get_by_text("已决定不公开").first.wait_for()
    axe(page)
    picture(page, f"rating-withheld-{name}", full=True)

    page.goto(f"/ratings/list/{named.code}/")
    expect(page.get_by_text("章**").first).to_be_visible()
    axe(page)
    picture(page, f"rating-named-{name}", full=True)
    page.get_by_role("textbox", name="查看事由").fill("当面致谢并了解情况")
    page.get_by_role("button", name="显示", exact=True).click()
    page.get_by_text("章明明").first.wait_for()
    axe(page)
    picture(page, f"rating-person-{name}", full=True)

    page.goto("/ratings/reasons/")
    axe(page)
    assert not overflows(page)
    picture(page, f"reasons-{name}", full=True)
    page.get_by_role("link", name="调整可以全程网上办理").click()
    page.get_by_label("启用", exact=True).check()
    page.get_by_role("textbox", name="依据").fill("考评科第3次例会")
    axe(page)
    assert not overflows(page)
    picture(page, f"reason-{name}", full=True)
    page.get_by_role("button", name="保存").click()
    page.get_by_text("自2023-05-18起启用").first.wait_for()
    axe(page)
