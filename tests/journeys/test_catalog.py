"""A clerk brings a county's published list of 1,135 items in, reads its three bad links, and takes the batch back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.journeys.conftest import DESK, PHONE, overflows
from xinfu.catalog.models import Item
from xinfu.core.access import Role


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_clerk_imports_the_published_list_and_takes_it_back(
    page_as: Any, axe: Any, picture: Any, shared_data: Path, size: dict[str, int]
) -> None:
    path = shared_data / "services" / "guangan-county-service-items.csv"
    if not path.is_file():
        pytest.skip("the published list of 广安区 is not on this machine")
    page = page_as(Role.GENERAL, size=size)

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        picture(page, f"items-{name}-{size['width']}")
        assert overflows(page) <= 0, name
        axe(page)

    # given the file, the request only keeps it; a reload shows the same bar
    page.goto("/items/import/")
    look("upload")
    page.set_input_files("[name=file]", path)
    page.get_by_label("映射").select_option(value="guangan")
    page.get_by_role("button", name="检查").click()
    page.wait_for_url("**/items/import/*/")
    page.reload()
    page.get_by_text("排队中，等后台任务接手").wait_for()
    look("progress")

    # when it is checked, the page shows the result by itself, with the three links that cannot open
    make.run_tasks()
    page.get_by_role("heading", name="检查结果：尚未写入").wait_for()
    assert "1,135" in page.inner_text("main")
    assert not Item.objects.exists()
    page.get_by_role("link", name="网址 3").click()
    assert page.locator("td", has_text="缺区划和层级").count() == 3
    look("checked")
    page.get_by_role("button", name="确认导入").click()
    page.get_by_role("heading", name="进度").wait_for()
    make.run_tasks()
    page.get_by_role("heading", name="结果", exact=True).wait_for()
    assert Item.objects.count() == 1135
    look("result")

    # then exactly these items are listed, and the batch can be taken back
    page.get_by_role("link", name="查看本批次写入的 1,135 项").click()
    page.get_by_text("1,135").first.wait_for()
    look("list")
    page.locator("tr[data-row] a[data-open]").first.click()
    look("detail")
    page.goto("/items/import/")
    page.get_by_role("link", name=path.name).first.click()
    page.get_by_role("button", name="撤销本批次").click()
    look("undo")
    page.get_by_role("button", name="确认撤销").click()
    page.get_by_role("heading", name="进度").wait_for()
    make.run_tasks()
    page.get_by_text("已撤销").first.wait_for()
    look("undone")
    assert not Item.objects.exists()
