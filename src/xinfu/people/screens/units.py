"""Organisation tree, departments, windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from xinfu.core.access import needs
from xinfu.core.ui import lists
from xinfu.core.ui.forms import Text
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people import actions, queries, rules
from xinfu.people.access import Can
from xinfu.people.forms import NewWindow, UnitDetails, UnitForm, UnitMove, UnitNames, WindowForm
from xinfu.people.models import Department, DepartmentKind, Window
from xinfu.people.screens.common import Page, act, form_page
from xinfu.people.session import actor_of

TREE = ("机构", "people:departments")


def url_of(unit: Department) -> str:
    return reverse("people:department", args=[unit.pk])


@needs(Can.SEE)
def departments(request: HttpRequest) -> HttpResponse:
    """Show the tree; `closed=1` with the closed units, `q` narrows to names and codes."""
    actor, closed = actor_of(request), request.GET.get("closed") == "1"
    words = rules.clean_name(request.GET.get("q", ""))[:80]
    nodes = queries.tree(actor, closed)
    if words:
        nodes = [
            n
            for n in nodes
            if words.lower() in f"{n.department.name} {n.department.short_name} {n.department.code}".lower()
        ]
    context = {"rows": _rows(nodes), "q": words, "closed": closed, "may_manage": actor.may(Can.MANAGE)}
    return render(request, "people/departments.html", context)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tree, ready to print: a county has hundreds, and each costs the page its share."""

    pk: str
    url: str
    name: str
    kind: str
    code: str
    level: str
    is_closed: bool
    windows: str
    people: str


def _rows(nodes: Sequence[queries.Node]) -> list[Row]:
    kinds, any_unit = dict(DepartmentKind.choices), reverse("people:department", args=[0])
    return [
        Row(
            pk=str(node.department.pk),
            url=any_unit.replace("/0/", f"/{node.department.pk}/"),
            name=node.department.name,
            kind=str(kinds[node.department.kind]),
            code=node.department.code,
            level=f"level-{node.depth}",
            is_closed=node.department.closed_on is not None,
            windows=f"{node.windows:,}",
            people=f"{node.people:,}",
        )
        for node in nodes
    ]


@needs(Can.SEE)
def department(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    unit = queries.get_department(actor, pk)
    people = queries.people(actor).serving().filter(department=unit)
    context = {
        "unit": unit,
        "above": queries.ancestors(actor, unit),
        "children": list(queries.departments(actor).filter(parent=unit)),
        "windows": list(queries.windows(actor).filter(department=unit)),
        "people": list(people[:100]),
        "people_count": people.count(),
        "may_manage": actor.may(Can.MANAGE),
    }
    return render(request, "people/department.html", context)


def _page(title: str, verb: str, unit: Department | None) -> Page:
    crumbs = [("机构", reverse("people:departments"))]
    if unit is not None:
        crumbs.append((unit.short_name, url_of(unit)))
    return Page(title, verb, crumbs[-1][1], crumbs)


@needs(Can.MANAGE)
def add_department(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    above = request.GET.get("parent", "")
    initial = {"order": 1000, "parent": int(above) if above.isdecimal() else None}
    form = UnitForm(request.POST or None, actor=by, initial=initial)
    return form_page(
        request,
        form,
        _page("登记机构", "登记", None),
        lambda data: actions.add_department(**data, by=by, at=timezone.now()),
        url_of,
        "机构已登记。",
    )


def _edit(request: HttpRequest, unit: Department, form: forms.Form, title: str, action: Any) -> HttpResponse:
    by = actor_of(request)
    return form_page(
        request,
        form,
        _page(title, "保存", unit),
        lambda data: action(department=unit, **data, by=by, at=timezone.now()),
        lambda _: url_of(unit),
        "已保存。",
    )


@needs(Can.MANAGE)
def rename_department(request: HttpRequest, pk: int) -> HttpResponse:
    unit = queries.get_department(actor_of(request), pk)
    form = UnitNames(request.POST or None, initial={"name": unit.name, "short_name": unit.short_name})
    return _edit(request, unit, form, "修改名称", actions.rename_department)


@needs(Can.MANAGE)
def change_department(request: HttpRequest, pk: int) -> HttpResponse:
    unit = queries.get_department(actor_of(request), pk)
    initial = {"phone": unit.phone, "division_code": unit.division_code, "order": unit.order}
    form = UnitDetails(request.POST or None, initial=initial)
    return _edit(request, unit, form, "修改电话、区划和排序", actions.change_department)


@needs(Can.MANAGE)
def move_department(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    unit = queries.get_department(by, pk)
    form = UnitMove(request.POST or None, actor=by, initial={"parent": unit.parent_id})
    return _edit(request, unit, form, "调整上级机构", actions.move_department)


@needs(Can.MANAGE)
@require_POST
def close_department(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    unit = queries.get_department(by, pk)
    call = actions.close_department if unit.closed_on is None else actions.reopen_department
    said = "机构已撤销。" if unit.closed_on is None else "机构已恢复。"
    return act(request, lambda: call(department=unit, by=by, at=timezone.now()), said, url_of(unit))


# --- windows -------------------------------------------------------------------------------------


class WindowFilter(forms.Form):
    q = Text(label="名称或编号", required=False)
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部"), ("open", "在用"), ("closed", "已撤销")]
    )


def narrow_windows(rows: QuerySet[Window], wanted: dict[str, Any]) -> QuerySet[Window]:
    if words := wanted.get("q"):
        rows = rows.filter(Q(name__contains=words) | Q(code__startswith=words.upper()))
    return rows.filter(closed_on__isnull=wanted["state"] == "open") if wanted.get("state") else rows


WINDOWS = lists.register(
    ListSpec(
        name="people.windows",
        title="窗口",
        unit="个",
        rows=queries.windows,
        columns=(
            Column("code", "编号", link=lambda w: reverse("people:window", args=[w.pk]), sort="code"),
            Column("name", "窗口名称", sort="name"),
            Column("department", "派驻单位", value=lambda w: w.department.name),
            Column("hall", "大厅"),
            Column("phone", "联系电话", shown=False),
            Column("closed_on", "撤销日期", kind="day", sort="closed_on"),
        ),
        order="code",
        form=WindowFilter,
        narrow=narrow_windows,
        nothing="还没有窗口。可以从“登记窗口”开始。",
    )
)


@needs(Can.SEE)
def windows(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {
        "new_url": reverse("people:add_window"),
        "new_label": "登记窗口",
        "may_new": actor.may(Can.MANAGE),
    }
    return lists.respond(request, actor, WINDOWS, template="people/list.html", context=context)


@needs(Can.SEE)
def window(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    row = queries.get_window(actor, pk)
    people = list(queries.people(actor).serving().filter(window=row)[:100])
    context = {"window": row, "people": people, "may_manage": actor.may(Can.MANAGE)}
    return render(request, "people/window.html", context)


def _window_page(title: str, verb: str, row: Window | None) -> Page:
    crumbs = [("窗口", reverse("people:windows"))]
    if row is not None:
        crumbs.append((row.name, reverse("people:window", args=[row.pk])))
    return Page(title, verb, crumbs[-1][1], crumbs)


@needs(Can.MANAGE)
def add_window(request: HttpRequest) -> HttpResponse:
    by, asked = actor_of(request), request.GET.get("department", "")
    initial = {"order": 1000, "department": int(asked) if asked.isdecimal() else None}
    return form_page(
        request,
        NewWindow(request.POST or None, actor=by, initial=initial),
        _window_page("登记窗口", "登记", None),
        lambda data: actions.add_window(**data, by=by, at=timezone.now()),
        lambda row: reverse("people:window", args=[row.pk]),
        "窗口已登记。",
    )


@needs(Can.MANAGE)
def change_window(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_window(by, pk)
    names = ("name", "hall", "phone", "order")
    initial = {**{name: getattr(row, name) for name in names}, "department": row.department_id}
    return form_page(
        request,
        WindowForm(request.POST or None, actor=by, initial=initial),
        _window_page("修改窗口", "保存", row),
        lambda data: actions.change_window(window=row, **data, by=by, at=timezone.now()),
        lambda _: reverse("people:window", args=[row.pk]),
        "已保存。",
    )


@needs(Can.MANAGE)
@require_POST
def close_window(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_window(by, pk)
    return act(
        request,
        lambda: actions.close_window(window=row, by=by, at=timezone.now()),
        "窗口已撤销。",
        reverse("people:window", args=[row.pk]),
    )
