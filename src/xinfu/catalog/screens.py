"""Screens of the catalogue: list, guide, import in three steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header

from xinfu.catalog import actions, codes, mapping, queries, rules, workbook
from xinfu.catalog import local as days_of
from xinfu.catalog.access import Can
from xinfu.catalog.models import BatchStatus, ItemBatch, ItemVersion, Level, ProjectType, TaskType
from xinfu.core import clock, local
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.registry import Found
from xinfu.core.ui import Progress, confirm, lists, progress, text
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people import queries as people
from xinfu.people.session import actor_of

app_name = "catalog"
SHOWN = 100
FILE_KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

# --- the list --------------------------------------------------------------------------------------

ANY = ("", "全部")
STATES = [ANY, ("now", "在用"), ("later", "未生效"), ("ended", "已取消")]
CHECKS = [
    ANY,
    ("link", "网办地址有问题"),
    ("lacking", "要素不全"),
    ("unit", "实施主体未关联"),
    ("visits", "须到现场但未写原因"),
]


class ItemFilter(forms.Form):
    q = inputs.Text(label="名称或编码", required=False)
    department = forms.TypedChoiceField(label="实施主体", required=False, coerce=int, empty_value=None)
    task_type = forms.ChoiceField(label="事项类型", required=False, choices=[ANY, *TaskType.choices])
    project_type = forms.ChoiceField(label="办件类型", required=False, choices=[ANY, *ProjectType.choices])
    unified = forms.ChoiceField(
        label="2.0平台", required=False, choices=[ANY, ("1", "已纳入"), ("0", "未纳入")]
    )
    state = forms.ChoiceField(label="状态", required=False, choices=STATES)
    check = forms.ChoiceField(label="待核对", required=False, choices=CHECKS)
    batch = forms.IntegerField(label="导入批次", required=False, min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = sorted(
            people.labels("department", queries.department_ids()).items(), key=lambda unit: unit[1]
        )
        self.fields["department"].choices = [ANY, *units]  # type: ignore[attr-defined]


def narrow(rows: QuerySet[ItemVersion], wanted: dict[str, Any]) -> QuerySet[ItemVersion]:
    """Keep what the filters ask for."""
    for name in ("department", "task_type", "project_type", "batch"):
        if name in wanted:
            rows = rows.filter(**{name: wanted[name]})
    if "q" in wanted:
        rows = rows.filter(queries.matching(wanted["q"]))
    if "unified" in wanted:
        rows = rows.filter(is_unified=wanted["unified"] == "1")
    today = clock.today()
    states = {
        "now": Q(since__lte=today) & (Q(until__isnull=True) | Q(until__gte=today)),
        "later": Q(since__gt=today),
        "ended": Q(until__lt=today),
    }
    checks = {
        "link": ~Q(link_fault=""),
        "lacking": Q(lacking__gt=0),
        "unit": Q(department__isnull=True),
        "visits": Q(visits__gt=0, visits_reason=""),
    }
    return rows.filter(states.get(wanted.get("state", ""), Q()), checks.get(wanted.get("check", ""), Q()))


def _link(version: ItemVersion) -> str:
    return reverse("catalog:detail", args=[version.item_id])


def _online(version: ItemVersion) -> str:
    if version.link_fault:
        return "地址有问题"
    if version.online_url:
        return "有"
    return "不适宜" if version.online_exempt else "无"


def _state(version: ItemVersion) -> str:
    return queries.state_of(version, clock.today())


def _since(version: ItemVersion) -> str:
    return "来源未注明" if version.since == rules.OPEN_START else text.day(version.since)


ITEMS = lists.register(
    ListSpec(
        name="catalog.items",
        title="事项",
        rows=lambda actor: queries.current_versions(actor, clock.today()),
        columns=(
            Column("name", "事项名称", link=_link, sort="name"),
            Column("code", "实施编码", value=lambda v: v.item.code, kind="number", sort="item__code"),
            Column("department", "实施主体", value=lambda v: v.department or v.department_name),
            Column(
                "task_type", "事项类型", value=lambda v: codes.TASK_TYPE.label(v.task_type), sort="task_type"
            ),
            Column("project_type", "办件类型", value=lambda v: v.get_project_type_display()),
            Column("statutory", "法定时限", value=lambda v: queries.term(v.statutory_days, v.statutory_kind)),
            Column("promise", "承诺时限", value=lambda v: queries.term(v.promise_days, v.promise_kind)),
            Column("visits", "到现场次数", kind="int"),
            Column("online", "网上办理", value=_online),
            Column(
                "state",
                "状态",
                value=_state,
                cell=lambda v: format_html('<span class="text-nowrap">{}</span>', _state(v)),
            ),
            Column("unified", "2.0平台", value=lambda v: "已纳入" if v.is_unified else "未纳入", shown=False),
            Column("main_name", "主项名称", shown=False),
            Column("since", "生效日期", value=_since, shown=False, sort="since"),
            Column("until", "取消日期", kind="day", shown=False),
            Column(
                "local_code", "地方实施编码", value=lambda v: v.item.local_code, kind="number", shown=False
            ),
            Column("online_url", "网上办理地址", shown=False),
            Column("lacking", "缺少的应填要素", kind="int", shown=False),
        ),
        order="name",
        form=ItemFilter,
        narrow=narrow,
        visible=5,
        export=Can.EXPORT,
        nothing="还没有事项。请从“导入事项”开始，可先下载模板。",
    )
)


@needs(Can.SEE)
def item_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {"may_import": actor.may(Can.IMPORT)}
    return lists.respond(request, actor, ITEMS, template="catalog/list.html", context=context)


# --- one item --------------------------------------------------------------------------------------


@needs(Can.SEE)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    item = queries.get_item(actor, pk)
    versions = queries.versions_of(item)
    asked = request.GET.get("version", "")
    today = clock.today()
    chosen = next((v for v in versions if str(v.version) == asked), None)
    if asked and chosen is None:
        raise NotFound("这个事项没有这一版本。")
    shown = chosen or queries.in_force(versions, today)
    context = {
        "item": item,
        "version": shown,
        "state": queries.state_of(shown, today, is_last=shown == versions[0]),
        "span": queries.span(shown),
        "guide": queries.guide(shown),
        "lacking": queries.lacking(shown),
        "workdays": _workdays(shown),
        "history": _history(versions, today),
        "parsed": rules.parse_code(item.code),
        "type_label": codes.TASK_TYPE.label(shown.task_type),
    }
    return render(request, "catalog/detail.html", context)


_RULES = {
    "calendar": "catalog.week_workdays",
    "month": "catalog.month_workdays",
    "year": "catalog.year_workdays",
}


def _workdays(version: ItemVersion) -> list[tuple[str, str, local.Value]]:
    """Return the limits that are not in working days, converted, with the local rule that converts them."""
    today = clock.today()
    rates = days_of.rates_on(today)
    limits = (
        ("法定", version.statutory_days, version.statutory_kind),
        ("承诺", version.promise_days, version.promise_kind),
    )
    return [
        (name, text.days(rules.workdays(days, kind, rates)), local.on(_RULES[kind], today))
        for name, days, kind in limits
        if days and kind in _RULES
    ]


def _history(versions: list[ItemVersion], today: Any) -> list[dict[str, Any]]:
    """Return the versions, newest first, each with what it changed."""
    earlier = [*versions[1:], None]
    return [
        {
            "version": version,
            "state": queries.state_of(version, today, is_last=version == versions[0]),
            "span": queries.span(version),
            "changes": queries.differences(before, version) if before is not None else [],
            "is_first": before is None,
        }
        for version, before in zip(versions, earlier, strict=True)
    ]


# --- import ----------------------------------------------------------------------------------------


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
        request, verb="撤销", thing=f"导入批次 {batch.pk}（{batch.name}）", happens=happens, back=back
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


# --- search ----------------------------------------------------------------------------------------


def find(actor: Actor, asked: str, limit: int) -> list[Found]:
    """Return items for the search across subjects."""
    if not actor.may(Can.SEE) or len(rules.clean(asked)) < 2:
        return []
    return [
        Found(
            title=version.name,
            detail=f"{version.department_name or '实施主体未填'} · {version.item.code}",
            url=_link(version),
            kind="事项",
        )
        for version in queries.search(actor, asked, clock.today(), limit)
    ]


urlpatterns = [
    path("", item_list, name="list"),
    path("<int:pk>/", detail, name="detail"),
    path("template.xlsx", template, name="template"),
    path("import/", import_items, name="import"),
    path("import/<int:pk>/", batch_detail, name="batch"),
    path("import/<int:pk>/progress", batch_progress, name="batch_progress"),
    path("import/<int:pk>/move/", batch_move, name="batch_move"),
    path("import/<int:pk>/<str:what>.<str:kind>", batch_file, name="batch_file"),
]
