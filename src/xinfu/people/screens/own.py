"""One's own account: sessions, log-ins, deputies (AB岗)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from xinfu.core.access import needs, signed_in
from xinfu.core.actor import Kind
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import actions, queries
from xinfu.people.access import Can
from xinfu.people.forms import DeputyForm
from xinfu.people.models import Account
from xinfu.people.screens.common import act, refusal
from xinfu.people.session import STAND_IN, account_of, actor_of

HERE = "people:account"


def own_account(request: HttpRequest) -> Account:
    account = account_of(request)
    assert account is not None
    return account


@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Show who is logged in, with which roles, from where, and who stands in for whom."""
    return _page(request, None)


def _page(request: HttpRequest, form: DeputyForm | None) -> HttpResponse:
    mine, actor, now = own_account(request), actor_of(request), timezone.now()
    person, today = mine.person, timezone.localdate(now)
    may_set = person is not None and actor.may(Can.SET_DEPUTY) and not actor.behalf_of
    context = {
        "account": mine,
        "grants": list(person.grants.in_force(today).select_related("department").order_by("pk"))
        if person
        else [],
        "sessions": queries.open_sessions(mine, request.session.session_key or "", now),
        "logins": queries.logins_of(mine),
        "deputies": queries.deputies_of(person.pk, today) if person else [],
        "duties": queries.duties(person.pk, today) if person else [],
        "today": today,
        "acting": request.session.get(STAND_IN) if actor.behalf_of else None,
        "form": form or (DeputyForm(actor=actor, initial={"since": today}) if may_set else None),
    }
    return render(request, "people/account.html", context, status=422 if form and form.errors else 200)


@signed_in
def own_logins(request: HttpRequest) -> HttpResponse:
    """Show the last fifty attempts to log in to one's own account."""
    mine = own_account(request)
    return render(request, "people/own_logins.html", {"account": mine, "logins": queries.logins_of(mine, 50)})


@signed_in
@require_POST
def end_own_session(request: HttpRequest, pk: int) -> HttpResponse:
    sign_in = queries.get_sign_in(pk)
    if sign_in.account_id != own_account(request).pk:
        raise NotFound()
    by, at = actor_of(request), timezone.now()
    return act(
        request, lambda: actions.end_session(sign_in=sign_in, by=by, at=at), "该会话已结束。", reverse(HERE)
    )


@signed_in
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    mine, key = own_account(request), request.session.session_key or ""
    by, at = actor_of(request), timezone.now()
    return act(
        request,
        lambda: actions.end_sessions(account=mine, keep=key, by=by, at=at),
        "其他会话已全部结束。",
        reverse(HERE),
    )


@needs(Can.SET_DEPUTY)
@require_POST
def set_deputy(request: HttpRequest) -> HttpResponse:
    """Let a colleague stand in for oneself."""
    actor, mine = actor_of(request), own_account(request)
    form = DeputyForm(request.POST, actor=actor)
    person = mine.person
    assert person is not None  # only people hold the permission
    if form.is_valid():
        done = refusal(
            lambda: actions.set_deputy(person=person, **form.cleaned_data, by=actor, at=timezone.now()), form
        )
        if done is not None:
            messages.success(request, "代理已设定，代理人登录后可切换为代您办理。")
            return HttpResponseRedirect(reverse(HERE))
    return _page(request, form)


@needs(Can.SET_DEPUTY)
@require_POST
def end_deputy(request: HttpRequest, pk: int) -> HttpResponse:
    row, by, at = queries.get_deputy(pk), actor_of(request), timezone.now()
    return act(request, lambda: actions.end_deputy(deputy=row, by=by, at=at), "代理已结束。", reverse(HERE))


@signed_in
@require_POST
def stand_in(request: HttpRequest) -> HttpResponse:
    """Begin to act 代某某, or act as oneself again; both names stand in the journal from here on."""
    actor, chosen = actor_of(request), request.POST.get("deputy", "")
    if actor.kind != Kind.PERSON:
        raise NotFound()
    row = queries.get_deputy(int(chosen)) if chosen.isdecimal() else None
    try:
        actions.stand_in(deputy=row, by=actor, at=timezone.now())
    except Refused as refused:
        messages.error(request, refused.reason)
        return HttpResponseRedirect(reverse(HERE))
    if row is None:
        request.session.pop(STAND_IN, None)
        messages.success(request, "已恢复以本人身份办理。")
    else:
        request.session[STAND_IN] = row.pk
        messages.success(request, f"现在代{row.person.name}办理，每一步都会同时记下两人。")
    return HttpResponseRedirect(reverse(HERE))
