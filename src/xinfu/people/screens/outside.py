"""Outside organisations, and the tokens of other systems."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
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
from xinfu.people import actions, limits, queries
from xinfu.people.access import Can
from xinfu.people.forms import AgentForm, NewOrganisation, OrganisationForm, RotateForm, TokenForm
from xinfu.people.models import Organisation, OrganisationKind
from xinfu.people.screens.accounts import once
from xinfu.people.screens.common import Page, act, form_page, refusal
from xinfu.people.session import actor_of


class OrganisationFilter(forms.Form):
    q = Text(label="名称或信用代码", required=False)
    kind = forms.ChoiceField(label="类别", required=False, choices=[("", "全部"), *OrganisationKind.choices])


def narrow_organisations(rows: QuerySet[Organisation], wanted: dict[str, Any]) -> QuerySet[Organisation]:
    if words := wanted.get("q"):
        rows = rows.filter(Q(name__contains=words) | Q(uscc__startswith=words.upper()))
    return rows.filter(kind=wanted["kind"]) if wanted.get("kind") else rows


def url_of(organisation: Organisation) -> str:
    return reverse("people:organisation", args=[organisation.pk])


ORGANISATIONS = lists.register(
    ListSpec(
        name="people.organisations",
        title="外部单位",
        unit="家",
        rows=queries.organisations,
        columns=(
            Column("name", "单位名称", link=url_of, sort="name"),
            Column("uscc", "统一社会信用代码", sort="uscc"),
            Column("kind", "类别", value=lambda o: o.get_kind_display()),
            Column("closed_on", "停用日期", kind="day", sort="closed_on"),
        ),
        order="uscc",
        form=OrganisationFilter,
        narrow=narrow_organisations,
        nothing="还没有外部单位。可以从“登记单位”开始。",
    )
)


@needs(Can.SEE_ORGANISATIONS)
def organisations(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {
        "new_url": reverse("people:add_organisation"),
        "new_label": "登记单位",
        "may_new": actor.may(Can.ORGANISATIONS),
    }
    return lists.respond(request, actor, ORGANISATIONS, template="people/list.html", context=context)


@needs(Can.SEE_ORGANISATIONS)
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    row = queries.get_organisation(actor, pk)
    context = {
        "organisation": row,
        "accounts": list(row.accounts.order_by("username")),
        "may_manage": actor.may(Can.ORGANISATIONS) and row.closed_on is None,
        "may_see_accounts": actor.may(Can.SEE_ACCOUNTS),
    }
    return render(request, "people/organisation.html", context)


def _page(title: str, verb: str, row: Organisation | None, lead: str = "") -> Page:
    crumbs = [("外部单位", reverse("people:organisations"))]
    if row is not None:
        crumbs.append((row.name, url_of(row)))
    return Page(title, verb, crumbs[-1][1], crumbs, lead)


@needs(Can.ORGANISATIONS)
def add_organisation(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    return form_page(
        request,
        NewOrganisation(request.POST or None),
        _page("登记单位", "登记", None),
        lambda data: actions.add_organisation(**data, by=by, at=timezone.now()),
        url_of,
        "单位已登记。",
    )


@needs(Can.ORGANISATIONS)
def change_organisation(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_organisation(by, pk)
    return form_page(
        request,
        OrganisationForm(request.POST or None, initial={"name": row.name, "kind": row.kind}),
        _page("修改单位", "保存", row),
        lambda data: actions.change_organisation(organisation=row, **data, by=by, at=timezone.now()),
        lambda _: url_of(row),
        "已保存。",
    )


@needs(Can.ORGANISATIONS)
@require_POST
def close_organisation(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_organisation(by, pk)
    happens = ["该单位的全部账号停用，会话结束", "停用后不能恢复"]
    page = confirm.ask(request, verb="停用", thing=row.name, happens=happens, back=url_of(row))
    if page is not None:
        return page
    return act(
        request,
        lambda: actions.close_organisation(organisation=row, by=by, at=timezone.now()),
        "单位已停用。",
        url_of(row),
    )


@never_cache
@needs(Can.ORGANISATIONS)
def open_agent(request: HttpRequest, pk: int) -> HttpResponse:
    """Open an agent's account; the answer shows the temporary password, once."""
    by = actor_of(request)
    row = queries.get_organisation(by, pk)
    form = AgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = refusal(
            lambda: actions.open_account(organisation=row, **form.cleaned_data, by=by, at=timezone.now()),
            form,
        )
        if made is not None:
            return once(request, *made)
    page = _page("开立经办人账号", "开立", row, "临时密码由系统生成，只显示一次；首次登录须修改。")
    return render(
        request, "people/form.html", {"form": form, "page": page}, status=422 if form.errors else 200
    )


# --- tokens --------------------------------------------------------------------------------------


@needs(Can.SEE_TOKENS)
def tokens(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    labels = actions.grantable()
    rows = [(token, [labels.get(scope, scope) for scope in token.scopes]) for token in queries.tokens(actor)]
    now, today = timezone.now(), timezone.localdate()
    soon = today + timedelta(days=limits.number("token_warning_days", today))
    context = {"rows": rows, "may_issue": actor.may(Can.TOKENS), "today": today, "soon": soon, "now": now}
    return render(request, "people/tokens.html", context)


@never_cache
@needs(Can.TOKENS)
def issue_token(request: HttpRequest) -> HttpResponse:
    """Issue a token; the answer shows its secret, once."""
    by = actor_of(request)
    form = TokenForm(request.POST or None, actor=by)
    if request.method == "POST" and form.is_valid():
        made = refusal(lambda: actions.issue_token(**form.cleaned_data, by=by, at=timezone.now()), form)
        if made is not None:
            return render(request, "people/token_once.html", {"token": made[0], "secret": made[1]})
    back = reverse("people:tokens")
    page = Page(
        "签发令牌", "签发", back, [("接口令牌", back)], "令牌只显示一次，请当面交给对方系统的管理员。"
    )
    return render(
        request, "people/form.html", {"form": form, "page": page}, status=422 if form.errors else 200
    )


@never_cache
@needs(Can.TOKENS)
def rotate_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a token a new secret; the answer shows it, once, and until when the earlier one opens."""
    by, back = actor_of(request), reverse("people:tokens")
    token = queries.get_token(by, pk)
    form = RotateForm(request.POST or None, initial={"ends_on": token.ends_on})
    if request.method == "POST" and form.is_valid():
        made = refusal(
            lambda: actions.rotate_token(token=token, **form.cleaned_data, by=by, at=timezone.now()), form
        )
        if made is not None:
            return render(request, "people/token_once.html", {"token": made[0], "secret": made[1]})
    hours = limits.number("token_overlap_hours", timezone.localdate())
    lead = f"新令牌只显示一次。原令牌再有效{hours}小时（本地规定），供对方系统改用新令牌；其后自动失效。"
    page = Page(f"更换令牌：{token.name}", "更换", back, [("接口令牌", back)], lead)
    return render(
        request, "people/form.html", {"form": form, "page": page}, status=422 if form.errors else 200
    )


@needs(Can.TOKENS)
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    by, back = actor_of(request), reverse("people:tokens")
    token = queries.get_token(by, pk)
    happens = ["该系统立即不能再调用接口", "不能恢复，须另行签发"]
    page = confirm.ask(
        request, verb="撤销", thing=f"{token.name}的令牌", happens=happens, back=back, warn="撤销后不能恢复。"
    )
    if page is not None:
        return page
    return act(
        request, lambda: actions.revoke_token(token=token, by=by, at=timezone.now()), "令牌已撤销。", back
    )
