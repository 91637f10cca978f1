"""Saved views (L7): what is kept of a list, who sees it, how it changes, what it counts."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry, SavedView
from xinfu.core.ui import views

PEOPLE = "/people/"


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def save(client: Any, title: str, query: str = "state=serving", address: str = PEOPLE, **more: str) -> Any:
    return client.post(f"{address}?{query}", {"view": "save", "view_title": title, **more})


def only() -> SavedView:
    return SavedView.objects.get()


def test_a_view_keeps_filters_and_order_and_nothing_else(as_role: Any) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    answer = save(client, "在岗人员", "state=serving&q=&page=3&size=100&count=exact&foo=1&sort=-name")
    assert answer.status_code == 302
    view = only()
    assert (view.address, view.list_name) == (PEOPLE, "people.people")
    assert view.query == "state=serving&sort=-name"
    assert answer["Location"] == f"{PEOPLE}?state=serving&sort=-name&view={view.pk}"
    page = text_of(client.get(answer["Location"]))
    assert "已保存视图“在岗人员”" in page
    assert "视图：<strong>在岗人员</strong>" in page
    assert JournalEntry.objects.filter(event="view.saved").count() == 1


def test_a_pinned_view_stands_in_the_rail_of_every_page_with_a_live_count(as_role: Any, office: Any) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    save(client, "在岗人员", view_pinned="on")
    view = only()
    rail = text_of(client.get("/"))
    assert f'href="{PEOPLE}?state=serving&amp;sort=staff_no&amp;view={view.pk}"' in rail
    assert client.get("/views/counts").json() == {str(view.pk): "1"}
    make.person(Role.WINDOW_CLERK, office.unit_a)
    make.person(Role.WINDOW_CLERK, office.unit_b)
    assert client.get("/views/counts").json() == {str(view.pk): "2"}
    client.post(f"/views/{view.pk}/act", {"verb": "unpin"})
    assert "data-rail" not in text_of(client.get("/"))


def test_a_shared_view_shows_each_reader_the_own_rows_only(as_role: Any, office: Any) -> None:
    sharer, reader = as_role(Role.GENERAL, office.unit_a), as_role(Role.WINDOW_CHIEF, office.unit_a)
    stranger, clerk = as_role(Role.WINDOW_CHIEF, office.unit_b), as_role(Role.WINDOW_CLERK, office.unit_a)
    save(sharer, "全部在岗", view_shared="on", view_pinned="on")
    view = only()
    assert f"{view.owner_name}共享" in text_of(reader.get(PEOPLE))
    assert "全部在岗" not in text_of(stranger.get(PEOPLE))
    assert "全部在岗" not in text_of(clerk.get("/views/")), "a list that one may not open has no views"
    reader.post(f"/views/{view.pk}/act", {"verb": "pin"})
    assert sharer.get("/views/counts").json() == {str(view.pk): "4"}
    assert reader.get("/views/counts").json() == {str(view.pk): "3"}
    assert stranger.get(f"/views/{view.pk}/").status_code == 404


def test_who_may_not_share_keeps_own_views(as_role: Any, office: Any) -> None:
    client = as_role(Role.AUDITOR)
    assert "共享给本单位（" not in text_of(client.get("/journal/"))
    assert save(client, "甲", "", "/journal/", view_shared="on").status_code == 403
    assert not SavedView.objects.exists()
    save(client, "甲", "", "/journal/")
    page = f"/views/{only().pk}/"
    assert "您的角色不能向本单位共享" in text_of(client.get(page))
    client.post(page, {"title": "甲", "is_shared": "on", "version": "1"})
    assert not only().is_shared


@pytest.mark.parametrize(
    "title, query, why",
    [
        (" ", "", "请填写视图名称"),
        ("长" * 41, "", "视图名称最多40个字，现在是41个字"),
        ("13812345678", "", "视图名称里不能有手机或证件号码"),
        ("甲", "q=13812345678", "手机和证件号码不能存入视图"),
        ("甲", "q=１３８ 1234 5678", "手机和证件号码不能存入视图"),
        ("甲", "q=33062419900101123X", "手机和证件号码不能存入视图"),
        ("甲", "state=nonsense", "筛选条件有误"),
    ],
)
def test_a_view_that_may_not_be_kept_is_refused_in_the_menu_with_what_was_typed(
    as_role: Any, title: str, query: str, why: str
) -> None:
    answer = save(as_role(Role.WINDOW_CHIEF), title, query)
    assert answer.status_code == 422
    said = text_of(answer)
    assert why in said
    assert f'name="view_title" required maxlength="40" autocomplete="off" value="{title}"' in said
    assert not SavedView.objects.exists()


def test_a_search_by_a_whole_number_of_a_person_is_never_kept(as_role: Any) -> None:
    answer = save(as_role(Role.WINDOW_CHIEF), "张某的件", "who=" + "0a" * 16, "/cases/")
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "said, is_personal",
    [("13812345678", True), ("330624199001011234", True), ("ZJ3306242023051800001", False)],
)
def test_case_numbers_are_no_identity_numbers(said: str, is_personal: bool) -> None:
    assert views.is_personal(said) is is_personal


def test_a_name_is_taken_once_for_a_list_and_there_are_bounds(
    as_role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    save(client, "甲")
    assert "已有名为“甲”的视图" in text_of(save(client, "甲", "state=left"))
    save(client, "甲", "", "/cases/")
    assert SavedView.objects.count() == 2
    monkeypatch.setattr(views, "MOST", 2)
    assert "每人最多存2个视图" in text_of(save(client, "乙"))
    first, second = SavedView.objects.order_by("pk")
    monkeypatch.setattr(views, "PINS", 1)
    client.post(f"/views/{first.pk}/act", {"verb": "pin"})
    refused = client.post(f"/views/{second.pk}/act", {"verb": "pin"}, follow=True)
    assert "左侧栏最多固定1个视图" in text_of(refused)


def test_the_filters_of_a_view_are_edited_in_the_list_itself(as_role: Any) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    save(client, "甲")
    view = only()
    changed = f"{PEOPLE}?state=left&sort=name&view={view.pk}"
    page = text_of(client.get(changed))
    assert "条件已改动" in page
    assert "把当前条件存入“甲”" in page
    client.post(changed, {"view": "update", "view_id": view.pk, "view_version": "1"})
    assert only().query == "state=left&sort=name"
    assert "条件已改动" not in text_of(client.get(changed))
    late = client.post(
        f"{PEOPLE}?view={view.pk}", {"view": "update", "view_id": view.pk, "view_version": "1"}
    )
    assert late.status_code == 422
    assert "您的修改未保存" in text_of(late)


def test_of_two_who_edit_at_once_the_second_learns_who_was_first(as_role: Any, office: Any) -> None:
    first, second = as_role(Role.WINDOW_CHIEF), as_role(Role.UNIT_LIAISON)
    save(first, "甲", view_shared="on")
    page = f"/views/{only().pk}/"
    done = second.post(page, {"title": "乙", "is_shared": "on", "version": "1"})
    assert done.status_code == 302
    late = first.post(page, {"title": "丙", "is_shared": "on", "version": "1"})
    assert late.status_code == 422
    assert f"该视图已由{second.actor.name}于" in text_of(late)
    assert 'value="丙"' in text_of(late), "what was typed stays"
    assert only().title == "乙"
    assert JournalEntry.objects.filter(event="view.changed").count() == 1


def test_only_the_owner_deletes_and_others_of_the_unit_take_back(as_role: Any, office: Any) -> None:
    owner, other = as_role(Role.WINDOW_CHIEF), as_role(Role.UNIT_LIAISON)
    save(owner, "甲", view_shared="on")
    view = only()
    assert other.post(f"/views/{view.pk}/act", {"verb": "remove"}).status_code == 403
    other.post(f"/views/{view.pk}/", {"title": "甲", "version": "1"})
    assert not only().is_shared
    assert other.get(f"/views/{view.pk}/").status_code == 404
    owner.post(f"/views/{view.pk}/act", {"verb": "remove"})
    assert not SavedView.objects.exists()
    assert "还没有视图" in text_of(owner.get("/views/"))
    assert owner.get(f"{PEOPLE}?view={view.pk}").status_code == 200, "an old address shows the list"
    assert owner.post(f"/views/{view.pk}/act", {"verb": "eat"}).status_code == 400


def test_views_stand_in_the_readers_own_order(as_role: Any) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    for title in ("A", "B", "C"):
        save(client, title, view_pinned="on")
    keys = dict(SavedView.objects.values_list("title", "pk"))
    client.post(f"/views/{keys['C']}/act", {"verb": "up"})
    assert [s.view.title for s in views.visible(client.actor)] == ["A", "C", "B"]
    client.post(f"/views/{keys['A']}/act", {"verb": "down"})
    assert [s.view.title for s in views.visible(client.actor)] == ["C", "A", "B"]
    client.post(f"/views/{keys['B']}/act", {"verb": "down"})
    assert [s.view.title for s in views.visible(client.actor)] == ["C", "A", "B"]
    assert all(s.is_pinned for s in views.visible(client.actor))


def test_a_pin_costs_one_query_and_a_page_with_pins_twelve_at_most(
    as_role: Any, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.WINDOW_CHIEF)

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get("/views/counts")
        return len(seen)

    save(client, "0", "light=late", "/cases/", view_pinned="on")
    one = asked()
    for i in range(1, 8):
        save(client, str(i), f"light=late&batch={i}", "/cases/", view_pinned="on")
    assert len(client.get("/views/counts").json()) == 8
    assert asked() - one == 7
    client.get("/cases/")  # the session has kept where one is
    with django_assert_max_num_queries(12):
        client.get("/cases/")


def test_a_view_whose_list_or_filters_are_gone_counts_a_dash(as_role: Any) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    save(client, "甲", view_pinned="on")
    view = only()
    SavedView.objects.update(query="state=old")
    assert client.get("/views/counts").json() == {str(view.pk): "—"}
    SavedView.objects.update(list_name="no.more")
    assert client.get("/views/counts").json() == {str(view.pk): "—"}
    assert client.get("/views/").status_code == 200
    SavedView.objects.update(address="/nowhere/")
    assert client.get("/views/counts").json() == {}


def test_counting_stops_at_999(as_role: Any, monkeypatch: pytest.MonkeyPatch, office: Any) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    make.person(Role.WINDOW_CLERK, office.unit_a)
    save(client, "甲", "", view_pinned="on")
    monkeypatch.setattr(views, "COUNT_CAP", 1)
    assert list(client.get("/views/counts").json().values()) == ["1+"]
