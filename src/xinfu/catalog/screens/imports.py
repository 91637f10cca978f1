"""Import of items in three steps: upload and check, look at the result, confirm; undoing a batch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header

from xinfu.catalog import actions, mapping, queries, workbook
from xinfu.catalog.access import Can
from xinfu.catalog.models import BatchStatus, ItemBatch, Level
from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import Progress, confirm, progress
from xinfu.core.ui import forms as inputs
from xinfu.people.session import actor_of

SHOWN = 100
FILE_KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ImportForm(forms.Form):
    file = forms.FileField(
        label="文件",
        help_text="CSV、XLSX、XLS 或 ODS；CSV 可为 UTF-8 或 GB18030",
        error_messages={"required": "请选择要导入的文件。", "empty": "文件是空的，请检查后重新选择。"},
    )
    mapping = forms.ChoiceField(label="映射", help_text="文件的列怎样对应到事项要素")
    since = inputs.Day(
        label="默认生效日期",
        required=False,
        help_text="行内没写生效日期时采用；不填：新事项视为一直有效，变更自今天起",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(m.code, m.title) for m in mapping.mappings]
        self.fields["mapping"].choices = sorted(known, key=lambda m: m[0] != "template")  # type: ignore[attr-defined]


@needs(Can.IMPORT)
def import_items(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = actions.start_import(
                chunks=file.chunks(),
                name=file.name,
                chosen=mapping.find(form.cleaned_data["mapping"]),
                since=form.cleaned_data["since"],
                by=actor,
                at=clock.now(),
            )
            return redirect("catalog:batch", batch.pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"form": form, "batches": list(queries.batches(actor).order_by("-started_at", "-pk")[:20])}
    return render(request, "catalog/import.html", context, status=422 if form.errors else 200)


RUNNING = {
    BatchStatus.WAITING: "排队中，等后台任务接手",
    BatchStatus.CHECKING: "正在检查全部行，还没有写入",
    BatchStatus.LOADING: "正在写入",
    BatchStatus.UNDOING: "正在撤销",
}
QUIET = timedelta(minutes=2)
MOST_RETURNED = 20_000
"""Rows of a file of which the rejected ones are given back in its own form while the reader waits."""


@needs(Can.IMPORT)
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    batch = queries.get_batch(actor_of(request), pk)
    kind = request.GET.get("kind", "")
    found = queries.findings(batch)
    chosen = found.filter(kind=kind) if kind in queries.KINDS else found
    known = mapping.mappings.get(batch.mapping)
    kinds = queries.kinds_of(batch)
    context = {
        "batch": batch,
        "mapping": known.title if known else batch.mapping,
        "kind": kind,
        "kinds": kinds,
        "found": list(chosen[:SHOWN]),
        "shown": sum(one.count for one in kinds if kind in ("", one.kind)),
        "total": sum(one.count for one in kinds),
        "may_return_rows": batch.rejected > 0 and batch.read <= MOST_RETURNED,
        "is_running": batch.status in RUNNING,
        "is_failed": batch.status == BatchStatus.FAILED,
        "is_open": batch.status == BatchStatus.CHECKED,
        "is_done": batch.status == BatchStatus.DONE,
        "may_drop": batch.status in (BatchStatus.WAITING, BatchStatus.CHECKING),
        "writes": batch.created + batch.updated,
    }
    return render(request, "catalog/batch.html", context)


@needs(Can.IMPORT)
def batch_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the progress bar; once the batch rests, the page is loaded anew and shows the result."""
    batch = queries.get_batch(actor_of(request), pk)
    label = RUNNING.get(BatchStatus(batch.status))
    if label is not None:
        return progress(request, Progress(batch.done, batch.total, _waited(batch, label), "running"))
    state = "failed" if batch.status == BatchStatus.FAILED else "done"
    said = batch.refusal or str(batch.get_status_display())
    answer = progress(
        request, Progress(batch.done, batch.total, said, state, reverse("catalog:batch", args=[pk]))
    )
    if request.headers.get("HX-Request"):
        answer["HX-Refresh"] = "true"
    return answer


def _waited(batch: ItemBatch, label: str) -> str:
    quiet = clock.now() - batch.beat_at if batch.beat_at else timedelta()
    if quiet < QUIET:
        return label
    return f"{label}；已{int(quiet.total_seconds() // 60)}分钟没有进展，请告知管理员查看后台任务"


@needs(Can.IMPORT)
def batch_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm, give up or undo a batch; a POST only."""
    actor = actor_of(request)
    batch = queries.get_batch(actor, pk)
    move = request.POST.get("move", "")
    if request.method != "POST" or move not in {"apply", "drop", "undo"}:
        raise SuspiciousOperation("a batch is applied, dropped or undone by POST")
    if move == "undo" and batch.status == BatchStatus.DONE and (page := _ask_undo(request, batch)):
        return page
    try:
        messages.success(request, _carry_out(move, batch, actor))
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("catalog:batch", pk)


def _ask_undo(request: HttpRequest, batch: ItemBatch) -> HttpResponse | None:
    happens = [
        f"本批次新增的 {batch.created:,} 项将被删去，更新的 {batch.updated:,} 项恢复到导入之前",
        "已有办件按它的版本收件、或后面的批次又改过的，不会撤销，并说明原因",
    ]
    back = reverse("catalog:batch", args=[batch.pk])
    return confirm.ask(
        request,
        verb="撤销",
        thing=f"导入批次 {batch.pk}（{batch.name}）",
        happens=happens,
        back=back,
        warn="撤销后不能恢复。",
    )


def _carry_out(move: str, batch: ItemBatch, actor: Actor) -> str:
    at = clock.now()
    if move == "apply":
        actions.confirm_batch(batch=batch, by=actor, at=at)
        return "已开始写入，可以离开本页，写入在后台继续。"
    if move == "drop":
        actions.drop_batch(batch=batch, by=actor, at=at)
        return "已放弃，目录没有任何改动。"
    actions.start_undo(batch=batch, by=actor, at=at)
    return "已开始撤销，可以离开本页，撤销在后台继续。"


@needs(Can.IMPORT)
def batch_file(request: HttpRequest, pk: int, what: str, kind: str) -> HttpResponse:
    """Return the findings, or the rows not taken with their reasons, as a file."""
    batch = queries.get_batch(actor_of(request), pk)
    if kind not in FILE_KINDS or what not in {"findings", "rows"}:
        raise NotFound()
    if what == "rows":
        if batch.read > MOST_RETURNED:
            raise NotFound("这个文件太大，请下载未收清单，按行号在原文件中改正。")
        return _file(workbook.rejected_rows(batch, kind), f"未收行_批次{pk}.{kind}", kind)
    rejected = request.GET.get("only") == Level.REJECTED
    found = queries.findings(batch)
    content = workbook.findings_file(found.filter(level=Level.REJECTED) if rejected else found, kind)
    return _file(content, f"导入问题_批次{pk}.{kind}", kind)


@needs(Can.SEE)
def template(request: HttpRequest) -> HttpResponse:
    return _file(workbook.template(), "事项导入模板.xlsx", "xlsx")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=FILE_KINDS[kind])
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
