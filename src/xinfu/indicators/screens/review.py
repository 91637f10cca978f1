"""落后指标分析: who lost how much of the worst indicators; the meeting on it is called and filled in from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from xinfu.assignments import queries as meetings
from xinfu.assignments.access import Can as Assign
from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.indicators import queries
from xinfu.indicators.access import Can
from xinfu.indicators.actions import review as actions
from xinfu.indicators.queries.review import Review, ReviewLine, ReviewPart, review
from xinfu.indicators.screens import freshness, giving, periods
from xinfu.indicators.screens.board import measured, number_url, records_url
from xinfu.people.session import actor_of


@dataclass(frozen=True, slots=True)
class Row:
    """One line as the page shows it, with what the meeting wrote about it and the fields to write it in."""

    line: ReviewLine
    number_url: str
    records_url: str
    give_url: str
    agenda: Any = None
    decision: Any = None
    fields: tuple[Any, ...] = ()


class FillForm(forms.Form):
    """Cause, measure, owner and day of each line of the meeting; what is an assigned item is left out."""

    def __init__(self, *args: Any, lines: Sequence[Any], decided: dict[int, Any], **options: Any) -> None:
        super().__init__(*args, **options)
        self.lines, self.decided = list(lines), decided
        until = giving.due_on()
        for line in self.lines:
            known = decided.get(line.pk)
            owner = known.department if known else line.department
            self._add(
                "cause",
                line,
                "原因",
                line.said,
                forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
                1000,
            )
            if known is not None and known.item_id is not None:
                continue
            box = forms.Textarea(attrs={"rows": 2, "class": "form-control"})
            self._add("measure", line, "措施", known.title if known else "", box, 100)
            plain = forms.TextInput(attrs={"class": "form-control"})
            self._add("department", line, "承办单位", owner.short_name if owner else "", plain, 100)
            self.fields[f"due_on-{line.pk}"] = inputs.Day(
                label=f"{line.title}完成期限", required=False, initial=known.due_on if known else until,
                widget=inputs.DayInput(attrs={"class": "form-control"}),
            )  # fmt: skip

    def _add(self, name: str, line: Any, label: str, initial: str, widget: forms.Widget, most: int) -> None:
        self.fields[f"{name}-{line.pk}"] = inputs.Text(
            label=f"{line.title}{label}", required=False, max_length=most, initial=initial, widget=widget
        )

    def of(self, line: Any) -> tuple[Any, ...]:
        names = (f"{name}-{line.pk}" for name in ("cause", "measure", "department", "due_on"))
        return tuple(self[name] if name in self.fields else None for name in names)

    @property
    def filled(self) -> list[actions.Filled]:
        said, found = self.cleaned_data, []
        for line in self.lines:
            measure, unit = said.get(f"measure-{line.pk}", ""), said.get(f"department-{line.pk}", "")
            found.append(
                actions.Filled(
                    line, self.decided.get(line.pk), said[f"cause-{line.pk}"], measure,
                    _unit(unit, line) if measure and unit else None, said.get(f"due_on-{line.pk}"),
                )
            )  # fmt: skip
        return found


def _unit(name: str, line: Any) -> Any:
    try:
        return meetings.find_unit(name)
    except Refused as refused:
        raise Refused(refused.code, refused.reason, field=f"department-{line.pk}") from refused


def _meeting_of(actor: Actor, found: Review) -> Any:
    """Return the analysis meeting about exactly these days, the open one first; None where there is none."""
    rows = meetings.meetings_of_figures(actor, found.period.frm, found.period.to)
    return next((row for row in rows if row.finished_at is None), rows[0] if rows else None)


def _rows(
    actor: Actor, part: ReviewPart, period: Any, label: str, agenda: dict[str, Any], form: FillForm | None,
    decided: dict[int, Any],
) -> list[Row]:  # fmt: skip
    out = []
    for line in part.lines:
        group = {"department": "" if line.department is None else str(line.department)}
        said = agenda.get(line.ref)
        out.append(
            Row(
                line=line,
                number_url=number_url(line.figure.code, period, **group),
                records_url=records_url(line.figure.code, "numerator", period, **group)
                if part.indicator.better == "down"
                else "",
                give_url=giving.give_url(
                    actor, title=f"{part.indicator.title}整改：{label}失分{line.lost}件", text=line.facts,
                    department=line.department, source="report", source_name=f"{label}落后指标分析",
                ),
                agenda=said,
                decision=decided.get(said.pk) if said else None,
                fields=form.of(said) if form and said else (),
            )
        )  # fmt: skip
    return out


@needs(Can.SEE)
def review_page(request: HttpRequest) -> HttpResponse:
    """Show the worst indicators and units of a period; in the meeting, keep what is written about them."""
    actor = actor_of(request)
    chosen = periods.choose(request)
    if queries.snapshot(actor) is None:
        return render(
            request, "indicators/review.html", {"snapshot": None, "may_refresh": actor.may(Can.IMPORT)}
        )
    found = review(actor, chosen.period.frm, chosen.period.to)
    meeting = _meeting_of(actor, found)
    lines = meetings.lines(meeting) if meeting else []
    decided = {one.line_id: one for one in meetings.decisions(meeting) if one.line_id} if meeting else {}
    form = None
    if meeting and meeting.status == "held" and meetings.may_call(actor, meeting):
        form = FillForm(request.POST or None, lines=[line for line in lines if line.ref], decided=decided)
    if request.method == "POST":
        if form is None:
            raise NotFound()
        if _kept(request, actor, meeting, form):
            return redirect(f"{reverse('indicators:review')}?{chosen.query}")
    agenda = {line.ref: line for line in lines if line.ref}
    context = {
        "chosen": chosen,
        "snapshot": found.snapshot,
        "stale": freshness.of(found.snapshot, chosen.period),
        "parts": [
            (part, _shown(part), _rows(actor, part, chosen.period, chosen.label, agenda, form, decided))
            for part in found.parts
        ],
        "meeting": meeting,
        "form": form,
        "may_call": actor.may(Assign.MEET) and bool(found.lines) and (not meeting or meeting.finished_at),
        "may_give": actor.may(Assign.GIVE),
    }
    return render(request, "indicators/review.html", context, status=422 if form and form.errors else 200)


def _shown(part: ReviewPart) -> str:
    figure = part.standing.figure
    return "—" if figure.value is None else measured(figure.value, part.indicator.unit)


def _kept(request: HttpRequest, actor: Actor, meeting: Any, form: FillForm) -> bool:
    if not form.is_valid():
        return False
    try:
        count = actions.fill_review(meeting=meeting, filled=form.filled, by=actor, at=clock.now())
    except Refused as refused:
        inputs.refuse(form, refused)
        return False
    messages.success(request, f"已保存，现有{count}项决定。交办在会议页办理。")
    return True


class CallForm(forms.Form):
    title = inputs.Text(label="会议名称", max_length=100)
    day = inputs.Day(label="开会日期")
    hour = forms.TimeField(
        label="开会时间", input_formats=["%H:%M", "%H%M", "%H：%M"],
        widget=forms.TimeInput(attrs={"placeholder": "14:30", "inputmode": "numeric"}, format="%H:%M"),
        error_messages={"invalid": "时间请写成 14:30。"},
    )  # fmt: skip
    place = inputs.Text(label="地点", max_length=100)
    chair = inputs.Text(label="主持人", max_length=60, help_text="姓名或工号。")
    note_taker = inputs.Text(label="记录人", max_length=60, help_text="姓名或工号。")
    guests = forms.TypedMultipleChoiceField(
        label="参会单位", coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="已选中失分的单位。",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["guests"].choices = meetings.units(actor)  # type: ignore[attr-defined]


@needs(Assign.MEET)
def call(request: HttpRequest) -> HttpResponse:
    """Call the meeting about a period: agenda and tables come with it."""
    actor = actor_of(request)
    chosen = periods.choose(request)
    if queries.snapshot(actor) is None:
        raise Refused("no_snapshot", "还没有数据快照，请先更新数据。")
    found = review(actor, chosen.period.frm, chosen.period.to)
    losers = sorted({line.department for line in found.lines if line.department is not None})
    known = {"title": f"{chosen.label}落后指标分析会", "note_taker": actor.name, "guests": losers}
    form = CallForm(request.POST or None, initial=known, actor=actor)
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        try:
            moment = datetime.combine(said.pop("day"), said.pop("hour"))
            people = {name: meetings.find_person(actor, said[name], name) for name in ("chair", "note_taker")}
            made = actions.call_review(
                found=found, **{**said, **people}, starts_at=timezone.make_aware(moment), by=actor,
                at=clock.now(),
            )  # fmt: skip
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "已拟定分析会，议程和数据表已带入。请核对后发出通知。")
            return redirect("assignments:meeting", made.pk)
    back = f"{reverse('indicators:review')}?{urlencode(periods.days(chosen.period))}"
    context = {"form": form, "chosen": chosen, "found": found, "back": back}
    return render(request, "indicators/review_call.html", context, status=422 if form.errors else 200)
