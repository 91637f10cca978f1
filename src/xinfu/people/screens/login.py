"""Coming in, going out, the first password."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from xinfu.core.access import public, signed_in
from xinfu.core.ui import text
from xinfu.people import actions, limits, rules
from xinfu.people.actions import LoggedIn
from xinfu.people.forms import LoginForm, PasswordForm
from xinfu.people.models import Account
from xinfu.people.screens.common import refusal
from xinfu.people.session import ENDED, SEEN, STAND_IN, account_of, actor_of, address_of

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _target(request: HttpRequest) -> str:
    """Return where to go after logging in: an address of this house only."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if asked and safe else reverse(settings.LOGIN_REDIRECT_URL)


def demo_accounts() -> list[dict[str, str]]:
    """Return the demonstration's accounts, name and role, where this installation is one; never a password."""
    path = Path(settings.HOME) / "demo-accounts.json"
    if not settings.DEMO or not path.is_file():
        return []
    listed = json.loads(path.read_text(encoding="utf-8"))
    return [{"username": str(one["username"]), "role": str(one["role"])} for one in listed]


@sensitive_post_parameters("password")
@never_cache
@public
def login(request: HttpRequest) -> HttpResponse:
    """Show the log-in page, or log in; paste and password managers work, and there is no captcha."""
    if request.method != "POST" and account_of(request) is not None:
        return HttpResponseRedirect(_target(request))
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = refusal(
            lambda: actions.log_in(**form.cleaned_data, address=address_of(request), at=timezone.now()), form
        )
        if isinstance(found, LoggedIn):
            begin(request, found.account)
            _welcome(request, found)
            return HttpResponseRedirect(_target(request))
    ended = request.session.pop(ENDED, "") if request.method != "POST" else ""
    context = {
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next") or "",
        "ended": ended,
        "idle_minutes": settings.IDLE_MINUTES,
        "demo_accounts": demo_accounts(),
    }
    return render(request, "people/login.html", context, status=422 if form.errors else 200)


def begin(request: HttpRequest, account: Account) -> None:
    """Begin a session under a new key, so that a key planted before is worth nothing."""
    at = timezone.now()
    auth.login(request, account, backend=BACKEND)
    request.session.cycle_key()  # auth.login keeps the key where the same account was logged in already
    request.session.pop(STAND_IN, None)
    request.session[SEEN] = int(at.timestamp())
    request.session.save()
    actions.begin_session(
        account=account,
        key=request.session.session_key or "",
        address=address_of(request),
        device=rules.device(request.headers.get("User-Agent", "")),
        at=at,
    )


def _welcome(request: HttpRequest, found: LoggedIn) -> None:
    if found.last is None:
        return
    said = f"上次登录：{text.when(found.last.at)}，来自 {found.last.address}。"
    if found.failures:
        said += f"其后有 {found.failures} 次失败的登录，如非本人操作请修改密码并告知安全管理员。"
        messages.warning(request, said)
    else:
        messages.info(request, said)


@never_cache
@public
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the present session."""
    account = account_of(request)
    if account is not None:
        actions.log_out(
            account=account, key=request.session.session_key or "", by=actor_of(request), at=timezone.now()
        )
    auth.logout(request)
    request.session[ENDED] = "left"
    return HttpResponseRedirect(reverse(settings.LOGIN_URL))


@sensitive_post_parameters("old", "new", "again")
@never_cache
@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; every other session of the account ends."""
    account = account_of(request)
    assert account is not None
    form = PasswordForm(request.POST or None)
    must = account.must_change_password
    if request.method == "POST" and form.is_valid():
        changed = refusal(
            lambda: actions.change_password(
                account=account,
                old=form.cleaned_data["old"],
                new=form.cleaned_data["new"],
                by=actor_of(request),
                at=timezone.now(),
            ),
            form,
        )
        if changed is not None:
            begin(request, Account.objects.get(pk=account.pk))
            messages.success(request, "密码已修改，其他会话已结束。")
            return HttpResponseRedirect(reverse(settings.LOGIN_REDIRECT_URL if must else "people:account"))
    day = timezone.localdate()
    numbers = {name: limits.number(f"password_{name}", day) for name in ("length", "kinds", "days")}
    context = {"form": form, "must": must, "numbers": numbers, "source": limits.DENGBAO}
    return render(request, "people/password.html", context, status=422 if form.errors else 200)
