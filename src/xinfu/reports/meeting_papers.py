"""会议公文: four papers of a meeting, each drafted with one click through the outgoing-paper flow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from xinfu.assignments import queries as meetings
from xinfu.assignments.access import Can as Assign
from xinfu.core import clock, journal
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.papers import actions as papers
from xinfu.papers.actions import Party
from xinfu.people.session import actor_of
from xinfu.reports.meeting_texts import MeetingText, written
from xinfu.reports.models import MeetingPaper, MeetingPaperKind

if TYPE_CHECKING:
    from xinfu.assignments.models import Meeting
    from xinfu.papers.models import Paper


@transaction.atomic
def draft_meeting_paper(*, meeting: Meeting, kind: str, by: Actor, at: datetime) -> Paper:
    """Draft one of a meeting's papers, or bring the draft up to what is known now.

    A draft that somebody edited, or that has moved on, is left as it is and returned. Raises Refused: not the
    calling unit, too early or too late for this kind.
    """
    row = meetings.meetings(by).select_related(None).select_for_update(of=("self",)).get(pk=meeting.pk)
    if not meetings.may_call(by, row):
        raise Forbidden(f"这次会议由{row.unit}召集，请由该单位拟文。")
    said = written(row, kind)
    last = _last(row, kind)
    if last is not None and last.paper.status != "voided":
        return _again(last, said, by, at)
    paper = papers.draft_paper(
        kind=said.kind, title=said.title, blocks=said.blocks, figures=said.figures, notes=said.notes,
        addressee=said.addressee, recipients=_recipients(row, said), by=by, at=at,
    )  # fmt: skip
    MeetingPaper.objects.create(
        meeting=row, kind=kind, paper=paper, digest=paper.text_digest, made_at=at, made_by_name=by.name[:80]
    )
    journal.record("meeting.paper_drafted", row, by=by, at=at, kind=kind, paper=paper.pk)
    return paper


def _last(meeting: Meeting, kind: str) -> MeetingPaper | None:
    rows = MeetingPaper.objects.filter(meeting=meeting, kind=kind).select_related("paper__version")
    return rows.order_by("-pk").first()


def _again(last: MeetingPaper, said: MeetingText, by: Actor, at: datetime) -> Paper:
    """Return the paper that stands, with a new version where its draft is still the program's own."""
    paper, version = last.paper, last.paper.version
    untouched = paper.status == "draft" and version is not None and version.digest == last.digest
    if not untouched or version is None or (version.title, version.blocks) == (said.title, said.blocks):
        return paper
    papers.revise(
        paper=paper, seen=version.number, title=said.title, blocks=said.blocks, figures=said.figures,
        notes=said.notes, by=by, at=at,
    )  # fmt: skip
    MeetingPaper.objects.filter(pk=last.pk).update(digest=paper.text_digest)
    return paper


def _recipients(meeting: Meeting, said: MeetingText) -> list[Party]:
    """Return the units that a notice or minutes go to, each once; sheets and materials go nowhere."""
    if said.kind == "meeting":
        return []
    units = {one.department_id: one.department for one in meetings.attendees(meeting)}
    if said.kind == "minutes":
        units |= {one.department_id: one.department for one in meetings.decisions(meeting)}
    named = {unit.name: Party(unit.name, unit.pk) for unit in units.values()}
    return list(named.values())


# --- screens -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of paper on the meeting's page: the paper that stands, or why none can be drafted now."""

    kind: str
    label: str
    paper: Paper | None
    why: str


def _lines(meeting: Meeting) -> list[Line]:
    out = []
    for kind, label in MeetingPaperKind.choices:
        last, why = _last(meeting, kind), ""
        try:
            written(meeting, kind)
        except Refused as refused:
            why = refused.reason
        out.append(Line(kind, label, last.paper if last else None, why))
    return out


@needs(Assign.MEET)
def meeting_papers(request: HttpRequest, pk: int) -> HttpResponse:
    """List a meeting's papers, each with its button; as a page, or as the region of the meeting's page."""
    actor = actor_of(request)
    meeting = meetings.get_meeting(actor, pk)
    name = "reports/paper_list.html" if request.headers.get("HX-Request") else "reports/meeting_papers.html"
    return render(request, name, {"meeting": meeting, "papers": _lines(meeting)})


@needs(Assign.MEET)
def meeting_paper(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Draft a paper with one click, and show it."""
    actor = actor_of(request)
    meeting = meetings.get_meeting(actor, pk)
    if request.method != "POST" or kind not in MeetingPaperKind.values:
        raise NotFound()
    try:
        paper = draft_meeting_paper(meeting=meeting, kind=kind, by=actor, at=clock.now())
    except Forbidden:
        raise
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("assignments:meeting", pk)
    messages.success(request, f"《{paper.title}》已拟好，可下载 .docx，或送核、签发。")
    return redirect("papers:detail", paper.pk)


urls = [
    path("meetings/<int:pk>/", meeting_papers, name="meeting_papers"),
    path("meetings/<int:pk>/<slug:kind>/", meeting_paper, name="meeting_paper"),
]
