"""Screens of meetings: the list, planning, one meeting with its moves, and its papers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone

from xinfu.assignments import actions, queries
from xinfu.assignments.access import Can
from xinfu.assignments.flow import BEFORE, MEETING_LABELS, MEETINGS, MeetingStatus
from xinfu.assignments.models import Meeting, MeetingKind
from xinfu.core import clock, files
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import Step, lists, moves, text
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.kept import keep
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of

# --- the list ------------------------------------------------------------------------------------


class MeetingFilter(forms.Form):
    q = inputs.Text(label="会议名称", required=False)
    status = forms.ChoiceField(
        label="状态",
        choices=[("", "全部"), *((str(s), label) for s, label in MEETING_LABELS.items())],
        required=False,
    )
    kind = forms.ChoiceField(label="会议类别", choices=[("", "全部"), *MeetingKind.choices], required=False)


def _rows(actor: Actor) -> QuerySet[Meeting]:
    return queries.counted(queries.meetings(actor))


def _narrow(rows: QuerySet[Meeting], wanted: dict[str, Any]) -> QuerySet[Meeting]:
    if q := wanted.get("q"):
        rows = rows.filter(title__contains=q)
    for name in ("status", "kind"):
        if value := wanted.get(name):
            rows = rows.filter(**{name: value})
    return rows


def _link(meeting: Meeting) -> str:
    return reverse("assignments:meeting", args=[meeting.pk])


def _decided(meeting: Any) -> str:
    return f"{meeting.given}/{meeting.decided}" if meeting.decided else text.DASH


LIST = lists.register(
    ListSpec(
        name="assignments.meetings", title="会议", unit="次", rows=_rows,
        columns=(
            Column("title", "会议名称", link=_link),
            Column("status", "状态", value=lambda m: m.get_status_display()),
            Column("starts_at", "开会时间", kind="when", sort="starts_at"),
            Column("place", "地点"),
            Column("kind", "会议类别", value=lambda m: m.get_kind_display()),
            Column("unit", "召集单位", value=lambda m: m.unit),
            Column("chair", "主持人", value=lambda m: m.chair.name),
            Column("note_taker", "记录人", value=lambda m: m.note_taker.name, shown=False),
            Column("decisions", "决定（已交办/共）", value=_decided),
        ),
        order="-starts_at", form=MeetingFilter, narrow=_narrow, export=Can.EXPORT,
        nothing="还没有会议。可以从“新建会议”开始，也可以在落后指标分析页召开分析会。",
    )
)  # fmt: skip


@needs(Can.SEE)
def meeting_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {"may_call": actor.may(Can.MEET)}
    return lists.respond(request, actor, LIST, template="assignments/meetings.html", context=context)


# --- planning ------------------------------------------------------------------------------------


class MeetingForm(forms.Form):
    title = inputs.Text(label="会议名称", max_length=100)
    kind = forms.ChoiceField(label="会议类别", choices=MeetingKind.choices)
    day = inputs.Day(label="开会日期")
    hour = forms.TimeField(
        label="开会时间",
        input_formats=["%H:%M", "%H%M", "%H：%M"],
        widget=forms.TimeInput(attrs={"placeholder": "14:30", "inputmode": "numeric"}, format="%H:%M"),
        error_messages={"invalid": "时间请写成 14:30。"},
    )
    place = inputs.Text(label="地点", max_length=100)
    chair = inputs.Text(label="主持人", max_length=60, help_text="姓名或工号。")
    note_taker = inputs.Text(label="记录人", max_length=60, help_text="姓名或工号。")
    text = inputs.Text(
        label="会议事由", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class PlanForm(MeetingForm):
    guests = forms.TypedMultipleChoiceField(
        label="参会单位", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["guests"].choices = queries.units(actor)  # type: ignore[attr-defined]


class ChangeForm(MeetingForm):
    note = inputs.Text(
        label="改时间地点的原因", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="已发出通知的会议改时间或地点时必填；改后须重新回执。",
    )  # fmt: skip


def when_where_who(actor: Actor, said: dict[str, Any]) -> dict[str, Any]:
    """Return day and hour as a moment, names as people; refuses names that nobody or several people have."""
    moment = datetime.combine(said.pop("day"), said.pop("hour"))
    return {
        **said,
        "starts_at": timezone.make_aware(moment),
        "chair": queries.find_person(actor, said["chair"], "chair"),
        "note_taker": queries.find_person(actor, said["note_taker"], "note_taker"),
    }


@needs(Can.MEET)
def plan(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = PlanForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            said = when_where_who(actor, dict(form.cleaned_data))
            meeting = actions.plan_meeting(**said, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "已拟定。请填写议程，然后发出通知。")
            return redirect(_link(meeting))
    return form_page(request, form, "新建会议", "保存")


@needs(Can.MEET)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    meeting = queries.get_meeting(actor, pk)
    starts = timezone.localtime(meeting.starts_at)
    known = {
        "title": meeting.title, "kind": meeting.kind, "day": starts.date(), "hour": starts.time(),
        "place": meeting.place, "chair": meeting.chair.staff_no, "note_taker": meeting.note_taker.staff_no,
        "text": meeting.text,
    }  # fmt: skip
    form = ChangeForm(request.POST or None, initial=known)
    del form.fields["kind"]
    if request.method == "POST" and form.is_valid():
        try:
            said = when_where_who(actor, dict(form.cleaned_data))
            actions.change_meeting(meeting=meeting, **said, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "已修改。")
            return redirect(_link(meeting))
    return form_page(request, form, "修改会议", "保存", meeting)


def form_page(
    request: HttpRequest,
    form: forms.Form,
    heading: str,
    verb: str,
    meeting: Meeting | None = None,
    **more: Any,
) -> HttpResponse:
    """Render a form of a meeting on a page of its own."""
    context = {"form": form, "heading": heading, "verb": verb, "meeting": meeting, "lead": "", **more}
    return render(request, "assignments/meeting_form.html", context, status=422 if form.errors else 200)


# --- one meeting ---------------------------------------------------------------------------------


class MeetingMoveForm(forms.Form):
    note = inputs.Text(
        label="说明", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="取消会议时必填。",
    )  # fmt: skip


def papers_url(meeting: Meeting) -> str:
    """Return where a meeting's papers are made, where this installation has it."""
    try:
        return reverse("reports:meeting_papers", args=[meeting.pk])
    except NoReverseMatch:
        return ""


def review_url(meeting: Meeting) -> str:
    """Return where the figures of an analysis meeting stand, where this installation has it."""
    if meeting.frm is None or meeting.to is None:
        return ""
    try:
        return f"{reverse('indicators:review')}?frm={meeting.frm}&to={meeting.to}"
    except NoReverseMatch:
        return ""


def cells_of(row: list[Any], columns: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the cells of a kept table as texts, each with its column's side."""
    return [
        (str(cell["text"] if isinstance(cell, dict) else cell), column.get("align", "left"))
        for cell, column in zip(row, columns, strict=True)
    ]


def meeting_page(
    request: HttpRequest, actor: Actor, meeting: Meeting, form: forms.Form | None = None
) -> HttpResponse:
    mine = queries.may_call(actor, meeting)
    helpers = queries.partner_names(meeting)
    decisions = [(one, helpers.get(one.pk, "")) for one in queries.decisions(meeting)]
    tables = [
        (one.title, one.columns, [cells_of(row, one.columns) for row in one.rows])
        for one in queries.tables(meeting)
    ]
    is_held = mine and meeting.status == MeetingStatus.HELD
    context = {
        "meeting": meeting,
        "form": form or MeetingMoveForm(),
        "choices": MEETINGS.choices(meeting, actor) if mine else [],
        "lines": queries.lines(meeting),
        "decisions": decisions,
        "waiting": sum(1 for one, _ in decisions if one.item is None),
        "tables": tables,
        "attendees": queries.attendees(meeting),
        "awaited": queries.awaited(actor, meeting),
        "steps": [Step(at, who, verb, note) for at, who, verb, note in queries.meeting_steps(meeting)],
        "files": queries.meeting_files(meeting),
        "may_plan": mine and meeting.status in BEFORE,
        "may_edit": mine and (meeting.status in BEFORE or is_held),
        "is_held": is_held,
        "papers_url": papers_url(meeting) if mine else "",
        "review_url": review_url(meeting),
    }
    wrong = bool(form and form.errors)
    return render(request, "assignments/meeting.html", context, status=422 if wrong else 200)


@needs(Can.SEE)
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    return meeting_page(request, actor, queries.get_meeting(actor, pk))


HAPPENS = {
    "close": ["到会情况、讨论情况和决定不能再改", "已交办的决定照常办理"],
    "cancel": ["会议取消，参会单位不用再回执", "历史保留取消人、时间和理由"],
}


@needs(Can.MEET)
def meeting_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one step, after a page that says what follows where it is final."""
    actor = actor_of(request)
    found = queries.get_meeting(actor, pk)

    def act(name: str, said: dict[str, Any], kept: list[StoredFile]) -> str:
        done = actions.move_meeting(meeting=found, move=name, note=said["note"], by=actor, at=clock.now())
        return moves.done(MEETINGS, name, done)

    return moves.take(
        request, MEETINGS, found, MeetingMoveForm(request.POST), by=actor, thing=found.title, happens=HAPPENS,
        back=_link(found), act=act, needs_note={"cancel"},
        page=lambda form: meeting_page(request, actor, queries.get_meeting(actor, pk), form),
    )  # fmt: skip


# --- papers --------------------------------------------------------------------------------------


@needs(Can.MEET)
def attach(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    found = queries.get_meeting(actor, pk)
    if request.method != "POST":
        raise NotFound()
    form, at = MeetingMoveForm({}), clock.now()
    try:
        kept = actions.attach_papers(meeting=found, files=keep(request, actor, at), by=actor, at=at)
    except Refused as refused:
        form.is_valid()
        inputs.refuse(form, refused)
        return meeting_page(request, actor, found, form)
    messages.success(request, f"已上传{len(kept)}份材料。")
    return redirect(_link(found))


@needs(Can.SEE)
def meeting_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponseBase:
    file, kept = queries.get_meeting_file(actor_of(request), pk, file_pk)
    return FileResponse(
        files.open_file(kept), as_attachment=True, filename=file.name, content_type=kept.content_type
    )


urls: list[Any] = [
    path("meetings/", meeting_list, name="meetings"),
    path("meetings/new/", plan, name="plan_meeting"),
    path("meetings/<int:pk>/", meeting, name="meeting"),
    path("meetings/<int:pk>/change/", change, name="change_meeting"),
    path("meetings/<int:pk>/move/", meeting_move, name="meeting_move"),
    path("meetings/<int:pk>/files/", attach, name="meeting_attach"),
    path("meetings/<int:pk>/files/<int:file_pk>/", meeting_file, name="meeting_file"),
]
