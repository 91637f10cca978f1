"""The first screen, search, display modes, drafts, help."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from xinfu.core import clock, holidays, inbox
from xinfu.core.access import Role, public, signed_in
from xinfu.core.refusal import Refused
from xinfu.core.ui import drafts, news, text
from xinfu.core.ui import forms as inputs
from xinfu.people import actions as people
from xinfu.people.session import actor_of
from xinfu.site import queries
from xinfu.site.shell import CONTRAST, COOKIE_DAYS, TYPE

LEADERS_SEE = 7


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    actor, now = actor_of(request), clock.now()
    waiting, later = inbox.sorted_out(actor, now)
    calendar = holidays.calendar()
    groups = queries.grouped_todos(actor, now, waiting, calendar)
    total = sum(group.count for group in groups)
    return render(
        request,
        "site/home.html",
        {
            "groups": groups,
            "total": total,
            "rows": sum(len(group.todos) for group in groups),
            "shown": LEADERS_SEE if Role.LEADER in actor.roles else 1000,
            "later": sum(put_off.todo.count for put_off in later),
            "days": queries.snooze_days(waiting, now, calendar),
            "now": now,
        },
    )


@signed_in
def latest_news(request: HttpRequest) -> HttpResponse:
    """Show what changed of late: within the home page, after its inbox stands; as a page where no script runs."""
    template = "site/news_lines.html" if request.headers.get("HX-Request") else "site/news.html"
    answer = render(request, template, {"news": news.latest(actor_of(request))})
    answer["Vary"] = "HX-Request"
    return answer


@signed_in
def inbox_news(request: HttpRequest) -> HttpResponse:
    """Say how many more things wait than when the page was loaded, without moving rows (I5)."""
    found = inbox.todos(actor_of(request), clock.now())
    have = request.GET.get("have", "")
    more = sum(todo.count for todo in found) - (int(have) if have.isdecimal() else 0)
    return render(request, "site/inbox_news.html", {"more": more, "have": have})


class SnoozeForm(forms.Form):
    until = inputs.Day(label="推迟到", help_text="到那天自动回到待办；须早于到期日。")


@signed_in
def snooze(request: HttpRequest, key: str) -> HttpResponse:
    """Put one thing of the inbox off until a day before it is due, or bring it back (I3)."""
    actor, now = actor_of(request), clock.now()
    todo, until = inbox.find(actor, key, now)
    form = SnoozeForm(request.POST or None, initial={"until": until})
    if request.method == "POST":
        try:
            if request.POST.get("verb") == "wake":
                inbox.wake(key=key, by=actor, at=now)
                messages.success(request, f"已回到待办：{todo.title}。")
                return HttpResponseRedirect(reverse("site:put_off"))
            if form.is_valid():
                day = form.cleaned_data["until"]
                inbox.snooze(key=key, until=day, by=actor, at=now)
                messages.success(request, f"已推迟到{text.day_cn(day)}：{todo.title}。到时自动回到待办。")
                return HttpResponseRedirect(reverse("site:home"))
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {
        "todo": todo,
        "until": until,
        "form": form,
        "days": queries.snooze_days([todo], now),
        "due": inbox.due_of(todo),
    }
    return render(request, "site/snooze.html", context, status=422 if form.errors else 200)


@signed_in
def put_off(request: HttpRequest) -> HttpResponse:
    """List what one put off, by the day on which it comes back."""
    _, later = inbox.sorted_out(actor_of(request), clock.now())
    total = sum(one.todo.count for one in later)
    return render(request, "site/put_off.html", {"later": later, "total": total})


@signed_in
def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:80]
    hits, missed = queries.search(actor_of(request), words) if len(words) >= 2 else ([], [])
    total = sum(len(hit.found) for hit in hits)
    context = {"q": words, "hits": hits, "missed": missed, "total": total}
    return render(request, "site/search.html", context)


def _back(request: HttpRequest) -> str:
    asked = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if safe else reverse("site:home")


@public
@require_POST
def display(request: HttpRequest) -> HttpResponse:
    """Switch 大字版 or 高对比: kept by cookie, large type also with the account."""
    answer = HttpResponseRedirect(_back(request))
    for field, name, modes in (
        ("type", TYPE, ("large", "normal")),
        ("contrast", CONTRAST, ("high", "normal")),
    ):
        value = request.POST.get(field)
        if value in modes:
            answer.set_cookie(name, value, max_age=COOKIE_DAYS * 86400, samesite="Lax", httponly=True)
    account = request.account  # type: ignore[attr-defined]
    if account and request.POST.get("type") in ("large", "normal"):
        large = request.POST["type"] == "large"
        people.prefer_large_type(account=account, large=large, by=actor_of(request), at=clock.now())
    return answer


@signed_in
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the session: coming here was enough."""
    return HttpResponse(status=204)


@signed_in
def own_drafts(request: HttpRequest) -> HttpResponseBase:
    """Give or keep the draft of one form of one's own."""
    actor = actor_of(request)
    if request.method != "POST":
        fields, at = drafts.kept(actor, request.GET.get("key", ""))
        said = f"已恢复 {text.when(at)} 保存的草稿。" if at else ""
        return JsonResponse({"fields": fields, "said": said})
    now = clock.now()
    try:
        asked: Any = json.loads(request.body)
        key, given = str(asked["key"]), {str(k): str(v) for k, v in asked["fields"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"said": "草稿没有保存：内容读不出来。"}, status=400)
    drafts.save(key=key, fields=given, by=actor, at=now)
    return JsonResponse({"said": f"草稿已保存 {text.when(now)}" if any(given.values()) else ""})


MANUALS = ("people", "catalog", "cases", "indicators", "papers", "reports")


@public
def manual(request: HttpRequest) -> HttpResponse:
    """Show the manual: one section a screen, each app's own part where it brings one."""
    parts = []
    for app in MANUALS:
        try:
            parts.append(get_template(f"{app}/help.html"))
        except TemplateDoesNotExist:
            continue
    return render(request, "site/help.html", {"parts": [part.render({}, request) for part in parts]})
