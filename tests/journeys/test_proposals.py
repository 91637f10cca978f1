"""A suggestion goes its way in the browser: written with similar ones beside, reviewed, answered; desk and phone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.indicators import proposals
from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.catalog.models import ItemVersion
from xinfu.core.access import Role
from xinfu.indicators.flow import ProposalStatus
from xinfu.indicators.models import Proposal


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


def decide(page: Any, pk: int, level: str, result: str, paper_no: str = "") -> None:
    page.goto(f"/indicators/proposals/{pk}/opinion/{level}/")
    page.get_by_label(result, exact=True).check()
    if paper_no:
        page.locator("[name=paper_no]").fill(paper_no)
    page.locator("[name=opinion]").fill("情况属实，有普遍性")
    page.get_by_role("button", name="登记意见").click()
    page.get_by_text("现在的状态是").first.wait_for()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_suggestion_is_written_reviewed_and_adopted(
    page_as: Any, county: Any, axe: Any, picture: Any, size: dict[str, int]
) -> None:
    name = "desk" if size == DESK else "phone"
    item = proposals.item("330624000123")
    ItemVersion.objects.create(
        item=item, version=1, name="企业变更登记", since=date(2020, 1, 1), imported_at=proposals.AT
    )
    proposals.proposal(county, state=ProposalStatus.CITY, title="精简企业开办登记提交的材料", item=item)
    unit = page_as(Role.UNIT_LIAISON, county.unit_b, size)
    office = page_as(Role.GENERAL, county.general, size)

    unit.goto("/indicators/proposals/new/")
    axe(unit)
    assert not overflows(unit)
    unit.get_by_label("建议名称").press_sequentially("简化企业开办登记材料")
    unit.get_by_text("以前提过的相近建议").wait_for()
    axe(unit)
    unit.get_by_role("textbox", name="建议内容").fill(proposals.CONTENT)
    unit.get_by_label("建议类型").select_option("materials")
    unit.get_by_label("涉及事项").fill("企业变更登记")
    picture(unit, f"proposal-form-{name}", full=True)
    assert not overflows(unit)
    unit.get_by_role("button", name="存为草稿").click()
    unit.get_by_text("核对后请提交县级审核").first.wait_for()
    axe(unit)
    unit.get_by_role("button", name="提交县级审核").click()
    unit.get_by_text("编号2023-0002").first.wait_for()
    one = Proposal.objects.get(number="2023-0002")

    office.goto("/")
    office.get_by_text("简化企业开办登记材料").first.wait_for()
    office.goto("/indicators/proposals/")
    office.get_by_text("简化企业开办登记材料").first.wait_for()
    axe(office)
    assert not overflows(office)
    picture(office, f"proposals-{name}", full=True)
    office.goto(f"/indicators/proposals/{one.pk}/opinion/county/")
    axe(office)
    assert not overflows(office)
    picture(office, f"proposal-review-{name}", full=True)
    decide(office, one.pk, "county", "同意上报")
    decide(office, one.pk, "city", "同意上报", "绍企建〔2023〕1号")
    decide(office, one.pk, "province", "采纳", "浙企建〔2023〕9号")
    axe(office)
    assert not overflows(office)

    unit.goto(f"/indicators/proposals/{one.pk}/")
    picture(unit, f"proposal-{name}", full=True)
    axe(unit)
    unit.get_by_role("button", name="已阅").click()
    unit.get_by_text("已记为已阅").first.wait_for()

    office.goto("/indicators/proposals/answers/")
    axe(office)
    table = "编号,层级,结果,日期,文号,意见\n2023-0001,市级,同意上报,2023-05-18,绍企建〔2023〕2号,\n2023-0007,省级,采纳,2023-05-18,浙1号,\n"
    office.locator("input[type=file]").set_input_files(
        {"name": "答复.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    office.get_by_role("button", name="检查").click()
    office.get_by_text("没有编号为“2023-0007”的建议").first.wait_for()
    axe(office)
    assert not overflows(office)
    picture(office, f"proposal-answers-{name}", full=True)
    office.get_by_role("button", name="确认登记1行").click()
    office.get_by_text("已登记 1 行，未收 1 行").first.wait_for()
    assert Proposal.objects.get(number="2023-0001").status == ProposalStatus.PROVINCE
