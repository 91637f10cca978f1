"""How everybody reads meetings; the actor comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from xinfu.assignments.access import Can
from xinfu.assignments.flow import MEETING_FINAL, MeetingStatus
from xinfu.assignments.models import (
    AgendaLine,
    Attendee,
    Decision,
    Item,
    Meeting,
    MeetingFile,
    MeetingKind,
    MeetingTable,
)
from xinfu.assignments.queries.items import MOST_TODOS, reach
from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import queries as people

if TYPE_CHECKING:
    from xinfu.people.models import Person

OPEN_MEETINGS = tuple(str(s) for s in MeetingStatus if s not in MEETING_FINAL)


def meetings(actor: Actor) -> QuerySet[Meeting]:
    rows = Meeting.objects.visible_to(actor) if actor.may(Can.SEE) else Meeting.objects.none()
    return rows.select_related("unit", "chair", "note_taker")


def counted(rows: QuerySet[Meeting]) -> QuerySet[Meeting]:
    """Bring along how many decisions each meeting took, and how many of them are given."""
    return rows.annotate(
        decided=Count("decisions", distinct=True),
        given=Count("decisions", filter=Q(decisions__item__isnull=False), distinct=True),
    )


def get_meeting(actor: Actor, pk: int) -> Meeting:
    found = meetings(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def may_call(actor: Actor, meeting: Meeting) -> bool:
    """Tell whether the actor works for the unit that calls the meeting."""
    return meeting.unit_id in reach(actor, Can.MEET)


def lines(meeting: Meeting) -> list[AgendaLine]:
    return list(meeting.lines.select_related("department").order_by("place", "pk"))


def get_line(meeting: Meeting, pk: int) -> AgendaLine:
    found = meeting.lines.select_related("department").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def tables(meeting: Meeting) -> list[MeetingTable]:
    return list(meeting.tables.order_by("place", "pk"))


def attendees(meeting: Meeting) -> list[Attendee]:
    rows = meeting.attendees.select_related("department", "person")
    return list(rows.order_by("department__order", "department__code", "pk"))


def get_attendee(actor: Actor, meeting: Meeting, pk: int) -> Attendee:
    found = meeting.attendees.select_related("meeting", "department", "person").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def awaited(actor: Actor, meeting: Meeting) -> list[Attendee]:
    """Return those of the guests for whom the actor may reply now."""
    if meeting.status != MeetingStatus.NOTIFIED:
        return []
    mine = reach(actor, Can.DO)
    return [one for one in attendees(meeting) if one.department_id in mine]


def decisions(meeting: Meeting) -> list[Decision]:
    rows = meeting.decisions.select_related("department", "item", "item__department", "line")
    return list(rows.order_by("pk"))


def get_decision(meeting: Meeting, pk: int) -> Decision:
    found = meeting.decisions.select_related("meeting", "department", "line").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def decision_partners(decision: Decision) -> list[int]:
    return list(decision.partners.order_by("pk").values_list("department_id", flat=True))


def partner_names(meeting: Meeting) -> dict[int, str]:
    """Return the partners' names of each decision of a meeting, by decision."""
    found: dict[int, list[str]] = {}
    rows = meeting.decisions.order_by("partners__department__order", "partners__pk")
    for pk, name in rows.values_list("pk", "partners__department__short_name"):
        if name:
            found.setdefault(pk, []).append(name)
    return {pk: "、".join(names) for pk, names in found.items()}


def decision_of(actor: Actor, item: Item) -> Decision | None:
    """Return the decision that became this item, where the actor may see its meeting."""
    rows = Decision.objects.filter(item=item, meeting__in=Meeting.objects.visible_to(actor))
    return rows.select_related("meeting").first()


def meeting_steps(meeting: Meeting) -> list[tuple[datetime, str, str, str]]:
    """Return what happened, oldest first: when, who, verb, note."""
    return [
        (s.at, f"{s.unit_name} {s.by_name}".strip(), s.verb, s.note)
        for s in meeting.steps.order_by("at", "pk")
    ]


def meeting_files(meeting: Meeting) -> list[MeetingFile]:
    return list(meeting.files.order_by("pk"))


def get_meeting_file(actor: Actor, pk: int, file_pk: int) -> tuple[MeetingFile, StoredFile]:
    """Return a paper of a meeting that the actor may see, and its stored content."""
    file = MeetingFile.objects.filter(pk=file_pk, meeting=get_meeting(actor, pk)).first()
    kept = StoredFile.objects.filter(sha256=file.digest).order_by("pk").first() if file else None
    if file is None or kept is None:
        raise NotFound()
    return file, kept


def meetings_of_figures(actor: Actor, frm: date, to: date) -> list[Meeting]:
    """Return the analysis meetings about exactly these days that were not cancelled, the latest first."""
    rows = meetings(actor).filter(frm=frm, to=to, kind=MeetingKind.ANALYSIS)
    return list(rows.exclude(status=MeetingStatus.CANCELLED).order_by("-starts_at", "-pk"))


def find_person(actor: Actor, text: str, field: str) -> Person:
    """Return the one serving person of a staff number or name; refuses an unknown or doubtful one."""
    wanted = text.strip()
    serving = people.people(actor).filter(left_on=None)
    found = list(serving.filter(staff_no=wanted)[:2]) or list(serving.filter(name=wanted)[:2])
    if not wanted or not found:
        raise Refused("no_person", f"没有工号或姓名为“{wanted}”的在岗人员。", field=field)
    if len(found) > 1:
        raise Refused("several_people", f"有多位在岗人员叫“{wanted}”，请填工号。", field=field)
    return found[0]


def find_persons(actor: Actor, text: str, field: str) -> list[Person]:
    """Return the people whose names or staff numbers a text lists, parted by 、 comma, space or line."""
    for mark in "、，,；;\n\r\t":
        text = text.replace(mark, " ")
    return [find_person(actor, word, field) for word in text.split()]


def guest_units(meeting: Meeting) -> tuple[list[int], Sequence[str]]:
    """Return the asked units' ids, and the staff numbers of the asked persons."""
    rows = meeting.attendees.select_related("person").order_by("pk")
    return (
        [one.department_id for one in rows if one.person is None],
        [one.person.staff_no for one in rows if one.person is not None],
    )


# --- the inbox -----------------------------------------------------------------------------------


def meeting_todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return the replies that a unit owes, and what the calling unit has to do with its meetings."""
    if not actor.may(Can.SEE):
        return []
    out = [_reply_todo(one) for one in _unreplied(actor)]
    mine = reach(actor, Can.MEET)
    today = timezone.localdate(at)
    if mine:
        rows = counted(meetings(actor)).filter(unit__in=mine, status__in=OPEN_MEETINGS)
        out += [
            todo for row in rows.order_by("starts_at", "pk")[:MOST_TODOS] if (todo := _own_todo(row, today))
        ]
    return out


def _unreplied(actor: Actor) -> list[Attendee]:
    mine = reach(actor, Can.DO)
    rows = Attendee.objects.filter(
        department__in=mine, reply="", meeting__status=MeetingStatus.NOTIFIED
    ).select_related("meeting", "meeting__unit", "department", "person")
    return list(rows.order_by("meeting__starts_at", "pk")[:MOST_TODOS]) if mine else []


def _reply_todo(one: Attendee) -> Todo:
    meeting = one.meeting
    return Todo(
        verb="回执", title=f"{meeting.title}（{one}）", url=_url(meeting), asked_by=str(meeting.unit),
        due_on=timezone.localdate(meeting.starts_at), due_at=meeting.starts_at, arrived_at=meeting.moved_at,
        why="通知本单位参会", kind="会议", consequence="召集单位等待参会人员名单",
    )  # fmt: skip


def _own_todo(meeting: Meeting, today: date) -> Todo | None:
    """Return what the calling unit does next, once it is time: notify, hold, give, close."""
    day = timezone.localdate(meeting.starts_at)
    verb = {
        MeetingStatus.PLANNED: "发出通知",
        MeetingStatus.NOTIFIED: "召开" if day <= today else "",
        MeetingStatus.HELD: "交办决定" if meeting.decided > meeting.given else "结会",  # type: ignore[attr-defined]
    }[MeetingStatus(meeting.status)]
    if not verb:
        return None
    return Todo(
        verb=verb, title=meeting.title, url=_url(meeting), asked_by=str(meeting.unit), due_on=day,
        arrived_at=meeting.moved_at, why="本单位召集", kind="会议",
        consequence="决定交办后承办单位才收到" if verb == "交办决定" else "会议停在这一步",
    )  # fmt: skip


def _url(meeting: Meeting) -> str:
    return reverse("assignments:meeting", args=[meeting.pk])


def visible_meeting_ids(actor: Actor, ids: list[str]) -> set[str]:
    """Return those of the meetings that the actor may see, for the house's news."""
    rows = meetings(actor).filter(pk__in=[int(i) for i in ids]).order_by("pk")
    return {str(pk) for pk in rows.values_list("pk", flat=True)}
