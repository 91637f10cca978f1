"""Writing a suggestion, with similar earlier ones and the items of the catalogue beside what is typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.kept import keep
from xinfu.indicators import actions
from xinfu.indicators.access import Can
from xinfu.indicators.flow import EDITABLE
from xinfu.indicators.models import Proposal, ProposalKind
from xinfu.indicators.proposals.guards import LONGEST_CONTENT, LONGEST_KIND_NOTE, LONGEST_TITLE
from xinfu.indicators.queries import proposals as queries
from xinfu.indicators.screens.proposals_list import url_of
from xinfu.people.session import actor_of


class ProposalForm(forms.Form):
    title = inputs.Text(label="建议名称", max_length=LONGEST_TITLE)
    kind = forms.ChoiceField(
        label="建议类型",
        choices=[("", "请选择"), *ProposalKind.choices],
        required=False,
        help_text="存草稿可不选，提交前要选。",
    )
    kind_note = inputs.Text(
        label="其他类型的说明", max_length=LONGEST_KIND_NOTE, required=False, help_text="类型选“其他”时填写。"
    )
    item = inputs.Text(
        label="涉及事项",
        max_length=300,
        required=False,
        help_text="填事项名称或实施编码，边写边找；存草稿可不填，提交前要填。",
        widget=forms.TextInput(attrs={"list": "item-choices", "autocomplete": "off"}),
    )
    content = inputs.Text(
        label="建议内容",
        max_length=LONGEST_CONTENT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="写明现在怎样、哪里不便、建议怎样改，20到2000字；存草稿可不填，提交前要填。",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


def _written(request: HttpRequest, actor: Actor, form: ProposalForm, proposal: Proposal | None) -> Proposal:
    """Keep what the form says as a draft; hand it in where the button says so."""
    said = dict(form.cleaned_data)
    seen = parse_datetime(said.pop("seen") or "")
    said["item"] = queries.find_item(actor, said["item"], clock.today())
    kept = keep(request, actor, clock.now())
    if proposal is None:
        return actions.draft_proposal(**said, files=kept, by=actor, at=clock.now())
    dropped = [int(pk) for pk in request.POST.getlist("dropped") if pk.isdecimal() and len(pk) < 19]
    return actions.edit_proposal(
        proposal=proposal, **said, files=kept, dropped=dropped, seen=seen, by=actor, at=clock.now()
    )


def _form_page(request: HttpRequest, form: ProposalForm, proposal: Proposal | None) -> HttpResponse:
    kept = [file for file in queries.attachments(proposal) if file.step_id is None] if proposal else []
    context = {
        "form": form,
        "proposal": proposal,
        "kept": kept,
        "but": proposal.pk if proposal else "",
        "may_drop": proposal is None or not proposal.number,
        "verb": "保存修改" if proposal else "存为草稿",
    }
    return render(request, "indicators/proposal_form.html", context, status=422 if form.errors else 200)


@needs(Can.PROPOSE)
def proposal_new(request: HttpRequest) -> HttpResponse:
    return _write(request, None)


@needs(Can.PROPOSE)
def proposal_edit(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = queries.get_proposal(actor_of(request), pk)
    if proposal.status not in EDITABLE:
        messages.error(request, f"当前状态是“{proposal.get_status_display()}”，不能修改。")
        return redirect(url_of(proposal))
    return _write(request, proposal)


def _initial(proposal: Proposal | None) -> dict[str, Any]:
    if proposal is None:
        return {}
    item = f"{proposal.item_name} {proposal.item.code}" if proposal.item else ""
    known = {name: getattr(proposal, name) for name in ("title", "kind", "kind_note", "content")}
    return {**known, "item": item, "seen": proposal.moved_at.isoformat()}


def _write(request: HttpRequest, proposal: Proposal | None) -> HttpResponse:
    actor = actor_of(request)
    form = ProposalForm(request.POST or None, initial=_initial(proposal))
    if request.method == "POST" and form.is_valid():
        try:
            done = _written(request, actor, form, proposal)
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "已保存。核对后请提交县级审核。")
            return redirect(url_of(done))
    return _form_page(request, form, proposal)


@needs(Can.PROPOSE)
def proposal_similar(request: HttpRequest) -> HttpResponse:
    """Show earlier suggestions like what is written so far; reads only, by POST because the text may be long."""
    said = request.POST if request.method == "POST" else request.GET
    but = said.get("but", "")
    found = queries.similar_to(
        actor_of(request),
        said.get("title", "")[:LONGEST_TITLE],
        said.get("content", "")[:LONGEST_CONTENT],
        but=int(but) if but.isdecimal() and len(but) < 19 else None,
    )
    return render(request, "indicators/proposal_similar.html", {"found": found, "asked": True})


@needs(Can.PROPOSE)
def proposal_items(request: HttpRequest) -> HttpResponse:
    """Offer items of the catalogue for what is typed."""
    found = queries.find_items(actor_of(request), request.GET.get("item", "")[:100], clock.today())
    return render(request, "indicators/proposal_items.html", {"found": found})
