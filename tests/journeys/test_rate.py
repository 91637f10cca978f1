"""A citizen rates on a phone without logging in, with scripts and without."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.journeys.conftest import PHONE, overflows
from xinfu.cases.models import Case
from xinfu.core import links
from xinfu.ratings.models import Rating
from xinfu.ratings.ways import FIRST


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 6, 29)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_citizen_rates_on_a_phone(
    page_as: Any, county: Any, tmp_path: Path, axe: Any, picture: Any, scripts: bool
) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(1, 办结时间="2023-06-28 10:00:00", 办件状态="办结")]))
    import_cases(path)
    until = datetime(2023, 6, 29, tzinfo=CHINA) + timedelta(days=30)
    token = links.make(FIRST, str(Case.objects.get().pk), until=until)
    page = page_as(None, size=PHONE, scripts=scripts)
    page.goto(f"/ratings/r/{token}/")
    expect(page.get_by_label("无理由超过法定办理时间")).to_be_hidden()
    page.locator('label[for="level-1"]').click()
    page.get_by_label("无理由超过法定办理时间").check()
    page.get_by_label("还想说的话").fill("等了很久")
    if scripts:
        axe(page)
        assert not overflows(page)
        picture(page, "rate-phone", full=True)
    page.get_by_role("button", name="提交评价").click()
    page.get_by_text("已收到您的评价").first.wait_for()
    if scripts:
        axe(page)
        picture(page, "rated-phone", full=True)
    rating = Rating.objects.get()
    assert (rating.level, rating.reason_codes, rating.is_anonymous) == (1, "110", True)
