"""Screens of cases: who sees what, refusals in place, few queries, import in three steps."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.cases.conftest import GOOD_ID, as_csv, import_cases, row
from xinfu.cases.access import Can
from xinfu.cases.models import Case, ImportBatch
from xinfu.cases.screens.filters import begin_list, narrow
from xinfu.core.access import ROLE_LABELS, Role, permissions_of
from xinfu.core.actor import system
from xinfu.core.models import JournalEntry

OTHER = "11330624MB0012"
MOST_QUERIES = 12
ROLES = [role for role in ROLE_LABELS if role not in {Role.OUTSIDE, Role.SYSTEM_TOKEN}]


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    """The house's clock stands on Tuesday 2023-06-27, when the good row is due."""
    settings.DEMO_DAY = date(2023, 6, 27)


@pytest.fixture
def county(office: Any, tmp_path: Path) -> Any:
    """Cases due today, tomorrow, overdue, stopped, of the other unit, not accepted, finished, marked."""
    path = tmp_path / "cases.csv"
    rows = [
        row(1),
        row(2, 承诺工作日="6"),
        row(3, 承诺工作日="3"),
        row(4, 承诺工作日="4"),
        row(5, 承办单位编码=OTHER, 窗口编号="B01"),
        row(6, 收件时间="2023-06-16 09:00:00", 受理时间="", 办件状态="收件", 承诺工作日=""),
        row(7, 办结时间="2023-06-28 10:00:00", 办件状态="办结"),
        row(8, 办结时间="2023-06-18 10:00:00", 办件状态="办结", 实施编码="NOTHING"),
    ]
    path.write_text(as_csv(rows))
    import_cases(path)
    stop = {
        "办件编号": row(4)["办件编号"],
        "挂起类别": "特别程序",
        "开始时间": "2023-06-21 09:00:00",
        "原因": "评审",
    }
    path.write_text(as_csv([stop], list(stop)))
    import_cases(path, mapping="zj-pause")
    return office


def case(number: int) -> Case:
    return Case.objects.get(case_no=row(number)["办件编号"])


def shown(html: str) -> list[int]:
    """Return the running numbers of the cases in a list, in their order."""
    return [
        int(n)
        for n in re.findall(r'<a href="/cases/\d+/[^"]*" data-open aria-label="XC20230619(\d{6})"', html)
    ]


# --- who may -------------------------------------------------------------------------------------

SCREENS = {
    "cases:list": Can.SEE,
    "cases:due": Can.SEE,
    "cases:morning": Can.SEE,
    "cases:quality": Can.SEE,
    "cases:import": Can.IMPORT,
    "cases:batches": Can.IMPORT,
}


@pytest.mark.parametrize("role", ROLES)
def test_each_screen_opens_to_the_roles_that_may_and_to_no_other(
    role: Role, as_role: Callable[..., Any]
) -> None:
    client = as_role(role)
    for name, permission in SCREENS.items():
        expected = 200 if permission in permissions_of(role) else 403
        assert client.get(reverse(name)).status_code == expected, name


def test_a_stranger_is_sent_to_the_log_in_page(client: Any, office: Any) -> None:
    answer = client.get(reverse("cases:list"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("people:login"))


def test_a_colleague_of_another_unit_neither_finds_nor_opens_nor_exports_a_foreign_case(
    county: Any, as_role: Callable[..., Any]
) -> None:
    client, foreign = as_role(Role.WINDOW_CHIEF, county.unit_b), case(1)
    assert client.get(reverse("cases:detail", args=[foreign.pk])).status_code == 404
    assert client.get(reverse("cases:next", args=[foreign.pk])).status_code == 404
    for query in ("", f"?q={foreign.case_no}", "?light=today", "?q=000001"):
        assert 1 not in shown(client.get(reverse("cases:list") + query).content.decode()), query
    assert foreign.case_no not in client.get(reverse("cases:due")).content.decode()
    answer = client.post(reverse("cases:list"), {"export": "csv"}, follow=True)
    assert foreign.case_no.encode() not in b"".join(answer)
    post = {"reason": "核对申请材料", "kind": "special", "started_at": "2023-06-26 09:00"}
    for name in ("cases:reveal", "cases:pause", "cases:resume"):
        assert client.post(reverse(name, args=[foreign.pk]), post).status_code == 404, name


# --- the list ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("?light=today", [1, 5]),
        ("?light=soon", [1, 2, 5]),
        ("?light=late", [3]),
        ("?light=accept_late", [6]),
        ("?light=paused", [4]),
        ("?mark=-1", [8]),
        ("?light=done_late", [7]),
        ("?light=done_late&finished_from=2023-06-01&finished_to=2023-06-27", []),
        ("?finished_from=2023-06-19", [7]),
        ("?channel=1&state=handling", [1, 2, 3, 4, 5]),
        ("?mark=-1&state=handling", []),
        ("?q=000003", [3]),
        ("?unified=1", []),
        ("?received_from=2023-06-20", []),
        ("?due_from=2023-06-28", [2]),
    ],
)
def test_each_tab_and_filter_shows_its_cases(
    county: Any, as_role: Callable[..., Any], query: str, numbers: list[int]
) -> None:
    html = as_role(Role.LEADER).get(reverse("cases:list") + query).content.decode()
    assert sorted(shown(html)) == numbers


def test_a_wrong_filter_is_told_and_answers_422(county: Any, as_role: Callable[..., Any]) -> None:
    client = as_role(Role.LEADER)
    for query, words in (
        ("?received_from=2023-07-01&received_to=2023-06-01", "收件日期的止日在起日之前"),
        ("?q=13800001234", "手机和证件号码不能写进网址"),
        ("?finished_from=2023-07-01&finished_to=2023-06-01", "办结日期的止日在起日之前"),
    ):
        answer = client.get(reverse("cases:list") + query)
        assert answer.status_code == 422, query
        assert words in answer.content.decode()


def test_a_person_is_found_by_whole_number_and_no_digit_of_it_stands_in_the_address(
    county: Any, as_role: Callable[..., Any]
) -> None:
    client = as_role(Role.LEADER)
    for value in (GOOD_ID, "138 0000 1234"):
        answer = client.post(reverse("cases:find"), {"value": value}, follow=True)
        assert len(shown(answer.content.decode())) == 8
        address = answer.redirect_chain[-1][0]
        assert value[-4:] not in address
    assert client.post(reverse("cases:find"), {"value": ""}).status_code == 422


def test_the_htmx_fragment_is_the_region_of_the_full_page(county: Any, as_role: Callable[..., Any]) -> None:
    client = as_role(Role.LEADER)
    address = reverse("cases:list") + "?light=late"
    whole = client.get(address).content.decode()
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()

    def plain(html: str) -> str:
        region = html[html.index('<section id="list"') : html.rindex("</section>")]
        return re.sub(r'(name="(csrfmiddlewaretoken|_once)" value=")[^"]*', r"\1", region)

    assert plain(part) == plain(whole)


def test_empty_lists_say_why(office: Any, as_role: Callable[..., Any]) -> None:
    client = as_role(Role.LEADER)
    assert "还没有办件" in client.get(reverse("cases:list")).content.decode()
    assert "没有符合这些条件的记录" in client.get(reverse("cases:list") + "?q=XC999").content.decode()
    assert "没有超期和将到期的办件" in client.get(reverse("cases:due")).content.decode()
    assert "没有发现质量问题" in client.get(reverse("cases:quality")).content.decode()


@pytest.mark.parametrize("name", [*SCREENS, "cases:list?light=soon", "cases:list?light=late&mark=8"])
def test_no_page_takes_more_than_twelve_queries(
    county: Any, as_role: Callable[..., Any], django_assert_max_num_queries: Any, name: str
) -> None:
    view, _, query = name.partition("?")
    client = as_role(Role.GENERAL)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get(f"{reverse(view)}?{query}").status_code == 200


# --- one case ------------------------------------------------------------------------------------


def test_a_case_tells_both_clocks_the_rule_and_what_stopped_them(
    county: Any, as_role: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    client, address = as_role(Role.LEADER), reverse("cases:detail", args=[case(4).pk])
    client.get(address)  # the first page of a session writes the session too
    with django_assert_max_num_queries(MOST_QUERIES):
        html = client.get(address).content.decode()
    assert "受理时限5个工作日，自收件日2023-06-19起算，当日不计" in html
    assert "《中华人民共和国行政许可法》第三十二条" in html
    assert "承诺4个工作日，自受理日2023-06-19起算，当日不计" in html
    assert "正在停钟，恢复后到期日按实际停钟的工作日顺延" in html
    assert html.count('<svg class="clocks') == 2
    assert "特别程序停钟2023-06-21起，尚未恢复" in html
    assert " style=" not in html


def test_marks_are_told_in_words_with_what_to_do(county: Any, as_role: Callable[..., Any]) -> None:
    html = as_role(Role.LEADER).get(reverse("cases:detail", args=[case(8).pk])).content.decode()
    assert "办结时间在收件时间之前" in html
    assert "请在来源系统核对收件、办结时间" in html


def test_the_neighbour_is_that_of_the_list_as_it_was_left(county: Any, as_role: Callable[..., Any]) -> None:
    client = as_role(Role.LEADER)
    order = shown(client.get(reverse("cases:list") + "?light=soon").content.decode())
    for here, there in pairwise(order):
        answer = client.get(reverse("cases:next", args=[case(here).pk]) + "?list=due")
        assert answer["Location"] == reverse("cases:detail", args=[case(there).pk]) + "?list=due"
        back = client.get(reverse("cases:previous", args=[case(there).pk]) + "?list=due")
        assert back["Location"] == reverse("cases:detail", args=[case(here).pk]) + "?list=due"
    end = client.get(reverse("cases:next", args=[case(order[-1]).pk]) + "?list=due", follow=True)
    assert "列表里没有下一件了" in end.content.decode()


def test_personal_data_is_masked_and_shown_only_for_a_reason_that_the_journal_keeps(
    county: Any, as_role: Callable[..., Any]
) -> None:
    client, one = as_role(Role.WINDOW_CLERK, county.unit_a), case(1)
    html = client.get(reverse("cases:detail", args=[one.pk])).content.decode()
    assert GOOD_ID not in html
    assert "138****1234" in html
    refused = client.post(reverse("cases:reveal", args=[one.pk]), {"reason": "看"})
    assert refused.status_code == 422
    assert "请写明查看原因" in refused.content.decode()
    answer = client.post(reverse("cases:reveal", args=[one.pk]), {"reason": "核对申请材料"})
    assert GOOD_ID in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert JournalEntry.objects.filter(event="case.applicant_revealed").count() == 1
    assert (
        as_role(Role.LEADER)
        .post(reverse("cases:reveal", args=[one.pk]), {"reason": "核对申请材料"})
        .status_code
        == 403
    )


def test_the_clock_is_stopped_after_a_page_that_says_what_follows_and_runs_again(
    county: Any, as_role: Callable[..., Any]
) -> None:
    client, one = as_role(Role.WINDOW_CLERK, county.unit_a), case(2)
    address = reverse("cases:pause", args=[one.pk])
    said = {"kind": "special", "name": "检验", "started_at": "2023-06-26 09:00", "reason": "送检"}
    asked = client.post(address, said)
    assert "确认停钟" in asked.content.decode()
    assert not one.pauses.exists()
    early = client.post(address, {**said, "started_at": "2023-06-01 09:00", "_confirmed": "停钟"})
    assert early.status_code == 422
    assert "开始时间应在收件之后" in early.content.decode()
    assert client.post(address, {**said, "_confirmed": "停钟"}).status_code == 302
    assert case(2).state == "suspended"
    again = reverse("cases:resume", args=[one.pk])
    wrong = client.post(again, {"ended_at": "2023-06-20 09:00"})
    assert wrong.status_code == 422
    assert "恢复时间应在停钟之后" in wrong.content.decode()
    done = client.post(again, {"ended_at": "2023-06-27 00:01"}, follow=True)
    assert "已恢复计时，到期日为2023年6月29日" in done.content.decode()
    assert client.post(again, {"ended_at": "2023-06-27 00:01"}).status_code == 422


# --- what is due ---------------------------------------------------------------------------------


def test_what_is_due_is_told_by_window_with_what_follows(county: Any, as_role: Callable[..., Any]) -> None:
    html = as_role(Role.LEADER).get(reverse("cases:due")).content.decode()
    assert "今天未办结：计超期办结1件" in html
    assert "已计入超期办结率" in html
    assert "逾期未告知补正的，自收件之日起即为受理" in html
    assert row(4)["办件编号"] not in html


def test_the_morning_sheet_names_todays_and_tomorrows_cases_of_each_window(
    county: Any, as_role: Callable[..., Any]
) -> None:
    client = as_role(Role.LEADER)
    html = client.get(reverse("cases:morning") + "?alone=on").content.decode()
    for number in (1, 2, 5):
        assert row(number)["办件编号"] in html
    for number in (4, 7, 8):
        assert row(number)["办件编号"] not in html
    assert "2023年6月27日晨会单" in html
    assert "sheet-alone" in html
    assert "张三丰" not in html


def test_a_large_morning_shows_windows_first_each_sheet_and_all_of_them_one_press_away(
    county: Any, as_role: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xinfu.cases.screens.due.AT_ONCE", 2)
    client = as_role(Role.LEADER)
    html = client.get(reverse("cases:morning")).content.decode()
    assert row(1)["办件编号"] not in html
    assert "市场监管窗口一的晨会单" in html
    one = client.get(reverse("cases:morning") + f"?window={county.window_b1.pk}").content.decode()
    assert row(5)["办件编号"] in one
    assert row(1)["办件编号"] not in one
    every = client.get(reverse("cases:morning") + "?all=on&alone=on").content.decode()
    assert all(row(n)["办件编号"] in every for n in (1, 2, 5))
    assert "sheet-alone" in every


# --- import --------------------------------------------------------------------------------------


def upload(client: Any, content: bytes, name: str = "cases.csv", mapping: str = "zj-case") -> ImportBatch:
    file = SimpleUploadedFile(name, content)
    answer = client.post(reverse("cases:import"), {"file": file, "mapping": mapping})
    assert answer.status_code == 302, answer.content.decode()
    return ImportBatch.objects.latest("pk")


def test_a_file_is_checked_first_and_written_when_confirmed(
    office: Any, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.GENERAL)
    rows = [
        row(1),
        row(2, 收件时间="昨天"),
        row(3, 申报来源="飞鸽"),
        row(4, 办结时间="2023-06-18 10:00:00", 办件状态="办结"),
    ]
    batch = upload(client, as_csv(rows).encode())
    address = reverse("cases:batch", args=[batch.pk])
    assert "在后台进行" in client.get(address).content.decode()
    progress = reverse("cases:batch_progress", args=[batch.pk])
    assert "排队中" in client.get(progress).content.decode()
    run_tasks()
    assert client.get(progress, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    html = client.get(address).content.decode()
    assert "检查结果：尚未写入" in html
    assert "不是能识别的日期时间" in html
    assert not Case.objects.exists()
    assert client.post(reverse("cases:batch_confirm", args=[batch.pk])).status_code == 302
    run_tasks()
    html = client.get(address).content.decode()
    assert "查看这 2 件" in html
    assert f"?batch={batch.pk}&amp;mark=1" in html
    assert sorted(shown(client.get(reverse("cases:list") + f"?batch={batch.pk}").content.decode())) == [1, 4]
    listed = b"".join(client.get(reverse("cases:batch_file", args=[batch.pk, "list"]))).decode("utf-8-sig")
    assert listed.startswith("行号,列,取值,原因")
    assert "昨天" in listed
    assert client.get(reverse("cases:batch_file", args=[batch.pk, "rows"])).content.startswith(b"PK")


def test_the_same_file_again_says_that_nothing_changed(
    office: Any, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client, content = as_role(Role.GENERAL), as_csv([row(1)]).encode()
    first = upload(client, content)
    run_tasks()
    client.post(reverse("cases:batch_confirm", args=[first.pk]))
    run_tasks()
    again = upload(client, content)
    run_tasks()
    html = client.get(reverse("cases:batch", args=[again.pk])).content.decode()
    assert "没有要写入的行：好的行都已在库，内容相同" in html


def test_a_refused_file_shows_its_sentence(
    office: Any, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.GENERAL)
    batch = upload(client, b"%PDF-1.7 not a table")
    run_tasks()
    html = client.get(reverse("cases:batch", args=[batch.pk])).content.decode()
    batch.refresh_from_db()
    assert batch.refusal
    assert batch.refusal.split("“")[0] in html
    assert "一行也没有写入" in html


def test_an_upload_without_a_file_is_refused_in_place(office: Any, as_role: Callable[..., Any]) -> None:
    answer = as_role(Role.GENERAL).post(reverse("cases:import"), {"mapping": "zj-case"})
    assert answer.status_code == 422
    assert "请选择要导入的文件" in answer.content.decode()


def test_each_template_has_chinese_heads_and_an_explanation(office: Any, as_role: Callable[..., Any]) -> None:
    import io

    from python_calamine import CalamineWorkbook

    client = as_role(Role.GENERAL)
    for code in ("zj-case", "zj-pause", "zj-step", "zj-licence"):
        content = client.get(reverse("cases:template", args=[code])).content
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        assert book.sheet_names == ["填写", "填写说明"]
        assert book.get_sheet_by_name("填写").to_python()[0][0] == "办件编号"
    assert client.get(reverse("cases:template", args=["nothing"])).status_code == 404


def test_an_item_that_nobody_knows_has_no_cases(county: Any) -> None:
    assert narrow(begin_list(system("tests")), {"item": "没有这个事项"}).count() == 0
