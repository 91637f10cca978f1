"""How a meeting is planned, notified, held, minuted and closed; the actor and the moment come last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from xinfu.assignments.access import Can
from xinfu.assignments.flow import BEFORE, MEETING_LABELS, MEETINGS, MeetingStatus
from xinfu.assignments.guards import acts_for, is_called_by_me
from xinfu.assignments.models import (
    AgendaLine,
    Attendee,
    Meeting,
    MeetingFile,
    MeetingKind,
    MeetingStep,
    MeetingTable,
    Presence,
    Reply,
)
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.evidence import check_files, note_of
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Forbidden, Refused

if TYPE_CHECKING:
    from xinfu.people.models import Person

MOST_LINES = 60
MEETING_PAST = {"notify": "notified", "hold": "held", "close": "closed", "cancel": "cancelled"}
"""Events of the moves: meeting.notified, and so on."""
HELD = frozenset({MeetingStatus.HELD})
ANY_OPEN = BEFORE | HELD


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the agenda before it is kept; `ref` names the figure that it is about."""

    title: str
    text: str = ""
    department_id: int | None = None
    reporter: str = ""
    minutes: int = 10
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of figures for the meeting: columns, rows and sources as a paper's text has them."""

    title: str
    columns: Sequence[Mapping[str, Any]]
    rows: Sequence[Sequence[Any]]
    figures: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a meeting is about in figures: the days that they count, what they stand on, and the tables."""

    frm: date
    to: date
    basis: str
    tables: Sequence[Table] = field(default=())


# --- planning ------------------------------------------------------------------------------------


@transaction.atomic
def plan_meeting(
    *,
    title: str,
    kind: str,
    starts_at: datetime,
    place: str,
    chair: Person,
    note_taker: Person,
    text: str = "",
    lines: Sequence[Line] = (),
    guests: Iterable[int] = (),
    facts: Facts | None = None,
    by: Actor,
    at: datetime,
) -> Meeting:
    """Plan a meeting of the actor's own unit; `guests` are department ids, `facts` the figures it has before it."""
    by.require(Can.MEET)
    if by.unit_id is None:
        raise Forbidden("没有所在单位的账号不能召集会议。")
    if kind not in MeetingKind.values:
        raise Refused("bad_kind", "请选择会议类别。", field="kind")
    said = _checked(title, place, text, starts_at, at)
    if len(lines) > MOST_LINES:
        raise Refused("too_many_lines", f"议程最多{MOST_LINES}项，请精简。")
    days = {"frm": facts.frm, "to": facts.to, "basis": facts.basis[:200]} if facts else {}
    meeting = Meeting.objects.create(
        **said, **days, kind=kind, chair=chair, note_taker=note_taker, unit_id=by.unit_id, planned_at=at,
        planned_by_name=by.name[:80], moved_at=at,
    )  # fmt: skip
    for place_of, line in enumerate(lines, 1):
        AgendaLine.objects.create(meeting=meeting, place=place_of, **_line_values(line))
    for number, table in enumerate(facts.tables if facts else (), 1):
        MeetingTable.objects.create(
            meeting=meeting, place=number, title=table.title[:100], columns=list(table.columns),
            rows=[list(row) for row in table.rows], figures=list(table.figures),
        )  # fmt: skip
    units = sorted(set(guests))
    Attendee.objects.bulk_create(Attendee(meeting=meeting, department_id=unit) for unit in units)
    step(meeting, "plan", "拟定会议", "", by, at)
    journal.record(
        "meeting.planned", meeting, by=by, at=at, kind=kind, starts_at=starts_at.isoformat(),
        lines=len(lines), guests=units,
    )  # fmt: skip
    return meeting


def _checked(title: str, place: str, text: str, starts_at: datetime, at: datetime) -> dict[str, Any]:
    """Return title, place, text and time as they are kept; refuses what is missing, too long or past."""
    for value, most, name, wanted in (
        (title, 100, "title", "请填写会议名称。"),
        (place, 100, "place", "请填写开会地点。"),
        (text, 1000, "text", ""),
    ):
        if wanted and not value.strip():
            raise Refused(f"no_{name}", wanted, field=name)
        fits(value, most, name)
    if timezone.localdate(starts_at) < timezone.localdate(at):
        raise Refused("starts_past", "开会日期不能早于今天。", field="day")
    return {"title": title.strip(), "place": place.strip(), "text": text.strip(), "starts_at": starts_at}


def fits(value: str, most: int, name: str) -> None:
    if len(value.strip()) > most:
        raise Refused("too_long", f"最多{most}字，现有{len(value.strip())}字，请精简。", field=name)


@transaction.atomic
def change_meeting(
    *,
    meeting: Meeting,
    title: str,
    starts_at: datetime,
    place: str,
    chair: Person,
    note_taker: Person,
    text: str = "",
    note: str = "",
    by: Actor,
    at: datetime,
) -> Meeting:
    """Change what a meeting is; once notified, another time or place needs a note and asks for new replies."""
    row = mine(meeting, by, BEFORE, "修改会议")
    said = _checked(title, place, text, starts_at, at)
    moved = row.status == MeetingStatus.NOTIFIED and (
        (row.starts_at, row.place) != (starts_at, said["place"])
    )
    reason = note_of(note, is_needed=moved)
    for name, value in {**said, "chair": chair, "note_taker": note_taker, "moved_at": at}.items():
        setattr(row, name, value)
    row.save(update_fields=[*said, "chair", "note_taker", "moved_at"])
    if moved:
        row.attendees.update(reply="", replied_at=None, reason="", who="")
    step(row, "change", "改时间地点" if moved else "修改会议", reason, by, at)
    journal.record("meeting.changed", row, by=by, at=at, starts_at=starts_at.isoformat(), moved=moved)
    return row


@transaction.atomic
def save_line(
    *, meeting: Meeting, line: AgendaLine | None = None, place: int = 0, said: Line, by: Actor, at: datetime
) -> AgendaLine:
    """Add a line to the agenda or change one; `place` 0 puts it last, or leaves it where it is."""
    row = mine(meeting, by, ANY_OPEN, "修改议程")
    values = _line_values(said)
    if line is None:
        if row.lines.count() >= MOST_LINES:
            raise Refused("too_many_lines", f"议程最多{MOST_LINES}项，请精简。")
        last = row.lines.aggregate(last=Max("place"))["last"] or 0
        line = AgendaLine.objects.create(meeting=row, place=place or last + 1, **values)
    else:
        line = row.lines.get(pk=line.pk)
        for name, value in {**values, "ref": line.ref, "place": place or line.place}.items():
            setattr(line, name, value)
        line.save()
    journal.record("meeting.line_saved", row, by=by, at=at, line=line.pk, place=line.place)
    return line


def _line_values(line: Line) -> dict[str, Any]:
    if not line.title.strip():
        raise Refused("no_line_title", "请填写议题。", field="title")
    fits(line.title, 100, "title")
    fits(line.text, 500, "text")
    fits(line.reporter, 40, "reporter")
    if not 1 <= line.minutes <= 480:
        raise Refused("bad_minutes", "时长请填1到480分钟。", field="minutes")
    return {
        "title": line.title.strip(), "text": line.text.strip(), "department_id": line.department_id,
        "reporter": line.reporter.strip(), "minutes": line.minutes, "ref": line.ref[:120],
    }  # fmt: skip


@transaction.atomic
def drop_line(*, meeting: Meeting, line: AgendaLine, by: Actor, at: datetime) -> None:
    """Take a line off the agenda, unless the meeting has already spoken about it."""
    row = mine(meeting, by, ANY_OPEN, "修改议程")
    found = row.lines.get(pk=line.pk)
    if found.said or found.decisions.exists():
        raise Refused("line_used", f"“{found.title}”已有讨论情况或决定，不能删去。")
    found.delete()
    journal.record("meeting.line_dropped", row, by=by, at=at, title=found.title)


@transaction.atomic
def invite(
    *, meeting: Meeting, departments: Iterable[int], people: Sequence[Person] = (), by: Actor, at: datetime
) -> Meeting:
    """Say anew which units and persons are asked to come; who stays on the list keeps the reply."""
    row = mine(meeting, by, BEFORE, "确定参会范围")
    units, named = set(departments), {person.pk: person for person in people}
    row.attendees.filter(person=None).exclude(department__in=units).delete()
    row.attendees.exclude(person=None).exclude(person__in=named).delete()
    known = set(row.attendees.values_list("department_id", "person_id"))
    fresh: list[tuple[int, int | None]] = [(unit, None) for unit in sorted(units)]
    fresh += [(person.department_id, pk) for pk, person in sorted(named.items())]
    Attendee.objects.bulk_create(
        Attendee(meeting=row, department_id=unit, person_id=pk)
        for unit, pk in fresh
        if (unit, pk) not in known
    )
    if row.status == MeetingStatus.NOTIFIED:
        step(row, "invite", "调整参会范围", "", by, at)
    journal.record("meeting.invited", row, by=by, at=at, departments=sorted(units), people=len(named))
    return row


@transaction.atomic
def attach_papers(
    *, meeting: Meeting, files: Sequence[StoredFile], by: Actor, at: datetime
) -> list[MeetingFile]:
    """Put papers before the meeting: PDF, pictures, Word or Excel."""
    row = mine(meeting, by, ANY_OPEN, "上传材料")
    if not files:
        raise Refused("no_file", "请选择文件。", field="files")
    check_files(files, by=by)
    kept = [
        MeetingFile.objects.create(
            meeting=row, digest=file.sha256, name=file.name[:200], at=at, by_name=by.name[:80]
        )
        for file in files
    ]
    journal.record("meeting.papers_attached", row, by=by, at=at, files=[file.sha256 for file in files])
    return kept


# --- moves ---------------------------------------------------------------------------------------


@transaction.atomic
def move_meeting(*, meeting: Meeting, move: str, note: str = "", by: Actor, at: datetime) -> Meeting:
    """Take one step of the flow: notify, hold, close, cancel. A cancelled meeting says why."""
    row = _locked(meeting)
    MEETINGS.check(move, row, by)
    text = note_of(note, is_needed=move == "cancel")
    day, today = timezone.localdate(row.starts_at), timezone.localdate(at)
    if move == "notify" and day < today:
        raise Refused("starts_past", f"开会日期{day:%Y-%m-%d}已过，请先改时间。")
    if move == "hold" and day > today:
        raise Refused("too_early", f"会议定于{day:%Y-%m-%d}召开，还没有到日期。")
    ended = {"finished_at": at} if move in ("close", "cancel") else {}
    MEETINGS.move(move, row, by, moved_at=at, **ended)
    step(row, move, MEETINGS[move].label, text, by, at)
    journal.record(f"meeting.{MEETING_PAST[move]}", row, by=by, at=at, status=row.status)
    return row


# --- who comes, what is said ---------------------------------------------------------------------


@transaction.atomic
def reply(
    *, attendee: Attendee, coming: bool, who: str = "", reason: str = "", by: Actor, at: datetime
) -> Attendee:
    """Reply to a notice: who comes, or why nobody does; the last reply before the meeting counts."""
    by.require(Can.DO)
    meeting = _locked(attendee.meeting)
    row = meeting.attendees.select_related("department", "person").get(pk=attendee.pk)
    if not acts_for(by, row.department_id, Can.DO):
        raise Refused("not_yours", f"请由{row.department}答复。")
    if meeting.status != MeetingStatus.NOTIFIED:
        raise Refused("wrong_state", f"会议{MEETING_LABELS[MeetingStatus(meeting.status)]}，不用回执。")
    name = who.strip() or (row.person.name if row.person else "")
    if coming and not name:
        raise Refused("no_name", "请填写参会人。", field="who")
    if not coming and not reason.strip():
        raise Refused("no_reason", "请写明请假原因。", field="reason")
    fits(name, 80, "who")
    fits(reason, 200, "reason")
    row.who = name if coming else ""
    row.reply = Reply.COMING if coming else Reply.LEAVE
    row.reason = "" if coming else reason.strip()
    row.replied_at = at
    row.save(update_fields=["who", "reply", "reason", "replied_at"])
    journal.record("meeting.replied", meeting, by=by, at=at, department=row.department_id, coming=coming)
    return row


@dataclass(frozen=True, slots=True)
class Came:
    """Whether one of those asked came, who it was, and why not."""

    attendee: int
    presence: str
    who: str = ""
    reason: str = ""


@transaction.atomic
def note_presence(*, meeting: Meeting, came: Sequence[Came], by: Actor, at: datetime) -> Meeting:
    """Note who came, came late, had leave or stayed away; may be mended until the meeting is closed."""
    row = mine(meeting, by, HELD, "登记到会情况")
    asked = {one.pk: one for one in row.attendees.select_related("department", "person").order_by("pk")}
    for one in came:
        guest = asked.get(one.attendee)
        if guest is None or one.presence not in {*Presence.values, ""}:
            raise Refused("bad_presence", "参会名单已变，请刷新后再登记。")
        if one.presence == Presence.LEAVE and not one.reason.strip():
            raise Refused("no_reason", f"{guest}请假，请写明原因。", field=f"reason-{guest.pk}")
        fits(one.who, 80, f"who-{guest.pk}")
        fits(one.reason, 200, f"reason-{guest.pk}")
        guest.presence = one.presence
        guest.who = one.who.strip()
        guest.reason = one.reason.strip() or (guest.reason if guest.reply == Reply.LEAVE else "")
        guest.save(update_fields=["presence", "who", "reason"])
    counts = {str(code): sum(1 for one in asked.values() if one.presence == code) for code in Presence.values}
    journal.record("meeting.presence_noted", row, by=by, at=at, **counts)
    return row


@transaction.atomic
def note_said(*, meeting: Meeting, line: AgendaLine, said: str, by: Actor, at: datetime) -> AgendaLine:
    """Keep what was found or said about one line of the agenda."""
    row = mine(meeting, by, HELD, "记录讨论情况")
    fits(said, 1000, "said")
    found = row.lines.get(pk=line.pk)
    found.said = said.strip()
    found.save(update_fields=["said"])
    journal.record("meeting.said_noted", row, by=by, at=at, line=found.pk, length=len(found.said))
    return found


# --- inside --------------------------------------------------------------------------------------


def _locked(meeting: Meeting) -> Meeting:
    """Read the row anew, without joins, and keep it from others until the transaction ends."""
    return Meeting.objects.select_for_update().get(pk=meeting.pk)


def mine(meeting: Meeting, by: Actor, states: frozenset[MeetingStatus], verb: str) -> Meeting:
    """Lock the meeting and refuse who does not call it, or what its state does not allow."""
    by.require(Can.MEET)
    row = _locked(meeting)
    if why := is_called_by_me(row, by):
        raise Refused("not_yours", why)
    if row.status not in {str(s) for s in states}:
        raise Refused("wrong_state", f"当前状态是“{row.get_status_display()}”，不能“{verb}”。")
    return row


def step(meeting: Meeting, move: str, verb: str, note: str, by: Actor, at: datetime) -> None:
    MeetingStep.objects.create(
        meeting=meeting, move=move, verb=verb, note=note, at=at, by=by.key, by_name=by.name[:80],
        unit_name=by.unit_name[:80],
    )  # fmt: skip
