"""Import in three steps: upload and check, look at the result, confirm; every batch keeps its page.

Batches live in real time, also where a demonstration shows a past day: the worker that goes on with them does too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from xinfu.cases import actions, queries
from xinfu.cases.access import Can
from xinfu.cases.intake import mapping as mappings
from xinfu.cases.intake.mapping import Mapping
from xinfu.cases.marks import MARKS, Mark
from xinfu.cases.models import BatchStatus, ImportBatch
from xinfu.cases.screens import workbook
from xinfu.core import files
from xinfu.core.access import needs
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import Progress, confirm, lists, progress
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of

SHOWN = 100
LIMIT = 1 << 30
MOST_RETURNED = 200_000
"""Rows of a file of which the rejected ones are given back in its own form while the reader waits."""
QUIET = timedelta(minutes=2)
ACCEPT = ".csv,.xlsx,.xls,.ods,.ndjson,.jsonl,.parquet,.gz"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RUNNING = frozenset({BatchStatus.WAITING, BatchStatus.CHECKING, BatchStatus.LOADING, BatchStatus.UNDOING})
POLICY = {"mark": "照收，打上质量标记", "create": "照收，并登记为新的", "reject": "不收"}
ZONES = {"Asia/Shanghai": "北京时间", "America/New_York": "纽约时间"}
RECORDS = {
    "case": "办件",
    "pause": "停钟（补正、特别程序等）",
    "step": "办理环节",
    "licence": "证照及其有效期",
}
DUE = {"stated": "来源给定的时刻", "promise": "承诺时限推算"}


# --- upload --------------------------------------------------------------------------------------


class UploadForm(forms.Form):
    mapping = forms.ChoiceField(
        label="文件来自哪个系统",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择文件来自哪个系统。"},
    )
    file = forms.FileField(
        label="文件",
        error_messages={"required": "请选择要导入的文件。", "empty": "文件是空的，请检查后重新选择。"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["mapping"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = queries.mapping_choices()


@dataclass(frozen=True, slots=True)
class Explained:
    """One mapping as the upload page explains it."""

    code: str
    title: str
    record: str
    says: str
    columns: list[tuple[str, bool, str]]
    facts: list[tuple[str, str]]


def _explained(mapping: Mapping) -> Explained:
    columns = [
        (label, must, "、".join(names)) for label, must, names in queries.mapping_columns(mapping.code)
    ]
    zone = ZONES.get(mapping.zone, mapping.zone)
    facts = [("时间按", zone)]
    if mapping.record == "case":
        facts += [
            ("到期日", "，没有时按".join(DUE[rule] for rule in mapping.due)),
            ("机构表里没有的单位", POLICY[mapping.unknown_policy("department")]),
            ("目录里没有的事项", POLICY[mapping.unknown_policy("item")]),
        ]
    must = "、".join(label for label, needed, _ in columns if needed)
    says = f"必有{must}；时间按{zone}"
    if mapping.record == "case":
        says += f"；到期日按{DUE[mapping.due[0]]}"
    record = RECORDS[mapping.record]
    return Explained(mapping.code, mapping.title, record, f"{says}。", columns, facts)


def _by_use() -> list[Mapping]:
    """Return the mappings, those of this province first."""
    return sorted(mappings.shipped(), key=lambda m: (not m.code.startswith("zj-"), m.record, m.title))


@needs(Can.IMPORT)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file and check it in the background; nothing is written before the batch is confirmed."""
    actor = actor_of(request)
    form = UploadForm(request.POST or None, request.FILES or None, initial={"mapping": "zj-case"})
    if request.method == "POST" and form.is_valid():
        file, at = form.cleaned_data["file"], timezone.now()
        try:
            kept = files.store(file.chunks(), name=file.name, by=actor, at=at, limit=LIMIT)
            batch = actions.start_import(
                file=kept, mapping=form.cleaned_data["mapping"], by=actor, at=at, check_only=True
            )
            return redirect("cases:batch", batch.pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {
        "form": form,
        "mappings": [_explained(m) for m in _by_use()],
        "chosen": form["mapping"].value(),
        "recent": list(queries.batches(actor)[:5]),
        "accept": ACCEPT,
        "limit": f"{LIMIT >> 30} GB",
    }
    return render(request, "cases/upload.html", context, status=422 if form.errors else 200)


@needs(Can.IMPORT)
def template(request: HttpRequest, code: str) -> HttpResponse:
    content = workbook.template(code)
    title = next(m.title for m in mappings.shipped() if m.code == code)
    return _workbook(content, f"{title}导入模板.xlsx")


def _workbook(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# --- batches -------------------------------------------------------------------------------------


def _mapping_title(code: str) -> str:
    return next((m.title for m in mappings.shipped() if m.code == code), code)


class BatchFilter(forms.Form):
    q = inputs.Text(label="文件名", required=False, max_length=100)
    status = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *BatchStatus.choices])


def _narrow(rows: Any, wanted: dict[str, Any]) -> Any:
    if "q" in wanted:
        rows = rows.filter(name__icontains=wanted["q"])
    return rows.filter(status=wanted["status"]) if "status" in wanted else rows


BATCHES = lists.register(
    ListSpec(
        name="cases.batches",
        title="导入批次",
        unit="批",
        rows=queries.batches,
        columns=(
            Column("name", "文件", link=lambda b: reverse("cases:batch", args=[b.pk])),
            Column("pk", "批次", kind="int", sort="pk"),
            Column("mapping", "来源", value=lambda b: _mapping_title(b.mapping)),
            Column("status", "状态", value=lambda b: b.get_status_display()),
            Column("read", "已读", kind="int"),
            Column("created", "新增", kind="int"),
            Column("updated", "更新", kind="int"),
            Column("unchanged", "未变", kind="int"),
            Column("rejected", "未收", kind="int"),
            Column("started_at", "上传时间", kind="when"),
            Column("started_by", "导入者"),
            Column("sha256", "文件哈希", kind="number", shown=False),
        ),
        order="-pk",
        form=BatchFilter,
        narrow=_narrow,
        exportable=False,
        nothing="还没有导入过。请从“导入办件”开始。",
    )
)


@needs(Can.IMPORT)
def batch_list(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(request, actor_of(request), BATCHES, template="cases/batches.html")


@needs(Can.IMPORT)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one batch: how far it is, what came of it, and what to do next."""
    actor = actor_of(request)
    found = queries.get_batch(actor, pk)
    rejected = list(queries.rejections(actor, found)[:SHOWN])
    is_done, record = found.status == BatchStatus.DONE, queries.record_of(found)
    writes, standing = found.created + found.updated, queries.standing_of(found)
    context = {
        "batch": found,
        "mapping": _mapping_title(found.mapping),
        "is_running": found.status in RUNNING,
        "is_checked": found.status == BatchStatus.CHECKED,
        "is_done": is_done,
        "is_undone": found.status == BatchStatus.UNDONE,
        "is_case": record == "case",
        "record": RECORDS[record],
        "moves_due": record == "pause",
        "kept": standing.kept,
        "changed_since": writes - standing.kept,
        "why_not_undone": standing.why_not,
        "writes": writes,
        "took": _took(found),
        "marks": _marks(found),
        "rejected": rejected,
        "may_return_rows": bool(found.file and found.rejected_file and (found.total or 0) <= MOST_RETURNED),
        "before": queries.same_file_before(found),
        "light": _light(found),
    }
    return render(request, "cases/batch.html", context)


def _light(found: ImportBatch) -> str:
    if found.status == BatchStatus.FAILED:
        return "bad"
    return "ok" if found.status == BatchStatus.DONE else "none"


def _took(found: ImportBatch) -> str:
    if found.finished_at is None:
        return ""
    seconds = max(1, round((found.finished_at - found.started_at).total_seconds()))
    return f"{seconds}秒" if seconds < 60 else f"{seconds // 60}分{seconds % 60}秒"


def _marks(found: ImportBatch) -> list[tuple[Mark, int]]:
    return [(MARKS[mark.value], number) for mark, number in queries.marks_of(found)]


@needs(Can.IMPORT)
def batch_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the progress bar; once the batch rests, the page is loaded anew and shows the result."""
    found = queries.get_batch(actor_of(request), pk)
    address = reverse("cases:batch", args=[pk])
    if found.status == BatchStatus.FAILED:
        state = Progress(found.read, found.total, found.refusal, "failed", address)
    elif found.status not in RUNNING:
        state = Progress(found.read, found.total, str(found.get_status_display()), "done", address)
    else:
        done, total = (
            (found.undone, found.created)
            if found.status == BatchStatus.UNDOING
            else (found.read, found.total)
        )
        state = Progress(done, total, _running_label(found), "running")
    answer = progress(request, state)
    if state.state != "running" and request.headers.get("HX-Request"):
        answer["HX-Refresh"] = "true"
    return answer


def _running_label(found: ImportBatch) -> str:
    waited = timezone.now() - found.beat_at if found.beat_at else timedelta()
    label = {
        BatchStatus.WAITING: "排队中，等后台任务接手",
        BatchStatus.CHECKING: "正在检查全部行，还没有写入",
        BatchStatus.LOADING: "正在写入",
        BatchStatus.UNDOING: "正在撤销，逐批删除办件",
    }[BatchStatus(found.status)]
    if waited > QUIET and found.status == BatchStatus.WAITING:
        return f"{label}；已等{int(waited.total_seconds() // 60)}分钟，请告知管理员查看后台任务"
    return label


@needs(Can.IMPORT)
def batch_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Write what was checked; a POST only."""
    if request.method != "POST":
        raise SuspiciousOperation("a batch is confirmed by POST")
    actor = actor_of(request)
    found = queries.get_batch(actor, pk)
    try:
        actions.confirm_import(batch=found, by=actor, at=timezone.now())
        messages.success(request, "已开始写入，可以离开本页，写入在后台继续。")
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("cases:batch", pk)


@needs(Can.IMPORT)
def batch_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a batch back, after a page that says what follows; a POST only."""
    if request.method != "POST":
        raise SuspiciousOperation("a batch is taken back by POST")
    actor = actor_of(request)
    found = queries.get_batch(actor, pk)
    back = reverse("cases:batch", args=[pk])
    if reason := queries.why_not_undone(found):
        messages.error(request, reason)
        return redirect("cases:batch", pk)
    happens = [
        f"删除这一批新增的{found.created:,}件办件，删除后不能恢复；要再用须重新导入文件",
        "各项指标下次计算时不再计入这些办件；已签发的公文、已固定的数据不变",
        "导入时登记的新单位、新事项保留；文件、未收清单和日志保留",
    ]
    if page := confirm.ask(
        request,
        verb="撤销",
        thing=f"批次{pk}“{found.name}”",
        happens=happens,
        seen_by="全县",
        back=back,
        warn="删除的办件不能恢复。",
    ):
        return page
    try:
        actions.start_undo(batch=found, by=actor, at=timezone.now())
        messages.success(request, "已开始撤销，可以离开本页，撤销在后台继续。")
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("cases:batch", pk)


@needs(Can.IMPORT)
def batch_file(request: HttpRequest, pk: int, what: str) -> HttpResponseBase:
    """Give the complete list of what was not taken in, or those rows in the file's own form, to correct."""
    found = queries.get_batch(actor_of(request), pk)
    if what == "rows":
        if (found.total or 0) > MOST_RETURNED:
            raise NotFound("这个文件太大，请下载未收清单，按行号在原文件中改正。")
        return _workbook(workbook.rejected_rows(found), f"未收的行_批次{pk}.xlsx")
    if what != "list" or found.rejected_file is None:
        raise NotFound("这一批没有未收的行。")
    answer = FileResponse(files.open_file(found.rejected_file), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"未收清单_批次{pk}.csv") or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
