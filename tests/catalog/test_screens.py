"""Screens and API of the catalogue: who may, what they show, three steps in the browser."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests import make
from tests.catalog.conftest import CODE, OTHER, ROW, Bring, csv_bytes
from xinfu.catalog import queries, screens
from xinfu.catalog.actions import checking
from xinfu.catalog.models import BatchStatus, Item, ItemBatch, ItemVersion
from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.core.actor import ANONYMOUS
from xinfu.core.registry import searchers

GOOD = {
    **ROW,
    "task_code": OTHER,
    "task_name": "社保证明打印",
    "task_type": "20",
    "dept_name": "县人力社保局",
}
AsRole = Callable[..., Any]


def page(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.fixture
def items(office: Any, bring: Bring) -> None:
    bring([ROW, GOOD], on="2023-05-18")


# --- who may ---------------------------------------------------------------------------------------

READERS = [Role.GENERAL, Role.LEADER, Role.WINDOW_CLERK, Role.VILLAGE_CLERK, Role.AUDITOR]
OTHERS = [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN]


@pytest.mark.parametrize("role", [*READERS, *OTHERS])
def test_screen_and_api_open_to_the_same_roles(items: None, as_role: AsRole, role: Role) -> None:
    client = as_role(role)
    expected = 200 if role in READERS else 403
    pk = Item.objects.get(code=CODE).pk
    for url in (
        reverse("catalog:list"),
        reverse("catalog:detail", args=[pk]),
        reverse("catalog:template"),
        "/api/v1/items",
        f"/api/v1/items/{CODE}",
    ):
        assert client.get(url).status_code == expected, url


@pytest.mark.parametrize("role", [Role.WINDOW_CLERK, Role.LEADER, Role.SYSTEM_ADMIN])
def test_only_the_office_and_the_data_bureau_bring_items_in(items: None, as_role: AsRole, role: Role) -> None:
    client, batch = as_role(role), ItemBatch.objects.get()
    for url in (
        reverse("catalog:import"),
        reverse("catalog:batch", args=[batch.pk]),
        reverse("catalog:batch_file", args=[batch.pk, "findings", "csv"]),
    ):
        assert client.get(url).status_code == 403, url
    move = reverse("catalog:batch_move", args=[batch.pk])
    assert client.post(move, {"move": "undo"}).status_code == 403
    assert Item.objects.count() == 2


def test_strangers_are_sent_to_log_in(items: None, client: Client) -> None:
    assert client.get(reverse("catalog:list")).status_code == 302
    assert client.get("/api/v1/items").status_code == 401


# --- list and guide --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, shown",
    [
        ("", {"食品经营许可", "社保证明打印"}),
        ("q=食品", {"食品经营许可"}),
        (f"q={OTHER}", {"社保证明打印"}),
        (f"q={OTHER[-6:]}", {"社保证明打印"}),
        ("task_type=20", {"社保证明打印"}),
        ("project_type=2", {"食品经营许可", "社保证明打印"}),
        ("unified=1", set()),
        ("unified=0", {"食品经营许可", "社保证明打印"}),
        ("state=ended", set()),
        ("state=now", {"食品经营许可", "社保证明打印"}),
        ("check=link", set()),
        ("check=lacking", {"食品经营许可", "社保证明打印"}),
        ("check=unit", set()),
    ],
)
def test_the_list_keeps_what_the_filters_ask_for(
    items: None, as_role: AsRole, query: str, shown: set[str]
) -> None:
    text = page(as_role(Role.GENERAL), f"{reverse('catalog:list')}?{query}")
    assert {name for name in ("食品经营许可", "社保证明打印") if f">{name}</a>" in text} == shown


def test_the_list_by_department_and_batch(items: None, as_role: AsRole) -> None:
    client = as_role(Role.GENERAL)
    version = ItemVersion.objects.get(item__code=CODE)
    text = page(
        client, f"{reverse('catalog:list')}?department={version.department_id}&batch={version.batch_id}"
    )
    assert ">食品经营许可</a>" in text
    assert ">社保证明打印</a>" not in text


def test_a_list_of_items_takes_few_queries(
    items: None, as_role: AsRole, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.GENERAL)
    client.get(reverse("catalog:list"))
    with django_assert_max_num_queries(12):
        client.get(reverse("catalog:list"))


def test_guide_batch_and_import_pages_take_few_queries(
    items: None, as_role: AsRole, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.GENERAL)
    item, batch = Item.objects.order_by("pk")[0], ItemBatch.objects.order_by("pk")[0]
    for name, args in (("detail", [item.pk]), ("batch", [batch.pk]), ("import", [])):
        with django_assert_max_num_queries(12):
            client.get(reverse(f"catalog:{name}", args=args))


def test_the_guide_shows_groups_versions_and_what_changed(items: None, bring: Bring, as_role: AsRole) -> None:
    bring([{**ROW, "promise_day": "3", "anticipate_day": "1个月"}], on="2023-06-01")
    client = as_role(Role.WINDOW_CLERK)
    url = reverse("catalog:detail", args=[Item.objects.get(code=CODE).pk])
    text = page(client, url)
    for said in (
        "办理时限",
        "3个工作日",
        "1个月",
        "22个工作日",
        "5个工作日",
        "缺少的应填要素",
        "来源未注明",
        CODE,
    ):
        assert said in text, said
    assert "5个工作日" in page(client, f"{url}?version=1")
    assert "这个事项没有这一版本" in page(client, f"{url}?version=9", 404)
    page(client, reverse("catalog:detail", args=[0]), 404)


def test_a_link_that_cannot_open_is_said_on_the_guide(office: Any, bring: Bring, as_role: AsRole) -> None:
    bring([{**ROW, "online_handle_url": "网上", "limit_scene_num": "1"}])
    text = page(as_role(Role.GENERAL), reverse("catalog:detail", args=[Item.objects.get().pk]))
    assert "网上办理地址有问题" in text
    assert "没有写明必须现场办理的原因" in text


def test_the_list_exports_what_it_shows_and_only_to_those_who_may(items: None, as_role: AsRole) -> None:
    url = reverse("catalog:list")
    answer = as_role(Role.GENERAL).post(f"{url}?task_type=20", {"export": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert OTHER in text
    assert CODE not in text
    assert as_role(Role.VILLAGE_CLERK).post(url, {"export": "csv"}).status_code == 403


# --- import in the browser -------------------------------------------------------------------------


def upload(client: Client, content: bytes, **more: str) -> Any:
    """Send a file and let it be checked."""
    file = SimpleUploadedFile("items.csv", content)
    answer = client.post(reverse("catalog:import"), {"file": file, "mapping": "zj-item", **more})
    make.run_tasks()
    return answer


def test_upload_check_confirm_and_take_back(office: Any, as_role: AsRole) -> None:
    client = as_role(Role.GENERAL)
    assert "还没有导入过事项" in page(client, reverse("catalog:import"))
    answer = upload(client, csv_bytes([ROW, {**GOOD, "task_type": "?"}]), since="2023-01-01")
    batch = ItemBatch.objects.get()
    url = reverse("catalog:batch", args=[batch.pk])
    assert answer.status_code == 302
    assert answer["Location"] == url
    text = page(client, url)
    assert "尚未写入" in text
    assert "事项类型不在代码表里" in text
    assert not Item.objects.exists()
    move = reverse("catalog:batch_move", args=[batch.pk])
    assert "写入在后台继续" in client.post(move, {"move": "apply"}, follow=True).content.decode()
    assert not Item.objects.exists()
    make.run_tasks()
    assert str(ItemVersion.objects.get().since) == "2023-01-01"
    assert f"?batch={batch.pk}" in page(client, url)
    asked = client.post(move, {"move": "undo"})
    assert "确认撤销" in asked.content.decode()
    assert Item.objects.exists()
    client.post(move, {"move": "undo", "_confirmed": "撤销"})
    assert "正在撤销" in page(client, url)
    make.run_tasks()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.UNDONE
    assert not Item.objects.exists()
    assert "已撤销，不能再办" in client.post(move, {"move": "undo"}, follow=True).content.decode()


def test_no_request_reads_the_file_and_the_bar_follows_the_worker(office: Any, as_role: AsRole) -> None:
    client = as_role(Role.GENERAL)
    file = SimpleUploadedFile("items.csv", csv_bytes([ROW]))
    client.post(reverse("catalog:import"), {"file": file, "mapping": "zj-item"})
    batch = ItemBatch.objects.get()
    url = reverse("catalog:batch", args=[batch.pk])
    bar = reverse("catalog:batch_progress", args=[batch.pk])
    assert (batch.status, batch.read) == (BatchStatus.WAITING, 0)
    assert bar in page(client, url)
    assert "排队中" in page(client, bar)
    ItemBatch.objects.update(status=BatchStatus.LOADING, done=1, total=4, beat_at=clock.now())
    assert "25" in page(client, bar)
    ItemBatch.objects.update(beat_at=clock.now() - timedelta(minutes=7))
    assert "已7分钟没有进展" in page(client, bar)
    ItemBatch.objects.update(status=BatchStatus.DONE)
    assert client.get(bar, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "已导入" in page(client, bar)


def test_what_is_wrong_with_a_large_file_stands_on_its_page(
    office: Any, as_role: AsRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "GLANCED", 0)
    client = as_role(Role.GENERAL)
    answer = upload(client, "task_code,task_name\n1,甲\n".encode())
    text = page(client, answer["Location"])
    assert "没有导入" in text
    assert "缺少必需的列" in text
    assert "确认导入" not in text


def test_a_checked_file_is_given_up_in_the_browser(office: Any, as_role: AsRole) -> None:
    client = as_role(Role.DATA_BUREAU)
    upload(client, csv_bytes([ROW]))
    move = reverse("catalog:batch_move", args=[ItemBatch.objects.get().pk])
    assert "没有任何改动" in client.post(move, {"move": "drop"}, follow=True).content.decode()
    assert "已放弃" in client.post(move, {"move": "apply"}, follow=True).content.decode()
    assert client.post(move, {"move": "burn"}).status_code == 400
    assert client.get(move).status_code == 400


@pytest.mark.parametrize(
    "content, said",
    [(b"%PDF-1.7 x", "PDF"), ("task_code,task_name\n1,甲\n".encode(), "缺少必需的列"), (b"", "文件是空的")],
)
def test_a_file_that_cannot_be_read_is_refused_beside_the_field(
    office: Any, as_role: AsRole, content: bytes, said: str
) -> None:
    answer = upload(as_role(Role.GENERAL), content)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ItemBatch.objects.exists()


def test_findings_and_refused_rows_are_files(office: Any, as_role: AsRole) -> None:
    client = as_role(Role.GENERAL)
    upload(client, csv_bytes([ROW, {**GOOD, "task_type": "?"}]))
    pk = ItemBatch.objects.get().pk
    answer = client.get(reverse("catalog:batch_file", args=[pk, "findings", "csv"]), {"only": "rejected"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "处理,行,列,取值,原因"
    assert lines[1].startswith("未收,3,task_type,?,")
    assert len(lines) == 2
    for what, kind in (("findings", "xlsx"), ("rows", "xlsx"), ("rows", "csv")):
        assert client.get(reverse("catalog:batch_file", args=[pk, what, kind])).status_code == 200
    assert client.get(reverse("catalog:batch_file", args=[pk, "rows", "exe"])).status_code == 404
    assert client.get(reverse("catalog:batch", args=[0])).status_code == 404


def test_findings_are_counted_by_kind_and_narrowed(office: Any, as_role: AsRole) -> None:
    client = as_role(Role.GENERAL)
    upload(client, csv_bytes([{**ROW, "online_handle_url": "网上"}, {**GOOD, "task_type": "?"}]))
    url = reverse("catalog:batch", args=[ItemBatch.objects.get().pk])
    text = page(client, url)
    assert "?kind=link" in text
    assert "?kind=value" in text
    narrowed = page(client, f"{url}?kind=link")
    assert "不是完整的网址" in narrowed
    assert "事项类型不在代码表里" not in narrowed


def test_every_kind_of_finding_has_its_word() -> None:
    """What the check may find is listed in queries.KINDS, so that the batch page can count it."""
    said = {"value", "row", "columns", "department", "version", "contradiction", "repeated", "same_name"}
    from_rules = {"link", "promise", "instant", "visits", "division", "organisation"}
    assert set(queries.KINDS) == said | from_rules


def test_the_template_is_a_workbook(office: Any, as_role: AsRole) -> None:
    answer = as_role(Role.WINDOW_CLERK).get(reverse("catalog:template"))
    assert answer["Content-Disposition"].startswith("attachment")
    assert io.BytesIO(answer.content).read(2) == b"PK"


# --- search and API --------------------------------------------------------------------------------


def test_the_search_finds_by_name_and_by_the_end_of_the_code(items: None, as_role: AsRole) -> None:
    clerk = as_role(Role.WINDOW_CLERK).actor
    assert [f.title for f in searchers["items"].find(clerk, "食品", 5)] == ["食品经营许可"]
    (found,) = screens.find(clerk, OTHER[-8:], 5)
    assert found.url == reverse("catalog:detail", args=[Item.objects.get(code=OTHER).pk])
    assert screens.find(clerk, "食", 5) == []
    assert screens.find(ANONYMOUS, "食品", 5) == []


def test_the_api_pages_and_filters(items: None, as_role: AsRole) -> None:
    client = as_role(Role.GENERAL)
    first = client.get("/api/v1/items", {"limit": 1}).json()
    second = client.get("/api/v1/items", {"limit": 1, "cursor": first["next"]}).json()
    assert [i["code"] for i in first["items"] + second["items"]] == [CODE, OTHER]
    assert second["next"] == ""
    unit = ItemVersion.objects.get(item__code=CODE).department_id
    wanted = {"q": "食品", "department": unit, "task_type": "01", "project_type": "2", "unified": "false"}
    assert [i["code"] for i in client.get("/api/v1/items", wanted).json()["items"]] == [CODE]


def test_the_api_gives_the_version_of_a_day_and_all_versions(
    items: None, bring: Bring, as_role: AsRole
) -> None:
    bring([{**ROW, "promise_day": "3"}], on="2023-06-01")
    client = as_role(Role.GENERAL)
    then = client.get("/api/v1/items", {"on": "2023-05-31", "q": "食品"}).json()["items"][0]
    now = client.get("/api/v1/items", {"on": "2023-06-01", "q": "食品"}).json()["items"][0]
    assert (then["promise_days"], now["promise_days"]) == (5, 3)
    one = client.get(f"/api/v1/items/{CODE}").json()
    assert [v["version"] for v in one["versions"]] == [2, 1]
    assert one["versions"][1]["attributes"]["promise_days"] == 5
    missing = client.get("/api/v1/items/none")
    assert missing.status_code == 404
    assert missing.json()["code"] == "not_found"


@pytest.mark.parametrize(
    "query", [{"cursor": 2**70}, {"limit": 0}, {"limit": 501}, {"department": -1}, {"on": "soon"}]
)
def test_the_api_refuses_what_it_cannot_mean(items: None, as_role: AsRole, query: dict[str, Any]) -> None:
    assert as_role(Role.GENERAL).get("/api/v1/items", query).status_code == 422


def test_the_api_takes_any_text(items: None, as_role: AsRole) -> None:
    client = as_role(Role.GENERAL)
    assert client.get("/api/v1/items", {"q": "\x00食品", "task_type": "\x00"}).status_code == 200
    assert client.get("/api/v1/items/%00").status_code == 404
