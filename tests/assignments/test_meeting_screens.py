"""Screens of meetings: planning to closing through forms, refusals shown, who sees which button."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import make
from tests.assignments import gatherings, items
from xinfu.assignments import actions, queries
from xinfu.assignments.flow import MeetingStatus
from xinfu.assignments.models import Decision, Item, Meeting, MeetingFile
from xinfu.core.access import Role


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


@pytest.fixture
def caller(as_role: Any, office: Any) -> Any:
    client = as_role(Role.GENERAL, office.general)
    client.get("/assignments/meetings/")
    return client


def page(client: Any, found: Meeting) -> str:
    return str(client.get(f"/assignments/meetings/{found.pk}/").content.decode())


def test_a_meeting_is_planned_with_its_agenda_and_notified(caller: Any, office: Any) -> None:
    chair = make.person(Role.LEADER, office.root, "主某")
    said = {
        "title": "5月工作例会", "kind": "work", "day": "2023-05-18", "hour": "14:30", "place": "三楼会议室",
        "chair": "主某", "note_taker": caller.actor.name, "guests": [office.unit_a.pk],
    }  # fmt: skip
    answer = caller.post("/assignments/meetings/new/", said | {"chair": "无某"})
    assert answer.status_code == 422
    assert "没有工号或姓名为“无某”的在岗人员" in answer.content.decode()
    answer = caller.post("/assignments/meetings/new/", said | {"hour": "二点"})
    assert "时间请写成 14:30" in answer.content.decode()
    answer = caller.post("/assignments/meetings/new/", said, follow=True)
    assert "已拟定" in answer.content.decode()
    found = Meeting.objects.get()
    assert (found.chair, found.starts_at) == (chair, gatherings.STARTS)
    assert "还没有议题，请先填写议程" in page(caller, found)
    line = {"title": "受理超时", "department": office.unit_a.pk, "minutes": 15}
    caller.post(f"/assignments/meetings/{found.pk}/lines/new/", line)
    answer = caller.post(f"/assignments/meetings/{found.pk}/move/", {"move": "notify"}, follow=True)
    assert "现在的状态是“已通知”" in answer.content.decode()


def test_what_is_refused_is_said_on_the_page(caller: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor, lines=[])
    address = f"/assignments/meetings/{found.pk}/"
    answer = caller.post(f"{address}move/", {"move": "notify"})
    assert answer.status_code == 422
    assert "还没有议题" in answer.content.decode()
    assert caller.post(f"{address}move/", {"move": "dance"}).status_code == 404
    assert caller.post(f"{address}move/", {"move": "cancel"}).status_code == 422
    assert caller.post(f"{address}move/", {"move": "notify", "note": "字" * 301}).status_code == 422
    assert caller.post(f"{address}files/", {}).status_code == 422
    assert caller.post(f"{address}give-all/", {}).status_code == 422
    for part in ("files/", "give-all/"):
        assert caller.get(address + part).status_code == 404


def test_cancelling_asks_first(caller: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor)
    address = f"/assignments/meetings/{found.pk}/move/"
    answer = caller.post(address, {"move": "cancel", "note": "另行通知"})
    assert "确认取消会议" in answer.content.decode()
    assert Meeting.objects.get().status == MeetingStatus.PLANNED
    caller.post(address, {"move": "cancel", "note": "另行通知", "_confirmed": "取消会议"})
    assert Meeting.objects.get().status == MeetingStatus.CANCELLED


def test_a_meeting_is_changed_and_its_guests_named(caller: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor)
    address = f"/assignments/meetings/{found.pk}/"
    assert "三楼会议室" in caller.get(f"{address}change/").content.decode()
    said = {
        "title": "5月例会", "day": "20230519", "hour": "0930", "place": "四楼", "chair": found.chair.staff_no,
        "note_taker": found.note_taker.staff_no,
    }  # fmt: skip
    caller.post(f"{address}change/", said)
    found.refresh_from_db()
    assert (found.title, found.place) == ("5月例会", "四楼")
    assert caller.post(f"{address}change/", said | {"day": "2023-05-17"}).status_code == 422
    guests = {"departments": [office.unit_b.pk], "people": f"{found.chair.staff_no}、无某"}
    assert "没有工号或姓名为“无某”" in caller.post(f"{address}guests/", guests).content.decode()
    caller.post(f"{address}guests/", guests | {"people": found.chair.staff_no})
    assert len(queries.attendees(found)) == 2
    line = queries.lines(found)[0]
    edit = f"{address}lines/{line.pk}/"
    assert caller.get(edit).context["form"].initial["title"] == "受理超时情况"
    assert caller.post(edit, {"title": "受理", "minutes": 900}).status_code == 422
    caller.post(edit, {"title": "受理", "minutes": 20})
    assert queries.lines(found)[0].minutes == 20
    caller.post(f"{edit}drop/")
    assert queries.lines(found) == []


def test_a_unit_replies_from_its_own_page(caller: Any, as_role: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor, state=MeetingStatus.NOTIFIED)
    unit = as_role(Role.UNIT_LIAISON, office.unit_a)
    assert "答复是否参会" in page(unit, found)
    assert "会议公文" not in page(unit, found)
    guest = found.attendees.get(department=office.unit_a)
    address = f"/assignments/meetings/{found.pk}/guests/{guest.pk}/"
    assert unit.post(address, {"coming": "0"}).status_code == 422
    unit.post(address, {"coming": "1", "who": "王某 副局长"})
    assert "修改回执（参会）" in page(unit, found)
    other = found.attendees.get(department=office.unit_b)
    refused = unit.post(f"/assignments/meetings/{found.pk}/guests/{other.pk}/", {"coming": "1", "who": "甲"})
    assert "请由县人力社保局答复" in refused.content.decode()


def test_presence_words_and_decisions_of_a_held_meeting_and_its_end(caller: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor, state=MeetingStatus.HELD)
    address = f"/assignments/meetings/{found.pk}/"
    one, other = queries.attendees(found)
    said = {f"presence-{one.pk}": "present", f"presence-{other.pk}": "leave"}
    assert "请写明原因" in caller.post(f"{address}presence/", said).content.decode()
    caller.post(f"{address}presence/", said | {f"reason-{other.pk}": "出差"})
    assert [a.presence for a in queries.attendees(found)] == ["present", "leave"]
    line = queries.lines(found)[0]
    caller.post(f"{address}lines/{line.pk}/said/", {"said": "材料不齐先收件"})
    assert "材料不齐先收件" in page(caller, found)
    decided = {
        "title": "压减受理超时", "department": office.unit_a.pk, "due_on": "2023-06-16", "line": line.pk,
        "partners": [office.unit_b.pk],
    }  # fmt: skip
    form = caller.get(f"{address}decisions/new/?line={line.pk}").context["form"]
    assert form.initial["line"] == str(line.pk)
    assert caller.post(f"{address}decisions/new/", decided | {"due_on": "2023-05-01"}).status_code == 422
    caller.post(f"{address}decisions/new/", decided)
    caller.post(f"{address}decisions/new/", decided | {"title": "删去的"})
    first, second = Decision.objects.order_by("pk")
    caller.post(f"{address}decisions/{second.pk}/", decided | {"title": "再改的"})
    assert caller.get(f"{address}decisions/{second.pk}/").context["form"].initial["title"] == "再改的"
    caller.post(f"{address}decisions/{second.pk}/drop/")
    answer = caller.post(f"{address}decisions/{first.pk}/give/", follow=True)
    assert "现由县市场监管局签收" in answer.content.decode()
    again = caller.post(f"{address}decisions/{first.pk}/give/")
    assert again.status_code == 422
    assert "这项决定已由" in again.content.decode()
    item = Item.objects.get()
    assert f'href="/assignments/{item.pk}/"' in page(caller, found)
    assert f"/assignments/meetings/{found.pk}/#decision-{first.pk}" in (
        caller.get(f"/assignments/{item.pk}/").content.decode()
    )
    caller.post(f"{address}move/", {"move": "close", "_confirmed": "结会"})
    assert Meeting.objects.get().status == MeetingStatus.CLOSED
    assert "登记到会情况" not in page(caller, found)


def test_all_decisions_are_given_with_one_button(caller: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor, state=MeetingStatus.HELD)
    for unit in (office.unit_a, office.unit_b):
        gatherings.decision(office, found, caller.actor, department=unit)
    assert "全部交办（2项）" in page(caller, found)
    answer = caller.post(f"/assignments/meetings/{found.pk}/give-all/", follow=True)
    assert "已交办2件" in answer.content.decode()


def test_papers_are_uploaded_and_read_by_who_sees_the_meeting(caller: Any, as_role: Any, office: Any) -> None:
    found = gatherings.meeting(
        office, by=caller.actor, state=MeetingStatus.NOTIFIED, guests=[office.unit_a.pk]
    )
    sent = SimpleUploadedFile("汇报.pdf", b"%PDF-1.7 x")
    answer = caller.post(f"/assignments/meetings/{found.pk}/files/", {"files": sent}, follow=True)
    assert "已上传1份材料" in answer.content.decode()
    file = MeetingFile.objects.get()
    address = f"/assignments/meetings/{found.pk}/files/{file.pk}/"
    assert b"".join(as_role(Role.UNIT_LIAISON, office.unit_a).get(address).streaming_content) == b"%PDF-1.7 x"
    assert as_role(Role.UNIT_LIAISON, office.unit_b).get(address).status_code == 404


def test_the_list_shows_how_many_decisions_are_given(caller: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor, state=MeetingStatus.HELD)
    decided = gatherings.decision(office, found, caller.actor)
    gatherings.decision(office, found, caller.actor)
    actions.give_decision(decision=decided, by=caller.actor, at=gatherings.AFTER)
    shown = caller.get("/assignments/meetings/?status=held&kind=work&q=例会").content.decode()
    assert "5月工作例会" in shown
    assert "1/2" in shown
    assert "5月工作例会" not in caller.get("/assignments/meetings/?kind=topic").content.decode()


def test_only_the_calling_unit_has_buttons(caller: Any, as_role: Any, office: Any) -> None:
    found = gatherings.meeting(office, by=caller.actor)
    shown = page(as_role(Role.APPRAISAL, office.appraisal), found)
    assert "增加议题" not in shown
    assert "发出通知" not in shown
    refused = as_role(Role.UNIT_LIAISON, office.unit_a).get("/assignments/meetings/new/")
    assert refused.status_code == 403


def test_a_meeting_page_asks_the_database_a_few_times_only(
    caller: Any, office: Any, django_assert_max_num_queries: Any
) -> None:
    found = gatherings.meeting(office, by=caller.actor, state=MeetingStatus.HELD)
    for _ in range(3):
        gatherings.decision(office, found, caller.actor, partners=[office.unit_b])
    page(caller, found)
    with django_assert_max_num_queries(24):
        page(caller, found)


def test_a_giving_form_is_filled_from_the_address(caller: Any, office: Any) -> None:
    form = caller.get(
        "/assignments/give/", {"title": "整改", "department": office.unit_a.pk, "source": "bulletin"}
    ).context["form"]
    assert form.initial == {"title": "整改", "department": str(office.unit_a.pk), "source": "bulletin"}
    assert items.giver(office).may("assignments.give")
