"""撤销本批次: a batch goes as a whole while nothing depends on it; broken off and begun again, the same is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from tests.cases.conftest import import_cases, row
from xinfu.cases import actions, queries
from xinfu.cases.actions import undoing
from xinfu.cases.models import BatchStatus, Case, ImportBatch, MonthRevision
from xinfu.core.access import Role
from xinfu.core.actor import system
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, Refused

Write = Callable[..., Path]
AT = datetime(2023, 6, 27, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
PAUSE = {
    "办件编号": row(2)["办件编号"],
    "挂起类别": "特别程序",
    "开始时间": "2023-06-21 09:00:00",
    "原因": "评审",
}


@pytest.fixture
def batch(office: Any, write: Write) -> ImportBatch:
    """A batch of three cases beside one that was there before."""
    import_cases(write([row(9)]))
    import_cases(
        write([row(1), row(2), row(3, 收件时间="2023-05-31 09:00:00", 受理时间="2023-05-31 10:00:00")])
    )
    return ImportBatch.objects.latest("pk")


def undo(batch: ImportBatch, by: Any) -> ImportBatch:
    started = actions.start_undo(batch=batch, by=by, at=AT)
    return actions.finish_undo(batch=started, by=system("import"), at=AT)


def told() -> dict[str, Any]:
    """Return what the journal keeps of the undo."""
    body = json.loads(bytes(JournalEntry.objects.get(event="cases.import_undone").body))
    found: dict[str, Any] = body["data"]
    return found


def numbers() -> list[str]:
    return sorted(Case.objects.order_by("pk").values_list("case_no", flat=True))


def test_the_cases_of_the_batch_go_the_others_stay_and_the_months_move(
    batch: ImportBatch, as_role: Callable[..., Any]
) -> None:
    before = {r.month: r.revision for r in MonthRevision.objects.all()}
    done = undo(batch, as_role(Role.GENERAL).actor)
    assert numbers() == [row(9)["办件编号"]]
    assert (done.status, done.undone, done.created) == (BatchStatus.UNDONE, 3, 3)
    after = {r.month: r.revision for r in MonthRevision.objects.all()}
    assert {m: after[m] - before[m] for m in after} == {"2023-05": 1, "2023-06": 1}
    events = list(JournalEntry.objects.filter(event__contains="undo").order_by("n"))
    assert [e.event for e in events] == ["cases.undo_confirmed", "cases.import_undone"]
    assert {k: told()[k] for k in ("removed", "kept")} == {"removed": 3, "kept": 0}


def test_the_same_file_may_be_imported_again_after_its_batch_was_undone(
    batch: ImportBatch, as_role: Callable[..., Any], write: Write
) -> None:
    undo(batch, as_role(Role.GENERAL).actor)
    again = import_cases(write([row(1), row(2)]))
    assert (again["created"], again["updated"], again["unchanged"]) == (2, 0, 0)


def test_an_undo_broken_off_in_the_middle_and_begun_again_leaves_the_same(
    batch: ImportBatch, as_role: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "CHUNK", 1)
    started = actions.start_undo(batch=batch, by=as_role(Role.GENERAL).actor, at=AT)
    real, calls = undoing._remove_some, []

    def dies_at_the_second(*args: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(undoing, "_remove_some", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        actions.finish_undo(batch=started, by=system("import"), at=AT)
    assert (Case.objects.count(), ImportBatch.objects.get(pk=batch.pk).undone) == (3, 1)
    monkeypatch.setattr(undoing, "_remove_some", real)
    for _ in range(2):
        done = actions.finish_undo(batch=started, by=system("import"), at=AT)
    assert (done.status, done.undone, numbers()) == (BatchStatus.UNDONE, 3, [row(9)["办件编号"]])
    assert JournalEntry.objects.filter(event="cases.import_undone").count() == 1


def test_what_another_batch_took_up_meanwhile_stays(
    batch: ImportBatch, as_role: Callable[..., Any], write: Write
) -> None:
    started = actions.start_undo(batch=batch, by=as_role(Role.GENERAL).actor, at=AT)
    import_cases(write([row(1, 数据版本="2")], name="later.csv"))
    import_cases(write([PAUSE], name="p.csv", head=list(PAUSE)), mapping="zj-pause")
    done = actions.finish_undo(batch=started, by=system("import"), at=AT)
    assert numbers() == sorted(row(n)["办件编号"] for n in (1, 2, 9))
    assert told()["kept"] == 1
    assert done.undone == 1


@pytest.mark.parametrize(
    ("rows", "mapping", "words"),
    [
        ([row(1, 数据版本="2")], "zj-case", "有1件后来被别的批次或接口更新过"),
        ([PAUSE], "zj-pause", "如XC[0-9]+）已登记停钟"),
    ],
)
def test_a_batch_that_something_depends_on_is_not_undone(
    batch: ImportBatch,
    as_role: Callable[..., Any],
    write: Write,
    rows: list[dict[str, str]],
    mapping: str,
    words: str,
) -> None:
    import_cases(write(rows, name="later.csv", head=list(rows[0])), mapping=mapping)
    with pytest.raises(Refused, match=words):
        undo(batch, as_role(Role.GENERAL).actor)
    assert Case.objects.count() == 4


def test_a_batch_that_changed_cases_or_wrote_none_says_why_it_stays(
    batch: ImportBatch, as_role: Callable[..., Any], write: Write
) -> None:
    actor = as_role(Role.GENERAL).actor
    for rows, words in (
        ([row(9, 数据版本="2"), row(5)], "更新了1件已有办件，更新前的内容没有留存"),
        ([row(5)], "没有写入任何办件"),
    ):
        import_cases(write(rows, name="other.csv"))
        with pytest.raises(Refused, match=words):
            undo(ImportBatch.objects.latest("pk"), actor)
    import_cases(write([PAUSE], name="p.csv", head=list(PAUSE)), mapping="zj-pause")
    with pytest.raises(Refused, match="不按批次留存"):
        undo(ImportBatch.objects.latest("pk"), actor)


def test_a_batch_is_undone_once_and_only_by_who_may_import(
    batch: ImportBatch, as_role: Callable[..., Any]
) -> None:
    with pytest.raises(Forbidden):
        undo(batch, as_role(Role.WINDOW_CHIEF).actor)
    actor = as_role(Role.GENERAL).actor
    actions.start_undo(batch=batch, by=actor, at=AT)
    with pytest.raises(Refused, match="撤销中"):
        actions.start_undo(batch=batch, by=actor, at=AT)


def test_the_page_asks_first_shows_the_progress_and_what_came_of_it(
    batch: ImportBatch, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client, address = as_role(Role.GENERAL), reverse("cases:batch", args=[batch.pk])
    html = client.get(address).content.decode()
    assert f'href="{reverse("cases:list")}?batch={batch.pk}"' in html
    undo_at = reverse("cases:batch_undo", args=[batch.pk])
    assert undo_at in html
    asked = client.post(undo_at).content.decode()
    assert "确认撤销" in asked
    assert "删除这一批新增的3件办件" in asked
    assert Case.objects.count() == 4
    assert client.post(undo_at, {"_confirmed": "撤销"}).status_code == 302
    assert "正在撤销" in client.get(reverse("cases:batch_progress", args=[batch.pk])).content.decode()
    run_tasks()
    html = client.get(address).content.decode()
    assert "这一批已撤销：删除了 3 件办件" in html
    assert undo_at not in html
    assert as_role(Role.WINDOW_CHIEF).post(undo_at).status_code == 403
    assert client.get(undo_at).status_code == 400


def test_the_page_says_in_place_why_a_batch_cannot_be_undone(
    batch: ImportBatch, as_role: Callable[..., Any], write: Write
) -> None:
    import_cases(write([row(1, 数据版本="2")], name="later.csv"))
    client, address = as_role(Role.GENERAL), reverse("cases:batch", args=[batch.pk])
    html = client.get(address).content.decode()
    assert "有1件后来被别的批次或接口更新过" in html
    assert "查看这 2 件" in html
    answer = client.post(reverse("cases:batch_undo", args=[batch.pk]), {"_confirmed": "撤销"}, follow=True)
    assert "不能撤销" in answer.content.decode()
    assert queries.standing_of(batch).kept == 2
