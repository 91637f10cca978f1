"""Screens of reports: making them, entering figures, checking drafts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header

from xinfu.core import clock, files, ui
from xinfu.core.access import needs
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import lists
from xinfu.core.ui.forms import refuse
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of
from xinfu.reports import actions, check_files, meeting_papers, queries, tasks
from xinfu.reports.access import Can
from xinfu.reports.forms import (
    CheckForm,
    EnteredFilter,
    EnteredForm,
    ReportForm,
    RunFilter,
    initial_of,
    usual_days,
)
from xinfu.reports.models import DraftCheck, EnteredFigure, ReportRun, RunStatus
from xinfu.reports.rules import days_text

app_name = "reports"


def _matching(rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
    if q := wanted.get("q"):
        rows = rows.filter(title__icontains=q)
    exact = {name: wanted[name] for name in ("kind", "status", "subject") if name in wanted}
    return rows.filter(**exact)


RUNS = lists.register(
    ListSpec(
        name="reports.list",
        title="工作报告",
        unit="份",
        rows=queries.runs,
        columns=(
            Column(
                "kind",
                "种类",
                value=lambda r: r.get_kind_display(),
                link=lambda r: reverse("reports:run", args=[r.pk]),
            ),
            Column("period", "统计期", value=lambda r: days_text(r.frm, r.to)),
            Column("as_of_on", "截至", kind="day"),
            Column("status", "状态", value=lambda r: r.get_status_display()),
            Column("paper", "公文", value=lambda r: str(r.paper) if r.paper else ""),
            Column("started_by_name", "提出者"),
            Column("started_at", "提出时间", kind="when", sort="started_at"),
        ),
        order="-started_at",
        form=RunFilter,
        narrow=_matching,
        nothing="还没有生成过报告。可以从“生成报告”开始。",
    )
)
ENTERED = lists.register(
    ListSpec(
        name="reports.entered",
        title="填报数据",
        unit="项",
        rows=queries.entered,
        columns=(
            Column("title", "名称", link=lambda r: reverse("reports:entered_detail", args=[r.pk])),
            Column("subject", "板块", value=lambda r: r.get_subject_display()),
            Column("shown", "数值"),
            Column("period", "统计期", value=lambda r: days_text(r.frm, r.to)),
            Column("cutoff_on", "数据截至", kind="day"),
            Column("evidence", "依据"),
            Column("entered_by_name", "填报人"),
            Column("entered_at", "填报时间", kind="when", sort="entered_at"),
        ),
        order="-entered_at",
        form=EnteredFilter,
        narrow=_matching,
        nothing="还没有填报数据。尚未在本系统运行的工作，可以在这里填报后写入报告。",
    )
)
CHECKS = lists.register(
    ListSpec(
        name="reports.checks",
        title="核对稿件数字",
        unit="份",
        rows=queries.checks,
        columns=(
            Column("name", "稿件", link=lambda r: reverse("reports:check", args=[r.pk])),
            Column("period", "统计期", value=lambda r: days_text(r.frm, r.to)),
            Column("ticked", "相符", kind="int"),
            Column("struck", "不符", kind="int"),
            Column("unknown", "未找到", kind="int"),
            Column("made_by_name", "核对人"),
            Column("made_at", "核对时间", kind="when", sort="made_at"),
        ),
        order="-made_at",
        nothing="还没有核对过稿件。",
    )
)


# --- making a report --------------------------------------------------------------------------------


@needs(Can.SEE)
def run_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    return lists.respond(
        request, actor, RUNS, template="reports/list.html",
        context={"url": reverse("reports:new") if actor.may(Can.MAKE) else "", "label": "生成报告"},
    )  # fmt: skip


@needs(Can.MAKE)
def new(request: HttpRequest) -> HttpResponseBase:
    """Ask for a report; it is made in the background."""
    form = ReportForm(request.POST or None, initial=usual_days(clock.today()))
    if request.method == "POST" and form.is_valid():
        try:
            run = actions.start_report(**form.cleaned_data, by=actor_of(request), at=clock.now())
        except Refused as refused:
            refuse(form, refused)
        else:
            tasks.run_report.enqueue(run.pk)
            return redirect("reports:run", run.pk)
    return render(
        request,
        "reports/form.html",
        {"form": form, "title": "生成报告", "verb": "生成"},
        status=422 if form.errors else 200,
    )


@needs(Can.SEE)
def run_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    run = queries.get_run(actor_of(request), pk)
    return render(request, "reports/run.html", {"run": run, "facts": _run_facts(run)})


def _run_facts(run: ReportRun) -> list[tuple[str, Any]]:
    return [
        ("种类", run.get_kind_display()),
        ("统计期", days_text(run.frm, run.to)),
        ("截至", days_text(run.as_of_on, run.as_of_on)),
        ("提出者", run.started_by_name),
        ("提出时间", run.started_at),
        ("完成时间", run.finished_at),
        ("快照摘要", run.snapshot and format_html('<span class="text-break">{}</span>', run.snapshot)),
    ]


@needs(Can.SEE)
def run_progress(request: HttpRequest, pk: int) -> HttpResponseBase:
    run = queries.get_run(actor_of(request), pk)
    state = {RunStatus.DONE: "done", RunStatus.FAILED: "failed"}.get(RunStatus(run.status), "running")
    result = reverse("papers:detail", args=[run.paper_id]) if run.paper_id else ""
    label = run.refusal or run.label or run.get_status_display()
    answer = ui.progress(request, ui.Progress(run.done, run.total, label, state, result, "打开公文"))
    if state != "running" and request.headers.get("HX-Request"):
        answer["HX-Refresh"] = "true"  # the page then shows when it was done, and by which snapshot
    return answer


# --- entered figures ----------------------------------------------------------------------------------


@needs(Can.SEE)
def entered_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    return lists.respond(
        request, actor, ENTERED, template="reports/list.html",
        context={"url": reverse("reports:entered_new") if actor.may(Can.ENTER) else "", "label": "填报"},
    )  # fmt: skip


@needs(Can.SEE)
def entered_detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    actor = actor_of(request)
    row = queries.get_entered(actor, pk)
    newer = getattr(row, "replaced_by", None)
    context = {
        "row": row,
        "newer": newer,
        "facts": _entered_facts(row),
        "may_correct": actor.may(Can.ENTER) and newer is None,
    }
    return render(request, "reports/entered.html", context)


def _entered_facts(row: EnteredFigure) -> list[tuple[str, Any]]:
    parts = f"{row.numerator:,} ÷ {row.denominator:,}" if row.denominator is not None else ""
    return [
        ("板块", row.get_subject_display()),
        ("数值", row.shown),
        ("口径", row.definition),
        ("统计期", days_text(row.frm, row.to)),
        ("数据截至", days_text(row.cutoff_on, row.cutoff_on)),
        ("分子 ÷ 分母", parts),
        ("依据", row.evidence),
        ("填报", f"{row.unit_name} {row.entered_by_name}"),
        ("填报时间", row.entered_at),
    ]


@needs(Can.ENTER)
def entered_new(request: HttpRequest) -> HttpResponseBase:
    """Enter a figure, or correct the one in `replaces`."""
    actor = actor_of(request)
    old = request.GET.get("replaces", "")
    replaces = queries.get_entered(actor, int(old)) if old.isdigit() else None
    initial: dict[str, Any] = (
        initial_of(replaces)
        if replaces
        else {k: v for k, v in usual_days(clock.today()).items() if k != "as_of"}
    )
    form = EnteredForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = _enter(form, replaces, request)
            messages.success(request, "已填报。" if replaces is None else "已更正。")
            return redirect("reports:entered_detail", row.pk)
        except Refused as refused:
            refuse(form, refused)
    title = "更正填报数据" if replaces else "填报数据"
    return render(
        request,
        "reports/form.html",
        {"form": form, "title": title, "verb": "保存", "files": True},
        status=422 if form.errors else 200,
    )


def _enter(form: EnteredForm, replaces: EnteredFigure | None, request: HttpRequest) -> EnteredFigure:
    actor, at, upload = actor_of(request), clock.now(), form.cleaned_data["file"]
    return actions.enter_figure(
        **form.values,
        evidence_file=(upload.name, upload.chunks()) if upload else None,
        replaces=replaces,
        by=actor,
        at=at,
    )


@needs(Can.SEE)
def entered_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    row = queries.get_entered(actor_of(request), pk)
    if row.file is None:
        raise NotFound("这项数据没有依据文件。")
    return FileResponse(files.open_file(row.file), as_attachment=True, filename=row.file.name)


# --- checking a draft ---------------------------------------------------------------------------------


@needs(Can.CHECK)
def check_list(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(
        request, actor_of(request), CHECKS, template="reports/list.html",
        context={"url": reverse("reports:check_new"), "label": "核对稿件"},
    )  # fmt: skip


@needs(Can.CHECK)
def check_new(request: HttpRequest) -> HttpResponseBase:
    form = CheckForm(request.POST or None, request.FILES or None, initial=usual_days(clock.today()))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            row = actions.check_draft(
                name=said["file"].name, chunks=said["file"].chunks(), frm=said["frm"], to=said["to"], as_of=said["as_of"],
                by=actor_of(request), at=clock.now(),
            )  # fmt: skip
            return redirect("reports:check", row.pk)
        except Refused as refused:
            refuse(form, refused)
    return render(request, "reports/check_form.html", {"form": form}, status=422 if form.errors else 200)


@needs(Can.CHECK)
def check(request: HttpRequest, pk: int) -> HttpResponseBase:
    row = queries.get_check(actor_of(request), pk)
    return render(
        request,
        "reports/check.html",
        {"row": row, "lines": check_files.marked_lines(row), "verdicts": check_files.VERDICTS},
    )


def _attached(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


@needs(Can.CHECK)
def check_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    row: DraftCheck = queries.get_check(actor_of(request), pk)
    return _attached(check_files.csv_bytes(row), "text/csv; charset=utf-8", f"{row.name}-数字核对.csv")


@needs(Can.CHECK)
def check_docx(request: HttpRequest, pk: int) -> HttpResponseBase:
    row = queries.get_check(actor_of(request), pk)
    return _attached(check_files.docx_bytes(row), check_files.DOCX, f"{row.name}-数字核对.docx")


urlpatterns = [
    path("", run_list, name="list"),
    path("new/", new, name="new"),
    path("<int:pk>/", run_page, name="run"),
    path("<int:pk>/progress", run_progress, name="run_progress"),
    path("entered/", entered_list, name="entered"),
    path("entered/new/", entered_new, name="entered_new"),
    path("entered/<int:pk>/", entered_detail, name="entered_detail"),
    path("entered/<int:pk>/file", entered_file, name="entered_file"),
    path("checks/", check_list, name="checks"),
    path("checks/new/", check_new, name="check_new"),
    path("checks/<int:pk>/", check, name="check"),
    path("checks/<int:pk>/numbers.csv", check_csv, name="check_csv"),
    path("checks/<int:pk>/numbers.docx", check_docx, name="check_docx"),
    *meeting_papers.urls,
]
