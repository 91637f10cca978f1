"""The list of suggestions: filters, lights, export."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import lists, text
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.indicators.access import Can
from xinfu.indicators.flow import PROPOSAL_LABELS
from xinfu.indicators.models import Proposal, ProposalKind
from xinfu.indicators.proposals.local import Light
from xinfu.indicators.queries import proposals as queries
from xinfu.people.session import actor_of

_asked: ContextVar[tuple[Actor, queries.Lights]] = ContextVar("proposals_asked")
BOXES = {
    "review": ("待县级审核", queries.to_review),
    "revise": ("待本单位修改", queries.to_revise),
    "answers": ("待登记市级、省级答复", queries.with_answers_missing),
    "read": ("待本单位阅知结果", queries.to_read),
    "own": ("本单位提出的", queries.own),
}
LIGHT_WORDS = {Light.OK: "正常", Light.SOON: "临期", Light.LATE: "超期", Light.NONE: "—"}


def url_of(proposal: Proposal) -> str:
    return reverse("indicators:proposal", args=[proposal.pk])


class ProposalFilter(forms.Form):
    q = inputs.Text(label="编号或名称", required=False)
    box = forms.ChoiceField(
        label="范围",
        choices=[("", "全部"), *((code, label) for code, (label, _) in BOXES.items())],
        required=False,
    )
    status = forms.ChoiceField(
        label="状态",
        choices=[("", "全部"), *((str(s), label) for s, label in PROPOSAL_LABELS.items())],
        required=False,
    )
    kind = forms.ChoiceField(label="类型", choices=[("", "全部"), *ProposalKind.choices], required=False)
    light = forms.ChoiceField(
        label="审核时限",
        choices=[("", "全部"), ("bad", "超期"), ("warn", "临期"), ("ok", "正常")],
        required=False,
    )
    unit = inputs.Text(label="提出单位", required=False)
    since = inputs.Day(label="提交自", required=False)
    until = inputs.Day(label="提交至", required=False)
    decided_since = inputs.Day(label="办结自", required=False)
    decided_until = inputs.Day(label="办结至", required=False)


def _rows(actor: Actor) -> QuerySet[Proposal]:
    _asked.set((actor, queries.lights(clock.today())))
    return queries.proposals(actor)


SPANS = {
    "since": "submitted_on__gte",
    "until": "submitted_on__lte",
    "decided_since": "decided_on__gte",
    "decided_until": "decided_on__lte",
    "status": "status",
    "kind": "kind",
}


def _narrow(rows: QuerySet[Proposal], wanted: dict[str, Any]) -> QuerySet[Proposal]:
    actor, lights = _asked.get()
    if q := wanted.get("q"):
        rows = rows.filter(Q(number__contains=q) | Q(title__contains=q))
    if box := wanted.get("box"):
        rows = rows.filter(BOXES[box][1](actor))
    if light := wanted.get("light"):
        rows = rows.filter(lights.lit(light))
    if unit := wanted.get("unit"):
        rows = rows.filter(Q(department__name__contains=unit) | Q(department__short_name__contains=unit))
    return rows.filter(**{field: wanted[name] for name, field in SPANS.items() if wanted.get(name)})


def _light(proposal: Proposal) -> Light:
    return _asked.get()[1].of(proposal)


def _lamp(proposal: Proposal) -> str:
    light = _light(proposal)
    return text.light(str(light), LIGHT_WORDS[light]) if light != Light.NONE else "—"


def _kind(proposal: Proposal) -> str:
    return proposal.kind_note or proposal.get_kind_display() or "—"


PROPOSALS = lists.register(
    ListSpec(
        name="indicators.proposals", title="高频涉企事项建议", unit="件", rows=_rows,
        columns=(
            Column("title", "建议名称", link=url_of),
            Column("number", "编号", value=lambda p: p.number or "未提交", sort="number"),
            Column("kind", "类型", value=_kind),
            Column("item", "涉及事项", value=lambda p: p.item_name or "—"),
            Column("department", "提出单位", value=lambda p: p.department),
            Column("status", "状态", value=lambda p: p.get_status_display()),
            Column("light", "审核时限", value=lambda p: LIGHT_WORDS[_light(p)], cell=_lamp),
            Column("county_due_on", "县级审核期限", kind="day", shown=False),
            Column("submitted_on", "提交日期", kind="day", sort="submitted_on"),
            Column("decided_on", "办结日期", kind="day", sort="decided_on"),
            Column("turn", "提交次数", kind="int", shown=False),
            Column("moved_at", "最近办理", kind="when", sort="moved_at", shown=False),
        ),
        order="-moved_at", form=ProposalFilter, narrow=_narrow, visible=5, export=Can.EXPORT_PROPOSALS,
        nothing="还没有建议。可以从“提出建议”开始。",
    )
)  # fmt: skip


@needs(Can.SEE_PROPOSALS)
def proposal_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {"may_propose": actor.may(Can.PROPOSE), "may_enter": actor.may(Can.ENTER_ANSWERS)}
    return lists.respond(request, actor, PROPOSALS, template="indicators/proposals.html", context=context)
