"""Coming in through a unified log-in (OpenID Connect), and who may: links of accounts to it.

The provider sends people back by GET, which may not write here; that page posts what it carries on to `finish`.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from xinfu.core.access import needs, public
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import confirm
from xinfu.people import actions, identity, oidc, queries
from xinfu.people.access import Can
from xinfu.people.actions import LoggedIn
from xinfu.people.forms import LinkForm, LoginForm
from xinfu.people.identity import OpenIdProvider
from xinfu.people.screens import entering
from xinfu.people.screens.common import Page, act, form_page
from xinfu.people.screens.second import wait_for_second
from xinfu.people.session import actor_of, address_of

ASKED = "oidc"
ASKED_SECONDS = 600


def _provider(code: str) -> OpenIdProvider:
    found = identity.open_id(code)
    if found is None:
        raise NotFound()
    return found


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    form = LoginForm({})
    form.errors.clear()
    form.add_error(None, refused.reason)
    return entering.login_page(request, form, 503 if refused.code == "provider_down" else 422)


@never_cache
@public
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Send the person to the unified log-in, with a state, a nonce and a verifier of this session only."""
    provider = _provider(code)
    made = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    back = request.build_absolute_uri(reverse("people:oidc_back", args=[code]))
    try:
        url = oidc.authorization_url(provider, oidc.Asked(back=back, **made))
    except Refused as refused:
        return _refused(request, refused)
    at, where = int(timezone.now().timestamp()), entering.target(request)
    request.session[ASKED] = {**made, "back": back, "provider": code, "at": at, "next": where}
    return HttpResponseRedirect(url)


@never_cache
@public
def back(request: HttpRequest, code: str) -> HttpResponse:
    """Take what the provider sends back and post it on to ourselves."""
    names = ("code", "state", "error", "iss")
    carried = [(name, request.GET[name][:4000]) for name in names if name in request.GET]
    return render(request, "people/onward.html", {"provider": _provider(code), "carried": carried})


@never_cache
@public
@require_POST
def finish(request: HttpRequest, code: str) -> HttpResponse:
    """Check what came back and finish the log-in, or its first step."""
    provider, kept = _provider(code), request.session.pop(ASKED, None)
    try:
        found = _entered(request, provider, kept)
    except Refused as refused:
        return _refused(request, refused)
    assert kept is not None
    if found.waits:
        return wait_for_second(request, found.account, kept["next"], provider=code)
    second = "provider" if found.is_strong else ""
    return entering.enter(request, found, kept["next"], second=second, provider=code)


def _entered(request: HttpRequest, provider: OpenIdProvider, kept: dict[str, Any] | None) -> LoggedIn:
    at = timezone.now()
    if kept is None or kept["provider"] != provider.code:
        raise Refused("not_asked", "这次登录不是从本页面开始的，或已经用过，请重新点登录。")
    if at.timestamp() - kept["at"] > ASKED_SECONDS:
        raise Refused("asked_too_long", "登录超过10分钟没有完成，请重新点登录。")
    if not constant_time_compare(kept["state"], request.POST.get("state", "")):
        raise Refused("wrong_state", "返回的内容与本次登录对不上，已拒绝；请重新点登录。")
    if request.POST.get("iss", provider.issuer) != provider.issuer:
        raise Refused("wrong_issuer", "应答不是由设定的统一认证签发，已拒绝；请联系系统管理员。")
    if request.POST.get("error"):
        raise Refused("provider_refused", f"没有通过{provider.label}登录：已取消，或对方没有允许。")
    asked = oidc.Asked(kept["state"], kept["nonce"], kept["verifier"], kept["back"])
    claims = oidc.claims_by_code(provider, asked, request.POST.get("code", ""), at)
    return actions.enter_by_provider(provider=provider, claims=claims, address=address_of(request), at=at)


# --- who may -------------------------------------------------------------------------------------


@needs(Can.LINK_PROVIDERS)
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a unified log-in open an account."""
    by = actor_of(request)
    row = queries.get_account(by, pk)
    if not identity.unified():
        raise NotFound()
    here = reverse("people:account_detail", args=[pk])

    def save(data: dict[str, Any]) -> Any:
        provider = _provider(data["provider"])
        return actions.allow_provider(
            account=row, provider=provider, subject=data["subject"], by=by, at=timezone.now()
        )

    crumbs = [("账号", reverse("people:accounts")), (row.username, here)]
    lead = "关联后，本人可以用统一认证登录这个账号。只认对方用户标识，不认姓名和邮箱。"
    page = Page(f"关联统一认证：{row.username}", "关联", here, crumbs, lead)
    return form_page(request, LinkForm(request.POST or None), page, save, lambda _: here, "已关联。")


@needs(Can.LINK_PROVIDERS)
@require_POST
def unlink(request: HttpRequest, pk: int, link_pk: int) -> HttpResponse:
    by = actor_of(request)
    row = queries.get_account(by, pk)
    here = reverse("people:account_detail", args=[pk])
    happens = ["本人不能再用统一认证登录这个账号", "可以重新关联"]
    asked = confirm.ask(
        request, verb="解除", thing=f"{row.username} 的统一认证关联", happens=happens, back=here,
        warn="解除后须重新关联才能再用。",
    )  # fmt: skip
    if asked is not None:
        return asked
    return act(
        request,
        lambda: actions.remove_provider(account=row, pk=link_pk, by=by, at=timezone.now()),
        "关联已解除。",
        here,
    )
