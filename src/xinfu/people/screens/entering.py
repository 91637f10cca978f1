"""What every way in shares: the log-in page, where to go afterwards, the new session, what is told at the door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from xinfu.core.ui import text
from xinfu.people import actions, identity, oidc, rules
from xinfu.people.actions import LoggedIn
from xinfu.people.models import Account
from xinfu.people.session import ENDED, PROVIDER, SECOND, SEEN, STAND_IN, address_of

BACKEND = "django.contrib.auth.backends.ModelBackend"
LEAVE = "leave"
"""Which unified log-in a session that just ended may be ended at, too."""
FORGOTTEN = ("half", "passkey_challenge", "oidc")


def target(request: HttpRequest) -> str:
    """Return where to go after logging in: an address of this house only."""
    return safe_target(request, request.POST.get("next") or request.GET.get("next") or "")


def safe_target(request: HttpRequest, asked: str) -> str:
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if asked and safe else reverse(settings.LOGIN_REDIRECT_URL)


def demo_accounts() -> list[dict[str, str]]:
    """Return the demonstration's accounts, name and role, where this installation is one; never a password."""
    path = Path(settings.HOME) / "demo-accounts.json"
    if not settings.DEMO or not path.is_file():
        return []
    listed = json.loads(path.read_text(encoding="utf-8"))
    return [{"username": str(one["username"]), "role": str(one["role"])} for one in listed]


def told(shown: Form, other: Form) -> Form:
    """Return an empty form of the page that says what is wrong with another one, which has no place on it."""
    shown.errors.clear()
    for said in other.errors.values():
        shown.add_error(None, list(said))
    return shown


def login_page(request: HttpRequest, form: Form, status: int) -> HttpResponse:
    reading = request.method != "POST"
    context: dict[str, Any] = {
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next") or "",
        "ended": request.session.pop(ENDED, "") if reading else "",
        "leave": _leaving(request) if reading else None,
        "idle_minutes": settings.IDLE_MINUTES,
        "demo_accounts": demo_accounts(),
        "is_demo": settings.DEMO and settings.SECOND_FACTOR != "required",
        "providers": identity.buttons(),
        "has_passkeys": identity.offers_passkeys(),
    }
    return render(request, "people/login.html", context, status=status)


def _leaving(request: HttpRequest) -> dict[str, str] | None:
    """Return where a session that just ended may be ended at its unified log-in, too."""
    provider = identity.open_id(request.session.pop(LEAVE, ""))
    if provider is None:
        return None
    url = oidc.leaving_url(provider, request.build_absolute_uri(reverse(settings.LOGIN_URL)))
    return {"label": provider.label, "url": url} if url else None


def begin(request: HttpRequest, account: Account, *, second: str = "", provider: str = "") -> None:
    """Begin a session under a new key, so that a key planted before is worth nothing."""
    at = timezone.now()
    auth.login(request, account, backend=BACKEND)
    request.session.cycle_key()  # auth.login keeps the key where the same account was logged in already
    for name in (STAND_IN, SECOND, PROVIDER, *FORGOTTEN):
        request.session.pop(name, None)
    if second:
        request.session[SECOND] = second
    if provider:
        request.session[PROVIDER] = provider
    request.session[SEEN] = int(at.timestamp())
    request.session.save()
    actions.begin_session(
        account=account,
        key=request.session.session_key or "",
        address=address_of(request),
        device=rules.device(request.headers.get("User-Agent", "")),
        at=at,
    )


def enter(
    request: HttpRequest, found: LoggedIn, where: str, *, second: str = "", provider: str = ""
) -> HttpResponse:
    """Begin the session of who came in, tell what is to be told, and go on."""
    begin(request, found.account, second=second, provider=provider)
    _welcome(request, found)
    return HttpResponseRedirect(safe_target(request, where))


def _welcome(request: HttpRequest, found: LoggedIn) -> None:
    if found.reset is not None:
        messages.warning(
            request,
            f"{text.when(found.reset.reset_at)}，{found.reset.reset_by}重置了您的第二步验证，"
            f"理由：{found.reset.reason}。如非本人要求，请立即告知审计管理员。",
        )
    if found.last is None:
        return
    said = f"上次登录：{text.when(found.last.at)}，来自 {found.last.address}。"
    if found.failures:
        said += f"其后有 {found.failures} 次失败的登录，如非本人操作请修改密码并告知安全管理员。"
        messages.warning(request, said)
    else:
        messages.info(request, said)
