"""Work lists: filters, chips, order, columns, export, return (rules L1–L11, X6–X8)."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import make
from xinfu.core import clock, journal
from xinfu.core.access import Role
from xinfu.core.actor import Actor, Kind, Scope
from xinfu.core.models import Download, JournalEntry, Preference
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import exports, lists
from xinfu.core.ui.lists import Column, ListSpec


@pytest.fixture
def entries(office: Any) -> None:
    """Sixty journal entries; the auditor's list is the list under test."""
    from django.db import transaction

    with transaction.atomic():
        for i in range(60):
            journal.record(
                "test.made" if i % 2 else "test.shut",
                f"test.Thing:{i}",
                by=make.SYSTEM,
                at=clock.now() - timedelta(minutes=60 - i),
            )


def content_of(answer: Any) -> bytes:
    """Return the whole of a file that was answered, and close the file (not, as `close()` would, the database)."""
    content = b"".join(answer.streaming_content)
    for close in answer._resource_closers:
        close()
    return content


def text_of(answer: Any) -> str:
    return answer.content.decode()


def test_a_list_shows_its_total_and_twenty_rows_in_its_order(as_role: Any, entries: None) -> None:
    page = text_of(as_role(Role.AUDITOR).get("/journal/"))
    assert "60 条" in page
    assert re.findall(r'data-row="(\d+)"', page)[:2] == ["59", "58"]
    assert page.count("data-row=") == 20
    assert "第 1 页，共 3 页" in page


@pytest.mark.parametrize("size, rows", [("50", 50), ("100", 60), ("7", 20), ("x", 20), ("-1", 20)])
def test_only_the_three_sizes_are_taken(as_role: Any, entries: None, size: str, rows: int) -> None:
    assert text_of(as_role(Role.AUDITOR).get(f"/journal/?size={size}")).count("data-row=") == rows


def test_filters_narrow_and_stand_as_chips_that_take_them_away(as_role: Any, entries: None) -> None:
    page = text_of(as_role(Role.AUDITOR).get("/journal/?event=test.made&size=50"))
    assert "30 条" in page
    assert 'href="?size=50"' in page
    assert "去掉条件 事件：test.made" in page


@pytest.mark.parametrize("query, counted", [("size=100", 0), ("size=20", 1), ("size=20&page=3", 1)])
def test_rows_are_counted_only_where_one_page_does_not_hold_them_all(
    as_role: Any, entries: None, query: str, counted: int
) -> None:
    client = as_role(Role.AUDITOR)
    with CaptureQueriesContext(connection) as asked:
        page = text_of(client.get(f"/journal/?{query}"))
    assert "60 条" in page
    assert sum("COUNT(*)" in q["sql"] for q in asked.captured_queries) == counted


def test_a_wrong_filter_is_said_beside_it_and_answers_422(as_role: Any, entries: None) -> None:
    answer = as_role(Role.AUDITOR).get("/journal/?first=yesterday")
    assert answer.status_code == 422
    assert "日期请写成 2026-11-24 或 20261124。" in text_of(answer)


@pytest.mark.parametrize(
    "typed", ["2026-11-24", "20261124", "２０２６１１２４", " 2026/11/24 ", "2026年11月24日"]
)
def test_days_may_be_typed_in_the_ways_people_write_them(as_role: Any, entries: None, typed: str) -> None:
    assert as_role(Role.AUDITOR).get("/journal/", {"first": typed}).status_code == 200


def test_zero_rows_have_two_different_sentences(as_role: Any, office: Any) -> None:
    client = as_role(Role.AUDITOR)
    assert "日志里还没有条目。" in text_of(client.get("/journal/"))
    page = text_of(client.get("/journal/?who=nobody"))
    assert "没有符合这些条件的记录。" in page
    assert "清除筛选" in page


def test_a_fragment_is_the_same_region_as_in_the_full_page(as_role: Any, entries: None) -> None:
    client = as_role(Role.AUDITOR)

    def region(page: str) -> str:
        found = re.search(r'<section id="list".*?</section>', page, re.DOTALL)
        assert found
        return re.sub(r'name="(_once|csrfmiddlewaretoken)" value="[^"]*"', "", found.group(0))

    full = client.get("/journal/?page=2")
    part = client.get("/journal/?page=2", headers={"HX-Request": "true", "HX-Target": "list"})
    assert region(text_of(full)) == region(text_of(part))
    assert "<html" not in text_of(part)
    assert text_of(part).startswith("<title>60 条 · 操作日志 · 馨服</title>")
    assert {"HX-Request", "HX-Target"} <= {v.strip() for v in full["Vary"].split(",")}
    history = {"HX-Request": "true", "HX-Target": "list", "HX-History-Restore-Request": "true"}
    assert "<html" in text_of(client.get("/journal/?page=2", headers=history))


def test_a_click_on_a_head_sorts_and_a_second_one_turns(as_role: Any, entries: None) -> None:
    client = as_role(Role.AUDITOR)
    page = text_of(client.get("/journal/?sort=n"))
    assert re.findall(r'data-row="(\d+)"', page)[0] == "0"
    assert 'aria-sort="ascending"' in page
    assert "?sort=-n" in page
    assert text_of(client.get("/journal/?sort=password")).count("data-row=") == 20, (
        "an unknown order is the usual one"
    )


def test_the_way_back_leads_to_the_list_as_it_was_left(as_role: Any, entries: None) -> None:
    client = as_role(Role.AUDITOR)
    client.get("/journal/?event=test.made&page=2")
    assert "/journal/?event=test.made&amp;page=2" in text_of(client.get("/journal/5/"))


def test_the_choice_of_columns_is_kept_for_the_person(as_role: Any, entries: None) -> None:
    client = as_role(Role.AUDITOR)
    answer = client.post("/journal/?page=2", {"columns": "1", "column": ["n", "subject", "no-such"]})
    assert answer["Location"] == "/journal/?page=2"
    page = text_of(client.get("/journal/"))
    assert "操作者<" not in re.search(r"<thead>.*?</thead>", page, re.DOTALL).group(0)  # type: ignore[union-attr]
    assert Preference.objects.get(owner=client.actor.key).value == ["n", "subject"]


def test_a_list_page_asks_the_database_little(
    as_role: Any, entries: None, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.AUDITOR)
    client.get("/journal/")
    with django_assert_max_num_queries(20):
        client.get("/journal/?size=50")


# --- exports -------------------------------------------------------------------------------------


def test_an_export_is_exactly_this_filter_this_order_these_columns(as_role: Any, entries: None) -> None:
    client = as_role(Role.AUDITOR)
    client.post("/journal/", {"columns": "1", "column": ["n", "event"]})
    answer = client.post("/journal/?event=test.made&sort=n", {"export": "csv"})
    content = content_of(answer)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == ["序号", "事件"]
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(1, 60, 2)]
    assert "attachment" in answer["Content-Disposition"]
    events = list(
        JournalEntry.objects.filter(event__startswith="export.").order_by("n").values_list("event", flat=True)
    )
    assert events == ["export.asked", "export.made"]


def test_an_xlsx_export_opens_with_the_same_rows(as_role: Any, entries: None) -> None:
    import python_calamine

    answer = as_role(Role.AUDITOR).post("/journal/?event=test.shut", {"export": "xlsx"})
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content_of(answer)))
    rows = book.get_sheet_by_index(0).to_python()
    assert len(rows) == 31
    assert rows[0][:2] == ["序号", "时间"]


def test_a_large_export_is_made_in_the_background_for_its_maker_alone(
    as_role: Any, entries: None, run_tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 10)
    client = as_role(Role.AUDITOR)
    answer = client.post("/journal/?sort=n", {"export": "csv"})
    assert answer["Location"] == "/downloads/"
    waiting = Download.objects.get()
    assert "正在生成" in text_of(client.get("/downloads/"))
    assert "正在生成" in text_of(client.get(f"/downloads/{waiting.pk}/progress"))
    assert client.get(f"/downloads/{waiting.pk}/file").status_code == 404, "not there yet"
    assert run_tasks() == 1
    done = Download.objects.get()
    assert (done.state, done.rows_done) == ("done", 60 + 1), (
        "the journal grew by the entry of the export itself"
    )
    got = client.get(f"/downloads/{waiting.pk}/file")
    assert content_of(got).startswith(b"\xef\xbb\xbf")
    assert as_role(Role.AUDITOR).get(f"/downloads/{waiting.pk}/file").status_code == 404
    assert as_role(Role.AUDITOR).get(f"/downloads/{waiting.pk}/progress").status_code == 404


def test_a_download_goes_after_seven_days(as_role: Any, entries: None) -> None:
    from xinfu.core import files

    client = as_role(Role.AUDITOR)
    content_of(client.post("/journal/?event=test.made", {"export": "csv"}))
    kept = Download.objects.get()
    assert kept.file
    path = files.path_of(kept.file.sha256)
    assert path.exists()
    assert exports.remove_old(at=clock.now() + timedelta(days=6)) == 0
    assert exports.remove_old(at=clock.now() + timedelta(days=8)) == 1
    assert not path.exists()
    assert Download.objects.get().state == "removed"
    assert client.get(f"/downloads/{kept.pk}/file").status_code == 404


def test_an_unknown_format_is_a_bad_request(as_role: Any, entries: None) -> None:
    assert as_role(Role.AUDITOR).post("/journal/", {"export": "pdf"}).status_code == 400


class Wanted(forms.Form):
    kinds = forms.MultipleChoiceField(label="类别", required=False, choices=[("a", "甲"), ("b", "乙")])
    only = forms.BooleanField(label="仅超期", required=False)


def spec(**changes: Any) -> ListSpec:
    usual: dict[str, Any] = {
        "name": "test.list",
        "title": "试列表",
        "rows": lambda actor, **args: JournalEntry.objects.all(),
        "columns": (Column("n", "序号", kind="int", sort="n"), Column("by_name", "操作者")),
        "order": "n",
    }
    return ListSpec(**{**usual, **changes})


def person(**scopes: Scope) -> Actor:
    return Actor(kind=Kind.PERSON, id=7, name="王某", unit_name="考评科", scopes=scopes)


def ask(listed: ListSpec, query: str = "", actor: Actor | None = None) -> lists.State:
    return lists.read(listed, actor or person(), QueryDict(query))


def test_an_export_of_personal_data_asks_for_a_reason_and_carries_its_number(entries: None) -> None:
    state = ask(spec(personal=True))
    with pytest.raises(Refused, match="请先填写用途"):
        exports.answer(state, "csv", reason=" ", at=clock.now())
    answer = exports.answer(state, "csv", reason="专项检查", at=clock.now())
    last = content_of(answer).decode().splitlines()[-1]
    assert Download.objects.get().number in last
    assert "王某" in last
    asked = JournalEntry.objects.get(event="export.asked")
    assert "专项检查" in bytes(asked.body).decode()


def test_formulas_in_cells_are_made_safe(entries: None) -> None:
    dangerous = spec(columns=(Column("n", "序号", value=lambda e: '=HYPERLINK("http://x")'),))
    answer = exports.answer(ask(dangerous), "csv", reason="", at=clock.now())
    row = content_of(answer).decode("utf-8-sig").splitlines()[1]
    assert not row.lstrip('"').startswith("=")


def test_chips_say_choices_in_their_words(entries: None) -> None:
    page = lists.page_of(ask(spec(form=Wanted), "kinds=a&kinds=b&only=on"))
    assert [chip.label for chip in page.chips] == ["类别：甲、乙", "仅超期：是"]


def test_a_list_that_may_not_be_exported_shows_no_button_and_refuses(as_role: Any, entries: None) -> None:
    closed = spec(export="test.export")
    assert not lists.page_of(ask(closed)).may_export
    assert lists.page_of(ask(closed, actor=person(**{"test.export": Scope(everything=True)}))).may_export


def test_all_the_selected_rows_are_those_of_the_query_that_was_seen(entries: None) -> None:
    from xinfu.site.screens.journal import JOURNAL

    auditor = person(**{"core.see_journal": Scope(everything=True)})
    make_request = RequestFactory().post
    some = make_request("/x", {"picked": "3,5,x,1 OR 1=1", "query": "event=test.made"})
    assert {e.n for e in lists.picked(some, auditor, JOURNAL)} == {3, 5}
    every = make_request("/x", {"all": "1", "query": "event=test.made"})
    assert lists.picked(every, auditor, JOURNAL).count() == 30


def keys_of(page: lists.ListPage) -> list[int]:
    return [int(key) for row in page.rows for key in re.findall(r'^<tr data-row="(\d+)"', row)]


def test_pages_beyond_ten_thousand_rows_go_by_key(entries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from xinfu.core.ui import paging

    monkeypatch.setattr(paging, "CAP", 40)
    page = lists.page_of(ask(spec(), "page=2"))
    assert not page.is_exact
    assert page.total_text == "约 40+ 条"
    assert "after=" in page.links["next"]
    third = lists.page_of(ask(spec(), page.links["next"].removeprefix("?")))
    assert keys_of(third) == list(range(40, 60))
    assert third.number == 3
    assert "next" not in third.links
    back = lists.page_of(ask(spec(), third.links["previous"].removeprefix("?")))
    assert keys_of(back) == list(range(20, 40))
    last = lists.page_of(ask(spec(), page.links["last"].removeprefix("?")))
    assert keys_of(last) == list(range(40, 60))
    exact = lists.page_of(ask(spec(), page.links["exact"].removeprefix("?")))
    assert (exact.total, exact.is_exact) == (60, True)


def test_an_actor_comes_back_from_a_task_as_it_was() -> None:
    actor = person(**{"a.b": Scope(units=frozenset({3, 1}), own=True), "c.d": Scope(everything=True)})
    assert exports.actor_from_data(exports.actor_as_data(actor)) == actor


def test_export_numbers_can_be_said_on_the_phone() -> None:
    numbers = {exports.issue_number(clock.now()) for _ in range(200)}
    assert len(numbers) == 200
    assert all(re.fullmatch(r"E\d{4}-[2-9A-HJ-NP-Z]{6}", n) for n in numbers)


def test_a_download_of_nobody_is_not_found(office: Any) -> None:
    with pytest.raises(NotFound):
        exports.served(person(), 99)


def test_every_list_names_columns_once_and_its_address_exists() -> None:
    assert reverse("site:journal")
    for listed in lists.specs:
        titles = [c.title for c in listed.columns]
        codes = [c.code for c in listed.columns]
        assert len(set(titles)) == len(titles), listed.name
        assert len(set(codes)) == len(codes), listed.name
