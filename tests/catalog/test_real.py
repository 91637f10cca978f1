"""A county's published list as strangers wrote it: 1,135 items of 四川省广安区."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.catalog.conftest import Bring
from xinfu.catalog import queries
from xinfu.catalog.models import Item, ItemBatch, ItemVersion


@pytest.fixture
def real(shared_data: Path) -> Path:
    path = shared_data / "services" / "guangan-county-service-items.csv"
    if not path.is_file():
        pytest.skip("the published list of 广安区 is not on this machine")
    return path


def counts(batch: ItemBatch) -> tuple[int, ...]:
    return batch.read, batch.created, batch.updated, batch.unchanged, batch.rejected


def test_all_items_come_in_and_the_same_file_again_changes_nothing(bring: Bring, real: Path) -> None:
    assert counts(bring(real, mapping="guangan")) == (1135, 1135, 0, 0, 0)
    assert Item.objects.count() == ItemVersion.objects.count() == 1135
    before = list(ItemVersion.objects.order_by("pk").values())
    assert counts(bring(real, mapping="guangan", on="2023-06-01")) == (1135, 0, 0, 1135, 0)
    assert list(ItemVersion.objects.order_by("pk").values()) == before


def test_the_three_links_that_cannot_open_are_reported_and_the_items_kept_and_marked(
    bring: Bring, real: Path
) -> None:
    batch = bring(real, mapping="guangan")
    bad = [f for f in queries.findings(batch) if f.kind == "link"]
    assert [f.row for f in bad] == [167, 368, 632]
    for finding in bad:
        assert finding.column == "link"
        assert finding.value.startswith("http://")
        assert "缺区划和层级" in finding.reason
        assert finding.level == "marked"
    marked = ItemVersion.objects.exclude(link_fault="").order_by("item__code")
    assert [v.item.code for v in marked] == [
        "E-000004-001-11511301008778386B",
        "E-000021-001-1111111111111111",
        "H-000185-001-4444444444",
    ]
    assert all(v.online_url for v in marked)


def test_rows_that_look_twice_and_a_code_of_another_division_are_reported(bring: Bring, real: Path) -> None:
    found = {(f.kind, f.row) for f in queries.findings(bring(real, mapping="guangan"))}
    assert {("same_name", 539), ("same_name", 932), ("division", 119)} <= found


def test_departments_that_are_not_in_the_tree_are_said_once_each_and_kept_as_text(
    bring: Bring, real: Path
) -> None:
    batch = bring(real, mapping="guangan")
    unknown = [f for f in queries.findings(batch) if f.kind == "department"]
    assert len({(f.column, f.reason) for f in unknown}) == len(unknown) < 50
    assert ItemVersion.objects.filter(department_name="区人社局").count() == 144


def test_encoding_and_format_do_not_change_what_a_file_says(bring: Bring, real: Path, tmp_path: Path) -> None:
    import csv

    from xinfu.lib import tables

    with real.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = list(csv.reader(file))
    sheet = tmp_path / "items.xlsx"
    tables.write_xlsx(sheet, head, rows)
    first = bring(real, mapping="guangan")
    gb = bring(real.read_text(encoding="utf-8").encode("gb18030"), mapping="guangan")
    xlsx: Any = bring(sheet, mapping="guangan", name="items.xlsx")
    assert len({first.content_digest, gb.content_digest, xlsx.content_digest}) == 1
    assert counts(gb) == counts(xlsx) == (1135, 0, 0, 1135, 0)
