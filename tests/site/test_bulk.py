"""One verb over many rows (L8), proved on accounts: each row by its own action, none twice, the rest with reasons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import make
from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.core.models import BulkRow, BulkRun, JournalEntry
from xinfu.core.ui import bulk, exports, jobs
from xinfu.people.models import Account, RoleGrant
from xinfu.people.screens import accounts as screens

ACCOUNTS = "/accounts/"


def text_of(answer: Any) -> str:
    content = answer.content if not answer.streaming else b"".join(answer.streaming_content)
    return str(content.decode("utf-8-sig"))


def accounts(office: Any, number: int) -> list[Account]:
    people = [make.person(Role.WINDOW_CLERK, office.unit_a) for _ in range(number)]
    return list(Account.objects.filter(person__in=people).order_by("pk"))


def ask(client: Any, found: list[Account], query: str = "", **more: str) -> Any:
    picked = {"picked": ",".join(str(a.pk) for a in found)}
    return client.post(f"{ACCOUNTS}{query}", {"bulk": "close", **picked, **more})


def do(client: Any, found: list[Account], once: str = "abc", query: str = "", **more: str) -> Any:
    seen = {"_bulk_sure": "1", "_bulk_seen": str(len(found)), "_once": once}
    return ask(client, found, query, **{**seen, **more})


def closed() -> int:
    return JournalEntry.objects.filter(event="account.closed").count()


def test_before_anything_happens_a_page_says_what_will_happen_to_how_many(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 12)
    answer = ask(client, found)
    assert answer.status_code == 200
    said = text_of(answer)
    assert "批量停用账号：12 个账号" in said
    assert "正在使用的会话立即结束" in said
    assert "以及另外 2 个" in said
    assert not BulkRun.objects.exists()
    assert closed() == 0


def test_rows_that_cannot_be_done_are_listed_with_their_reason_and_a_link(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 3)
    own = Account.objects.get(person=client.actor.id)
    Account.objects.filter(pk=found[0].pk).update(is_active=False)
    answer = do(client, [*found, own])
    run = BulkRun.objects.get()
    assert answer["Location"] == f"/bulk/{run.pk}/"
    said = text_of(client.get(answer["Location"]))
    assert "成功 2，未处理 2 · 批量停用账号" in said
    assert "不能对本人的账号办理" in said
    assert f"账号 {found[0].username} 已经停用" in said
    assert f'href="/accounts/{own.pk}/"' in said
    assert set(Account.objects.filter(is_active=False)) == set(found)
    assert closed() == 2
    assert JournalEntry.objects.filter(event__in=["bulk.asked", "bulk.finished"]).count() == 2


def test_only_the_unprocessed_are_retried(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 3)
    Account.objects.filter(pk=found[0].pk).update(is_active=False)
    do(client, found)
    first = BulkRun.objects.get()
    Account.objects.filter(pk=found[0].pk).update(is_active=True)
    answer = client.post(f"/bulk/{first.pk}/act", {"verb": "retry", "_once": "again"})
    again = BulkRun.objects.get(retry_of=first)
    assert answer["Location"] == f"/bulk/{again.pk}/"
    assert "全部办理成功" in text_of(client.get(answer["Location"]))
    assert list(BulkRow.objects.filter(run=again).values_list("row", "state")) == [(found[0].pk, "done")]
    assert closed() == 3
    nothing = client.post(f"/bulk/{again.pk}/act", {"verb": "retry"}, follow=True)
    assert "没有未处理的行" in text_of(nothing)
    assert client.post(f"/bulk/{again.pk}/act", {"verb": "eat"}).status_code == 400


def test_sent_twice_it_is_done_once(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 3)
    first, second = do(client, found, "same"), do(client, found, "same")
    assert first["Location"] == second["Location"]
    state = screens.ACCOUNTS
    run = bulk.begin(
        state=bulk.lists.read(state, client.actor, bulk.QueryDict("")), verb=state.bulk[0],
        ids=[a.pk for a in found], values={}, once="same", back="/", by=client.actor, at=clock.now(),
    )  # fmt: skip
    assert run.pk == BulkRun.objects.get().pk
    assert closed() == 3


def test_who_lacks_the_permission_sees_no_verb_and_is_refused(as_role: Any, office: Any) -> None:
    found = accounts(office, 1)
    auditor, security = as_role(Role.AUDITOR), as_role(Role.SECURITY_ADMIN)
    assert "data-bulk" not in text_of(auditor.get(ACCOUNTS))
    said = text_of(security.get(ACCOUNTS))
    assert 'value="unlock"' in said
    assert 'value="close"' not in said
    assert do(auditor, found).status_code == 403
    assert security.post(ACCOUNTS, {"bulk": "eat", "picked": "1"}).status_code == 400
    assert closed() == 0


def test_all_that_match_are_taken_whatever_the_page(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 25)
    query = f"?q={found[0].username[:4]}"
    number = Account.objects.filter(username__startswith=found[0].username[:4]).count()
    said = text_of(client.post(ACCOUNTS + query, {"bulk": "close", "all": "1"}))
    assert f"批量停用账号：{number} 个账号" in said
    changed = client.post(
        ACCOUNTS + query, {"bulk": "close", "all": "1", "_bulk_sure": "1", "_bulk_seen": str(number - 1)}
    )
    assert changed.status_code == 422
    assert "选中的行数已变" in text_of(changed)
    assert not BulkRun.objects.exists()


def test_what_was_selected_stays_selected_under_another_filter(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 2)
    do(client, found, query="?state=closed")
    assert closed() == 2


def test_nothing_selected_and_too_many_are_said_in_the_list(
    as_role: Any, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 3)
    assert "请先选中要办理的行" in text_of(
        client.post(ACCOUNTS, {"bulk": "close", "picked": "x,²"}, follow=True)
    )
    monkeypatch.setattr(bulk, "MOST", 2)
    answer = client.post(
        ACCOUNTS, {"bulk": "close", "picked": ",".join(str(a.pk) for a in found)}, follow=True
    )
    assert "一次最多办理2行" in text_of(answer)


def test_more_than_fifty_run_in_the_background_and_the_page_survives_a_reload(
    as_role: Any, office: Any, run_tasks: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 4)
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 10)
    page = do(client, found)["Location"]
    assert closed() == 0
    for _ in range(2):
        assert "办理中 · 批量停用账号" in text_of(client.get(page))
    assert "0 / 10" in text_of(client.get(f"{page}progress"))
    assert "这次批量办理还没有结束" in text_of(client.post(f"{page}act", {"verb": "retry"}, follow=True))
    assert run_tasks() == 1
    assert "成功 10，未处理 0" in text_of(client.get(page))
    assert "查看结果" in text_of(client.get(f"{page}progress"))
    assert closed() == 10


def test_a_killed_worker_goes_on_and_does_no_row_twice(
    as_role: Any, office: Any, run_tasks: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 4)
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 10)
    page = do(client, found)["Location"]
    run, close, left = BulkRun.objects.get(), screens.actions.close_account, [6]

    def dies(**given: Any) -> None:
        left[0] -= 1
        close(**given)
        if left[0] == 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(screens.actions, "close_account", dies)
        with pytest.raises(KeyboardInterrupt):
            bulk.work(run.pk, at=clock.now())
    assert closed() == 5, "the row at which it died was undone with its mark"
    assert "正在办理，请稍候" in text_of(client.post(f"{page}act", {"verb": "go_on"}, follow=True))
    BulkRun.objects.update(asked_at=clock.now() - timedelta(minutes=9))
    BulkRow.objects.filter(state="done").update(tried_at=clock.now() - timedelta(minutes=9))
    assert "办理可能中断了" in text_of(client.get(page))
    client.post(f"{page}act", {"verb": "go_on"})
    assert run_tasks() == 2, "the first task and the second both find what is left"
    assert closed() == 10
    assert bulk.tally(run) == bulk.Tally(10, 0, 0)
    bulk.work(run.pk, at=clock.now())
    assert closed() == 10
    assert "这次批量办理已经完成" in text_of(client.post(f"{page}act", {"verb": "go_on"}, follow=True))


def test_a_fault_of_ours_leaves_one_row_and_not_the_others(
    as_role: Any, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 3)
    close = screens.actions.close_account

    def breaks(*, account: Account, **given: Any) -> None:
        close(account=account, **given)
        if account.pk == found[1].pk:
            raise ZeroDivisionError

    monkeypatch.setattr(screens.actions, "close_account", breaks)
    page = do(client, found)["Location"]
    assert "系统暂时出错，这一行没有办理" in text_of(client.get(page))
    assert Account.objects.get(pk=found[1].pk).is_active
    assert closed() == 2


def test_who_lost_the_role_meanwhile_does_nothing_more(
    as_role: Any, office: Any, run_tasks: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 3)
    page = do(client, found)["Location"]
    RoleGrant.objects.filter(person=client.actor.id).update(until="2021-01-01")
    run_tasks()
    assert closed() == 0
    assert bulk.tally(BulkRun.objects.get()).left == 3
    page = do(as_role(Role.SYSTEM_ADMIN), found)["Location"]
    Account.objects.filter(person=BulkRun.objects.latest("pk").made_by.split(":")[1]).update(is_active=False)
    run_tasks()
    run = BulkRun.objects.latest("pk")
    assert f"/bulk/{run.pk}/" == page
    assert set(BulkRow.objects.filter(run=run).values_list("reason", flat=True)) == {bulk.NO_MORE}


def test_the_unprocessed_rows_come_as_a_file(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 2)
    Account.objects.filter(pk=found[0].pk).update(is_active=False)
    page = do(client, found)["Location"]
    lines = text_of(client.get(f"{page}left.csv")).splitlines()
    assert lines[0] == "对象,未处理原因"
    assert lines[1] == f"{found[0].username},账号 {found[0].username} 已经停用。"
    assert client.get(f"{page}left.xlsx").getvalue().startswith(b"PK")
    assert client.get(f"{page}left.exe").status_code == 404


def test_a_run_is_its_makers_alone_and_goes_after_its_days(as_role: Any, office: Any) -> None:
    client, other = as_role(Role.SYSTEM_ADMIN), as_role(Role.SYSTEM_ADMIN)
    page = do(client, accounts(office, 1))["Location"]
    for address in (page, f"{page}progress", f"{page}left.csv"):
        assert other.get(address).status_code == 404
    assert other.post(f"{page}act", {"verb": "retry"}).status_code == 404
    assert "批量停用账号 1 行" in text_of(client.get("/bulk/"))
    assert "还没有批量办理过" in text_of(other.get("/bulk/"))
    jobs.cleanup(clock.now() + timedelta(days=31))
    assert not BulkRun.objects.exists()
    assert client.get(page).status_code == 404


def test_a_row_that_is_gone_or_no_longer_seen_says_so(as_role: Any, office: Any) -> None:
    client, found = as_role(Role.SYSTEM_ADMIN), accounts(office, 2)
    state = bulk.lists.read(screens.ACCOUNTS, client.actor, bulk.QueryDict(""))
    run = bulk.begin(
        state=state, verb=screens.ACCOUNTS.bulk[0], ids=[found[0].pk, 999_999], values={}, once="", back="/",
        by=client.actor, at=clock.now(),
    )  # fmt: skip
    [line] = bulk.left_lines(client.actor, run)
    assert (line.title, line.url, line.reason) == ("第999999号（已看不到）", "", bulk.GONE)


def test_present_actors_are_read_anew(office: Any) -> None:
    from xinfu.people.session import present

    actor = make.actor(Role.GENERAL, office.root)
    assert present(actor) == actor
    assert exports.actor_from_data(exports.actor_as_data(actor)) == actor
    assert present(make.SYSTEM) == make.SYSTEM
