"""What a meeting's papers say: notice, sign-in sheet, materials and minutes, from what is kept of the meeting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from xinfu.assignments import queries as meetings
from xinfu.core.refusal import Refused
from xinfu.core.ui import text
from xinfu.reports.models import MeetingPaperKind
from xinfu.reports.writing import Block, column, heading, paragraph, table

if TYPE_CHECKING:
    from xinfu.assignments.models import Meeting

BLANK_ROWS = 10
SIGN_HEIGHT = 10
"""Millimetres of a row to sign in; the column to sign in is 46 mm wide (T8: at least 40)."""


@dataclass(frozen=True, slots=True)
class MeetingText:
    """One paper of a meeting before it is drafted."""

    kind: str
    title: str
    blocks: list[Block]
    figures: list[dict[str, str]]
    notes: list[str]
    addressee: str = ""


def written(meeting: Meeting, kind: str) -> MeetingText:
    """Return what one kind of paper says of the meeting now; refused where it is too early or too late for it."""
    if kind not in WRITERS:
        raise Refused("unknown_kind", "没有这种会议公文。")
    writer, states, why = WRITERS[MeetingPaperKind(kind)]
    if meeting.status not in states:
        raise Refused("wrong_state", f"会议{meeting.get_status_display()}，{why}")
    return writer(meeting)


def _when(meeting: Meeting) -> str:
    return text.when_cn(meeting.starts_at)


def _agenda(meeting: Meeting) -> Block:
    heads = [
        column("次序", 16),
        column("议题", 70),
        column("汇报单位", 46),
        column("时长（分钟）", 24, "right"),
    ]
    rows = [
        [str(n), one.title, f"{one.department or ''}{one.reporter}" or "—", str(one.minutes)]
        for n, one in enumerate(meetings.lines(meeting), 1)
    ]
    return table("会议议程", heads, rows)


def _notice(meeting: Meeting) -> MeetingText:
    guests = "、".join(str(one) for one in meetings.attendees(meeting))
    because = f"{meeting.text.rstrip('。')}。" if meeting.text else ""
    blocks = [
        paragraph(f"{because}现定于{_when(meeting)}召开{meeting.title}，有关事项通知如下。"),
        heading(1, "时间地点"),
        paragraph(f"时间：{_when(meeting)}。地点：{meeting.place}。"),
        heading(1, "参会人员"),
        paragraph(f"{meeting.chair.name}主持。参会单位和人员：{guests or '另行通知'}。"),
        heading(1, "会议议程"),
        _agenda(meeting),
        heading(1, "有关要求"),
        paragraph(
            "请参会单位会前在系统中回执参会人员，因故不能参会的写明原因；汇报单位做好准备，按时到会签到。"
        ),
    ]
    return MeetingText("notice", f"关于召开{meeting.title}的通知", blocks, [], [], "各参会单位")


def _signin(meeting: Meeting) -> MeetingText:
    heads = [
        column("序号", 12),
        column("单位", 44),
        column("姓名", 26),
        column("职务", 28),
        column("签名", 46),
    ]
    guests = [
        [str(one.department), one.person.name if one.person else one.who]
        for one in meetings.attendees(meeting)
    ]
    guests += [["", ""]] * BLANK_ROWS
    rows = [[str(n), *guest, "", ""] for n, guest in enumerate(guests, 1)]
    sheet = {**table("签到", heads, rows), "row_height": SIGN_HEIGHT}
    lead = paragraph(f"时间：{_when(meeting)}　地点：{meeting.place}　主持人：{meeting.chair.name}")
    return MeetingText("meeting", f"{meeting.title}签到表", [lead, sheet], [], [])


def _materials(meeting: Meeting) -> MeetingText:
    blocks = [heading(1, "会议议程"), _agenda(meeting)]
    told = [one for one in meetings.lines(meeting) if one.text]
    if told:
        blocks.append(heading(1, "议题情况"))
        for one in told:
            blocks += [heading(2, one.title), paragraph(one.text)]
    figures: dict[str, dict[str, str]] = {}
    tables = meetings.tables(meeting)
    if tables:
        blocks += [heading(1, "数据情况"), paragraph(f"{meeting.basis}。")]
    for kept in tables:
        blocks.append(table(kept.title, kept.columns, kept.rows))
        figures |= {figure["key"]: figure for figure in kept.figures}
    files = meetings.meeting_files(meeting)
    if files:
        blocks += [heading(1, "另附材料"), paragraph("、".join(file.name for file in files) + "。")]
    return MeetingText("meeting", f"{meeting.title}会议材料", blocks, list(figures.values()), [])


def _minutes(meeting: Meeting) -> MeetingText:
    day = text.day_cn(timezone.localdate(meeting.starts_at))
    blocks = [
        paragraph(
            f"{day}，{meeting.chair.name}在{meeting.place}主持召开{meeting.title}。现将会议情况纪要如下。"
        ),
        heading(1, "到会情况"),
        *_presence(meeting),
        heading(1, "讨论情况"),
    ]
    for one in meetings.lines(meeting):
        blocks += [heading(2, one.title), paragraph(one.said or "会议听取了情况汇报。")]
    decisions = meetings.decisions(meeting)
    blocks.append(heading(1, "会议决定"))
    blocks += _decisions(meeting, decisions) if decisions else [paragraph("会议没有形成需交办的决定。")]
    blocks.append(paragraph(f"主持人：{meeting.chair.name}。记录人：{meeting.note_taker.name}。"))
    notes = []
    if any(one.item_id is None for one in decisions):
        notes.append("还有决定没有交办，交办后请重新生成纪要。")
    if any(not one.presence for one in meetings.attendees(meeting)):
        notes.append("还有参会单位没有登记到会情况。")
    return MeetingText("minutes", f"{meeting.title}纪要", blocks, [], notes)


def _presence(meeting: Meeting) -> list[Block]:
    found: dict[str, list[str]] = {}
    for one in meetings.attendees(meeting):
        who = f"（{one.who}）" if one.who and one.presence in ("present", "late") else ""
        why = f"（{one.reason}）" if one.reason and one.presence in ("leave", "absent") else ""
        found.setdefault(one.get_presence_display() or "未登记", []).append(f"{one}{who}{why}")
    return [
        paragraph(f"{word}：{'、'.join(found[word])}。")
        for word in ("到会", "迟到", "请假", "缺席", "未登记")
        if word in found
    ] or [paragraph("没有登记到会情况。")]


def _decisions(meeting: Meeting, decisions: list[Any]) -> list[Block]:
    helpers = meetings.partner_names(meeting)
    heads = [column("序号", 12), column("决定事项", 60), column("承办单位", 30), column("配合单位", 28),
             column("完成期限", 26)]  # fmt: skip
    rows = [
        [str(n), one.title, str(one.department), helpers.get(one.pk, "—"), text.day_cn(one.due_on)]
        for n, one in enumerate(decisions, 1)
    ]
    return [paragraph(f"会议议定{len(decisions)}项，请承办单位按期办结。"), table("会议决定", heads, rows)]


_BEFORE, _HELD = frozenset({"planned", "notified"}), frozenset({"held", "closed"})
WRITERS: dict[MeetingPaperKind, tuple[Callable[[Meeting], MeetingText], frozenset[str], str]] = {
    MeetingPaperKind.NOTICE: (_notice, _BEFORE, "不用再拟通知。"),
    MeetingPaperKind.SIGNIN: (_signin, _BEFORE | {"held"}, "不用再生成签到表。"),
    MeetingPaperKind.MATERIALS: (_materials, _BEFORE | _HELD, "不用再生成材料。"),
    MeetingPaperKind.MINUTES: (_minutes, _HELD, "召开后才能拟纪要。"),
}
