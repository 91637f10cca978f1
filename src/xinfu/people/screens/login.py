"""Coming in, going out, the first password."""

from __future__ import annotations

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from xinfu.core.access import public, signed_in
from xinfu.people import actions, limits
from xinfu.people.actions import LoggedIn
from xinfu.people.forms import LoginForm, PasswordForm
from xinfu.people.models import Account
from xinfu.people.screens import entering
from xinfu.people.screens.common import refusal
from xinfu.people.screens.second import wait_for_second
from xinfu.people.session import ENDED, PROVIDER, SECOND, account_of, actor_of, address_of


@sensitive_post_parameters("password")
@never_cache
@public
def login(request: HttpRequest) -> HttpResponse:
    """Show the log-in page, or log in; paste and password managers work, and there is no captcha."""
    if request.method != "POST" and account_of(request) is not None:
        return HttpResponseRedirect(entering.target(request))
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = refusal(
            lambda: actions.log_in(**form.cleaned_data, address=address_of(request), at=timezone.now()), form
        )
        if isinstance(found, LoggedIn):
            where = entering.target(request)
            if found.waits:
                return wait_for_second(request, found.account, where)
            return entering.enter(request, found, where)
    return entering.login_page(request, form, 422 if form.errors else 200)


@never_cache
@public
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the present session."""
    account, provider = account_of(request), request.session.get(PROVIDER, "")
    if account is not None:
        actions.log_out(
            account=account, key=request.session.session_key or "", by=actor_of(request), at=timezone.now()
        )
    auth.logout(request)
    request.session[ENDED] = "left"
    if provider:
        request.session[entering.LEAVE] = provider
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
            second = request.session.get(SECOND, "")
            provider = request.session.get(PROVIDER, "")
            entering.begin(request, Account.objects.get(pk=account.pk), second=second, provider=provider)
            messages.success(request, "密码已修改，其他会话已结束。")
            return HttpResponseRedirect(reverse(settings.LOGIN_REDIRECT_URL if must else "people:account"))
    day = timezone.localdate()
    numbers = {name: limits.number(f"password_{name}", day) for name in ("length", "kinds", "days")}
    context = {"form": form, "must": must, "numbers": numbers, "source": limits.DENGBAO}
    return render(request, "people/password.html", context, status=422 if form.errors else 200)
