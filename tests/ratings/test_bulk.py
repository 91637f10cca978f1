"""Ratings taken in at once: each case once, anonymous ones without a trace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from tests.make import Office
from xinfu.core.access import Role
from xinfu.core.actor import system
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden
from xinfu.ratings import actions
from xinfu.ratings.actions import BulkRating
from xinfu.ratings.models import Rating, RatingReason

AT = datetime(2023, 6, 1, 1, tzinfo=UTC)
BY = system("tests")


def row(number: str, **given: Any) -> BulkRating:
    fields: dict[str, Any] = {
        "case_no": number, "case_id": None, "rated_at": datetime(2023, 5, 8, 7, 31, tzinfo=UTC), "level": 1,
        "channel": "3", "reasons": ("108", "110"), "text": "", "is_anonymous": True, "may_publish": False,
        "item_id": None, "item_code": "", "item_name": "食品经营许可", "department_id": None, "window_id": None,
        "town_id": None, "name": "王某", "phone": "12000000000", **given,
    }  # fmt: skip
    return BulkRating(**fields)


def load(*rows: BulkRating) -> int:
    return actions.load_ratings(rows=rows, source="测试文件", by=BY, at=AT)


def test_an_anonymous_rating_keeps_no_person_and_no_time_of_day(office: Office) -> None:
    assert load(row("A1")) == 1
    rating = Rating.objects.get()
    assert (rating.case_id, bytes(rating.sealed)) == (None, b"")
    assert timezone.localtime(rating.rated_at).isoformat()[11:19] == "00:00:00"
    assert set(RatingReason.objects.values_list("code", flat=True)) == {"108", "110"}


def test_a_case_is_rated_once_and_the_batch_leaves_one_line(office: Office) -> None:
    assert load(row("A1"), row("A2")) == 2
    assert load(row("A1"), row("A3")) == 1
    lines = JournalEntry.objects.filter(event="ratings.loaded").order_by("n")
    assert len(lines) == 2
    assert "A1" not in bytes(lines[0].body).decode()


def test_a_number_twice_in_one_batch_counts_once(office: Office) -> None:
    assert load(row("A1"), row("A1", level=5)) == 1


def test_who_may_not_exchange_may_not_load(office: Office, as_role: Any) -> None:
    clerk = as_role(Role.WINDOW_CLERK)
    with pytest.raises(Forbidden):
        actions.load_ratings(rows=[row("A1")], source="x", by=clerk.actor, at=AT)
