"""The list of cases, its tabs, and the search by telephone or identity number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from xinfu.cases import queries
from xinfu.cases.access import Can
from xinfu.cases.models import Case
from xinfu.cases.rules import Light
from xinfu.cases.screens.filters import CaseFilter, asked, begin_list, narrow
from xinfu.core import privacy
from xinfu.core.access import needs
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import lists, text
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of

LIGHTS = {Light.NONE: "none", Light.OK: "ok", Light.SOON: "warn", Light.LATE: "bad", Light.PAUSED: "paused",
          Light.DONE: "done", Light.DONE_LATE: "late"}  # fmt: skip


def lamp_of(case: Case) -> queries.Lamp:
    return queries.lamp(case, asked()[1])


def light_html(lamp: queries.Lamp) -> SafeString:
    return text.light(LIGHTS[lamp.light], lamp.word)


def _due_cell(case: Case) -> str:
    lamp = lamp_of(case)
    if lamp.due_on is None:
        return text.DASH
    verb = "受理" if lamp.verb == "受理" else ""
    mark = format_html(' <span class="text-secondary">{}</span>', verb) if verb else ""
    return format_html("{}{}", text.day(lamp.due_on), mark)


def _columns(link: Any, sorts: frozenset[str], more: frozenset[str] = frozenset()) -> tuple[Column, ...]:
    """Return the columns; only by the fields of `sorts`, which have an index there, can be sorted. `more` are shown too."""

    def sort(field: str) -> str:
        return field if field in sorts else ""

    return (
        Column("case_no", "办件编号", link=link, kind="number", sort=sort("case_no")),
        Column("item_name", "事项"),
        Column("state", "状态", value=lambda c: c.get_state_display()),
        Column("light", "时限", value=lambda c: lamp_of(c).word, cell=lambda c: light_html(lamp_of(c))),
        Column("due", "到期日", value=lambda c: lamp_of(c).due_on, kind="day", cell=_due_cell, sort=sort("due_on"),
               hint="未受理的办件显示受理到期日"),
        Column("department", "承办单位", value=lambda c: c.department or c.org_name),
        Column("window", "窗口", value=lambda c: c.window or ""),
        Column("received_at", "收件时间", kind="when", sort=sort("received_at")),
        Column("finished_at", "办结时间", kind="when", shown="finished_at" in more, sort=sort("finished_on")),
        Column("handling_days", "办理用时（工作日）", kind="int", shown=False),
        Column("paused_days", "停钟（工作日）", kind="int", shown=False),
        Column("town", "乡镇街道", value=lambda c: c.town or "", shown=False),
        Column("channel", "渠道", value=lambda c: c.get_channel_display(), shown=False),
        Column("item_code", "实施编码", kind="number", shown=False),
        Column("handler_name", "经办人", shown=False),
        Column("unified", "2.0平台", value=lambda c: "是" if c.is_unified else "否", shown=False),
        Column("batch", "批次", value=lambda c: c.batch_id, kind="int", shown=False),
    )  # fmt: skip


def _link(case: Case) -> str:
    return reverse("cases:detail", args=[case.pk])


def _open_link(name: str) -> Callable[[Case], str]:
    return lambda case: f"{_link(case)}?list={name}"


CASES = lists.register(
    ListSpec(
        name="cases.list",
        title="办件",
        unit="件",
        rows=begin_list,
        columns=_columns(_link, frozenset({"case_no", "received_at"})),
        order="-received_at",
        form=CaseFilter,
        narrow=narrow,
        visible=6,
        export=Can.EXPORT,
        nothing="还没有办件。请从“导入办件”开始。",
    )
)
DUE = lists.register(
    replace(
        CASES, name="cases.due", columns=_columns(_open_link("due"), frozenset({"due_on"})), order="due_on"
    )
)
"""The same list in the order of due days, which an index serves for open cases only."""
FINISHED = lists.register(
    replace(
        CASES,
        name="cases.finished",
        columns=_columns(_open_link("finished"), frozenset({"finished_on"}), frozenset({"finished_at"})),
        order="-finished_on",
    )
)
"""The same list in the order of the days of finish, for a period of them."""
BATCH = lists.register(
    replace(CASES, name="cases.of_batch", columns=_columns(_open_link("batch"), frozenset()), order="pk")
)
"""The same list in the order in which a batch brought its cases in."""
SPECS = {"due": DUE, "finished": FINISHED, "batch": BATCH}
"""By the word that the address of a case opened from such a list carries."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: the filters that it sets, and what they are about."""

    code: str
    label: str
    name: str
    value: str


TABS = (
    Tab("all", "全部", "", ""),
    Tab("today", "今天到期", "light", "today"),
    Tab("soon", "临期", "light", "soon"),
    Tab("late", "超期", "light", "late"),
    Tab("accept_late", "超期受理", "light", "accept_late"),
    Tab("paused", "补正/挂起", "light", "paused"),
    Tab("marked", "质量问题", "mark", "-1"),
)


def spec_for(query: QueryDict) -> ListSpec:
    """Return the list in the order that has an index for what is asked."""
    return SPECS.get(queries.order_for(query), CASES)


@needs(Can.SEE)
def case_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {
        "tabs": _tabs(request),
        "may_import": actor.may(Can.IMPORT),
        "find": FindForm(),
    }
    spec = spec_for(request.GET)
    return lists.respond(request, actor, spec, template="cases/list.html", context=context)


def _tabs(request: HttpRequest) -> list[tuple[Tab, str, bool]]:
    """Return each tab with its address, which keeps the other filters, and whether it is the present one."""
    light, mark = request.GET.get("light", ""), request.GET.get("mark", "")
    found = []
    for tab in TABS:
        query = request.GET.copy()
        for name in ("light", "mark", "sort", "page", "after", "before", "count"):
            query.pop(name, None)
        if tab.name:
            query[tab.name] = tab.value
        here = {"light": light == tab.value, "mark": mark != "" and not light}.get(
            tab.name, not light and not mark
        )
        found.append((tab, f"?{query.urlencode()}", here))
    return found


# --- by telephone or identity number: never in an address ------------------------------------------


class FindForm(forms.Form):
    value = inputs.Text(
        label="手机号码或证件号码",
        max_length=40,
        help_text="须填完整号码；号码不写进网址、日志",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_value(self) -> str:
        return "".join(str(self.cleaned_data["value"]).split())


@needs(Can.SEE)
def find(request: HttpRequest) -> HttpResponse:
    """Turn a personal value into its keyed digest, and go to the list narrowed by that."""
    if request.method != "POST":
        raise SuspiciousOperation("a personal value is sent by POST")
    form = FindForm(request.POST)
    if form.is_valid():
        digest = privacy.digest(form.cleaned_data["value"]).hex()
        return redirect(f"{reverse('cases:list')}?who={digest}")
    return render(request, "cases/find.html", {"form": form}, status=422)
