"""Screens of a meeting's parts: agenda, guests and their replies, presence, what was said, decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from xinfu.assignments import actions, queries
from xinfu.assignments.access import Can
from xinfu.assignments.models import AgendaLine, Attendee, Decision, Meeting, Presence
from xinfu.assignments.screens.meetings import MeetingMoveForm, form_page, meeting_page
from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.people.session import actor_of


def _seen(request: HttpRequest, pk: int) -> tuple[Actor, Meeting]:
    actor = actor_of(request)
    return actor, queries.get_meeting(actor, pk)


def _back(meeting: Meeting, at: str = "") -> HttpResponse:
    address = reverse("assignments:meeting", args=[meeting.pk])
    return redirect(f"{address}#{at}" if at else address)


def _pressed(request: HttpRequest, pk: int, act: Callable[[Actor, Meeting], str]) -> HttpResponse:
    """Do what one button of the meeting's page says; a refusal is shown on that page."""
    actor, meeting = _seen(request, pk)
    if request.method != "POST":
        raise NotFound()
    try:
        messages.success(request, act(actor, meeting))
    except Refused as refused:
        form = MeetingMoveForm({})
        form.is_valid()
        inputs.refuse(form, refused)
        return meeting_page(request, actor, meeting, form)
    return _back(meeting)


# --- agenda --------------------------------------------------------------------------------------


class LineForm(forms.Form):
    title = inputs.Text(label="议题", max_length=100)
    text = inputs.Text(label="情况", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    department = forms.TypedChoiceField(label="汇报单位", coerce=int, required=False, empty_value=None)
    reporter = inputs.Text(label="汇报人", required=False, max_length=40)
    minutes = forms.IntegerField(label="时长（分钟）", min_value=1, max_value=480, initial=10)
    place = forms.IntegerField(
        label="次序",
        required=False,
        min_value=1,
        max_value=200,
        help_text="不填时排在最后，或保持原来的次序。",
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["department"].choices = [("", "不指定"), *queries.units(actor)]  # type: ignore[attr-defined]


def _line_page(request: HttpRequest, pk: int, line_pk: int | None) -> HttpResponse:
    actor, meeting = _seen(request, pk)
    line = queries.get_line(meeting, line_pk) if line_pk else None
    form = LineForm(request.POST or None, initial=_known(line), actor=actor)
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        place, unit = said.pop("place") or 0, said.pop("department")
        try:
            drafted = actions.Line(**said, department_id=unit)
            actions.save_line(meeting=meeting, line=line, place=place, said=drafted, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "议程已保存。")
            return _back(meeting, "agenda")
    return form_page(request, form, "修改议题" if line else "增加议题", "保存", meeting)


def _known(line: AgendaLine | None) -> dict[str, Any]:
    if line is None:
        return {}
    return {
        "title": line.title, "text": line.text, "department": line.department_id, "reporter": line.reporter,
        "minutes": line.minutes, "place": line.place,
    }  # fmt: skip


@needs(Can.MEET)
def line_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _line_page(request, pk, None)


@needs(Can.MEET)
def line_edit(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    return _line_page(request, pk, line)


@needs(Can.MEET)
def line_drop(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    def act(actor: Actor, meeting: Meeting) -> str:
        found = queries.get_line(meeting, line)
        actions.drop_line(meeting=meeting, line=found, by=actor, at=clock.now())
        return f"已删去议题“{found.title}”。"

    return _pressed(request, pk, act)


class SaidForm(forms.Form):
    said = inputs.Text(
        label="讨论情况或原因", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 6})
    )


@needs(Can.MEET)
def line_said(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    actor, meeting = _seen(request, pk)
    found = queries.get_line(meeting, line)
    form = SaidForm(request.POST or None, initial={"said": found.said})
    if request.method == "POST" and form.is_valid():
        try:
            actions.note_said(
                meeting=meeting, line=found, said=form.cleaned_data["said"], by=actor, at=clock.now()
            )
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "已记录。")
            return _back(meeting, "agenda")
    return form_page(request, form, "记录讨论情况", "保存", meeting, lead=found.title)


# --- guests --------------------------------------------------------------------------------------


class GuestsForm(forms.Form):
    departments = forms.TypedMultipleChoiceField(
        label="参会单位", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    people = forms.CharField(
        label="点名参会的人员", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="姓名或工号，用顿号或换行分开。",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["departments"].choices = queries.units(actor)  # type: ignore[attr-defined]


@needs(Can.MEET)
def guests(request: HttpRequest, pk: int) -> HttpResponse:
    actor, meeting = _seen(request, pk)
    units, numbers = queries.guest_units(meeting)
    known = {"departments": units, "people": "、".join(numbers)}
    form = GuestsForm(request.POST or None, initial=known, actor=actor)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            named = queries.find_persons(actor, said["people"], "people")
            actions.invite(
                meeting=meeting, departments=said["departments"], people=named, by=actor, at=clock.now()
            )
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "参会范围已保存。")
            return _back(meeting, "guests")
    return form_page(request, form, "确定参会范围", "保存", meeting)


class ReplyForm(forms.Form):
    coming = forms.TypedChoiceField(
        label="是否参会", choices=[("1", "参会"), ("0", "请假")], coerce=lambda v: v == "1",
        widget=forms.RadioSelect,
    )  # fmt: skip
    who = inputs.Text(label="参会人", required=False, max_length=80, help_text="参会的填姓名和职务。")
    reason = inputs.Text(
        label="请假原因", required=False, max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )


@needs(Can.DO)
def reply(request: HttpRequest, pk: int, attendee: int) -> HttpResponse:
    actor, meeting = _seen(request, pk)
    found = queries.get_attendee(actor, meeting, attendee)
    known = {"coming": "0" if found.reply == "leave" else "1", "who": found.who, "reason": found.reason}
    form = ReplyForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            actions.reply(attendee=found, **form.cleaned_data, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "已回执。会前还可以改。")
            return _back(meeting, "guests")
    return form_page(request, form, "会议回执", "提交", meeting, lead=str(found))


class PresenceForm(forms.Form):
    """One row a guest: whether they came, who it was, why not."""

    def __init__(self, *args: Any, guests: Iterable[Attendee], **options: Any) -> None:
        super().__init__(*args, **options)
        self.guests = list(guests)
        for one in self.guests:
            came = {"coming": "present", "leave": "leave"}.get(one.reply, "")
            self.fields[f"presence-{one.pk}"] = forms.ChoiceField(
                label=f"{one}到会情况", choices=[("", "未登记"), *Presence.choices], required=False,
                widget=forms.Select(attrs={"class": "form-select"}),
                initial=one.presence or came,
            )  # fmt: skip
            self.fields[f"who-{one.pk}"] = inputs.Text(
                label=f"{one}实际参会人",
                max_length=80,
                required=False,
                initial=one.who,
                widget=forms.TextInput(attrs={"class": "form-control"}),
            )
            self.fields[f"reason-{one.pk}"] = inputs.Text(
                label=f"{one}原因",
                max_length=200,
                required=False,
                initial=one.reason,
                widget=forms.TextInput(attrs={"class": "form-control"}),
            )

    @property
    def rows(self) -> list[tuple[Attendee, Any, Any, Any]]:
        return [
            (one, self[f"presence-{one.pk}"], self[f"who-{one.pk}"], self[f"reason-{one.pk}"])
            for one in self.guests
        ]

    @property
    def came(self) -> list[actions.Came]:
        said = self.cleaned_data
        return [
            actions.Came(one.pk, *(said[f"{name}-{one.pk}"] for name in ("presence", "who", "reason")))
            for one in self.guests
        ]


@needs(Can.MEET)
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    actor, meeting = _seen(request, pk)
    form = PresenceForm(request.POST or None, guests=queries.attendees(meeting))
    if request.method == "POST" and form.is_valid():
        try:
            actions.note_presence(meeting=meeting, came=form.came, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "到会情况已登记。")
            return _back(meeting, "guests")
    context = {"meeting": meeting, "form": form}
    return render(request, "assignments/presence.html", context, status=422 if form.errors else 200)


# --- decisions -----------------------------------------------------------------------------------


class DecisionForm(forms.Form):
    title = inputs.Text(label="决定事项", max_length=100)
    text = inputs.Text(
        label="具体要求", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )
    department = forms.TypedChoiceField(label="承办单位", coerce=int)
    due_on = inputs.Day(label="完成期限")
    line = forms.TypedChoiceField(label="对应议题", coerce=int, required=False, empty_value=None)
    partners = forms.TypedMultipleChoiceField(
        label="配合单位", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, actor: Actor, meeting: Meeting, **options: Any) -> None:
        super().__init__(*args, **options)
        units = queries.units(actor)
        lines = [(line.pk, line.title) for line in queries.lines(meeting)]
        for name, choices in (
            ("department", [("", "请选择"), *units]),
            ("partners", units),
            ("line", [("", "不对应"), *lines]),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


def _decision_page(request: HttpRequest, pk: int, decision_pk: int | None) -> HttpResponse:
    actor, meeting = _seen(request, pk)
    decision = queries.get_decision(meeting, decision_pk) if decision_pk else None
    known = _decided(decision) if decision else {"line": request.GET.get("line", "")}
    form = DecisionForm(request.POST or None, initial=known, actor=actor, meeting=meeting)
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        line = said.pop("line")
        try:
            said |= queries.who(actor, said["department"], "", said["partners"])
            said.pop("person")
            actions.decide(
                meeting=meeting, decision=decision, **said, by=actor, at=clock.now(),
                line=queries.get_line(meeting, line) if line else None,
            )  # fmt: skip
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "决定已记录，交办后承办单位才收到。")
            return _back(meeting, "decisions")
    return form_page(request, form, "修改决定" if decision else "记录决定", "保存", meeting)


def _decided(decision: Decision) -> dict[str, Any]:
    return {
        "title": decision.title, "text": decision.text, "department": decision.department_id,
        "due_on": decision.due_on, "line": decision.line_id, "partners": queries.decision_partners(decision),
    }  # fmt: skip


@needs(Can.MEET)
def decision_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _decision_page(request, pk, None)


@needs(Can.MEET)
def decision_edit(request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    return _decision_page(request, pk, decision)


@needs(Can.MEET)
def decision_drop(request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    def act(actor: Actor, meeting: Meeting) -> str:
        found = queries.get_decision(meeting, decision)
        actions.drop_decision(decision=found, by=actor, at=clock.now())
        return f"已删去决定“{found.title}”。"

    return _pressed(request, pk, act)


@needs(Can.MEET)
def decision_give(request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    def act(actor: Actor, meeting: Meeting) -> str:
        found = queries.get_decision(meeting, decision)
        item = actions.give_decision(decision=found, by=actor, at=clock.now())
        return f"已交办，现由{item.department}签收。"

    return _pressed(request, pk, act)


@needs(Can.MEET)
def give_all(request: HttpRequest, pk: int) -> HttpResponse:
    def act(actor: Actor, meeting: Meeting) -> str:
        made = actions.give_all(meeting=meeting, by=actor, at=clock.now())
        return f"已交办{len(made)}件，由各承办单位签收。"

    return _pressed(request, pk, act)


urls: list[Any] = [
    path("meetings/<int:pk>/lines/new/", line_new, name="line_new"),
    path("meetings/<int:pk>/lines/<int:line>/", line_edit, name="line_edit"),
    path("meetings/<int:pk>/lines/<int:line>/drop/", line_drop, name="line_drop"),
    path("meetings/<int:pk>/lines/<int:line>/said/", line_said, name="line_said"),
    path("meetings/<int:pk>/guests/", guests, name="guests"),
    path("meetings/<int:pk>/guests/<int:attendee>/", reply, name="reply"),
    path("meetings/<int:pk>/presence/", presence, name="presence"),
    path("meetings/<int:pk>/decisions/new/", decision_new, name="decision_new"),
    path("meetings/<int:pk>/decisions/<int:decision>/", decision_edit, name="decision_edit"),
    path("meetings/<int:pk>/decisions/<int:decision>/drop/", decision_drop, name="decision_drop"),
    path("meetings/<int:pk>/decisions/<int:decision>/give/", decision_give, name="decision_give"),
    path("meetings/<int:pk>/give-all/", give_all, name="give_all"),
]
