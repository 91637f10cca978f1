"""One case: both clocks drawn and told, facts as on the paper form, what to do next; the stops of its clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from xinfu.cases import actions, queries, rules
from xinfu.cases.access import Can
from xinfu.cases.intake.fields import CASE
from xinfu.cases.marks import marks_of
from xinfu.cases.models import Case, CaseLicence, CasePause, CaseStep, PauseKind
from xinfu.cases.screens.clocks import lanes
from xinfu.cases.screens.drawing import draw
from xinfu.cases.screens.listing import CASES, SPECS, light_html
from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.permissions import Can as CoreCan
from xinfu.core.refusal import Refused
from xinfu.core.ui import Step, confirm, lists, paging, text
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.lists import ListSpec
from xinfu.people.session import actor_of

WIDE, NARROW = 760, 344
EVENTS = {"case.paused": "登记停钟", "case.resumed": "登记恢复计时", "case.applicant_revealed": "查看申请者完整信息",
          "cases.imported": "随批次导入"}  # fmt: skip


class RevealForm(forms.Form):
    reason = inputs.Text(
        label="查看事由", max_length=200, help_text="写明为办哪件事需要完整信息；事由、时间和查看者记入日志"
    )


class Moment(forms.DateTimeField):
    """A moment typed as 2026-11-24 09:30."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%d %H:%M", "%Y%m%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M"],
            error_messages={"invalid": "时间请写成 2026-11-24 09:30。", "required": "请填写时间。"},
            widget=forms.DateTimeInput(format="%Y-%m-%d %H:%M", attrs={"autocomplete": "off"}),
            **options,
        )

    def to_python(self, value: Any) -> Any:
        return super().to_python(inputs.clean_pasted(value) if isinstance(value, str) else value)


class PauseForm(forms.Form):
    kind = forms.ChoiceField(
        label="停钟类别",
        choices=PauseKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "请选择停钟类别。"},
    )
    name = inputs.Text(
        label="名称", required=False, max_length=100, help_text="特别程序请写明：听证、招标、拍卖、检验、检测、检疫、鉴定或专家评审"
    )  # fmt: skip
    started_at = Moment(label="开始时间", help_text="写成 2026-11-24 09:30，不早于收件，不晚于现在")
    reason = forms.CharField(
        label="原因",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="停钟须已书面告知申请者所需时间（行政许可法第四十五条）",
        error_messages={"required": "请写明停钟原因。"},
    )


class ResumeForm(forms.Form):
    ended_at = Moment(label="恢复时间", help_text="写成 2026-11-24 09:30，不早于停钟开始，不晚于现在")


# --- the page ------------------------------------------------------------------------------------


def _spec(query: QueryDict) -> ListSpec:
    return SPECS.get(query.get("list", ""), CASES)


def _page(
    request: HttpRequest,
    actor: Actor,
    case: Case,
    form: RevealForm | None = None,
    revealed: Mapping[str, str] | None = None,
) -> HttpResponse:
    now = queries.today()
    pauses = list(case.pauses.order_by("started_at", "pk"))
    steps = list(case.steps.order_by("started_at", "pk"))
    licences = list(case.licences.order_by("issued_on", "pk"))
    drawn = lanes(case, pauses, now)
    pictures = [
        draw(drawn, now.calendar, now.day, width, name)
        for width, name in ((WIDE, "wide"), (NARROW, "narrow"))
    ]
    entries = queries.journal_of(case)
    lamp = queries.lamp(case, now)
    running = next((p for p in pauses if p.ended_at is None), None)
    context = {
        "case": case,
        "lamp": lamp,
        "light": light_html(lamp),
        "lanes": drawn,
        "pictures": [p for p in pictures if p],
        "steps": _steps(case, pauses, steps, licences, entries, now),
        "groups": _groups(case, licences),
        "applicant": _revealed(revealed) if revealed else queries.masked_applicant(case),
        "is_revealed": bool(revealed),
        "reveal": (form or RevealForm()) if queries.may_reveal(actor, case) else None,
        "marks": marks_of(case.quality),
        "entries": [(e, EVENTS.get(e.event, e.event)) for e in entries],
        "may_see_journal": actor.may(CoreCan.SEE_JOURNAL),
        "running": running,
        "may_handle": actor.may(Can.HANDLE),
        "may_import": actor.may(Can.IMPORT),
        "why_not": _why_not_stopped(case),
        "spec": _spec(request.GET),
        "in_list": request.GET.get("list", ""),
        "due_rule": drawn[-1].why[0] if drawn else "",
    }
    answer = render(
        request, "cases/detail.html", context, status=422 if form is not None and form.errors else 200
    )
    if revealed:
        answer["Cache-Control"] = "no-store"
    return answer


@needs(Can.SEE)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    return _page(request, actor, queries.get_case(actor, pk))


def _why_not_stopped(case: Case) -> str:
    """Return why the clock cannot be stopped, or nothing."""
    if case.state in rules.OPEN_STATES and case.finished_at is None:
        return ""
    return f"这件已是“{case.get_state_display()}”，时钟不再走动。"


def _revealed(values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(CASE[name].label, value) for name, value in values.items() if name in CASE]


def _groups(case: Case, licences: Sequence[CaseLicence]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Return the facts as the paper form has them: the matter, who handles it, the result, where it came from."""
    held = [(licence.name, _validity(licence)) for licence in licences]
    kind = {"1": "即办件", "2": "承诺件", "9": "其他"}.get(case.project_type, case.project_type)
    return [
        ("办件", [("事项名称", case.item_name), ("实施编码", case.item_code), ("办件类型", kind),
                ("申报来源", case.get_channel_display()), ("办理摘要", case.summary),
                ("2.0平台", f"{'经' if case.is_unified else '未经'}2.0平台收件")]),
        ("承办", [("承办单位", case.department.name if case.department else None),
                ("来源中的承办单位", case.org_name), ("窗口", case.window), ("乡镇街道", case.town),
                ("经办人", case.handler_name)]),
        ("办理结果", [("状态", case.get_state_display()), ("办结类型", case.get_finish_kind_display()),
                  ("原因", case.finish_reason), ("办理用时", text.days(case.handling_days)),
                  ("停钟", text.days(case.paused_days))]),
        *([("证照", held)] if held else []),
        ("时间", [("申请时间", case.applied_at), ("收件时间", case.received_at), ("受理时间", case.accepted_at),
                ("办结时间", case.finished_at)]),
    ]  # fmt: skip


# --- the time line -------------------------------------------------------------------------------


def _steps(
    case: Case,
    pauses: Sequence[CasePause],
    steps: Sequence[CaseStep],
    licences: Sequence[CaseLicence],
    entries: Sequence[Any],
    now: queries.Today,
) -> list[Step]:
    """Return what happened, oldest first, with the working days between (D3)."""
    unit = str(case.window or case.department or case.org_name or "来源系统")
    told = sorted(_told(case, pauses, steps, licences, unit), key=lambda s: s.at)
    found: list[Step] = []
    for before, step in zip([None, *told[:-1]], told, strict=True):
        days = 0
        if before is not None:
            days = now.calendar.workdays_between(timezone.localdate(before.at), timezone.localdate(step.at))
        found.append(replace(step, workdays=days if days > 0 else None))
    found += [Step(e.at, e.by_name, EVENTS.get(e.event, e.event), "", None, "log") for e in entries]
    return sorted(found, key=lambda s: s.at)


def issued_at(case: Case, licence: CaseLicence) -> datetime | None:
    """Return when a licence stands on the time line: at the finish on its own day, else at the beginning of its day."""
    if licence.issued_on is None or licence.issued_on == case.finished_on:
        return case.finished_at
    return inputs.start_of(licence.issued_on)


def _validity(licence: CaseLicence) -> str:
    if licence.is_permanent:
        until = "长期有效"
    elif licence.valid_until is not None:
        until = f"有效期至{text.day(licence.valid_until)}"
    else:
        until = ""
    since = f"自{text.day(licence.valid_from)}起" if licence.valid_from else ""
    return "，".join(filter(None, (f"编号{licence.number}", since, until)))


def _told(
    case: Case,
    pauses: Sequence[CasePause],
    steps: Sequence[CaseStep],
    licences: Sequence[CaseLicence],
    unit: str,
) -> Iterator[Step]:
    known = (
        (case.applied_at, "申请者", "申请", case.get_channel_display()),
        (case.received_at, unit, "收件", ""),
        (case.accepted_at, unit, "受理", ""),
        (case.finished_at, unit, case.get_state_display(), case.finish_reason),
    )
    for at, who, verb, said in known:
        if at is not None:
            yield Step(at, who, verb, said, None, "public")
    for pause in pauses:
        label = pause.name or pause.get_kind_display()
        gap = "" if pause.kind == PauseKind.TRANSFER else label
        yield Step(pause.started_at, unit, f"停钟：{label}", pause.reason, None, "public", gap)
        if pause.ended_at is not None:
            yield Step(pause.ended_at, unit, "恢复计时", "", None, "public")
    for licence in licences:
        at = issued_at(case, licence)
        if at is not None:
            yield Step(
                at, licence.issuer or unit, f"发证：{licence.name}", _validity(licence), None, "public"
            )
    for row in steps:
        who = " ".join(filter(None, (row.unit_name or unit, row.handler_name)))
        yield Step(row.started_at, who, "：".join(filter(None, (row.name, row.action))), row.note)


# --- neighbours ----------------------------------------------------------------------------------


@needs(Can.SEE)
def neighbour(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """Go to the case before or after this one in the list that it was opened from (上一件, 下一件)."""
    actor = actor_of(request)
    case = queries.get_case(actor, pk)
    spec = _spec(request.GET)
    kept = request.session.get("lists", {}).get(spec.name, ["", ""])
    state = lists.read(spec, actor, QueryDict(kept[1]))
    setattr(case, paging.KEY, getattr(case, state.order.field))
    place = {"after" if way == "next" else "before": paging.cursor_of(case)}
    found = paging.by_key(state.rows(), state.order, size=1, **place).rows
    tail = f"?{request.GET.urlencode()}" if request.GET else ""
    if not found:
        messages.info(request, "列表里没有下一件了。" if way == "next" else "这是列表的第一件。")
        return redirect(reverse("cases:detail", args=[pk]) + tail)
    return redirect(reverse("cases:detail", args=[found[0].pk]) + tail)


# --- personal data -------------------------------------------------------------------------------


@needs(Can.SEE_PERSONAL)
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the applicant's whole data once, for a reason that the journal keeps."""
    actor = actor_of(request)
    case = queries.get_case(actor, pk)
    if request.method != "POST":
        raise SuspiciousOperation("personal data is asked for by POST")
    form = RevealForm(request.POST)
    values: Mapping[str, str] | None = None
    if form.is_valid():
        try:
            values = actions.reveal_applicant(
                case=case, reason=form.cleaned_data["reason"], by=actor, at=clock.now()
            )
        except Refused as refused:
            inputs.refuse(form, refused)
    return _page(request, actor, case, form, values)


# --- stops of the clock --------------------------------------------------------------------------


@needs(Can.HANDLE)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the clock, after a page that says what follows."""
    actor = actor_of(request)
    case = queries.get_case(actor, pk)
    now = clock.now()
    form = PauseForm(request.POST or None, initial={"started_at": timezone.localtime(now)})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        happens = _what_a_stop_does(case, said["kind"])
        back = reverse("cases:detail", args=[pk])
        if page := confirm.ask(request, verb="停钟", thing=f"办件{case.case_no}", happens=happens, back=back):
            return page
        try:
            actions.add_pause(case=case, **said, by=actor, at=now)
            messages.success(request, "已停钟。恢复计时后，到期日按实际停钟的工作日顺延。")
            return redirect("cases:detail", pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"case": case, "form": form, "verb": "停钟", "why_not": _why_not_stopped(case)}
    return render(request, "cases/pause.html", context, status=422 if form.errors else 200)


def _what_a_stop_does(case: Case, kind: str) -> list[str]:
    if kind == PauseKind.TRANSFER:
        return ["登记转报，时钟照常走，到期日不变"]
    which = "受理" if kind == PauseKind.CORRECTION and case.accepted_at is None else "办理"
    state = "补正告知" if which == "受理" else "特别程序（挂起）"
    return [
        f"{which}时钟停止，状态变为“{state}”",
        "这件不再出现在到期清单和晨会单，恢复计时后再出现",
        "停钟的类别、原因和时间记入日志，不能删除",
    ]


@needs(Can.HANDLE)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the clock run again."""
    actor = actor_of(request)
    case = queries.get_case(actor, pk)
    running: CasePause | None = case.pauses.filter(ended_at=None).order_by("-started_at").first()
    now = clock.now()
    form = ResumeForm(request.POST or None, initial={"ended_at": timezone.localtime(now)})
    if request.method == "POST" and running is None:
        form.add_error(None, "这件没有正在停的时钟，可能已由他人恢复，请返回查看。")
    elif request.method == "POST" and form.is_valid() and running is not None:
        try:
            done = actions.end_pause(pause=running, ended_at=form.cleaned_data["ended_at"], by=actor, at=now)
            due = done.due_on or done.accept_due_on
            messages.success(request, f"已恢复计时，到期日为{text.day_cn(due)}。" if due else "已恢复计时。")
            return redirect("cases:detail", pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"case": case, "form": form, "verb": "恢复计时", "running": running, "why_not": ""}
    return render(request, "cases/pause.html", context, status=422 if form.errors else 200)
