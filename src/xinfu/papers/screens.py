"""Screens of papers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import content_disposition_header

from xinfu.core import clock, journal
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import Step, confirm, lists
from xinfu.core.ui.forms import refuse
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.papers import actions, editor, queries, rules
from xinfu.papers import render as files
from xinfu.papers.access import Can
from xinfu.papers.flow import FLOW, ISSUED, Status
from xinfu.papers.forms import MoveForm, PaperFilter, PaperForm, UploadForm, initial_of
from xinfu.papers.models import Paper
from xinfu.people.session import actor_of

app_name = "papers"


def _narrow(rows: QuerySet[Paper], wanted: dict[str, Any]) -> QuerySet[Paper]:
    if q := wanted.get("q"):
        rows = rows.filter(Q(title__icontains=q) | Q(number__icontains=q))
    if kind := wanted.get("kind"):
        rows = rows.filter(kind=kind)
    if status := wanted.get("status"):
        rows = rows.filter(status=status)
    return rows


PAPERS = lists.register(
    ListSpec(
        name="papers.list",
        title="公文",
        unit="件",
        rows=lambda actor, box="all": queries.papers(actor, box),
        columns=(
            Column("title", "标题", link=lambda p: reverse("papers:detail", args=[p.pk])),
            Column("status", "状态", value=lambda p: p.get_status_display()),
            Column("kind", "文种", value=lambda p: p.get_kind_display()),
            Column("number", "发文字号", value=lambda p: p.number),
            Column("unit", "拟稿科室", value=lambda p: p.unit.short_name if p.unit else p.drafted_by_name),
            Column("due_on", "办理期限", kind="day"),
            Column("moved_at", "最近办理", kind="when", sort="moved_at"),
        ),
        order="-moved_at",
        form=PaperFilter,
        narrow=_narrow,
        nothing="这里还没有公文。可以从“拟稿”开始。",
    )
)


@needs(Can.SEE)
def paper_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    box = request.GET.get("box", "")
    box = box if box in queries.BOXES else "all"
    boxes = [(code, label, code == box) for code, label in queries.BOXES.items()]
    return lists.respond(
        request, actor, PAPERS, template="papers/list.html", context={"boxes": boxes, "may_draft": actor.may(Can.DRAFT)},
        args={"box": box},
    )  # fmt: skip


# --- one paper ----------------------------------------------------------------------------------------


def _seen(request: HttpRequest, pk: int) -> tuple[Actor, Paper]:
    actor = actor_of(request)
    return actor, queries.get_paper(actor, pk)


@needs(Can.SEE)
def detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    actor, paper = _seen(request, pk)
    return _detail(request, actor, paper, MoveForm())


def _detail(request: HttpRequest, actor: Actor, paper: Paper, form: MoveForm) -> HttpResponse:
    document = queries.document_of(paper)
    steps = [
        Step(s.at, f"{s.unit_name} {s.by_name}".strip(), s.verb, s.opinion) for s in queries.steps(paper)
    ]
    choices = [c for c in FLOW.choices(paper, actor) if c.name != "cosigned"]
    context = {
        "paper": paper,
        "text": files.screen_html(document),
        "steps": steps,
        "choices": choices,
        "asks_opinion": any(MOVES[c.name][1] in ("opinion", "reason") for c in choices),
        "cosigns": queries.open_cosigns(paper, actor),
        "receipts": queries.open_receipts(paper, actor),
        "versions": queries.versions(paper),
        "proof": queries.proof(paper),
        "facts": _facts(paper),
        "font_notice": files.missing_notice(document),
        "form": form,
        "may_edit": paper.status == Status.DRAFT and any(c.name == "submit" and _is_mine(c) for c in choices),
        "may_correct": paper.status in ISSUED and actor.may(Can.DRAFT),
        "retention_source": rules.RETENTION_SOURCE,
    }
    return render(request, "papers/detail.html", context, status=422 if form.errors else 200)


def _is_mine(choice: Any) -> bool:
    return choice.reason is None or "正文还是空的" in choice.reason


def _facts(paper: Paper) -> list[tuple[str, Any]]:
    return [
        ("文种", paper.get_kind_display()),
        ("发文机关", paper.organ),
        ("发文字号", paper.number),
        ("拟稿", f"{paper.unit.short_name if paper.unit else '系统'} {paper.drafted_by_name}"),
        ("拟稿时间", paper.drafted_at),
        ("签发", paper.signed_by),
        ("签发时间", paper.signed_at),
        ("保管期限", paper.get_retention_display() if paper.retention else ""),
    ]


MOVES: dict[str, tuple[Callable[..., Any], str]] = {
    "submit": (actions.submit, "opinion"),
    "pass_to_cosign": (actions.pass_review, "opinion"),
    "pass_to_sign": (actions.pass_review, "opinion"),
    "sign": (actions.sign, "opinion"),
    "number": (actions.assign_number, ""),
    "seal": (actions.seal, ""),
    "dispatch": (actions.dispatch, ""),
    "archive": (actions.archive, "retention"),
    "send_back": (actions.send_back, "reason"),
    "refuse": (actions.send_back, "reason"),
    "withdraw": (actions.withdraw, "reason"),
    "void": (actions.void, "reason"),
}
HAPPENS = {
    "sign": ("正文、数据来源和版式即行固定，此后不能修改", "有误时只能另行文更正"),
    "number": ("占用本年度的下一个顺序号，作废后也不再使用", "定稿文件随即生成并存档"),
    "dispatch": ("分送名单上的单位即可看到全文", "此后不能作废，有误时另行文更正"),
    "void": ("此件停止办理，保留在“已作废”中",),
}


@needs(Can.SEE)
def move(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Do one move of the flow; those that cannot be undone are asked again on their own page (A9)."""
    actor, paper = _seen(request, pk)
    name = request.POST.get("move", "")
    if request.method != "POST" or name not in MOVES:
        return redirect("papers:detail", pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _detail(request, actor, paper, form)
    call, word = MOVES[name]
    extra = {"retention": form.cleaned_data["retention"]} if word == "retention" else {}
    if word in ("opinion", "reason"):
        extra = {word: form.cleaned_data["opinion"]}
    try:
        FLOW.check(name, paper, actor)
        if name in HAPPENS and (page := _ask(request, paper, name)):
            return page
        call(paper=paper, by=actor, at=clock.now(), **extra)
    except Refused as refused:
        refuse(form, refused)
        return _detail(request, actor, paper, form)
    messages.success(request, f"已{FLOW[name].label}。")
    return redirect("papers:detail", pk)


def _ask(request: HttpRequest, paper: Paper, name: str) -> HttpResponse | None:
    recipients = "、".join(r.name for r in paper.recipients.all())
    return confirm.ask(
        request,
        verb=FLOW[name].label,
        thing=f"{paper.get_kind_display()}《{paper.title}》",
        happens=HAPPENS[name],
        seen_by=recipients if name == "dispatch" else "",
        back=reverse("papers:detail", args=[paper.pk]),
    )


def _answer(
    request: HttpRequest, pk: int, call: Callable[[Actor, Paper, MoveForm, datetime], str]
) -> HttpResponseBase:
    """Run an answer given on the paper's page, and show its refusal there."""
    actor, paper = _seen(request, pk)
    form = MoveForm(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, call(actor, paper, form, clock.now()))
            return redirect("papers:detail", pk)
        except Refused as refused:
            refuse(form, refused)
            return _detail(request, actor, paper, form)
    return redirect("papers:detail", pk)


@needs(Can.COSIGN)
def cosign(request: HttpRequest, pk: int, department: int) -> HttpResponseBase:
    agree = request.POST.get("decision") == "agree"

    def call(actor: Actor, paper: Paper, form: MoveForm, at: datetime) -> str:
        actions.cosign(
            paper=paper,
            department_id=department,
            agree=agree,
            opinion=form.cleaned_data["opinion"],
            by=actor,
            at=at,
        )
        return "已会签。"

    return _answer(request, pk, call)


@needs(Can.RECEIVE)
def receive(request: HttpRequest, pk: int, recipient: int) -> HttpResponseBase:
    def call(actor: Actor, paper: Paper, form: MoveForm, at: datetime) -> str:
        actions.receive(recipient=queries.get_receipt(actor, paper, recipient), by=actor, at=at)
        return "已签收。"

    return _answer(request, pk, call)


# --- drafting -----------------------------------------------------------------------------------------


@needs(Can.DRAFT)
def new(request: HttpRequest) -> HttpResponseBase:
    """Draft a paper, or a correction of the one in `corrects`."""
    actor = actor_of(request)
    corrected = request.GET.get("corrects", "")
    corrects = queries.get_paper(actor, int(corrected)) if corrected.isdigit() else None
    initial = (
        {"kind": corrects.kind, "title": f"关于更正《{corrects.title}》的{corrects.get_kind_display()}"}
        if corrects
        else None
    )
    form = PaperForm(request.POST or None, actor=actor, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            paper = actions.draft_paper(
                kind=said["kind"], title=said["title"], blocks=editor.from_text(said["text"]),
                addressee=said["addressee"], copy_to=said["copy_to"], cosigners=said["cosigners"],
                recipients=form.parties, due_on=said["due_on"], corrects=corrects, by=actor, at=clock.now(),
            )  # fmt: skip
            messages.success(request, "已存为草稿。")
            return redirect("papers:detail", paper.pk)
        except Refused as refused:
            refuse(form, refused)
    return render(
        request,
        "papers/form.html",
        {"form": form, "paper": None, "corrects": corrects},
        status=422 if form.errors else 200,
    )


@needs(Can.DRAFT)
def edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Revise a draft: each saving is a version."""
    actor, paper = _seen(request, pk)
    version = paper.version
    assert version is not None
    text = editor.to_text(version.blocks, version.figures)
    form = PaperForm(request.POST or None, actor=actor, paper=paper, initial=initial_of(paper, text))
    if request.method == "POST" and form.is_valid():
        try:
            _save(paper, form, actor, clock.now())
            messages.success(request, "已存为新版本。")
            return redirect("papers:detail", pk)
        except Refused as refused:
            refuse(form, refused)
    return render(
        request,
        "papers/form.html",
        {"form": form, "paper": paper, "corrects": None},
        status=422 if form.errors else 200,
    )


@transaction.atomic
def _save(paper: Paper, form: PaperForm, actor: Actor, at: datetime) -> None:
    said, version = form.cleaned_data, paper.version
    assert version is not None
    actions.revise(
        paper=paper, seen=said["seen"] or 0, title=said["title"],
        blocks=editor.from_text(said["text"], version.blocks, version.figures),
        addressee=said["addressee"], copy_to=said["copy_to"], by=actor, at=at,
    )  # fmt: skip
    if {"cosigners", "recipients", "outside"} & set(form.changed_data):
        actions.name_parties(
            paper=paper, cosigners=said["cosigners"], recipients=form.parties, by=actor, at=at
        )


@needs(Can.DRAFT)
def upload(request: HttpRequest) -> HttpResponseBase:
    """Draft a paper from a self-written file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            paper = actions.draft_from_upload(
                kind=form.cleaned_data["kind"], title=form.cleaned_data["title"], name=file.name,
                chunks=file.chunks(), by=actor_of(request), at=clock.now(),
            )  # fmt: skip
            messages.success(request, "稿件已读入，请核对正文。")
            return redirect("papers:detail", paper.pk)
        except Refused as refused:
            refuse(form, refused)
    return render(request, "papers/upload.html", {"form": form}, status=422 if form.errors else 200)


# --- files --------------------------------------------------------------------------------------------


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


@needs(Can.SEE)
def version_page(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    _, paper = _seen(request, pk)
    version = queries.get_version(paper, number)
    text = files.screen_html(queries.document_of(paper, version))
    return render(request, "papers/version.html", {"paper": paper, "version": version, "text": text})


@needs(Can.SEE)
def docx(request: HttpRequest, pk: int) -> HttpResponseBase:
    _, paper = _seen(request, pk)
    return _file(files.docx_bytes(queries.document_of(paper)), files.DOCX, f"{paper.title}.docx")


@needs(Can.SEE)
def pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    _, paper = _seen(request, pk)
    return _file(files.pdf(queries.document_of(paper)).content, "application/pdf", f"{paper.title}.pdf")


@needs(Can.SEE)
def proof(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Return the journal's proof that this paper was signed with this digest (D9)."""
    _, paper = _seen(request, pk)
    found = queries.proof(paper)
    if found is None or found.entry is None:
        raise NotFound("这份公文尚未签发，没有凭证。")
    return JsonResponse(
        {
            "paper": paper.pk,
            "number": paper.number,
            "digest": found.digest,
            "proof": journal.inclusion_proof(found.entry),
        },
        json_dumps_params={"ensure_ascii": False, "indent": 2},
    )


urlpatterns = [
    path("", paper_list, name="list"),
    path("new/", new, name="new"),
    path("upload/", upload, name="upload"),
    path("<int:pk>/", detail, name="detail"),
    path("<int:pk>/edit/", edit, name="edit"),
    path("<int:pk>/move", move, name="move"),
    path("<int:pk>/cosign/<int:department>", cosign, name="cosign"),
    path("<int:pk>/receive/<int:recipient>", receive, name="receive"),
    path("<int:pk>/versions/<int:number>/", version_page, name="version"),
    path("<int:pk>/paper.docx", docx, name="docx"),
    path("<int:pk>/paper.pdf", pdf, name="pdf"),
    path("<int:pk>/proof.json", proof, name="proof"),
]
