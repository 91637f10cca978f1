"""会议公文: four papers of a meeting, one click each, through the flow of outgoing papers."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import docx
import pytest

from tests import make
from tests.assignments import gatherings, items
from tests.assignments.gatherings import AFTER, BEFORE
from xinfu.assignments import actions as meetings
from xinfu.assignments.actions import Came, Facts, Table
from xinfu.assignments.flow import MeetingStatus
from xinfu.core.access import Role
from xinfu.core.refusal import Forbidden, Refused
from xinfu.papers import actions as papers
from xinfu.papers import queries as paper_queries
from xinfu.papers.models import Paper
from xinfu.papers.render import plain_text
from xinfu.reports.meeting_papers import draft_meeting_paper
from xinfu.reports.models import MeetingPaperKind


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


def text(paper: Paper) -> str:
    return plain_text(paper_queries.document_of(Paper.objects.get(pk=paper.pk)))


def test_a_notice_says_when_where_who_and_what_and_goes_to_every_guest_once(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by, text="压减超时件")
    named = make.person(Role.UNIT_LIAISON, office.unit_a, "李某")
    units = [office.unit_a.pk, office.unit_b.pk]
    meetings.invite(meeting=found, departments=units, people=[named], by=by, at=BEFORE)
    paper = draft_meeting_paper(meeting=found, kind="notice", by=by, at=BEFORE)
    said = text(paper)
    assert "压减超时件。现定于2023年5月18日 14:30召开5月工作例会" in said
    assert "地点：三楼会议室" in said
    assert "县市场监管局李某" in said
    assert "1\t受理超时情况\t县市场监管局\t10" in said
    assert [r.name for r in paper.recipients.order_by("pk")] == ["县市场监管局", "县人力社保局"]


def test_the_sign_in_sheet_has_blank_rows_and_room_to_sign(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by)
    paper = draft_meeting_paper(meeting=found, kind="signin", by=by, at=BEFORE)
    sheet = docx.Document(io.BytesIO(paper_queries.docx_of(paper))).tables[0]
    assert len(sheet.rows) == 1 + 2 + 10
    assert sheet.rows[0].cells[4].text == "签名"
    assert sheet.rows[1].cells[4].width.mm >= 40
    assert all(row.height is not None and row.height.mm >= 9.5 for row in list(sheet.rows)[1:])
    assert "送审稿" not in text(paper)


def test_materials_carry_the_figures_as_they_stood_with_their_sources(office: Any) -> None:
    by = gatherings.caller(office)
    source = dict.fromkeys(
        ("key", "title", "text", "definition", "period", "numerator", "denominator", "snapshot", "cutoff",
         "origin", "evidence", "url"), "甲",
    ) | {"origin": "computed"}  # fmt: skip
    columns = [{"title": "单位", "width": 80}, {"title": "数值", "width": 76, "align": "right"}]
    figures = Table("失分单位", columns, [["乙局", {"text": "90.00%", "figure": "甲"}]], [source])
    facts = Facts(date(2023, 5, 1), date(2023, 5, 31), "数据截至 2023-05-31", [figures])
    found = gatherings.meeting(office, by=by, kind="analysis", facts=facts)
    said = text(draft_meeting_paper(meeting=found, kind="materials", by=by, at=BEFORE))
    assert "乙局\t90.00%[1]" in said
    assert "数据来源表" in said
    assert "5月超时13件" in said


def test_minutes_say_who_came_what_was_said_and_what_was_decided(office: Any) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=MeetingStatus.HELD, by=by)
    one, other = found.attendees.order_by("pk")
    came = [Came(one.pk, "present", "王某"), Came(other.pk, "leave", reason="出差")]
    meetings.note_presence(meeting=found, came=came, by=by, at=AFTER)
    meetings.note_said(meeting=found, line=found.lines.get(), said="材料不齐先收件", by=by, at=AFTER)
    decided = gatherings.decision(office, found, by, partners=[office.unit_b])
    paper = draft_meeting_paper(meeting=found, kind="minutes", by=by, at=AFTER)
    assert "还有决定没有交办" in text(paper)
    meetings.give_decision(decision=decided, by=by, at=AFTER)
    again = draft_meeting_paper(meeting=found, kind="minutes", by=by, at=AFTER)
    assert again == paper
    said = text(paper)
    for words in ("到会：县市场监管局（王某）", "请假：县人力社保局（出差）", "材料不齐先收件"):
        assert words in said
    assert "1\t压减受理超时\t县市场监管局\t县人力社保局\t2023年6月16日" in said


def test_a_draft_follows_the_meeting_until_somebody_edits_it_and_a_signed_one_never_changes(
    office: Any,
) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, by=by)
    paper = draft_meeting_paper(meeting=found, kind="notice", by=by, at=BEFORE)
    assert draft_meeting_paper(meeting=found, kind="notice", by=by, at=BEFORE) == paper
    assert Paper.objects.get().version_number == 1
    said = {"title": found.title, "starts_at": found.starts_at, "chair": found.chair}
    meetings.change_meeting(
        meeting=found, **said, note_taker=found.note_taker, place="四楼", by=by, at=BEFORE
    )
    draft_meeting_paper(meeting=found, kind="notice", by=by, at=BEFORE)
    stands = Paper.objects.get()
    assert stands.version_number == 2
    assert "地点：四楼" in text(stands)
    papers.revise(
        paper=stands, seen=2, title=stands.title, blocks=[{"kind": "paragraph", "runs": [{"text": "自写"}]}],
        by=by, at=BEFORE,
    )  # fmt: skip
    draft_meeting_paper(meeting=found, kind="notice", by=by, at=BEFORE)
    assert "自写" in text(paper)
    papers.void(paper=Paper.objects.get(), reason="重拟", by=by, at=BEFORE)
    assert draft_meeting_paper(meeting=found, kind="notice", by=by, at=BEFORE) != paper


@pytest.mark.parametrize(
    ("kind", "state", "why"),
    [
        ("notice", MeetingStatus.HELD, "不用再拟通知"),
        ("signin", MeetingStatus.CLOSED, "不用再生成签到表"),
        ("materials", MeetingStatus.CANCELLED, "不用再生成材料"),
        ("minutes", MeetingStatus.NOTIFIED, "召开后才能拟纪要"),
    ],
)
def test_a_paper_too_early_or_too_late_is_refused(
    office: Any, kind: str, state: MeetingStatus, why: str
) -> None:
    by = gatherings.caller(office)
    found = gatherings.meeting(office, state=state, by=by)
    with pytest.raises(Refused, match=why):
        draft_meeting_paper(meeting=found, kind=kind, by=by, at=AFTER)


def test_only_the_calling_unit_drafts(office: Any) -> None:
    found = gatherings.meeting(office)
    with pytest.raises(Forbidden, match="由综合科召集"):
        draft_meeting_paper(
            meeting=found, kind="notice", by=make.actor(Role.APPRAISAL, office.appraisal), at=BEFORE
        )
    with pytest.raises(Refused, match="没有这种会议公文"):
        draft_meeting_paper(meeting=found, kind="song", by=gatherings.caller(office), at=BEFORE)


def test_each_paper_is_one_click_from_the_meeting(as_role: Any, office: Any) -> None:
    client = as_role(Role.GENERAL, office.general)
    found = gatherings.meeting(office, by=client.actor, state=MeetingStatus.HELD)
    address = f"/reports/meetings/{found.pk}/"
    assert f'hx-get="{address}"' in client.get(f"/assignments/meetings/{found.pk}/").content.decode()
    whole, part = (client.get(address, headers=h).content.decode() for h in ({}, {"HX-Request": "true"}))
    assert "不用再拟通知" in whole
    assert "<html" not in part
    for kind in ("signin", "materials", "minutes"):
        answer = client.post(f"{address}{kind}/", follow=True)
        assert "已拟好，可下载 .docx" in answer.content.decode()
    assert Paper.objects.count() == 3
    assert client.get(f"/papers/{Paper.objects.first().pk}/paper.docx").status_code == 200
    assert ".docx" in client.get(address).content.decode()
    answer = client.post(f"{address}notice/", follow=True)
    assert "不用再拟通知" in answer.content.decode()
    assert client.get(f"{address}minutes/").status_code == 404
    other = as_role(Role.APPRAISAL, office.appraisal)
    assert other.post(f"{address}minutes/").status_code == 403
    assert as_role(Role.UNIT_LIAISON, office.unit_a).get(address).status_code == 403
    assert set(MeetingPaperKind.values) == {"notice", "signin", "materials", "minutes"}
    assert items.DUE
