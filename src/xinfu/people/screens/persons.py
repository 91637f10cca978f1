"""People and their roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from xinfu.core.access import needs
from xinfu.core.ui import confirm, lists
from xinfu.core.ui.forms import Text
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people import actions, queries
from xinfu.people.access import Can
from xinfu.people.forms import ROLES, MovePerson, NewPerson, PersonForm, ReasonForm, RoleForm
from xinfu.people.models import Person
from xinfu.people.screens.common import Page, act, form_page, refusal
from xinfu.people.session import actor_of


class PersonFilter(forms.Form):
    q = Text(label="姓名、工号或电话", required=False, help_text="电话可只输后四位")
    department = forms.CharField(label="机构（名称、简称或编码）", required=False)
    role = forms.ChoiceField(label="角色", required=False, choices=[("", "全部"), *ROLES])
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部"), ("serving", "在岗"), ("left", "已离岗")]
    )


def people_rows(actor: Any) -> QuerySet[Person]:
    return queries.people_of(actor, timezone.localdate())


def narrow_people(rows: QuerySet[Person], wanted: dict[str, Any]) -> QuerySet[Person]:
    return queries.narrow_people(rows, wanted, timezone.localdate())


PEOPLE = lists.register(
    ListSpec(
        name="people.people",
        title="人员",
        unit="名",
        rows=people_rows,
        columns=(
            Column("name", "姓名", link=lambda p: reverse("people:person", args=[p.pk]), sort="name"),
            Column("staff_no", "工号", sort="staff_no"),
            Column("department", "所在机构", value=lambda p: p.department.name),
            Column("window", "窗口", value=lambda p: p.window.name if p.window else ""),
            Column("post", "岗位"),
            Column("roles", "角色", value=queries.role_words),
            Column("phone", "电话", value=queries.masked_phone, shown=False),
            Column("left_on", "离岗日期", kind="day", sort="left_on"),
        ),
        order="staff_no",
        form=PersonFilter,
        narrow=narrow_people,
        personal=True,
        nothing="还没有人员。可以从“登记人员”开始，或用命令整批导入。",
    )
)


@needs(Can.SEE)
def people(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {
        "new_url": reverse("people:add_person"),
        "new_label": "登记人员",
        "may_new": actor.may(Can.MANAGE),
    }
    return lists.respond(request, actor, PEOPLE, template="people/list.html", context=context)


def url_of(person: Person) -> str:
    return reverse("people:person", args=[person.pk])


def _page(title: str, verb: str, person: Person | None, lead: str = "") -> Page:
    crumbs = [("人员", reverse("people:people"))]
    if person is not None:
        crumbs.append((person.name, url_of(person)))
    return Page(title, verb, crumbs[-1][1], crumbs, lead)


@needs(Can.SEE)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, queries.get_person(actor_of(request), pk), ReasonForm())


def _show(request: HttpRequest, row: Person, form: ReasonForm, phone: str = "") -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    context = {
        "person": row,
        "grants": queries.grants_of(row),
        "deputies": queries.deputies_of(row.pk, today),
        "duties": queries.duties(row.pk, today),
        "account": queries.account_of_person(actor, row),
        "phone": phone or queries.masked_phone(row),
        "is_full": bool(phone),
        "form": form,
        "today": today,
        "may": {
            "manage": actor.may(Can.MANAGE) and row.left_on is None,
            "roles": actor.may(Can.GIVE_ROLES) and row.left_on is None,
            "accounts": actor.may(Can.OPEN_ACCOUNTS) and row.left_on is None,
            "contact": actor.scope(Can.SEE_CONTACT).covers(row.department_id) and bool(row.phone_tail),
        },
        "is_self": actor.id == row.pk,
    }
    return render(request, "people/person.html", context, status=422 if form.errors else 200)


@never_cache
@needs(Can.SEE_CONTACT)
@require_POST
def show_phone(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the full phone on this answer only; who looked and why is journalled."""
    actor = actor_of(request)
    row = queries.get_person(actor, pk)
    form = ReasonForm(request.POST)
    phone = None
    if form.is_valid():
        phone = refusal(
            lambda: actions.show_phone(person=row, **form.cleaned_data, by=actor, at=timezone.now()), form
        )
    return _show(request, row, form, phone or "")


@needs(Can.MANAGE)
def add_person(request: HttpRequest) -> HttpResponse:
    by, asked = actor_of(request), request.GET.get("department", "")
    initial = {"department": int(asked) if asked.isdecimal() else None}
    return form_page(
        request,
        NewPerson(request.POST or None, actor=by, initial=initial),
        _page("登记人员", "登记", None),
        lambda data: actions.add_person(**data, by=by, at=timezone.now()),
        url_of,
        "人员已登记。",
    )


@needs(Can.MANAGE)
def change_person(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_person(by, pk)
    return form_page(
        request,
        PersonForm(request.POST or None, initial={"name": row.name, "post": row.post}),
        _page("修改人员", "保存", row),
        lambda data: actions.change_person(
            person=row,
            name=data["name"],
            post=data["post"],
            phone=data["phone"] or None,
            by=by,
            at=timezone.now(),
        ),
        lambda _: url_of(row),
        "已保存。",
    )


@needs(Can.MANAGE)
def move_person(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_person(by, pk)
    initial = {"department": row.department_id, "window": row.window_id, "post": row.post}
    return form_page(
        request,
        MovePerson(request.POST or None, actor=by, initial=initial),
        _page("转岗", "转岗", row, "换机构时，原机构的角色一并收回，由安全管理员重新授予。"),
        lambda data: actions.move_person(person=row, **data, by=by, at=timezone.now()),
        lambda _: url_of(row),
        "已转岗。",
    )


@needs(Can.MANAGE)
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_person(by, pk)
    happens = ["收回全部角色和代理", "停用账号，结束正在使用的会话", "人员标为离岗，不能恢复，返岗须重新登记"]
    page = confirm.ask(request, verb="离岗", thing=row.name, happens=happens, back=url_of(row))
    if page is not None:
        return page
    return act(
        request, lambda: actions.leave(person=row, by=by, at=timezone.now()), "已办理离岗。", url_of(row)
    )


@needs(Can.GIVE_ROLES)
def give_role(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_person(by, pk)
    initial = {"department": row.department_id, "since": timezone.localdate()}
    return form_page(
        request,
        RoleForm(request.POST or None, actor=by, initial=initial),
        _page(f"授予角色：{row.name}", "授予", row, f"{row.department.name}　工号 {row.staff_no}"),
        lambda data: actions.give_role(person=row, **data, by=by, at=timezone.now()),
        lambda _: url_of(row),
        "角色已授予。",
    )


@needs(Can.GIVE_ROLES)
@require_POST
def end_role(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    grant = queries.get_grant(by, pk)
    return act(
        request,
        lambda: actions.end_role(grant=grant, by=by, at=timezone.now()),
        "角色已收回，立即生效。",
        url_of(grant.person),
    )
