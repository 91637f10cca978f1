"""The schedule runs each line once, the reaper brings back what a dead worker held, news is delivered once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import transaction
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from xinfu.core import events, jobs, journal, tasks
from xinfu.core.actor import system
from xinfu.core.models import ApiReply, Checkpoint, DueRun, EventCursor, TaskRetry

AT = datetime(2023, 5, 6, 1, 2, 3, tzinfo=UTC)
pytestmark = pytest.mark.django_db
ran: list[datetime] = []
heard: list[Any] = []


def work(at: datetime) -> None:
    ran.append(at)


def fail(at: datetime) -> None:
    raise RuntimeError("disk full")


def listen(entry: Any, at: datetime) -> None:
    if entry["data"].get("poison"):
        raise RuntimeError("cannot")
    heard.append(entry["n"])


@pytest.fixture(autouse=True)
def _fresh() -> None:
    ran.clear()
    heard.clear()


@pytest.fixture
def one_line(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(call: str, cron: str = "*/5 * * * *") -> None:
        monkeypatch.setattr(
            "xinfu.site.schedule.SCHEDULE",
            (tasks.Due("line", "测试", cron, f"tests.core.test_tasks.{call}"),),
        )

    return use


def test_a_line_runs_when_due_and_not_again_before_the_next_time(one_line: Any) -> None:
    one_line("work")
    assert tasks.tick(at=AT) == ["line"]
    assert tasks.tick(at=AT + timedelta(minutes=2)) == []
    assert tasks.tick(at=AT + timedelta(minutes=3)) == ["line"]
    assert len(ran) == 2


def test_times_of_the_schedule_are_those_of_china(one_line: Any) -> None:
    assert tasks.last_due("30 8 * * *", datetime(2023, 5, 6, 0, 29, tzinfo=UTC)) == datetime(
        2023, 5, 5, 0, 30, tzinfo=UTC
    )
    assert tasks.last_due("30 8 * * *", datetime(2023, 5, 6, 0, 30, tzinfo=UTC)) == datetime(
        2023, 5, 6, 0, 30, tzinfo=UTC
    )


def test_a_failing_line_is_recorded_and_tried_at_its_next_time(one_line: Any) -> None:
    one_line("fail")
    tasks.tick(at=AT)
    assert DueRun.objects.get().error == "RuntimeError: disk full"
    one_line("work")
    tasks.tick(at=AT + timedelta(minutes=5))
    assert DueRun.objects.get().error == ""


def task_row(status: str, **changes: Any) -> DBTaskResult[Any, Any]:
    row = DBTaskResult.objects.create(
        status=status,
        args_kwargs={"args": [], "kwargs": {}},
        task_path="x.y",
        backend_name="default",
        run_after=AT,
        exception_class_path="",
        traceback="",
    )
    DBTaskResult.objects.filter(pk=row.pk).update(**changes)
    return row


def test_what_a_dead_worker_held_is_put_back_three_times_at_most() -> None:
    row = task_row(TaskResultStatus.RUNNING, started_at=AT - timedelta(hours=3))
    young = task_row(TaskResultStatus.RUNNING, started_at=AT - timedelta(minutes=3))
    for attempt in range(1, 4):
        assert tasks.reap(AT) == 1
        assert TaskRetry.objects.get().attempts == attempt
        DBTaskResult.objects.filter(pk=row.pk).update(
            status=TaskResultStatus.RUNNING, started_at=AT - timedelta(hours=3)
        )
    assert tasks.reap(AT) == 0
    young.refresh_from_db()
    assert young.status == TaskResultStatus.RUNNING


def test_a_failed_task_is_tried_again() -> None:
    row = task_row(TaskResultStatus.FAILED, finished_at=AT - timedelta(minutes=1))
    assert tasks.reap(AT) == 1
    row.refresh_from_db()
    assert row.status == TaskResultStatus.READY


def news(**data: Any) -> None:
    with transaction.atomic():
        journal.record("tests.happened", "tests.Thing:1", by=system("t"), at=AT, **data)


def test_news_reaches_each_listener_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LISTENERS", {"tests.core.test_tasks.listen": {"tests.happened"}})
    news()
    with transaction.atomic():
        journal.record("tests.other", "tests.Thing:1", by=system("t"), at=AT)
    news()
    assert events.deliver(at=AT) == 2
    assert events.deliver(at=AT) == 0
    assert heard == [0, 2]
    assert events.listeners() == {"tests.core.test_tasks.listen": {"tests.happened"}}


def test_a_failing_listener_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LISTENERS", {"tests.core.test_tasks.listen": {"tests.happened"}})
    news()
    news(poison=True)
    news()
    assert events.deliver(at=AT) == 1
    assert events.deliver(at=AT) == 0
    cursor = EventCursor.objects.get()
    assert (heard, cursor.n, cursor.failures) == ([0], 0, 2)


def test_a_long_backlog_is_delivered_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LISTENERS", {"tests.core.test_tasks.listen": {"tests.happened"}})
    monkeypatch.setattr(events, "BATCH", 2)
    for _ in range(3):
        news()
    assert [events.deliver(at=AT), events.deliver(at=AT)] == [2, 1]


def test_the_nightly_jobs_sign_a_checkpoint_and_clean_up(settings: Any) -> None:
    import os

    news()
    Session.objects.create(session_key="old", session_data="", expire_date=AT - timedelta(days=1))
    ApiReply.objects.create(key="k", request_sha256="x", made_at=AT - timedelta(days=3))
    stale = settings.HOME / "tmp" / "stale"
    stale.write_text("x")
    os.utime(stale, (0, 0))
    for job in (jobs.checkpoint, jobs.deliver_events, jobs.reap, jobs.cleanup):
        job(AT)
    assert Checkpoint.objects.count() == 1
    assert not Session.objects.exists()
    assert not ApiReply.objects.exists()
    assert not stale.exists()
