"""登录安全: one's own second factors, and what an administrator may do with another's."""

from __future__ import annotations

import pyotp
import segno
from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from xinfu.core import local
from xinfu.core.access import needs, signed_in
from xinfu.core.refusal import NotFound
from xinfu.people import actions, identity, queries
from xinfu.people.access import Can
from xinfu.people.actions import Sent
from xinfu.people.forms import (
    ConfirmCodesForm,
    NewPasskeyForm,
    OnlyPasswordForm,
    RemoveCodesForm,
    ResetFactorsForm,
)
from xinfu.people.models import Account
from xinfu.people.screens.common import Page, form_page, refusal
from xinfu.people.screens.own import own_account
from xinfu.people.screens.second import keep_challenge, take_challenge
from xinfu.people.session import SECOND, actor_of, second_due_on

HERE = "people:security"


def _key(request: HttpRequest) -> str:
    return request.session.session_key or ""


def _page(title: str, verb: str, lead: str = "") -> Page:
    return Page(
        title,
        verb,
        reverse(HERE),
        [("我的账号", reverse("people:account")), ("登录安全", reverse(HERE))],
        lead,
    )


@never_cache
@signed_in
def security(request: HttpRequest) -> HttpResponse:
    """Show what one logs in with besides the password, and whether one must."""
    account, today = own_account(request), timezone.localdate()
    factors = queries.factors_of(account)
    needed = settings.SECOND_FACTOR == "required" and SECOND not in request.session
    due = second_due_on(actor_of(request), today) if needed else None
    context = {
        "account": account,
        "factors": factors,
        "due": due,
        "must": due is not None and due <= today,
        "source": local.on("people.second_factor_for", today).source,
        "is_optional": settings.SECOND_FACTOR != "required",
        "offers_passkeys": identity.offers_passkeys(),
        "providers": {one.code: one.label for one in identity.unified()},
    }
    return render(request, "people/security.html", context)


# --- one-time codes ------------------------------------------------------------------------------


@signed_in
@require_POST
def begin_codes(request: HttpRequest) -> HttpResponse:
    account, by, at = own_account(request), actor_of(request), timezone.now()
    form = Form(request.POST)
    form.is_valid()
    if refusal(lambda: actions.begin_codes(account=account, by=by, at=at), form) is None:
        return render(
            request, "people/form.html", {"form": form, "page": _page("动态口令", "重试")}, status=422
        )
    return HttpResponseRedirect(reverse("people:codes"))


def _qr(account: Account, secret: str) -> SafeString:
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name="馨服")
    drawn = segno.make(uri, error="m", micro=False).svg_inline(
        omitsize=True,
        border=4,
        dark="#000",
        light="#fff",
        title="动态口令二维码",
        svgclass="qr",
        lineclass="",
    )
    return mark_safe(drawn)  # noqa: S308 (drawn here, from a text that is only encoded)


@sensitive_post_parameters("password", "code")
@never_cache
@signed_in
def codes(request: HttpRequest) -> HttpResponse:
    """Show the secret of one-time codes while it is not in force, and put it in force by a code of it."""
    account, by, at = own_account(request), actor_of(request), timezone.now()
    factors = queries.factors_of(account)
    if not factors.begun:
        return HttpResponseRedirect(reverse(HERE))
    form = ConfirmCodesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = refusal(
            lambda: (
                actions.confirm_codes(account=account, **form.cleaned_data, keep=_key(request), by=by, at=at),
            ),
            form,
        )
        if made is not None:
            return _enrolled(request, made[0], "动态口令已启用，其他会话已结束。")
    secret = actions.secret_of(account.authenticator)
    spaced = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    context = {"form": form, "qr": _qr(account, secret), "secret": spaced, "account": account}
    return render(request, "people/codes.html", context, status=422 if form.errors else 200)


def _enrolled(request: HttpRequest, codes: list[str], said: str) -> HttpResponse:
    """Note that this session has a second factor now, and show the recovery codes, once."""
    request.session[SECOND] = request.session.get(SECOND, "enrolled")
    return render(request, "people/recovery_once.html", {"codes": codes, "said": said})


@sensitive_post_parameters("password", "code")
@never_cache
@signed_in
def remove_codes(request: HttpRequest) -> HttpResponse:
    account, by = own_account(request), actor_of(request)
    if queries.factors_of(account).codes is None:
        raise NotFound()
    return form_page(
        request,
        RemoveCodesForm(request.POST or None),
        _page(
            "停用动态口令",
            "停用",
            "停用后登录只凭密码和其余方式；按规定须用第二步验证的，下次登录要重新启用。",
        ),
        lambda data: actions.remove_codes(account=account, **data, by=by, at=timezone.now()),
        lambda _: reverse(HERE),
        "动态口令已停用。",
    )


@sensitive_post_parameters("password")
@never_cache
@signed_in
def renew_recovery(request: HttpRequest) -> HttpResponse:
    """Make ten new recovery codes and show them, once."""
    account, by = own_account(request), actor_of(request)
    form = OnlyPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = refusal(
            lambda: actions.renew_recovery_codes(
                account=account, **form.cleaned_data, by=by, at=timezone.now()
            ),
            form,
        )
        if made is not None:
            context = {"codes": made, "said": "原来的恢复码已全部作废。"}
            return render(request, "people/recovery_once.html", context)
    page = _page("重新生成恢复码", "生成", "生成后原来的恢复码全部作废。")
    return render(
        request, "people/form.html", {"form": form, "page": page}, status=422 if form.errors else 200
    )


# --- passkeys ------------------------------------------------------------------------------------


@never_cache
@signed_in
@require_POST
def passkey_challenge(request: HttpRequest) -> HttpResponse:
    """Give the browser a challenge for a new passkey."""
    if not identity.offers_passkeys():
        raise NotFound()
    options, challenge = actions.registration_options(own_account(request))
    keep_challenge(request, challenge, "register")
    return HttpResponse(options, content_type="application/json")


@sensitive_post_parameters("password")
@never_cache
@signed_in
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Register a passkey under a name."""
    if not identity.offers_passkeys():
        raise NotFound()
    account, by, at = own_account(request), actor_of(request), timezone.now()
    form = NewPasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def call() -> tuple[list[str]]:
            sent = Sent(data["credential"], take_challenge(request, "register", at))
            made = actions.add_passkey(
                account=account,
                name=data["name"],
                password=data["password"],
                sent=sent,
                keep=_key(request),
                by=by,
                at=at,
            )
            return (made,)

        made = refusal(call, form)
        if made is not None:
            return _enrolled(request, made[0], "通行密钥已登记，其他会话已结束。")
    return render(request, "people/add_passkey.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@never_cache
@signed_in
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    account, by = own_account(request), actor_of(request)
    row = next((one for one in queries.factors_of(account).passkeys if one.pk == pk), None)
    if row is None:
        raise NotFound()
    return form_page(
        request,
        OnlyPasswordForm(request.POST or None),
        _page(f"移除通行密钥：{row.name}", "移除", "移除后不能再用它登录；设备里的密钥请另行删除。"),
        lambda data: actions.remove_passkey(account=account, pk=pk, **data, by=by, at=timezone.now()),
        lambda _: reverse(HERE),
        "通行密钥已移除。",
    )


# --- another's -----------------------------------------------------------------------------------


@needs(Can.SECURE)
def reset_factors(request: HttpRequest, pk: int) -> HttpResponse:
    """Take another's second factors away, with a reason."""
    by = actor_of(request)
    row = queries.get_account(by, pk)
    back = reverse("people:account_detail", args=[pk])
    page = Page(
        f"重置第二步验证：{row.username}",
        "重置",
        back,
        [("账号", reverse("people:accounts")), (row.username, back)],
        "动态口令、通行密钥、恢复码全部作废，会话结束；理由记入日志，本人下次登录时会看到。请先当面或电话核实本人。",
    )
    return form_page(
        request,
        ResetFactorsForm(request.POST or None),
        page,
        lambda data: actions.reset_factors(account=row, **data, by=by, at=timezone.now()),
        lambda _: back,
        "第二步验证已重置。",
    )
