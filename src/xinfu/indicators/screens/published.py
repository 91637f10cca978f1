"""Published league tables: what waits, the preview, 公布, what was published with its corrections, 撤回."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import Refused
from xinfu.core.ui import confirm, lists, text
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.indicators import actions, queries
from xinfu.indicators.access import Can
from xinfu.indicators.flow import FLOW, STATUS_LABELS, Status
from xinfu.indicators.models import PublishedLine, PublishedTable
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import freshness, periods
from xinfu.indicators.screens.board import number_url
from xinfu.indicators.screens.league import GRAINS, asked
from xinfu.lib import tables
from xinfu.people.session import actor_of

SEEN_BY = "全体工作人员"
GRAIN_CHOICES = [("", "全部"), *((grain, queries.GRAIN_LABELS[grain]) for grain in GRAINS)]
STATUS_CHOICES = [
    ("", "全部"),
    *((s.value, label) for s, label in STATUS_LABELS.items() if s != Status.DISCARDED),
]


class PublishedFilter(forms.Form):
    """What the list of published tables is narrowed by."""

    q = forms.CharField(label="指标", required=False)
    grain = forms.ChoiceField(label="按什么排", choices=GRAIN_CHOICES, required=False)
    status = forms.ChoiceField(label="状态", choices=STATUS_CHOICES, required=False)


class ReasonForm(forms.Form):
    """Why a table is withdrawn."""

    reason = inputs.Text(label="撤回原因", max_length=300, help_text="与榜一起显示，大家都能看到")


class CorrectionForm(forms.Form):
    """The right numbers of one unit, and why they differ."""

    numerator = forms.IntegerField(label="分子", min_value=0, max_value=10**12)
    denominator = forms.IntegerField(label="分母", min_value=0, max_value=10**12)
    reason = inputs.Text(label="更正原因", max_length=300, help_text="与原值一起显示，大家都能看到")

    def __init__(self, line: PublishedLine, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if line.denominator is None:
            del self.fields["denominator"]
            self.fields["numerator"].label = "件数"


def _narrow(rows: QuerySet[PublishedTable], wanted: dict[str, Any]) -> QuerySet[PublishedTable]:
    if q := wanted.get("q"):
        rows = rows.filter(Q(title__icontains=q) | Q(indicator__icontains=q))
    same = {name: wanted[name] for name in ("grain", "status") if wanted.get(name)}
    return rows.filter(**same)


def period_of(table: PublishedTable) -> Period:
    return Period(table.frm, table.to)


def name_of(table: PublishedTable) -> str:
    """Return a table in words, such as 一网通办率·按部门·2023年5月."""
    grain = queries.GRAIN_LABELS.get(table.grain, table.grain)
    return f"{table.title}·按{grain}·{periods.label_of(period_of(table))}"


def url_of(table: PublishedTable) -> str:
    return reverse("indicators:published_detail", args=[table.pk])


TABLES = lists.register(
    ListSpec(
        name="indicators.published",
        title="公布的榜",
        unit="张",
        rows=queries.published_tables,
        columns=(
            Column("title", "榜", value=name_of, link=url_of),
            Column("status", "状态", value=lambda t: t.get_status_display()),
            Column("published_at", "公布时间", kind="when"),
            Column("published_by", "公布人", value=lambda t: t.published_by),
            Column("snapshot_at", "数据截至", kind="when"),
            Column("prepared_at", "准备时间", kind="when", sort="prepared_at"),
            Column("prepared_by", "准备人", value=lambda t: t.prepared_by, shown=False),
        ),
        order="-prepared_at",
        form=PublishedFilter,
        narrow=_narrow,
        visible=3,
        nothing="还没有公布过榜。综合科在晾晒榜上点“准备公布”。",
    )
)


@needs(Can.SEE)
def published(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(request, actor_of(request), TABLES)


@needs(Can.PUBLISH)
@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """Freeze the league table that the form names, and show it as it will be published."""
    grain, by = asked(request.POST)
    frm, to = (periods.day_or_refuse(request.POST.get(name, ""), "日期") for name in ("frm", "to"))
    table = actions.prepare_table(
        indicator=by, frm=frm, to=to, grain=grain, by=actor_of(request), at=clock.now()
    )
    messages.success(request, "已备好，尚未公布。请核对下面的预览。")
    return redirect("indicators:published_detail", table.pk)


@needs(Can.SEE)
def published_detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    actor = actor_of(request)
    table = queries.published_table(actor, pk)
    if request.GET.get("format") in ("xlsx", "csv"):
        return _file(table, request.GET["format"])
    asked_page, q = request.GET.get("page", "1"), request.GET.get("q", "").strip()[:40]
    number = int(asked_page) if asked_page.isdigit() and len(asked_page) < 6 else 1
    shown = queries.published_lines(table, number, q)
    kept = {"q": q} if q else {}
    context = {
        "table": table,
        "name": name_of(table),
        "period_label": periods.label_of(period_of(table)),
        "grain_label": queries.GRAIN_LABELS.get(table.grain, table.grain),
        "shown": shown,
        "lines": [(one, _present_url(table, one.line)) for one in shown.lines],
        "text": q,
        "is_draft": table.status == Status.DRAFT,
        "is_published": table.status == Status.PUBLISHED,
        "is_present": queries.is_present(table),
        "stale": freshness.of(queries.snapshot(actor), period_of(table))
        if table.status == Status.DRAFT
        else None,
        "choices": FLOW.choices(table, actor) if table.status == Status.DRAFT else [],
        "may_publish": actor.may(Can.PUBLISH),
        "league_url": f"{reverse('indicators:league')}?{urlencode(_as_query(table))}",
        "previous": f"?{urlencode({**kept, 'page': shown.page - 1})}" if shown.page > 1 else "",
        "next": f"?{urlencode({**kept, 'page': shown.page + 1})}" if shown.page < shown.pages else "",
    }
    return render(request, "indicators/published_detail.html", context)


def _present_url(table: PublishedTable, line: PublishedLine) -> str:
    """Return where the line's number stands now, with its definition and its records."""
    group = "" if line.key == str(None) else line.key
    return number_url(table.indicator, period_of(table), **{table.grain: group})


def _as_query(table: PublishedTable) -> dict[str, str]:
    return {**periods.days(period_of(table)), "grain": table.grain, "by": table.indicator}


@needs(Can.PUBLISH)
@require_POST
def published_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a prepared table after the confirmation page, or give it up."""
    actor = actor_of(request)
    table = queries.published_table(actor, pk)
    if request.POST.get("move") == "discard":
        actions.discard_table(table=table, by=actor, at=clock.now())
        messages.success(request, f"已放弃：{name_of(table)}。")
        return redirect("indicators:published")
    if page := _confirm_publishing(request, table):
        return page
    try:
        actions.publish_table(table=table, by=actor, at=clock.now())
        messages.success(request, f"已公布：{name_of(table)}。")
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("indicators:published_detail", pk)


def _confirm_publishing(request: HttpRequest, table: PublishedTable) -> HttpResponse | None:
    happens = [
        f"以“{actor_of(request).name}”的名义公布 {table.lines.filter(is_latest=True).count()} 行名次和数值",
        "公布的数值冻结，以后只能更正（原值仍可见）或撤回（写明原因）",
        f"数据截至 {text.when(table.snapshot_at)} 的快照一并留存",
    ]
    return confirm.ask(
        request, verb="公布", thing=name_of(table), happens=happens, seen_by=SEEN_BY, back=url_of(table)
    )


@needs(Can.PUBLISH)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    table = queries.published_table(actor, pk)
    if request.method == "GET":
        FLOW.check("withdraw", table, actor)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        happens = ["榜上注明已撤回和原因，数值仍可查", "同一期间可以重新公布"]
        page = confirm.ask(
            request, verb="撤回", thing=name_of(table), happens=happens, seen_by=SEEN_BY, back=url_of(table)
        )
        if page:
            return page
        try:
            actions.withdraw_table(table=table, reason=form.cleaned_data["reason"], by=actor, at=clock.now())
            messages.success(request, f"已撤回：{name_of(table)}。")
            return redirect("indicators:published_detail", pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"table": table, "name": name_of(table), "form": form}
    return render(request, "indicators/withdraw.html", context, status=422 if form.errors else 200)


@needs(Can.PUBLISH)
def correct(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    actor = actor_of(request)
    table = queries.published_table(actor, pk)
    row = queries.published_line(table, line)
    before = {"numerator": row.numerator, "denominator": row.denominator}
    if request.method == "GET":
        FLOW.check("correct", table, actor)
    form = CorrectionForm(row, request.POST or None, initial=before)
    if request.method == "POST" and form.is_valid():
        if page := _confirm_correction(request, table, row, form):
            return page
        try:
            done = actions.correct_line(
                line=row,
                numerator=form.cleaned_data["numerator"],
                denominator=form.cleaned_data.get("denominator"),
                reason=form.cleaned_data["reason"],
                by=actor,
                at=clock.now(),
            )
            moved = f"，另有 {done.moved} 个单位名次随之变动" if done.moved else ""
            messages.success(request, f"已更正“{row.label}”{moved}；原值仍列在榜上。")
            return redirect("indicators:published_detail", pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"table": table, "name": name_of(table), "line": row, "form": form}
    return render(request, "indicators/correct.html", context, status=422 if form.errors else 200)


def _confirm_correction(
    request: HttpRequest, table: PublishedTable, row: PublishedLine, form: CorrectionForm
) -> HttpResponse | None:
    new = [form.cleaned_data["numerator"], form.cleaned_data.get("denominator")]
    old = [row.numerator, row.denominator]
    was, now = (" ÷ ".join(str(n) for n in pair if n is not None) for pair in (old, new))
    happens = [
        f"“{row.label}”由 {was} 更正为 {now}，名次重新排定",
        "榜上注明更正时间、更正人、原因和原值",
    ]
    return confirm.ask(
        request, verb="更正", thing=name_of(table), happens=happens, seen_by=SEEN_BY, back=url_of(table)
    )


def _file(table: PublishedTable, kind: str) -> HttpResponseBase:
    """Return the table as it reads now, with what was corrected, as a file."""
    head = [
        "名次",
        "单位",
        "编码",
        f"{table.title}（{table.unit}）",
        "分子",
        "分母",
        "上期名次",
        "更正于",
        "原值",
        "更正原因",
    ]
    rows = [
        [
            "" if line.rank is None else str(line.rank), line.label, line.code, line.value, str(line.numerator),
            "" if line.denominator is None else str(line.denominator),
            "" if line.rank_before is None else str(line.rank_before),
            text.when(line.corrected_at) if line.corrected_at else "",
            "；".join(old.value for old in one.former), line.reason,
        ]
        for one in queries.published_lines(table, size=None).lines
        for line in [one.line]
    ]  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        (tables.write_csv if kind == "csv" else tables.write_xlsx)(path, head, rows)
        content = BytesIO(path.read_bytes())
    return FileResponse(content, as_attachment=True, filename=f"{name_of(table)}.{kind}")
