"""Versions: changes hold from their day, days before keep what they had."""

from __future__ import annotations

from datetime import date

import pytest

from tests.catalog.conftest import CODE, OTHER, ROW, Bring
from xinfu.catalog import queries, rules
from xinfu.catalog.models import Item, ItemBatch, ItemVersion
from xinfu.core.models import JournalEntry
from xinfu.people.models import Department


def counts(batch: ItemBatch) -> tuple[int, ...]:
    return batch.created, batch.updated, batch.unchanged, batch.rejected


def reasons(batch: ItemBatch, level: str = "rejected") -> list[str]:
    return [f.reason for f in queries.findings(batch) if f.level == level]


def test_a_first_import_without_a_day_holds_for_cases_of_before(bring: Bring) -> None:
    assert counts(bring([ROW])) == (1, 0, 0, 0)
    version = queries.item_on(CODE, date(2010, 1, 1))
    assert version is not None
    assert version.since == rules.OPEN_START
    assert version.promise_days == 5


def test_a_change_begins_on_its_day_and_ends_the_former_version_the_day_before(bring: Bring) -> None:
    bring([ROW], on="2023-01-10")
    old = ItemVersion.objects.get()
    kept = {**ItemVersion.objects.values().get(), "until": None, "ended_by_id": None}
    batch = bring([{**ROW, "promise_day": "3"}], on="2023-05-18")
    assert counts(batch) == (0, 1, 0, 0)
    last, first = queries.item_on(CODE, date(2023, 5, 17)), queries.item_on(CODE, date(2023, 5, 18))
    assert last == old
    assert first is not None
    assert (first.version, first.promise_days, first.since) == (2, 3, date(2023, 5, 18))
    old.refresh_from_db()
    assert old.until == date(2023, 5, 17)
    now = {**ItemVersion.objects.filter(pk=old.pk).values().get(), "until": None, "ended_by_id": None}
    assert now == kept, "nothing else of an old version changes"


def test_a_stated_day_counts_instead_of_the_day_of_import(bring: Bring) -> None:
    bring([{**ROW, "plan_effective_date": "2022-01-01"}])
    bring([{**ROW, "plan_effective_date": "20240701", "promise_day": "1"}], on="2023-05-18")
    assert queries.item_on(CODE, date(2021, 12, 31)) is None
    before, after = queries.item_on(CODE, date(2024, 6, 30)), queries.item_on(CODE, date(2024, 7, 1))
    assert before is not None
    assert after is not None
    assert (before.promise_days, after.promise_days) == (5, 1)


def test_a_file_with_an_items_history_gives_its_versions_and_again_nothing(bring: Bring) -> None:
    rows = [
        {**ROW, "plan_effective_date": "2023-03-01", "promise_day": "3"},
        {**ROW, "plan_effective_date": "2022-01-01"},
    ]
    assert counts(bring(rows)) == (1, 1, 0, 0)
    spans = [(v.since, v.until, v.promise_days) for v in ItemVersion.objects.order_by("since")]
    assert spans == [
        (date(2022, 1, 1), date(2023, 2, 28), 5),
        (date(2023, 3, 1), None, 3),
    ]
    assert counts(bring(rows, on="2023-06-01")) == (0, 0, 2, 0)


def test_a_second_change_on_one_day_is_refused_and_so_is_one_of_the_past(bring: Bring) -> None:
    bring([{**ROW, "plan_effective_date": "2023-05-18"}])
    again = bring([{**ROW, "promise_day": "3"}])
    assert counts(again) == (0, 0, 0, 1)
    assert "同一天不能再变" in reasons(again)[0]
    past = bring([{**ROW, "promise_day": "3", "plan_effective_date": "2023-05-17"}])
    assert "早于现行版本" in reasons(past)[0]
    same = bring([{**ROW, "promise_day": "3", "plan_effective_date": "2023-05-18"}])
    assert "版本不可改写" in reasons(same)[0]
    assert ItemVersion.objects.count() == 1


def test_a_cancelled_item_ends_on_its_day_and_may_come_back(bring: Bring) -> None:
    bring([ROW])
    assert counts(bring([{**ROW, "plan_cancel_date": "2023-06-30"}], on="2023-06-01")) == (0, 1, 0, 0)
    assert queries.item_on(CODE, date(2023, 6, 30)) is not None
    assert queries.item_on(CODE, date(2023, 7, 1)) is None
    assert counts(bring([{**ROW, "plan_cancel_date": "2023-06-30"}], on="2023-08-01")) == (0, 0, 1, 0)
    assert counts(bring([ROW], on="2023-09-01")) == (0, 1, 0, 0)
    assert queries.item_on(CODE, date(2023, 8, 31)) is None
    assert queries.item_on(CODE, date(2023, 9, 1)) is not None


@pytest.mark.parametrize(
    "since, until",
    [("2023-05-01", "2023-04-30"), ("", "1999-12-31")],
)
def test_an_end_before_the_beginning_is_refused(bring: Bring, since: str, until: str) -> None:
    batch = bring([{**ROW, "plan_effective_date": since, "plan_cancel_date": until}])
    assert counts(batch) == (0, 0, 0, 1)
    assert "早于" in reasons(batch)[0]
    assert not Item.objects.exists(), "a refused row leaves no item behind"


def test_ending_an_item_before_its_version_began_is_refused(bring: Bring) -> None:
    bring([{**ROW, "plan_effective_date": "2023-05-01"}])
    batch = bring([{**ROW, "plan_cancel_date": "2023-04-01"}])
    assert "早于现行版本的生效日期" in reasons(batch)[0]


def test_what_a_poorer_file_does_not_speak_of_stays(bring: Bring) -> None:
    bring([{**ROW, "by_law": "食品安全法"}])
    batch = bring(
        [{"task_code": CODE, "task_name": "食品经营许可（新办）", "task_type": "01"}], on="2023-06-01"
    )
    assert counts(batch) == (0, 1, 0, 0)
    version = queries.item_on(CODE, date(2023, 6, 1))
    assert version is not None
    assert (version.name, version.promise_days) == ("食品经营许可（新办）", 5)
    assert version.details["by_law"] == "食品安全法"


def test_an_emptied_cell_is_a_change(bring: Bring) -> None:
    bring([ROW])
    bring([{**ROW, "online_handle_url": ""}], on="2023-06-01")
    old, new = ItemVersion.objects.order_by("since")
    said = [(d.label, d.before, d.after) for d in queries.differences(old, new)]
    assert said == [("网上办理地址", "https://www.example.cn/item/1", "—")]


def test_differences_read_like_the_guide(bring: Bring) -> None:
    bring([ROW])
    bring([{**ROW, "promise_day": "0", "project_type": "即办件", "is_entry_center": "是"}], on="2023-06-01")
    old, new = ItemVersion.objects.order_by("since")
    assert [(d.label, d.before, d.after) for d in queries.differences(old, new)] == [
        ("办件类型", "承诺件", "即办件"),
        ("承诺办结时限", "5个工作日", "即办（0）"),
        ("进驻政务大厅", "否", "是"),
    ]


@pytest.mark.parametrize(
    "row, kind, why",
    [
        ({"anticipate_day": "20"}, "workday", "a bare number is working days, whatever stood before"),
        ({"anticipate_day": "2个月"}, "month", "the cell says its unit"),
        ({"anticipate_day": "20", "anticipate_type": "自然日"}, "calendar", "the unit's own column"),
        ({"anticipate_type": "自然日", "anticipate_day": "20"}, "calendar", "in whatever order"),
        ({"anticipate_type": "自然日", "anticipate_day": "1年"}, "year", "the cell goes before the column"),
        ({"anticipate_day": "无期限"}, "none", ""),
    ],
)
def test_the_unit_of_a_limit(bring: Bring, row: dict[str, str], kind: str, why: str) -> None:
    bring([{**ROW, "anticipate_day": "3个月"}], on="2023-01-01")
    bring([{**ROW, "anticipate_day": "", "promise_day": "1", **row}], on="2023-06-01")
    assert ItemVersion.objects.get(version=2).statutory_kind == kind, why


def test_days_and_states_of_versions_in_words(bring: Bring) -> None:
    bring([ROW], on="2023-01-01")
    bring([{**ROW, "promise_day": "3", "plan_cancel_date": "2023-12-31"}], on="2023-06-01")
    old, new = ItemVersion.objects.order_by("since")
    assert queries.span(old) == "至2023-05-31（来源未注明生效日期）"
    assert queries.span(new) == "自2023-06-01至2023-12-31"
    assert queries.state_of(old, date(2023, 6, 1), is_last=False) == "已更新"
    assert [queries.state_of(new, date(2023, m, d)) for m, d in ((5, 31), (6, 1), (12, 31))] == [
        "未生效", "在用", "在用",
    ]  # fmt: skip
    assert queries.state_of(new, date(2024, 1, 1)) == "已取消"
    assert queries.in_force([new, old], date(2023, 5, 31)) == old
    assert queries.in_force([new], date(2023, 5, 31)) == new
    ItemVersion.objects.filter(pk=old.pk).update(until=None)
    old.refresh_from_db()
    assert queries.span(old) == "一直有效（来源未注明生效日期）"
    new.until = None
    assert queries.span(new) == "自2023-06-01起"


def test_a_department_that_is_founded_later_is_tied_by_the_same_file(bring: Bring, office: object) -> None:
    row = {**ROW, "dept_name": "县新设局"}
    assert counts(bring([row])) == (1, 0, 0, 0)
    unit = Department.objects.create(
        code="NEW1", name="县新设局", short_name="新设局", kind="other", path="/x/"
    )
    assert counts(bring([row], on="2023-06-01")) == (0, 1, 0, 0)
    assert counts(bring([row], on="2023-06-02")) == (0, 0, 1, 0)
    version = ItemVersion.objects.get()
    assert version.department_id == version.item.department_id == unit.pk


def test_departments_are_found_by_code_or_name(bring: Bring, office: object) -> None:
    unit = Department.objects.get(name="县市场监管局")
    bring(
        [ROW, {**ROW, "task_code": OTHER, "task_name": "另一项", "dept_name": "局", "dept_code": unit.code}]
    )
    assert {v.department_id for v in ItemVersion.objects.order_by("pk")} == {unit.pk}


# --- set-wise --------------------------------------------------------------------------------------


def test_importers_get_every_version_as_rows(bring: Bring) -> None:
    bring([{**ROW, "local_task_code": "许可-00123-000", "plan_effective_date": "2022-01-01", "promise_day": "1个月",
            "anticipate_day": "2个月"}])  # fmt: skip
    bring([{**ROW, "task_code": OTHER}])
    names = list(queries.VERSION_COLUMNS)
    rows = [dict(zip(names, row, strict=True)) for row in queries.versions_for([CODE])]
    assert [r["code"] for r in rows] == [CODE, "许可-00123-000"]
    assert rows[0]["promise_workdays"] == 22
    assert (rows[0]["since"], rows[0]["until"]) == (date(2022, 1, 1), None)
    assert {r[0] for r in queries.versions_for()} == {CODE, OTHER, "许可-00123-000"}
    assert list(queries.versions_for(["nothing"])) == []


def test_a_local_code_of_two_items_is_nobodys(bring: Bring) -> None:
    shared = {"local_task_code": "许可-00123-000"}
    bring([{**ROW, **shared}, {**ROW, **shared, "task_code": OTHER, "task_name": "另一项"}])
    assert {r[0] for r in queries.versions_for()} == {CODE, OTHER}


def test_a_case_may_name_the_handle_item(bring: Bring) -> None:
    bring([ROW])
    assert queries.item_on(f"{CODE}01", date(2023, 5, 18)) is not None


# --- taking back -----------------------------------------------------------------------------------


def test_an_import_is_one_line_in_the_journal(bring: Bring) -> None:
    batch = bring([ROW])
    entry = JournalEntry.objects.get(event="items.imported")
    assert entry.subject == f"catalog.ItemBatch:{batch.pk}"
    assert batch.content_digest.encode() in bytes(entry.body)
