"""The list of items and the guide of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html

from xinfu.catalog import codes, queries, rules
from xinfu.catalog import local as days_of
from xinfu.catalog.access import Can
from xinfu.catalog.models import ItemVersion, ProjectType, TaskType
from xinfu.core import clock, local
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound
from xinfu.core.registry import Found
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import lists, text
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people import queries as people
from xinfu.people.session import actor_of

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
