"""Deep pages: whichever way one walks, every row is met once and in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from xinfu.core.models import Download
from xinfu.core.ui import paging
from xinfu.core.ui.paging import Order

AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def rows(db: None) -> Any:
    """Forty rows whose sort value is often the same and often missing."""
    Download.objects.bulk_create(
        Download(
            number=f"N{i:03}",
            list_name="x",
            title="x",
            made_by="person:1",
            asked_at=AT + timedelta(minutes=i % 7),
            file_format="csv",
            request={},
            rows_total=None if i % 5 == 0 else i % 4,
            keep_until=AT,
        )
        for i in range(40)
    )
    return Download.objects.all()


ORDERS = ["rows_total", "-rows_total", "asked_at", "-asked_at", "number", "-number", "pk", "-pk"]


def forwards(rows: Any, order: Order, size: int) -> list[int]:
    window = paging.by_offset(rows, order, 1, size)
    seen = [row.pk for row in window.rows]
    while window.after:
        window = paging.by_key(rows, order, after=paging.cursor_of(window.rows[-1]), size=size)
        seen += [row.pk for row in window.rows]
    return seen


@pytest.mark.parametrize("size", [1, 7, 50])
@pytest.mark.parametrize("order", ORDERS)
def test_walking_forwards_meets_every_row_once_in_the_databases_own_order(
    rows: Any, order: str, size: int
) -> None:
    wanted = [row.pk for row in paging.in_order(rows, Order.of(order))]
    assert forwards(rows, Order.of(order), size) == wanted


@pytest.mark.parametrize("order", ORDERS)
def test_walking_backwards_from_the_end_meets_the_same(rows: Any, order: str) -> None:
    by = Order.of(order)
    window = paging.by_key(rows, by, before=paging.END, size=7)
    assert not window.after
    seen = [row.pk for row in window.rows]
    while window.before:
        window = paging.by_key(rows, by, before=paging.cursor_of(window.rows[0]), size=7)
        seen = [row.pk for row in window.rows] + seen
    assert seen == [row.pk for row in paging.in_order(rows, by)]


@pytest.mark.parametrize("torn", ["x", "W10", "e30", "WzEsMixd", "!!!", "bnVsbA"])
def test_a_torn_cursor_shows_the_first_page(rows: Any, torn: str) -> None:
    by = Order.of("asked_at")
    assert [r.pk for r in paging.by_key(rows, by, after=torn, size=5).rows] == [
        r.pk for r in paging.by_offset(rows, by, 1, 5).rows
    ]


def test_counting_stops_beyond_ten_thousand_unless_asked(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paging.count(rows) == (40, True)
    monkeypatch.setattr(paging, "CAP", 30)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert paging.count(rows) == (30, False)
    assert "LIMIT 31" in asked.captured_queries[0]["sql"]
    assert paging.count(rows, exact=True) == (40, True)


def test_a_deep_page_is_found_by_key_and_not_by_counting_over(rows: Any) -> None:
    by = Order.of("asked_at")
    window = paging.by_key(rows, by, before=paging.END, size=5)
    with CaptureQueriesContext(connection) as asked:
        paging.by_key(rows, by, before=paging.cursor_of(window.rows[0]), size=5)
    assert "OFFSET" not in asked.captured_queries[0]["sql"]


@pytest.mark.parametrize("order", ORDERS)
def test_a_narrowed_list_pages_as_the_database_orders_it(rows: Any, order: str) -> None:
    narrowed, by = rows.filter(rows_total__gte=2), Order.of(order)
    wanted = [row.pk for row in paging.in_order(narrowed, by)]
    assert len(wanted) == 16
    assert forwards(narrowed, by, 3) == wanted


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize("tie", ["number", "-number"])
@pytest.mark.parametrize("order", ["rows_total", "-rows_total", "asked_at", "-asked_at"])
def test_another_unique_field_breaks_ties_and_no_cursor_names_an_id(
    rows: Any, order: str, tie: str, size: int
) -> None:
    by = Order.of(order, tie)
    wanted = [row.pk for row in paging.in_order(rows, by)]
    downwards = order.startswith("-") != tie.startswith("-")
    ties = sorted((row.number for row in rows if row.rows_total == 1), reverse=downwards)
    assert [row.number for row in paging.in_order(rows.filter(rows_total=1), by)] == ties or "asked" in order
    assert forwards(rows, by, size) == wanted
    window = paging.by_key(rows, by, before=paging.END, size=size)
    seen = [row.pk for row in window.rows]
    while window.before:
        window = paging.by_key(rows, by, before=paging.cursor_of(window.rows[0]), size=size)
        seen = [row.pk for row in window.rows] + seen
    assert seen == wanted


def test_many_rows_are_sorted_by_key_alone_and_the_page_is_taken_by_key(rows: Any) -> None:
    with CaptureQueriesContext(connection) as asked:
        paging.by_offset(rows.filter(list_name="x"), Order.of("asked_at"), 2, 5)
    (said,) = (query["sql"] for query in asked.captured_queries)
    whole, keys = said.split(" IN (SELECT ")
    assert "list_name" in keys.split(" WHERE ")[1]
    assert " WHERE " in whole
    assert "list_name" not in whole.split(" WHERE ")[1]
    assert "LIMIT 6" in keys


def test_a_list_joined_to_many_keeps_its_conditions(db: None) -> None:
    groups = [Group.objects.create(name=name) for name in ("a", "b", "c")]
    first, second, other = Permission.objects.order_by("pk")[:3]
    for group in groups[:2]:
        group.permissions.add(first, second, other)
    found = Group.objects.filter(permissions__in=[first])
    assert [g.name for g in paging.by_offset(found, Order.of("name"), 1, 5).rows] == ["a", "b"]
