"""稍后处理 (I3): a thing of the inbox put off until a day before it is due comes back by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.site.test_frame import todo
from xinfu.core import clock, inbox
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry, Snooze
from xinfu.core.ui import jobs

TODAY = timezone.localdate


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[inbox.Todo]]:
    """Return `waiting(*todos)`: let just these wait for everybody."""

    def put(*found: inbox.Todo) -> list[inbox.Todo]:
        monkeypatch.setattr(inbox, "_SOURCES", {"t": lambda actor, moment: found})
        return list(found)

    return put


def in_days(days: int) -> date:
    return TODAY(clock.now()) + timedelta(days=days)


def put_off(client: Any, thing: inbox.Todo, days: int) -> Any:
    return client.post(f"/inbox/later/{thing.key}/", {"until": in_days(days).isoformat()})


def test_a_thing_put_off_stands_apart_and_the_counts_agree(as_role: Any, waiting: Any) -> None:
    client, other = as_role(Role.GENERAL), as_role(Role.GENERAL)
    [late, many] = waiting(todo("甲", in_days(9), url="/a/"), todo("乙", in_days(9), url="/b/", count=12))
    assert put_off(client, many, 3)["Location"] == "/"
    page = text_of(client.get("/"))
    assert "共 1 条，按到期先后排列" in page
    assert "已推迟 12 条" in page
    assert "乙。到时自动回到待办" in page
    assert 'href="/b/"' not in page
    assert "点击刷新" not in text_of(client.get("/inbox/news?have=1"))
    apart = text_of(client.get("/inbox/later/"))
    assert "共 12 条" in apart
    assert f"推迟到 {in_days(3).isoformat()}" in apart
    assert "已推迟" not in text_of(other.get("/")), "what one puts off, others still see"
    assert late.key != many.key
    assert JournalEntry.objects.filter(event="todo.snoozed").count() == 1


def test_it_comes_back_by_itself_on_its_day(as_role: Any, waiting: Any) -> None:
    client = as_role(Role.GENERAL)
    [thing] = waiting(todo("甲", in_days(9)))
    put_off(client, thing, 3)
    now = clock.now()
    for days, seen in ((0, 0), (2, 0), (3, 1), (8, 1)):
        assert len(inbox.todos(client.actor, now + timedelta(days=days))) == seen, days
    jobs.cleanup(now + timedelta(days=8))
    assert Snooze.objects.exists()
    jobs.cleanup(now + timedelta(days=11))
    assert not Snooze.objects.exists()


def test_it_can_be_brought_back_at_once_or_put_off_anew(as_role: Any, waiting: Any) -> None:
    client = as_role(Role.GENERAL)
    [thing] = waiting(todo("甲", in_days(9)))
    put_off(client, thing, 3)
    put_off(client, thing, 5)
    assert Snooze.objects.get().until == in_days(5)
    assert f"现已推迟到 {in_days(5).isoformat()}" in text_of(client.get(f"/inbox/later/{thing.key}/"))
    back = client.post(f"/inbox/later/{thing.key}/", {"verb": "wake"}, follow=True)
    assert "已回到待办：甲" in text_of(back)
    assert "没有推迟的待办" in text_of(back)
    assert "共 1 条" in text_of(client.get("/"))
    again = client.post(f"/inbox/later/{thing.key}/", {"verb": "wake"})
    assert again.status_code == 422
    assert "这条待办没有推迟" in text_of(again)


@pytest.mark.parametrize(
    "due, until, why",
    [
        (9, 9, "推迟日期须早于到期日"),
        (9, 10, "推迟日期须早于到期日"),
        (9, 0, "请选择明天或以后的日期"),
        (9, -1, "请选择明天或以后的日期"),
        (1, 1, "此件明天到期，不能推迟"),
        (0, 1, "此件今天到期，不能推迟"),
        (-2, 1, "此件已超期，不能推迟"),
        (None, 31, "无期限的待办最多推迟30天（本地规定）"),
    ],
)
def test_a_day_that_is_no_day_before_it_is_due_is_refused(
    as_role: Any, waiting: Any, due: int | None, until: int, why: str
) -> None:
    client = as_role(Role.GENERAL)
    [thing] = waiting(todo("甲", None if due is None else in_days(due)))
    answer = put_off(client, thing, until)
    assert answer.status_code == 422
    assert why in text_of(answer)
    assert not Snooze.objects.exists()


def test_an_unreadable_day_is_refused_and_a_free_one_taken(as_role: Any, waiting: Any) -> None:
    client = as_role(Role.GENERAL)
    [thing] = waiting(todo("甲", None))
    answer = client.post(f"/inbox/later/{thing.key}/", {"until": "明天"})
    assert "日期请写成" in text_of(answer)
    assert "最多推迟 30 天（本地规定）" in text_of(client.get(f"/inbox/later/{thing.key}/"))
    assert put_off(client, thing, 30).status_code == 302


def test_where_nothing_can_be_put_off_the_button_says_why(as_role: Any, waiting: Any) -> None:
    client = as_role(Role.GENERAL)
    [thing] = waiting(todo("甲", in_days(0)))
    page = text_of(client.get("/"))
    assert "此件今天到期，不能推迟，请先办理。" in page
    assert 'aria-disabled="true" aria-label="稍后处理：甲"' in page
    assert "此件今天到期，不能推迟" in text_of(client.get(f"/inbox/later/{thing.key}/"))


def test_a_click_offers_only_days_before_it_is_due(as_role: Any, waiting: Any) -> None:
    from datetime import datetime

    from tests.conftest import CHINA
    from xinfu.site import queries

    friday = datetime(2023, 5, 19, 9, tzinfo=CHINA)
    assert [d for _, d in queries.snooze_days([], friday).days] == [date(2023, 5, 22)]
    wednesday = datetime(2023, 5, 17, 9, tzinfo=CHINA)
    days = queries.snooze_days([], wednesday)
    assert days.open_to(todo("甲", date(2023, 5, 20))) == [("下个工作日", date(2023, 5, 18))]
    assert len(days.open_to(todo("甲", date(2023, 5, 23)))) == 2


def test_what_is_done_or_comes_anew_is_another_thing(as_role: Any, waiting: Any) -> None:
    client = as_role(Role.GENERAL)
    came = clock.now()
    [thing] = waiting(todo("甲", in_days(9), arrived_at=came))
    put_off(client, thing, 3)
    waiting(todo("甲", in_days(9), arrived_at=came + timedelta(hours=1)))
    assert "共 1 条" in text_of(client.get("/")), "sent back and here again: it is to be seen"
    waiting()
    assert put_off(client, thing, 3).status_code == 404


def test_a_due_day_moved_before_the_snooze_brings_it_back(as_role: Any, waiting: Any) -> None:
    client = as_role(Role.GENERAL)
    [thing] = waiting(todo("甲", in_days(9)))
    put_off(client, thing, 5)
    waiting(todo("甲", in_days(4)))
    assert len(inbox.todos(client.actor, clock.now())) == 1
