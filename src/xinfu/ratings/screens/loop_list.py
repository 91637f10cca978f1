"""The lists of bad ratings with their lights: open ones by due day, finished ones by receipt."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import path, reverse

from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import lists, text
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of
from xinfu.ratings import triage
from xinfu.ratings.access import Can
from xinfu.ratings.flow import STATUS_LABELS
from xinfu.ratings.models import BadRating
from xinfu.ratings.queries import loop as queries

_now: ContextVar[tuple[Actor, queries.Now]] = ContextVar("loops_asked")
BOXES = {"": "全部在办", "mine": "待本单位办理", "judge": "待本单位审核", "raised": "提请本单位督办"}


class LoopFilter(forms.Form):
    q = inputs.Text(label="工单编号", required=False)
    box = forms.ChoiceField(label="范围", choices=list(BOXES.items()), required=False)
    light = forms.ChoiceField(
        label="时限",
        choices=[("", "全部"), ("bad", "超期"), ("warn", "临期"), ("ok", "正常")],
        required=False,
    )
    status = forms.ChoiceField(
        label="状态",
        choices=[("", "全部"), *((str(s), label) for s, label in STATUS_LABELS.items())],
        required=False,
    )
    named = forms.ChoiceField(
        label="评价人", choices=[("", "全部"), ("1", "实名"), ("0", "匿名")], required=False
    )


def _begin(actor: Actor, *, finished: bool = False) -> QuerySet[BadRating]:
    _now.set((actor, queries.now()))
    return queries.finished_loops(actor) if finished else queries.open_loops(actor)


def _narrow(rows: QuerySet[BadRating], wanted: dict[str, Any]) -> QuerySet[BadRating]:
    actor, now = _now.get()
    if q := wanted.get("q"):
        rows = rows.filter(number__endswith=q)
    if box := wanted.get("box"):
        boxes = {"mine": queries.mine, "judge": queries.to_judge, "raised": queries.raised}
        rows = rows.filter(boxes[box](actor))
    if light := wanted.get("light"):
        rows = rows.filter(queries.lit(light, now))
    if status := wanted.get("status"):
        rows = rows.filter(status=status)
    if named := wanted.get("named"):
        rows = rows.filter(queries.named(is_named=named == "1"))
    return rows


def _word(loop: BadRating) -> str:
    return queries.light_word(loop, _now.get()[1])


def _light(loop: BadRating) -> str:
    return text.light(str(queries.light_of(loop, _now.get()[1])), _word(loop))


def _item(loop: BadRating) -> str:
    return "匿名评价" if loop.rating.is_anonymous else loop.rating.item_name


def _link(loop: BadRating) -> str:
    return reverse("ratings:loop", args=[loop.rating.code])


def _reasons(loop: BadRating) -> str:
    return "；".join(triage.labels(triage.split(loop.rating.reason_codes)))


def _columns(order: str) -> tuple[Column, ...]:
    return (
        Column("number", "工单编号", link=_link, kind="number"),
        Column("level", "满意度", value=lambda p: p.rating.get_level_display()),
        Column("item", "事项", value=_item),
        Column("reasons", "理由", value=_reasons),
        Column("status", "状态", value=lambda p: p.get_status_display()),
        Column("light", "时限", value=_word, cell=_light),
        Column("due", "到期日", value=queries.due_of, kind="day",
               sort="due_on" if order == "due_on" else "", hint="核实前为核实回访期限，审核中为审核期限，其余为整改期限"),
        Column("department", "承办单位", value=lambda p: p.department),
        Column("judge", "审核单位", value=lambda p: p.judge, shown=False),
        Column("received_at", "收到时间", kind="when", sort="received_at" if order != "due_on" else ""),
        Column("finished_at", "办结时间", kind="when", shown=order != "due_on"),
    )  # fmt: skip


LOOPS = lists.register(
    ListSpec(
        name="ratings.loops", title="差评处置", unit="件", rows=_begin, columns=_columns("due_on"),
        order="due_on", form=LoopFilter, narrow=_narrow, visible=5, export=Can.EXPORT,
        nothing="没有在办的差评。收到不满意、非常不满意的评价后，会自动出现在这里。",
    )
)  # fmt: skip
FINISHED = lists.register(
    ListSpec(
        name="ratings.loops_done", title="已办结的差评", unit="件", rows=lambda actor: _begin(actor, finished=True),
        columns=_columns("-received_at"), order="-received_at", form=LoopFilter, narrow=_narrow, visible=5,
        export=Can.EXPORT, nothing="还没有办结的差评。",
    )
)  # fmt: skip


def _context(request: HttpRequest, *, finished: bool) -> dict[str, Any]:
    return {"finished": finished, "may_handle": actor_of(request).may(Can.HANDLE)}


@needs(Can.SEE)
def open_list(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(
        request,
        actor_of(request),
        LOOPS,
        template="ratings/loops.html",
        context=_context(request, finished=False),
    )


@needs(Can.SEE)
def finished_list(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(
        request,
        actor_of(request),
        FINISHED,
        template="ratings/loops.html",
        context=_context(request, finished=True),
    )


urls: list[Any] = [
    path("loops/", open_list, name="loops"),
    path("loops/done/", finished_list, name="loops-done"),
]
