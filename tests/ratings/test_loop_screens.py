"""The screens of bad ratings: list, one loop, sheet, spot checks, as each role sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import make
from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.cases.models import Case
from xinfu.catalog.models import Item, ItemVersion
from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.ratings import actions
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, Rating

AT = datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)


@pytest.fixture(autouse=True)
def _a_day_of_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(hours=1))


def html(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_list_shows_lights_and_only_the_own_units_loops(office: Any, as_role: Callable[..., Any]) -> None:
    loops.loop(office, AT, called=False)
    loops.loop(office, AT, department=office.unit_b, window=office.window_b1, item_name="社保登记")
    page = html(as_role(Role.WINDOW_CHIEF).get("/ratings/loops/"))
    assert "企业设立登记" in page
    assert "还剩1个工作日" in page
    assert "社保登记" not in page


@pytest.mark.parametrize("wanted", ["box=mine", "box=judge", "box=raised", "light=bad", "light=warn", "light=ok",
                                    "status=0", "named=1", "q=00001"])  # fmt: skip
def test_each_filter_of_the_list_narrows_it(office: Any, as_role: Callable[..., Any], wanted: str) -> None:
    loops.loop(office, AT)
    for role in (Role.WINDOW_CHIEF, Role.APPRAISAL):
        assert as_role(role).get(f"/ratings/loops/?{wanted}").status_code == 200


def test_the_list_of_finished_ones_is_another(office: Any, as_role: Callable[..., Any]) -> None:
    loops.loop(office, AT, state=Status.RECTIFIED, item_name="已整改事项")
    client = as_role(Role.APPRAISAL)
    assert "已整改事项" not in html(client.get("/ratings/loops/"))
    assert "已整改事项" in html(client.get("/ratings/loops/done/"))


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("role", [Role.WINDOW_CHIEF, Role.APPRAISAL, Role.LEADER])
@pytest.mark.parametrize("named", [True, False])
def test_the_loop_answers_at_a_glance_in_every_state(
    office: Any, as_role: Callable[..., Any], state: Status, role: Role, named: bool
) -> None:
    loop = loops.loop(office, AT, state=state, named=named)
    page = html(as_role(role).get(f"/ratings/loops/{loop.rating.code}/"))
    assert "要办什么" in page
    assert "先看：办理时限" in page
    assert "接下来：" in page
    assert "13800001234" not in page
    if not named:
        assert "章" not in page
        assert "企业设立登记" not in page, "one rated case of a day would tell whose it was"


def test_a_move_is_made_from_the_screen_with_its_file(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT, state=Status.RECTIFYING)
    client, url = as_role(Role.WINDOW_CHIEF), f"/ratings/loops/{loop.rating.code}/"
    said = {"move": "finish", "note": "已补发"}
    file = SimpleUploadedFile("证明.png", b"\x89PNG\r\n\x1a\n1", content_type="image/png")
    asked = client.post(f"{url}move/", {**said, "files": file})
    assert "确认整改完成" in html(asked)
    kept = client.post(f"{url}move/", {**said, "_confirmed": "整改完成", "kept": _kept(html(asked))})
    assert kept.status_code == 302
    assert BadRating.objects.get(pk=loop.pk).status == Status.RECTIFIED
    page = html(client.get(url))
    assert "证明.png" in page
    got = client.get(f"{url}files/{loop.steps.last().files.get().pk}/")
    assert b"".join(got.streaming_content) == b"\x89PNG\r\n\x1a\n1"
    assert "attachment" in got["Content-Disposition"]
    assert as_role(Role.WINDOW_CHIEF, office.unit_b).get(f"{url}files/1/").status_code == 404


def test_a_call_and_a_hand_over_keep_their_papers_too(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT, called=False)
    client, url = as_role(Role.WINDOW_CHIEF), f"/ratings/loops/{loop.rating.code}/"

    def paper(name: str) -> SimpleUploadedFile:
        return SimpleUploadedFile(name, b"\x89PNG\r\n\x1a\n1", content_type="image/png")

    said = {"kind": "first", "is_reached": "1", "said": "已说明", "call_files": paper("通话记录.png")}
    assert client.post(f"{url}call/", said).status_code == 302
    page = html(client.get(url))
    assert "通话记录.png" in page
    assert "核实回访附件" in page
    wrong = {**said, "call_files": SimpleUploadedFile("a.exe", b"MZ\x00", content_type="image/png")}
    assert "不是 PDF" in html(client.post(f"{url}call/", wrong))
    assert loop.calls.count() == 1, "nothing is kept of a call whose paper is refused"
    section = as_role(Role.APPRAISAL, office.appraisal)
    given = {"department": office.unit_b.pk, "note": "事项归乙局", "files": paper("权责清单.png")}
    assert section.post(f"{url}hand-over/", given).status_code == 302
    assert "权责清单.png" in html(section.get(url))


def _kept(page: str) -> str:
    import re

    found = re.search(r'name="kept" value="(\d+)"', page)
    assert found
    return found.group(1)


def test_a_refused_move_shows_its_sentence_in_the_form(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT, called=False)
    client, url = as_role(Role.WINDOW_CHIEF), f"/ratings/loops/{loop.rating.code}/move/"
    answer = client.post(url, {"move": "appeal", "note": "不实"})
    assert answer.status_code == 422
    assert "请先登记回访" in html(answer)
    loops.call(loop, AT)
    answer = client.post(url, {"move": "accept", "due_on": "2023-09-01"})
    assert answer.status_code == 422
    assert "最晚为2023-06-08" in html(answer)
    assert client.post(url, {"move": "nothing"}).status_code == 404
    assert client.post(url, {"move": "accept", "note": "长" * 301}).status_code == 422


def test_the_telephone_is_shown_by_a_press_and_a_call_kept(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT, called=False)
    client, url = as_role(Role.WINDOW_CHIEF), f"/ratings/loops/{loop.rating.code}/"
    assert "13800001234" in html(client.post(f"{url}phone/"))
    assert client.post(f"{url}call/", {"kind": "first", "is_reached": "1", "said": ""}).status_code == 422
    assert (
        client.post(f"{url}call/", {"kind": "first", "is_reached": "1", "said": "已说明"}).status_code == 302
    )
    assert BadRating.objects.get(pk=loop.pk).called_back_at is not None
    assert as_role(Role.LEADER).post(f"{url}phone/").status_code == 403


def test_the_button_to_call_an_anonymous_one_says_why_not(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT, named=False)
    page = html(as_role(Role.WINDOW_CHIEF).get(f"/ratings/loops/{loop.rating.code}/"))
    assert "匿名评价，没有留下联系方式，不能回访" in page
    assert "登记回访" not in page


def test_the_item_of_an_anonymous_rating_is_shown_among_enough_others(
    office: Any, as_role: Callable[..., Any]
) -> None:
    loop = loops.loop(office, AT, named=False)
    for _ in range(4):
        loops.rating(office, AT, named=False, level=5)
    client, url = as_role(Role.WINDOW_CHIEF), f"/ratings/loops/{loop.rating.code}/"
    assert "市场监管窗口一" not in html(client.get(url)), "the day is not over"
    actions.tell(by=make.SYSTEM, at=AT + timedelta(days=1))
    assert "市场监管窗口一" in html(client.get(url))


def test_the_sheet_has_the_facts_and_the_words_for_the_call(office: Any, as_role: Callable[..., Any]) -> None:
    loops.loop(office, AT, called=False)
    loops.loop(office, AT, named=False)
    page = html(as_role(Role.WINDOW_CHIEF).get("/ratings/loops/sheet/"))
    assert "您好，请问是章**吗" in page
    assert "不会请您修改评价" in page
    assert "匿名评价不关联办件" in page
    assert "没有待本单位处置的差评" in html(
        as_role(Role.WINDOW_CHIEF, office.unit_b).get("/ratings/loops/sheet/")
    )


def test_a_follow_up_rating_stands_in_the_loop(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT, state=Status.RECTIFIED)
    loops.rating(office, AT, level=5, turn=2, case_key=bytes(loop.rating.case_key), text="改得快")
    page = html(as_role(Role.WINDOW_CHIEF).get(f"/ratings/loops/{loop.rating.code}/"))
    assert "改得快" in page


def test_a_draw_is_made_and_shows_its_seed(office: Any, as_role: Callable[..., Any]) -> None:
    loops.loop(office, AT, state=Status.RECTIFIED)
    client = as_role(Role.APPRAISAL)
    empty = client.post(
        "/ratings/loops/spot-checks/", {"first_on": "2020-01-01", "last_on": "2020-01-02", "size": 3}
    )
    assert "没有可以抽查回访的差评" in html(empty)
    made = client.post(
        "/ratings/loops/spot-checks/", {"first_on": "2023-05-01", "last_on": "2023-05-31", "size": 3}
    )
    page = html(client.get(made["Location"]))
    assert "种子：" in page
    assert "未回访" in page
    assert "2023-05-01至2023-05-31" in html(client.get("/ratings/loops/spot-checks/"))
    assert as_role(Role.WINDOW_CHIEF).get("/ratings/loops/spot-checks/").status_code == 403


def test_the_section_hands_a_bad_rating_over(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT, called=False)
    client, url = as_role(Role.APPRAISAL), f"/ratings/loops/{loop.rating.code}/hand-over/"
    assert "转办后期限照常计算" in html(client.get(url))
    assert client.post(url, {"department": office.unit_a.pk, "note": "误"}).status_code == 422
    assert client.post(url, {"department": office.unit_b.pk, "note": "误派"}).status_code == 302
    assert BadRating.objects.get(pk=loop.pk).department == office.unit_b


def test_history_shows_when_and_why_a_rating_left_the_statistics(
    office: Any, as_role: Callable[..., Any]
) -> None:
    loop = loops.loop(office, AT, state=Status.INVALID)
    assert Rating.objects.get(pk=loop.rating_id).excluded_at == AT
    page = html(as_role(Role.WINDOW_CHIEF).get(f"/ratings/loops/{loop.rating.code}/"))
    assert "自2023-05-18起（申诉成立）" in page


@pytest.fixture
def case(office: Any) -> Case:
    """A finished case of the unit: promised 3 working days, took 5, stood still for 1."""
    stamp = AT - timedelta(days=8)
    Case.objects.create(
        case_no="330624202305180001", case_tail="180001", content=b"", item_name="企业设立登记",
        item_code="330624X1", received_at=stamp, received_on=stamp.date(), accepted_at=stamp,
        accepted_on=stamp.date(), finished_at=AT, finished_on=AT.date(), state="finished",
        due_kind="computed", due_on=AT.date() - timedelta(days=2), due_at=AT - timedelta(days=2), promise_days=3,
        handling_days=5, paused_days=1, handler_name="王五", department=office.unit_a,
        window=office.window_a1, changed_at=AT,
    )  # fmt: skip
    return Case.objects.get()


def test_the_cases_clock_and_staff_stand_beside_the_rating(
    office: Any, as_role: Callable[..., Any], case: Case
) -> None:
    loop = loops.loop(office, AT, called=False, case=case)
    client = as_role(Role.WINDOW_CHIEF)
    page = html(client.get(f"/ratings/loops/{loop.rating.code}/"))
    for said in ("3个工作日", "5个工作日", "王五", case.case_no, f"/cases/{case.pk}/"):
        assert said in page, said
    assert case.case_no in html(client.get("/ratings/loops/sheet/"))


@pytest.mark.parametrize(("code", "title"), [("111", "办事指南"), ("109", "申报材料"), ("112", "网上办理"),
                                             ("114", "到现场次数")])  # fmt: skip
@pytest.mark.parametrize("known", [True, False])
def test_the_guide_of_the_cases_day_stands_beside_the_rating(
    office: Any, as_role: Callable[..., Any], case: Case, code: str, title: str, known: bool
) -> None:
    if known:
        item = Item.objects.create(code="330624X1", department=office.unit_a)
        ItemVersion.objects.create(
            item=item, version=7, since=AT.date() - timedelta(days=100), name="企业设立登记", task_type="01",
            project_type="2", department=office.unit_a, digest="", imported_at=AT, visits=0,
        )  # fmt: skip
    loop = loops.loop(office, AT, case=case, reason_codes=code, item_code="330624X1")
    page = html(as_role(Role.WINDOW_CHIEF).get(f"/ratings/loops/{loop.rating.code}/"))
    assert f"先看：{title}" in page
    assert ("第7版" if known else "没有找到办件当日有效的事项版本") in page
