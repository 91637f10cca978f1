"""Accounts, sessions of others, the log of log-ins, organisations, tokens."""

from __future__ import annotations

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
from xinfu.core.refusal import Refused
from xinfu.core.ui import lists
from xinfu.core.ui.forms import Text
from xinfu.core.ui.lists import Bulk, Column, ListSpec
from xinfu.people import actions, identity, queries
from xinfu.people.access import Can
from xinfu.people.forms import AccountForm
from xinfu.people.models import Account, LoginOutcome, LoginRecord, SignIn
from xinfu.people.screens.common import Page, act, refusal
from xinfu.people.session import actor_of


class AccountFilter(forms.Form):
    q = Text(label="账号或姓名", required=False)
    state = forms.ChoiceField(
        label="状态",
        required=False,
        choices=[("", "全部"), ("open", "在用"), ("closed", "已停用"), ("first", "待改密码")],
    )


def narrow_accounts(rows: QuerySet[Account], wanted: dict[str, Any]) -> QuerySet[Account]:
    if words := wanted.get("q"):
        rows = rows.filter(
            Q(username__startswith=words.lower())
            | Q(person__name__contains=words)
            | Q(agent_name__contains=words)
        )
    states = {"open": Q(is_active=True), "closed": Q(is_active=False), "first": Q(must_change_password=True)}
    return rows.filter(states[wanted["state"]]) if wanted.get("state") else rows


def state_of(account: Account) -> str:
    if not account.is_active:
        return "已停用"
    return "待改密码" if account.must_change_password else "在用"


def owner_unit(account: Account) -> str:
    return account.person.department.name if account.person else str(account.organisation)


ACCOUNTS = lists.register(
    ListSpec(
        name="people.accounts",
        title="账号",
        unit="个",
        rows=queries.accounts,
        columns=(
            Column(
                "username",
                "账号",
                link=lambda a: reverse("people:account_detail", args=[a.pk]),
                sort="username",
            ),
            Column("owner", "使用人", value=lambda a: a.display_name),
            Column("unit", "机构或单位", value=owner_unit),
            Column("state", "状态", value=state_of),
            Column("last_login", "最近登录", kind="when", sort="last_login"),
            Column("password_changed_at", "改密时间", kind="when", sort="password_changed_at"),
        ),
        order="username",
        form=AccountFilter,
        narrow=narrow_accounts,
        nothing="还没有账号。在人员页面用“开立账号”。",
        bulk=(
            Bulk(
                "close",
                "停用账号",
                lambda row, *, by, at: actions.close_account(account=row, by=by, at=timezone.now()),
                Can.OPEN_ACCOUNTS,
                happens=("选中的账号不能再登录", "正在使用的会话立即结束", "以后可以恢复"),
            ),
            Bulk(
                "reopen",
                "恢复账号",
                lambda row, *, by, at: actions.reopen_account(account=row, by=by, at=timezone.now()),
                Can.OPEN_ACCOUNTS,
                happens=("选中的账号恢复登录，密码不变",),
            ),
            Bulk(
                "unlock",
                "解除锁定",
                lambda row, *, by, at: actions.unlock_account(account=row, by=by, at=timezone.now()),
                Can.SECURE,
                happens=("因连续输错密码被锁定的账号可以马上登录",),
            ),
        ),
    )
)


@needs(Can.SEE_ACCOUNTS)
def accounts(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(request, actor_of(request), ACCOUNTS)


def url_of(account: Account) -> str:
    return reverse("people:account_detail", args=[account.pk])


def _reason(fault: Refused | None) -> str:
    return fault.reason if fault else ""


@needs(Can.SEE_ACCOUNTS)
def account_detail(request: HttpRequest, pk: int) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    row = queries.get_account(actor, pk)
    owner = Can.OPEN_ACCOUNTS if row.person_id else Can.ORGANISATIONS
    context = {
        "account": row,
        "state": state_of(row),
        "unit": owner_unit(row),
        "sessions": queries.open_sessions(row, "", now),
        "logins": queries.logins_of(row, 20),
        "locked_until": queries.locked_until(actions.account_key(row.username), now),
        "may_open": actor.may(owner),
        "no_reset": _reason(actions.reset_fault(row, actor)),
        "no_close": _reason(actions.administration_fault(row, actor)),
        "may_secure": actor.may(Can.SECURE),
        "providers": identity.unified(),
        "may_link": actor.may(Can.LINK_PROVIDERS),
        "no_link": _reason(actions.link_fault(row, actor)),
        "factors": queries.factors_of(row),
        "no_factor_reset": _reason(actions.factor_reset_fault(row, actor)),
    }
    return render(request, "people/account_detail.html", context)


@never_cache
@needs(Can.OPEN_ACCOUNTS)
def open_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a person's account; the answer shows the temporary password, once."""
    by = actor_of(request)
    person = queries.get_person(by, pk)
    form = AccountForm(request.POST or None)
    page = Page(
        f"开立账号：{person.name}",
        "开立",
        reverse("people:person", args=[pk]),
        [("人员", reverse("people:people")), (person.name, reverse("people:person", args=[pk]))],
        "临时密码由系统生成，只显示一次；首次登录须修改。",
    )
    if request.method == "POST" and form.is_valid():
        made = refusal(
            lambda: actions.open_account(person=person, **form.cleaned_data, by=by, at=timezone.now()), form
        )
        if made is not None:
            return once(request, *made)
    return render(
        request, "people/form.html", {"form": form, "page": page}, status=422 if form.errors else 200
    )


def once(request: HttpRequest, account: Account, password: str) -> HttpResponse:
    """Show a temporary password on this answer only; no page holds it afterwards."""
    return render(request, "people/password_once.html", {"account": account, "password": password})


@never_cache
@needs(Can.SEE_ACCOUNTS)
@require_POST
def reset_password(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_account(by, pk)
    form = forms.Form(request.POST)
    form.is_valid()
    password = refusal(lambda: actions.reset_password(account=row, by=by, at=timezone.now()), form)
    if password is None:
        page = Page(
            "重置密码",
            "重置",
            url_of(row),
            [("账号", reverse("people:accounts")), (row.username, url_of(row))],
        )
        return render(request, "people/form.html", {"form": form, "page": page}, status=422)
    return once(request, row, password)


@needs(Can.SEE_ACCOUNTS)
@require_POST
def close_account(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_account(by, pk)
    call = actions.close_account if row.is_active else actions.reopen_account
    said = "账号已停用，会话已结束。" if row.is_active else "账号已恢复。"
    return act(request, lambda: call(account=row, by=by, at=timezone.now()), said, url_of(row))


@needs(Can.SECURE)
@require_POST
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_account(by, pk)
    return act(
        request,
        lambda: actions.unlock_account(account=row, by=by, at=timezone.now()),
        "账号已解锁。",
        url_of(row),
    )


@needs(Can.SECURE)
@require_POST
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_account(by, pk)
    return act(
        request,
        lambda: actions.end_sessions(account=row, by=by, at=timezone.now()),
        "会话已全部结束。",
        url_of(row),
    )


# --- who is there, who came ----------------------------------------------------------------------


def online_rows(actor: Any) -> QuerySet[SignIn]:
    return queries.online(actor, timezone.now())


ONLINE = lists.register(
    ListSpec(
        name="people.online",
        title="在线用户",
        unit="个会话",
        rows=online_rows,
        columns=(
            Column("account", "账号", value=lambda s: s.account.username, link=lambda s: url_of(s.account)),
            Column("owner", "使用人", value=lambda s: s.account.display_name),
            Column("started_at", "登录时间", kind="when", sort="started_at"),
            Column("address", "来源地址"),
            Column("device", "设备"),
        ),
        order="-started_at",
        nothing="现在没有人在线。",
    )
)


@needs(Can.SEE_ACCOUNTS)
def online(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(request, actor_of(request), ONLINE)


class LoginFilter(forms.Form):
    q = Text(label="账号", required=False)
    outcome = forms.ChoiceField(label="结果", required=False, choices=[("", "全部"), *LoginOutcome.choices])
    address = Text(label="来源地址", required=False)


def narrow_logins(rows: QuerySet[LoginRecord], wanted: dict[str, Any]) -> QuerySet[LoginRecord]:
    if words := wanted.get("q"):
        rows = rows.filter(username=words.lower())
    if outcome := wanted.get("outcome"):
        rows = rows.filter(outcome=outcome)
    return rows.filter(address=wanted["address"]) if wanted.get("address") else rows


LOGINS = lists.register(
    ListSpec(
        name="people.logins",
        title="登录日志",
        rows=queries.logins,
        columns=(
            Column("at", "时间", kind="when", sort="at"),
            Column("username", "账号"),
            Column("address", "来源地址"),
            Column("outcome", "结果", value=lambda r: r.get_outcome_display()),
        ),
        order="-at",
        form=LoginFilter,
        narrow=narrow_logins,
        nothing="还没有人登录过。",
    )
)


@needs(Can.SEE_LOGINS)
def logins(request: HttpRequest) -> HttpResponseBase:
    return lists.respond(request, actor_of(request), LOGINS)
