"""The handler's screen of a bad rating: what is asked, what happened, by when, what can be done, what comes next."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone

from xinfu.core import clock, files
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import moves, text
from xinfu.core.ui.kept import keep
from xinfu.people.session import actor_of
from xinfu.ratings import actions, loop_local, terms
from xinfu.ratings.access import Can
from xinfu.ratings.actions.loop_calls import why_not_call
from xinfu.ratings.flow import FLOW, Status
from xinfu.ratings.models import BadRating, CallBackKind
from xinfu.ratings.queries import loop as queries
from xinfu.ratings.queries.loop_facts import facts
from xinfu.ratings.screens import loop_list, loop_rounds
from xinfu.ratings.screens.loop_list import FINISHED, LOOPS
from xinfu.ratings.screens.loop_steps import asked_of, steps_of

# --- one loop ------------------------------------------------------------------------------------


class MoveForm(forms.Form):
    note = inputs.Text(
        label="说明",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "说明最多300字，请精简。"},
        help_text="最多300字；除认定属实外都要写。",
    )
    due_on = inputs.Day(label="整改期限或延期日期", required=False)


class CallForm(forms.Form):
    kind = forms.ChoiceField(label="种类", choices=CallBackKind.choices, widget=forms.HiddenInput)
    is_reached = forms.TypedChoiceField(
        label="是否接通",
        choices=[("1", "接通"), ("0", "未接通")],
        coerce=lambda v: v == "1",
        widget=forms.RadioSelect,
    )
    said = inputs.Text(
        label="通话内容",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "通话内容最多300字，请精简。"},
    )


def _page(
    request: HttpRequest,
    actor: Actor,
    loop: BadRating,
    form: MoveForm | None = None,
    call: CallForm | None = None,
    phone: tuple[str, str] | None = None,
) -> HttpResponse:
    now = queries.now()
    kinds = [k for k in CallBackKind if actor.may(KIND_NEEDS[k])]
    open_kinds = [k for k in kinds if why_not_call(loop, k, actor) is None]
    known = facts(actor, loop, now)
    wrong = bool((form and form.errors) or (call and call.errors))
    context = {
        "loop": loop,
        "facts": known,
        "light": text.light(str(queries.light_of(loop, now)), queries.light_word(loop, now)),
        "due_on": queries.due_of(loop),
        "rule": _rule(loop),
        "asked": asked_of(loop),
        "next_words": (NEXT | NEXT_ANONYMOUS if loop.rating.is_anonymous else NEXT)[Status(loop.status)],
        "form": form or MoveForm(),
        "choices": FLOW.choices(loop, actor),
        "latest": _latest(loop, now),
        "call_form": call or CallForm(initial={"kind": open_kinds[0] if open_kinds else CallBackKind.FIRST}),
        "may_hand_over": actor.may(Can.SPOT_CHECK) and loop.status in (Status.OPEN, Status.APPEAL_REJECTED),
        "may_call": bool(open_kinds),
        "why_no_call": known.why_no_call if kinds and loop.finished_at is None else None,
        "calls": list(loop.calls.all()),
        "phone": phone,
        "steps": steps_of(loop, now),
        "attachments": queries.attachments(loop),
        "follow_up": queries.follow_up(loop),
        "spec": FINISHED if loop.finished_at else LOOPS,
        "spec_url": "ratings:loops-done" if loop.finished_at else "ratings:loops",
    }
    return render(request, "ratings/loop.html", context, status=422 if wrong else 200)


HAPPENS = {
    "uphold": ["这条评价自此不计入统计", "差评办结，承办单位不用整改", "历史保留审核单位、时间和理由"],
    "finish": ["差评办结，不能再改", "实名评价人可再评价一次", "实名的可能被抽查回访"],
    "allow": ["差评以“无法整改”办结，不能再改", "历史保留审核单位、时间和理由"],
}
KIND_NEEDS = {
    CallBackKind.FIRST: Can.HANDLE,
    CallBackKind.APPEAL: Can.JUDGE,
    CallBackKind.SPOT: Can.SPOT_CHECK,
}
NEXT = {
    Status.OPEN: "认定属实的，定下整改期限后整改；认为不实的，申诉由其他单位审核。",
    Status.APPEALED: "审核单位判定：成立的不计入统计，本件办结；驳回的由承办单位整改。",
    Status.INVALID: "申诉成立，这条评价不计入统计。",
    Status.APPEAL_REJECTED: "申诉已驳回，按属实处理：请定下整改期限，开始整改。",
    Status.RECTIFYING: "整改完成后，评价人可再评价一次；确实无法整改的报其他单位审核。",
    Status.RECTIFIED: "评价人可再评价一次，考评科会抽查回访。",
    Status.CANNOT_ASKED: "审核单位判定：同意的，本件办结；不同意的，承办单位继续整改。",
    Status.CANNOT: "经审核无法整改，不再办理。",
    Status.CANNOT_REJECTED: "无法整改未获同意，须继续整改直到完成。",
}
NEXT_ANONYMOUS = {
    Status.RECTIFYING: "整改完成后办结（匿名评价没有追评）；确实无法整改的报其他单位审核。",
    Status.RECTIFIED: "已办结（匿名评价没有追评）。",
}


def _rule(loop: BadRating) -> dict[str, Any]:
    """Return the number that gave the due day, with its source (D1)."""
    day = timezone.localdate(loop.moved_at if terms.is_reviewed(loop.status) else loop.received_at)
    days = loop_local.terms_on(day)
    if terms.is_reviewed(loop.status):
        word, code, number = "审核", loop_local.JUDGE_DAYS, days.judge_days
    elif loop.status == Status.OPEN:
        word, code, number = "核实回访", loop_local.VERIFY_DAYS, days.verify_days
    else:
        word, code, number = "整改", loop_local.RECTIFY_DAYS, days.rectify_days
    return {"value": f"{word}{number}{days.unit}", "source": loop_local.source_on(code, day), "since": day}


def _latest(loop: BadRating, now: queries.Now) -> str:
    if loop.status == Status.RECTIFYING and not loop.is_extended:
        until = terms.extended_latest(now.calendar, loop.rectify_due_on, now.terms)
        return f"延期须填日期，最晚{until:%Y-%m-%d}，只能延期一次，期限届满前提出。"
    if loop.status in (Status.OPEN, Status.APPEAL_REJECTED):
        return f"认定属实时填整改期限，最晚{loop.rectify_due_on:%Y-%m-%d}，不填即为这一天。"
    return ""


@needs(Can.SEE)
def loop_detail(request: HttpRequest, code: str) -> HttpResponse:
    actor = actor_of(request)
    return _page(request, actor, queries.get_loop(actor, code))


@needs(Can.SEE)
def loop_move(request: HttpRequest, code: str) -> HttpResponseBase:
    """Take one step, after a page that says what follows where it is final; files stay kept meanwhile."""
    actor = actor_of(request)
    loop = queries.get_loop(actor, code)

    def act(name: str, said: dict[str, Any], kept: list[StoredFile]) -> str:
        done = actions.move_loop(
            loop=loop,
            move=name,
            note=said["note"],
            due_on=said["due_on"],
            files=kept,
            by=actor,
            at=clock.now(),
        )
        return moves.done(FLOW, name, done)

    return moves.take(
        request, FLOW, loop, MoveForm(request.POST), by=actor, thing=f"差评{loop.number}", happens=HAPPENS,
        back=reverse("ratings:loop", args=[code]), act=act,
        page=lambda form: _page(request, actor, queries.get_loop(actor, code), form),
    )  # fmt: skip


@needs(Can.SEE)
def loop_call(request: HttpRequest, code: str) -> HttpResponseBase:
    actor = actor_of(request)
    loop = queries.get_loop(actor, code)
    if request.method != "POST":
        raise NotFound()
    form = CallForm(request.POST)
    if form.is_valid():
        try:
            kept = keep(request, actor, clock.now(), "call_files")
            actions.call_back(loop=loop, **form.cleaned_data, files=kept, by=actor, at=clock.now())
            messages.success(request, "已登记回访。")
            return redirect("ratings:loop", code)
        except Refused as refused:
            inputs.refuse(form, refused)
    return _page(request, actor, loop, call=form)


@needs(Can.SEE_NAMES)
def loop_phone(request: HttpRequest, code: str) -> HttpResponseBase:
    """Show whom to call, once; the journal keeps who asked."""
    actor = actor_of(request)
    loop = queries.get_loop(actor, code)
    if request.method != "POST":
        raise NotFound()
    try:
        phone = actions.show_phone(loop=loop, by=actor, at=clock.now())
    except Refused as refused:
        form = CallForm(request.POST)
        inputs.refuse(form, refused)
        return _page(request, actor, loop, call=form)
    answer = _page(request, actor, loop, phone=phone)
    answer["Cache-Control"] = "no-store"
    return answer


class HandOverForm(forms.Form):
    department = forms.TypedChoiceField(label="转给", coerce=int)
    note = inputs.Text(label="转办理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["department"].choices = [("", "请选择"), *queries.units(actor)]  # type: ignore[attr-defined]


@needs(Can.SPOT_CHECK)
def loop_hand_over(request: HttpRequest, code: str) -> HttpResponseBase:
    """Give a bad rating that stands with the wrong unit, or with none, to the one in charge."""
    actor = actor_of(request)
    loop = queries.get_loop(actor, code)
    form = HandOverForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            kept = keep(request, actor, clock.now())
            done = actions.hand_over(
                loop=loop, department_id=form.cleaned_data["department"], note=form.cleaned_data["note"],
                files=kept, by=actor, at=clock.now(),
            )  # fmt: skip
            messages.success(request, f"已转办，现由{done.department}承办。")
            return redirect("ratings:loop", code)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"loop": loop, "form": form}
    return render(request, "ratings/hand_over.html", context, status=422 if form.errors else 200)


@needs(Can.SEE)
def loop_file(request: HttpRequest, code: str, pk: int) -> HttpResponseBase:
    file, kept = queries.get_file(actor_of(request), code, pk)
    return FileResponse(
        files.open_file(kept), as_attachment=True, filename=file.name, content_type=kept.content_type
    )


urls: list[Any] = [
    *loop_list.urls,
    *loop_rounds.urls,
    path("loops/<str:code>/", loop_detail, name="loop"),
    path("loops/<str:code>/move/", loop_move, name="loop-move"),
    path("loops/<str:code>/call/", loop_call, name="loop-call"),
    path("loops/<str:code>/phone/", loop_phone, name="loop-phone"),
    path("loops/<str:code>/hand-over/", loop_hand_over, name="loop-hand-over"),
    path("loops/<str:code>/files/<int:pk>/", loop_file, name="loop-file"),
]
