"""The view `items`: what the item rates of hall.md §3.2 count."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from tests.catalog.conftest import CODE, OTHER, ROW, Bring, day
from xinfu.catalog import local as ours
from xinfu.catalog import rules
from xinfu.core import local
from xinfu.core.actor import system
from xinfu.core.registry import snapshot_views

VIEW = snapshot_views["items"]


def rows() -> dict[str, dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(VIEW.select.replace("{where}", "1 = 1"))
        found = [dict(zip(VIEW.columns, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT v.id, i.code FROM catalog_itemversion v JOIN catalog_item i ON i.id = v.item_id"
        )
        codes = dict(cursor.fetchall())
    return {codes[row["version_id"]]: row for row in found}


def test_each_version_says_what_the_rates_need(bring: Bring) -> None:
    bring(
        [
            {**ROW, "anticipate_day": "1个月", "limit_scene_num": "0"},
            {**ROW, "task_code": OTHER, "task_name": "检查", "task_type": "06", "promise_day": "无期限", "anticipate_day": "无期限",
             "online_handle_url": "", "limit_scene_num": "1", "online_handle_depth": "5", "is_visit_exempt": "是"},
        ]
    )  # fmt: skip
    first, second = rows()[CODE], rows()[OTHER]
    assert first["applied"]
    assert not second["applied"]
    assert (first["statutory_workdays"], first["promise_workdays"]) == (22, 5)
    assert (second["promise_workdays"], second["promise_kind"]) == (None, "none")
    assert (bool(first["online_url_given"]), bool(second["online_url_given"])) == (True, False)
    assert (bool(first["zero_visit"]), bool(second["zero_visit"])) == (True, False)
    assert second["visits_exempt"]
    assert second["visits"] == 1


def test_the_worked_example_of_the_compression_rate(bring: Bring) -> None:
    """hall.md §3.2: statutory 20 + 60 + 1 month, promise 5 + 10 + 3 gives 84/102."""
    limits = [("20", "5"), ("60", "10"), ("1个月", "3")]
    bring(
        [
            {
                **ROW,
                "task_code": f"{CODE[:-1]}{n}",
                "task_name": f"第{n}项",
                "anticipate_day": s,
                "promise_day": p,
            }
            for n, (s, p) in enumerate(limits)
        ]
    )
    found = rows().values()
    statutory = sum(row["statutory_workdays"] for row in found)
    assert (statutory - sum(row["promise_workdays"] for row in found), statutory) == (84, 102)


@pytest.mark.parametrize(
    "days, kind", [(0, "calendar"), (7, "calendar"), (8, "calendar"), (2, "year"), (3, "month")]
)
def test_sql_and_rules_convert_alike(bring: Bring, days: int, kind: str) -> None:
    bring([{**ROW, "anticipate_day": str(days), "anticipate_type": kind, "promise_day": "0"}])
    assert rows()[CODE]["statutory_workdays"] == rules.workdays(days, kind, ours.rates_on(date(2023, 5, 18)))


def test_a_local_rule_changes_the_view_and_its_revision(bring: Bring) -> None:
    bring([{**ROW, "anticipate_day": "1个月", "limit_scene_num": "1", "online_handle_depth": "6"}])
    before = VIEW.revisions()
    by, at = system("tests"), day("2023-05-18")
    for code, value in (("catalog.month_workdays", 21), ("catalog.depth_counts_as_zero_visit", "yes")):
        local.set_rule(
            code=code, since=date(2023, 1, 1), value=value, source="县府办〔2023〕1号", by=by, at=at
        )
    row = rows()[CODE]
    assert row["statutory_workdays"] == 21
    assert row["zero_visit"]
    assert ours.depth_counts_on(date(2023, 5, 18))
    assert not ours.depth_counts_on(date(2022, 12, 31))
    assert VIEW.revisions() != before


def test_the_revision_moves_with_each_import_and_only_then(bring: Bring) -> None:
    assert list(VIEW.revisions()) == [""]
    bring([ROW])
    first = VIEW.revisions()
    assert VIEW.revisions() == first
    bring([{**ROW, "promise_day": "3"}], on="2023-06-01")
    assert VIEW.revisions() != first
