"""Exchange with partners by files: upload and check, look at the result, confirm; a period out; what was exchanged.

As cases' import does it (interface.md F8–F10, X4).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import content_disposition_header

from xinfu.core import clock, files
from xinfu.core.access import needs
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import Progress, lists, progress
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of
from xinfu.ratings.access import Can
from xinfu.ratings.actions import exchanging, giving_files
from xinfu.ratings.exchange import FORMATS
from xinfu.ratings.models import Direction, Exchange, ExchangeStatus
from xinfu.ratings.queries import exchanges as queries

LIMIT = 200 << 20
ACCEPT = ".csv,.xlsx,.xls,.ods,.json,.ndjson,.jsonl,.gz"
QUIET = timedelta(minutes=2)
CODES = [(form.code, f"格式{form.code} {form.title}") for form in FORMATS.values()]
LEVEL_ORDER = {
    "A": "满意度 1非常不满意—5非常满意；办件类型 1承诺件、2即办件；服务对象 1个人、2法人",
    "B": "满意度 1非常不满意—5非常满意，-2为60秒内没有评价；服务对象 0个人、1法人",
    "D": "满意度代码与上两种相反：1非常满意—5非常不满意；写了满意度文字的，与代码不一致不收",
}


# --- in ------------------------------------------------------------------------------------------


class TakeForm(forms.Form):
    form = forms.ChoiceField(
        label="文件格式",
        choices=CODES,
        widget=forms.RadioSelect,
        error_messages={"required": "请选择文件格式。"},
    )
    is_history = forms.BooleanField(
        label="历史评价：差评自评价之日起计算期限",
        required=False,
        help_text="不勾选的，差评自导入之时起计算核实和整改期限",
    )
    file = forms.FileField(
        label="文件",
        error_messages={"required": "请选择要导入的文件。", "empty": "文件是空的，请检查后重新选择。"},
    )


@needs(Can.EXCHANGE)
def take(request: HttpRequest) -> HttpResponse:
    """Take a file and check it in the background; nothing is written before it is confirmed."""
    actor = actor_of(request)
    form = TakeForm(request.POST or None, request.FILES or None, initial={"form": "A"})
    if request.method == "POST" and form.is_valid():
        given, at = form.cleaned_data, clock.now()
        try:
            kept = files.store(given["file"].chunks(), name=given["file"].name, by=actor, at=at, limit=LIMIT)
            exchange = exchanging.start_taking(
                file=kept, form=given["form"], is_history=given["is_history"], by=actor, at=at
            )
            return redirect("ratings:exchange-file", exchange.pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    shown = [
        (f.code, f.title, LEVEL_ORDER[f.code], f.required, [c for c in f.columns if c not in f.not_kept],
         f.not_kept.items())
        for f in FORMATS.values()
    ]  # fmt: skip
    context = {
        "form": form, "formats": shown, "chosen": form["form"].value(), "accept": ACCEPT,
        "limit": f"{LIMIT >> 20} MB",
    }  # fmt: skip
    return render(request, "ratings/exchange_take.html", context, status=422 if form.errors else 200)


@needs(Can.EXCHANGE)
def exchange_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one file: how far it is, what came of it, and what to do next."""
    actor = actor_of(request)
    found = queries.get_exchange(actor, pk)
    is_in = found.direction == Direction.TAKEN
    status = ExchangeStatus(found.status)
    context = {
        "exchange": found,
        "title": dict(CODES)[found.form],
        "is_in": is_in,
        "is_running": status in exchanging.RUNNING,
        "is_checked": status == ExchangeStatus.CHECKED,
        "is_done": status == ExchangeStatus.DONE,
        "is_dropped": status == ExchangeStatus.DROPPED,
        "before": queries.same_file_before(found) if is_in else None,
        "is_mine": found.download is not None and found.download.made_by == actor.key,
        "light": _light(status),
    }
    return render(request, "ratings/exchange_file.html", context)


def _light(status: ExchangeStatus) -> str:
    return {ExchangeStatus.FAILED: "bad", ExchangeStatus.DONE: "ok"}.get(status, "none")


@needs(Can.EXCHANGE)
def exchange_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the progress bar; once the work rests, the page is loaded anew and shows the result."""
    found = queries.get_exchange(actor_of(request), pk)
    address = reverse("ratings:exchange-file", args=[pk])
    if found.status in exchanging.RUNNING:
        state = Progress(found.read, found.total, _running_label(found), "running")
    else:
        word = "failed" if found.status == ExchangeStatus.FAILED else "done"
        state = Progress(found.read, found.total, found.refusal or found.get_status_display(), word, address)
    answer = progress(request, state)
    if state.state != "running" and request.headers.get("HX-Request"):
        answer["HX-Refresh"] = "true"
    return answer


def _running_label(found: Exchange) -> str:
    status = ExchangeStatus(found.status)
    if found.direction == Direction.GIVEN and status == ExchangeStatus.LOADING:
        return "正在生成文件"
    label = {
        ExchangeStatus.WAITING: "排队中，等后台任务接手",
        ExchangeStatus.CHECKING: f"正在检查，已读{found.read:,}条，还没有写入",
        ExchangeStatus.LOADING: "正在写入",
    }[status]
    waited = clock.now() - found.beat_at if found.beat_at else timedelta()
    if waited > QUIET and status == ExchangeStatus.WAITING:
        return f"{label}；已等{int(waited.total_seconds() // 60)}分钟，请告知管理员查看后台任务"
    return label


@needs(Can.EXCHANGE)
def exchange_answer(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take in what was checked, or give it up; a POST only."""
    if request.method != "POST":
        raise SuspiciousOperation("a checked file is answered by POST")
    actor = actor_of(request)
    found = queries.get_exchange(actor, pk)
    try:
        if verb == "confirm":
            exchanging.confirm_taking(exchange=found, by=actor, at=clock.now())
            messages.success(request, "已开始写入，可以离开本页，写入在后台继续。")
        elif verb == "drop":
            exchanging.drop_taking(exchange=found, by=actor, at=clock.now())
            messages.success(request, "已放弃这份文件，一条也没有写入。")
        else:
            raise NotFound()
    except Refused as refused:
        if isinstance(refused, NotFound):
            raise
        messages.error(request, refused.reason)
    return redirect("ratings:exchange-file", pk)


@needs(Can.EXCHANGE)
def refused_list(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give the list of what was not taken: row, field, reason."""
    found = queries.get_exchange(actor_of(request), pk)
    if found.refused_file is None:
        raise NotFound("这份文件没有未收的行。")
    answer = FileResponse(files.open_file(found.refused_file), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"未收清单_{pk}.csv") or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# --- out -----------------------------------------------------------------------------------------


class GiveForm(forms.Form):
    form = forms.ChoiceField(label="交换格式", choices=CODES, initial="A")
    first_on = inputs.Day(label="评价日期起")
    last_on = inputs.Day(label="评价日期止", help_text="一次最多366天")
    file_format = forms.ChoiceField(label="文件", choices=[("xlsx", "Excel"), ("csv", "CSV")], initial="csv")
    reason = inputs.Text(
        label="用途", max_length=300, help_text="文件含实名评价人的姓名、电话、证件号码；用途记入日志"
    )


@needs(Can.EXCHANGE)
def give(request: HttpRequest) -> HttpResponse:
    """Have a period's ratings made into a file of a partner's form."""
    form = GiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            exchange = giving_files.ask_file(**form.cleaned_data, by=actor_of(request), at=clock.now())
            return redirect("ratings:exchange-file", exchange.pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    return render(request, "ratings/exchange_give.html", {"form": form}, status=422 if form.errors else 200)


# --- what was exchanged --------------------------------------------------------------------------


class ExchangeFilter(forms.Form):
    direction = forms.ChoiceField(label="方向", required=False, choices=[("", "全部"), *Direction.choices])
    status = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *ExchangeStatus.choices])
    form = forms.ChoiceField(label="格式", required=False, choices=[("", "全部"), *CODES])


def _narrow(rows: Any, wanted: dict[str, Any]) -> Any:
    return rows.filter(**wanted)


EXCHANGES = lists.register(
    ListSpec(
        name="ratings.exchanges",
        title="评价交换",
        unit="次",
        rows=queries.exchanges,
        columns=(
            Column("name", "文件", link=lambda e: reverse("ratings:exchange-file", args=[e.pk])),
            Column("direction", "方向", value=lambda e: e.get_direction_display()),
            Column("form", "格式"),
            Column("status", "状态", value=lambda e: e.get_status_display()),
            Column("read", "已读", kind="int"),
            Column("created", "新增/写出", kind="int"),
            Column("known", "已有", kind="int"),
            Column("refused", "未收/未写出", kind="int"),
            Column("started_at", "提出时间", kind="when"),
            Column("started_by", "经办人"),
            Column("sha256", "文件哈希", kind="number", shown=False),
        ),
        order="-pk",
        form=ExchangeFilter,
        narrow=_narrow,
        exportable=False,
        nothing="还没有交换过评价文件。可以从“导入评价”或“导出评价”开始。",
    )
)


@needs(Can.EXCHANGE)
def exchange_list(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(request, actor_of(request), EXCHANGES, template="ratings/exchange.html")


urls = [
    path("exchange/", exchange_list, name="exchange"),
    path("exchange/take/", take, name="exchange-take"),
    path("exchange/give/", give, name="exchange-give"),
    path("exchange/<int:pk>/", exchange_file, name="exchange-file"),
    path("exchange/<int:pk>/progress/", exchange_progress, name="exchange-progress"),
    path("exchange/<int:pk>/refused/", refused_list, name="exchange-refused"),
    path("exchange/<int:pk>/<slug:verb>/", exchange_answer, name="exchange-answer"),
]
