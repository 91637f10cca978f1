"""电话邀评: whom to call today, one call, what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import lists
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of
from xinfu.ratings import actions, codes, invitation_local
from xinfu.ratings.access import Can
from xinfu.ratings.actions.invitation_calls import Said
from xinfu.ratings.models import CallOutcome, Invitation, Level
from xinfu.ratings.notices import invite_script
from xinfu.ratings.queries import invitations as queries

# --- the lists -----------------------------------------------------------------------------------


class CallFilter(forms.Form):
    q = inputs.Text(label="事项或办件编号", required=False)
    tried = forms.ChoiceField(
        label="拨打情况",
        choices=[("", "全部"), ("no", "还没打过"), ("yes", "打过未接通")],
        required=False,
    )


class CalledFilter(forms.Form):
    q = inputs.Text(label="事项或办件编号", required=False)
    outcome = forms.ChoiceField(label="结果", choices=[("", "全部"), *CallOutcome.choices], required=False)


def _narrow(rows: QuerySet[Invitation], wanted: dict[str, Any]) -> QuerySet[Invitation]:
    if q := wanted.get("q"):
        rows = rows.filter(Q(case__item_name__contains=q) | Q(case__case_no__endswith=q))
    if tried := wanted.get("tried"):
        rows = rows.filter(calls__isnull=tried == "no").distinct()
    if outcome := wanted.get("outcome"):
        rows = rows.filter(outcome=outcome)
    return rows


def _to_call(actor: Actor) -> QuerySet[Invitation]:
    return queries.counted(queries.to_call(actor, clock.today()))


def _called(actor: Actor) -> QuerySet[Invitation]:
    return queries.counted(queries.called(actor))


def _link(row: Invitation) -> str:
    return reverse("ratings:telephone-call", args=[row.pk])


def _outcome(row: Invitation) -> str:
    return str(dict(CallOutcome.choices).get(row.outcome, row.outcome))


SHARED = (
    Column("item", "事项", value=lambda row: row.case.item_name, link=_link),
    Column("unit", "承办单位", value=lambda row: str(row.case.department or "")),
    Column("number", "办件编号", value=lambda row: row.case.case_no, kind="number"),
    Column("phone", "电话", value=queries.masked_phone),
    Column(
        "waiting", "办结时间", value=lambda row: row.case.finished_at, kind="when", sort="case__finished_at"
    ),
    Column("tries", "已拨打（次）", value=lambda row: row.tries, kind="int"),
)
TO_CALL = lists.register(
    ListSpec(
        name="ratings.telephone",
        title="今天要打的邀评电话",
        unit="件",
        rows=_to_call,
        columns=SHARED,
        order="case__finished_at",
        form=CallFilter,
        narrow=_narrow,
        export=Can.TELEPHONE,
        nothing="今天没有要打的邀评电话。名单在工作日早上形成，当天不再增减。",
    )
)
CALLED = lists.register(
    ListSpec(
        name="ratings.telephone-done",
        title="已结束的邀评电话",
        unit="件",
        rows=_called,
        columns=(
            *SHARED,
            Column("outcome", "结果", value=_outcome),
            Column("done", "结束时间", value=lambda row: row.done_at, kind="when", sort="done_at"),
        ),
        order="-done_at",
        form=CalledFilter,
        narrow=_narrow,
        export=Can.TELEPHONE,
        nothing="还没有结束的邀评电话。",
    )
)


def _list(request: HttpRequest, spec: ListSpec, *, done: bool) -> HttpResponseBase:
    rule = invitation_local.on(clock.today())
    context = {"done": done, "is_on": rule.is_on, "days": rule.call_after.days, "calls": rule.calls}
    return lists.respond(request, actor_of(request), spec, template="ratings/telephone.html", context=context)


@needs(Can.TELEPHONE)
def to_call(request: HttpRequest) -> HttpResponseBase:
    """List whom to call today, who waits longest first."""
    return _list(request, TO_CALL, done=False)


@needs(Can.TELEPHONE)
def called(request: HttpRequest) -> HttpResponseBase:
    return _list(request, CALLED, done=True)


# --- one call ------------------------------------------------------------------------------------


class OutcomeForm(forms.Form):
    outcome = forms.ChoiceField(
        label="通话结果",
        choices=[("unreached", "未接通"), ("declined", "接通，不愿评价"), ("rates", "接通，现在评价")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择通话结果。"},
    )
    level = forms.TypedChoiceField(
        label="满意程度",
        coerce=int,
        empty_value=None,
        required=False,
        choices=[(str(v), label) for v, label in sorted(Level.choices, reverse=True)],
        widget=forms.RadioSelect,
    )
    reasons = forms.MultipleChoiceField(
        label="理由", required=False, choices=[(r.code, r.text) for r in codes.REASONS.values()]
    )
    text = forms.CharField(
        label="对方还说了什么",
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
        help_text="照对方的话记，最多500字",
    )
    named = forms.BooleanField(label="对方愿意实名：评价不满意时工作人员会回访", required=False)
    may_publish = forms.BooleanField(label="对方同意公开文字评价（不公开姓名）", required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("outcome") == "rates" and not given.get("level"):
            self.add_error("level", "请选择对方说的满意程度。")
        if given.get("outcome") != "rates" and given.get("level"):
            self.add_error("outcome", "已选满意程度，结果应选“接通，现在评价”。")
        return given

    @property
    def said(self) -> Said | None:
        given = self.cleaned_data
        if given["outcome"] != "rates":
            return None
        return Said(given["level"], given["reasons"], given["text"], given["named"], given["may_publish"])


def _page(
    request: HttpRequest,
    row: Invitation,
    form: OutcomeForm | None = None,
    phone: tuple[str, str] | None = None,
) -> HttpResponse:
    at, case = clock.now(), row.case
    finished_on = case.finished_on or timezone.localdate(row.made_at)
    name = phone[0] if phone else queries.masked_name(row)
    unit = str(case.department or case.org_name)
    data = form.data if form is not None else {}
    context = {
        "row": row,
        "facts": [("事项", case.item_name), ("承办单位", unit), ("办件编号", case.case_no), ("办结日期", finished_on.isoformat()),
                  ("办事人", queries.masked_name(row)), ("电话", queries.masked_phone(row))],
        "phone": phone,
        "script": invite_script(item=case.item_name, unit=unit, finished_on=finished_on, name=name),
        "form": form or OutcomeForm(),
        "levels": _levels(at),
        "chosen": {"level": str(data.get("level", "")), "outcome": str(data.get("outcome", "")),
                   "reasons": data.getlist("reasons") if hasattr(data, "getlist") else []},
        "calls": list(row.calls.order_by("at", "pk")),
        "outcome": _outcome(row),
        "why_closed": _why_closed(row, at),
    }  # fmt: skip
    wrong = bool(form and form.errors)
    return render(request, "ratings/telephone_call.html", context, status=422 if wrong else 200)


def _levels(at: datetime) -> list[tuple[int, str, list[codes.Reason]]]:
    on = actions.switched_on(at)
    return [(v, str(Level(v).label), codes.offered(v, on)) for v in sorted(Level.values, reverse=True)]


def _why_closed(row: Invitation, at: datetime) -> str:
    if row.done_at is not None:
        return "这件已经结束，不再拨打。"
    today: date = timezone.localdate(at)
    if any(timezone.localdate(call.at) == today for call in row.calls.all()):
        return "今天已经打过一次，没有接通，改天再打。"
    return ""


@needs(Can.TELEPHONE)
def one_call(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one call to make, and take what came of it."""
    actor = actor_of(request)
    row = queries.get_call(actor, pk)
    form = OutcomeForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            is_reached = form.cleaned_data["outcome"] != "unreached"
            actions.record_call(
                invitation=row, is_reached=is_reached, said=form.said, by=actor, at=clock.now()
            )
            messages.success(request, "已登记通话结果。")
            return redirect("ratings:telephone")
        except Refused as refused:
            inputs.refuse(form, refused)
    return _page(request, row, form)


@needs(Can.TELEPHONE)
def call_phone(request: HttpRequest, pk: int) -> HttpResponse:
    """Show whom to call, once; the journal keeps who asked."""
    actor = actor_of(request)
    row = queries.get_call(actor, pk)
    if request.method != "POST":
        raise NotFound()
    try:
        phone = actions.show_invited_phone(invitation=row, by=actor, at=clock.now())
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("ratings:telephone-call", pk)
    answer = _page(request, row, phone=phone)
    answer["Cache-Control"] = "no-store"
    return answer


urls: list[Any] = [
    path("telephone/", to_call, name="telephone"),
    path("telephone/done/", called, name="telephone-done"),
    path("telephone/<int:pk>/", one_call, name="telephone-call"),
    path("telephone/<int:pk>/phone/", call_phone, name="telephone-phone"),
]
