"""The second step of a log-in, and the log-in with a passkey alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from xinfu.core.access import public
from xinfu.core.refusal import Refused
from xinfu.people import actions, queries, rules
from xinfu.people.actions import LoggedIn, Sent
from xinfu.people.forms import CodeForm, CredentialForm, LoginForm
from xinfu.people.models import Account
from xinfu.people.screens import entering
from xinfu.people.screens.common import refusal
from xinfu.people.session import address_of

HALF = "half"
"""Who gave the right password in this session and has not done the second step yet."""
CHALLENGE = "passkey_challenge"
CHALLENGE_SECONDS = 300


def wait_for_second(
    request: HttpRequest, account: Account, target: str, *, provider: str = ""
) -> HttpResponse:
    """Remember the first step for five minutes, under a new session key, and go on to the second."""
    request.session.cycle_key()
    request.session[HALF] = {
        "account": account.pk,
        "hash": account.get_session_auth_hash(),
        "at": int(timezone.now().timestamp()),
        "next": target,
        "provider": provider,
    }
    return HttpResponseRedirect(reverse("people:second"))


def _half(request: HttpRequest, at: datetime) -> tuple[Account, dict[str, Any]] | None:
    """Return whose first step is done, while it holds: five minutes, and not after a change of the password."""
    kept = request.session.get(HALF)
    if not kept or at.timestamp() - kept["at"] > rules.SECOND_MINUTES * 60:
        return None
    account = Account.objects.filter(pk=kept["account"]).first()
    if account is None or not constant_time_compare(kept["hash"], account.get_session_auth_hash()):
        return None
    return account, kept


@sensitive_post_parameters("code")
@never_cache
@public
def second(request: HttpRequest) -> HttpResponse:
    """Ask for a one-time code, a recovery code or a passkey, and finish the log-in."""
    at = timezone.now()
    found = _half(request, at)
    if found is None:
        request.session.pop(HALF, None)
        return HttpResponseRedirect(reverse(settings.LOGIN_URL))
    account, kept = found
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = refusal(
            lambda: actions.pass_code(
                account=account, code=form.cleaned_data["code"], address=address_of(request), at=at
            ),
            form,
        )
        if isinstance(done, LoggedIn):
            return entering.enter(request, done, kept["next"], second="code", provider=kept["provider"])
    context = {"form": form, "factors": queries.factors_of(account), "minutes": rules.SECOND_MINUTES}
    return render(request, "people/second.html", context, status=422 if form.errors else 200)


# --- passkeys ------------------------------------------------------------------------------------


def keep_challenge(request: HttpRequest, challenge: bytes, kind: str) -> None:
    request.session[CHALLENGE] = {
        "value": bytes_to_base64url(challenge),
        "kind": kind,
        "at": int(timezone.now().timestamp()),
    }


def take_challenge(request: HttpRequest, kind: str, at: datetime) -> bytes:
    """Return the session's challenge and forget it: it counts once, for five minutes, for what it was made for."""
    kept = request.session.pop(CHALLENGE, None)
    if not kept or kept["kind"] != kind or at.timestamp() - kept["at"] > CHALLENGE_SECONDS:
        raise Refused("challenge_over", "本次验证已超时或已用过，请重新点一次按钮。")
    return base64url_to_bytes(kept["value"])


@never_cache
@public
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Give the browser a challenge for a passkey: of who waits for the second step, else of anybody."""
    found = _half(request, timezone.now())
    options, challenge = actions.assertion_options(found[0] if found else None)
    keep_challenge(request, challenge, "second" if found else "alone")
    return HttpResponse(options, content_type="application/json")


@never_cache
@public
@require_POST
def passkey_login(request: HttpRequest) -> HttpResponse:
    """Finish a log-in with what the browser's passkey signed."""
    at = timezone.now()
    form, found = CredentialForm(request.POST), _half(request, at)
    account, kept = found if found is not None else (None, None)
    target = kept["next"] if kept else entering.target(request)
    if form.is_valid():
        done = refusal(lambda: _passed(request, form.cleaned_data["credential"], account, at), form)
        if isinstance(done, LoggedIn):
            provider = kept["provider"] if kept else ""
            return entering.enter(request, done, target, second="passkey", provider=provider)
    if account is not None:
        context = {"factors": queries.factors_of(account), "minutes": rules.SECOND_MINUTES}
        return render(
            request, "people/second.html", {**context, "form": entering.told(CodeForm({}), form)}, status=422
        )
    return entering.login_page(request, entering.told(LoginForm({}), form), 422)


def _passed(request: HttpRequest, credential: str, account: Account | None, at: datetime) -> LoggedIn:
    challenge = take_challenge(request, "second" if account else "alone", at)
    sent = Sent(credential=credential, challenge=challenge)
    return actions.pass_passkey(account=account, sent=sent, address=address_of(request), at=at)
