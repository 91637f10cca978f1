"""One suggestion: handing in, the opinion of each level, its history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone

from xinfu.core import clock, files, local
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import Step, moves, text
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.kept import keep
from xinfu.indicators import actions
from xinfu.indicators.access import Can
from xinfu.indicators.flow import (
    DECIDED,
    EDITABLE,
    LEVEL_LABELS,
    PROPOSAL_FLOW,
    RESULT_LABELS,
    ProposalLevel,
    ProposalStatus,
)
from xinfu.indicators.models import Proposal
from xinfu.indicators.proposals import judging
from xinfu.indicators.proposals.guards import (
    is_own,
)
from xinfu.indicators.proposals.local import COUNTY_DAYS, Light
from xinfu.indicators.queries import proposals as queries
from xinfu.indicators.screens.proposals_list import LIGHT_WORDS, proposal_list, url_of
from xinfu.indicators.screens.proposals_writing import (
    proposal_edit,
    proposal_items,
    proposal_new,
    proposal_similar,
)
from xinfu.people.session import actor_of

OWN_MOVES = ("submit", "submit_again", "withdraw")
HAPPENS = {"withdraw": ["不再审核、上报", "历史保留撤回人、时间和理由"]}
NEXT = {
    ProposalStatus.DRAFT: "写完后提交县级审核；提交前只有本单位能看到。",
    ProposalStatus.COUNTY: "县级同意的报市；需要修改的退回提出单位，不予上报的写明理由。",
    ProposalStatus.CITY: "收到市级答复后，由综合科或大数据管理中心登记。",
    ProposalStatus.PROVINCE: "收到省级答复后，由综合科或大数据管理中心登记；采纳的计入有效建议数。",
    ProposalStatus.RETURNED: "提出单位按意见修改后再次提交，从县级审核重新开始；编号不变。",
    ProposalStatus.ADOPTED: "已办结，计入有效建议数。",
    ProposalStatus.PARTLY: "已办结；是否计入有效建议数由本地规定。",
    ProposalStatus.NOT_ADOPTED: "已办结，可参考意见另提建议。",
    ProposalStatus.WITHDRAWN: "已撤回，不再办理。",
}


# --- one suggestion -----------------------------------------------------------------------------------


class OwnMoveForm(forms.Form):
    note = inputs.Text(
        label="修改说明或撤回理由",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="再次提交、撤回时要写，最多300字。",
    )


def _steps(proposal: Proposal) -> list[Step]:
    return [
        Step(
            step.at,
            f"{step.unit_name} {step.by_name}".strip(),
            step.verb,
            "；".join(
                part
                for part in (
                    step.opinion,
                    f"意见日期{step.decided_on:%Y-%m-%d}" if step.decided_on else "",
                    f"文号{step.paper_no}" if step.paper_no else "",
                )
                if part
            ),
        )
        for step in queries.steps(proposal)
    ]


def _page(
    request: HttpRequest, actor: Actor, proposal: Proposal, form: OwnMoveForm | None = None
) -> HttpResponse:
    lights = queries.lights(clock.today())
    light = lights.of(proposal)
    level = queries.level_waiting(proposal)
    moves = [c for c in PROPOSAL_FLOW.choices(proposal, actor) if c.name in OWN_MOVES]
    owns = is_own(proposal, actor) is None and actor.may(Can.PROPOSE)
    context = {
        "proposal": proposal,
        "light": text.light(str(light), LIGHT_WORDS[light]) if light != Light.NONE else "",
        "rule": _rule(proposal) if level == ProposalLevel.COUNTY else None,
        "next_words": NEXT[ProposalStatus(proposal.status)],
        "steps": _steps(proposal),
        "texts": queries.texts(proposal)[1:],
        "attachments": queries.attachments(proposal),
        "choices": moves if owns else [],
        "form": form or OwnMoveForm(),
        "may_edit": owns and proposal.status in EDITABLE,
        "may_acknowledge": owns and proposal.status in DECIDED and proposal.answer_seen_at is None,
        "level": level if level and queries.may_judge(actor, level) else None,
        "level_label": LEVEL_LABELS[level] if level else "",
        "why_closed": _why_closed(proposal, actor, level),
    }
    return render(request, "indicators/proposal.html", context, status=422 if form and form.errors else 200)


def _rule(proposal: Proposal) -> dict[str, Any]:
    """Return the number that gave the due day, with its source (D1)."""
    assert proposal.handed_in_at is not None
    day = timezone.localdate(proposal.handed_in_at)
    known = local.on(COUNTY_DAYS, day)
    return {"value": f"{known.value}个工作日", "source": known.source, "since": known.since or day}


def _why_closed(proposal: Proposal, actor: Actor, level: ProposalLevel | None) -> str | None:
    """Return why the actor, whose role may judge, may not judge this one."""
    if level is None or not queries.may_judge(actor, level):
        return None
    reasons = [c.reason for c in PROPOSAL_FLOW.choices(proposal, actor) if c.name not in OWN_MOVES]
    return reasons[0] if reasons and all(reasons) else None


@needs(Can.SEE_PROPOSALS)
def proposal_detail(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    return _page(request, actor, queries.get_proposal(actor, pk))


@needs(Can.PROPOSE)
def proposal_move(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Hand in, hand in again, or withdraw after a page that says what follows."""
    actor = actor_of(request)
    proposal = queries.get_proposal(actor, pk)

    def act(name: str, said: dict[str, Any], kept: list[StoredFile]) -> str:
        if name == "withdraw":
            actions.withdraw_proposal(proposal=proposal, note=said["note"], by=actor, at=clock.now())
            return "已撤回。"
        done = actions.hand_in(proposal=proposal, note=said["note"], by=actor, at=clock.now())
        return f"已提交县级审核，编号{done.number}。"

    return moves.take(
        request, PROPOSAL_FLOW, proposal, OwnMoveForm(request.POST), by=actor, thing=proposal.title,
        happens=HAPPENS, back=url_of(proposal), act=act, needs_note={"withdraw"}, moves=OWN_MOVES,
        page=lambda form: _page(request, actor, queries.get_proposal(actor, pk), form),
    )  # fmt: skip


@needs(Can.PROPOSE)
def proposal_seen(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    proposal = queries.get_proposal(actor, pk)
    if request.method != "POST":
        raise NotFound()
    try:
        actions.acknowledge_answer(proposal=proposal, by=actor, at=clock.now())
        messages.success(request, "已记为已阅。")
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect(url_of(proposal))


@needs(Can.SEE_PROPOSALS)
def proposal_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponseBase:
    file, kept = queries.get_file(actor_of(request), pk, file_pk)
    return FileResponse(
        files.open_file(kept), as_attachment=True, filename=file.name, content_type=kept.content_type
    )


# --- opinions -----------------------------------------------------------------------------------------


class DecideForm(forms.Form):
    result = forms.ChoiceField(label="结果", widget=forms.RadioSelect)
    decided_on = inputs.Day(label="意见日期", help_text="以文件上的日期为准，可以早于登记的日子。")
    paper_no = inputs.Text(label="文号或工单号", max_length=judging.LONGEST_PAPER_NO, required=False)
    opinion = inputs.Text(
        label="意见",
        max_length=judging.LONGEST_OPINION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="最多300字；退回、部分采纳、不采纳要写理由。",
    )

    def __init__(self, *args: Any, level: ProposalLevel, **options: Any) -> None:
        super().__init__(*args, **options)
        results = judging.results_of(level)
        shown = {
            **RESULT_LABELS,
            results[-2]: "不予上报" if level == ProposalLevel.COUNTY else RESULT_LABELS[results[-2]],
        }
        self.fields["result"].choices = [(str(one), shown[one]) for one in results]  # type: ignore[attr-defined]
        if level == ProposalLevel.COUNTY:
            del self.fields["paper_no"]
        else:
            self.fields["paper_no"].required = True


@needs(Can.SEE_PROPOSALS)
def proposal_decide(request: HttpRequest, pk: int, level: str) -> HttpResponse:
    """Give the county's opinion, or enter the city's or province's answer."""
    actor = actor_of(request)
    proposal = queries.get_proposal(actor, pk)
    waiting = queries.level_waiting(proposal)
    if level not in LEVEL_LABELS:
        raise NotFound()
    one = ProposalLevel(level)
    actor.require(Can.REVIEW_PROPOSALS if one == ProposalLevel.COUNTY else Can.ENTER_ANSWERS)
    if waiting != one:
        messages.error(
            request, f"当前状态是“{proposal.get_status_display()}”，不用登记{LEVEL_LABELS[one]}意见。"
        )
        return redirect(url_of(proposal))
    form = DecideForm(request.POST or None, level=one, initial={"decided_on": clock.today()})
    if request.method == "POST" and form.is_valid():
        try:
            kept = keep(request, actor, clock.now())
            done = actions.decide_proposal(
                proposal=proposal, level=one, **form.cleaned_data, files=kept, by=actor, at=clock.now()
            )
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(
                request, f"已登记{LEVEL_LABELS[one]}意见，现在的状态是“{done.get_status_display()}”。"
            )
            return redirect(url_of(done))
    context = {
        "form": form,
        "proposal": proposal,
        "level_label": LEVEL_LABELS[one],
        "steps": _steps(proposal),
    }
    return render(request, "indicators/proposal_decide.html", context, status=422 if form.errors else 200)


urls: list[Any] = [
    path("proposals/", proposal_list, name="proposals"),
    path("proposals/new/", proposal_new, name="proposal-new"),
    path("proposals/similar/", proposal_similar, name="proposal-similar"),
    path("proposals/items/", proposal_items, name="proposal-items"),
    path("proposals/<int:pk>/", proposal_detail, name="proposal"),
    path("proposals/<int:pk>/edit/", proposal_edit, name="proposal-edit"),
    path("proposals/<int:pk>/move/", proposal_move, name="proposal-move"),
    path("proposals/<int:pk>/seen/", proposal_seen, name="proposal-seen"),
    path("proposals/<int:pk>/opinion/<slug:level>/", proposal_decide, name="proposal-decide"),
    path("proposals/<int:pk>/files/<int:file_pk>/", proposal_file, name="proposal-file"),
]
