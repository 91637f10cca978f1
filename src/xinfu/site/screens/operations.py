"""State of the system, health for machines, local rules, downloads."""

from __future__ import annotations

import hmac
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from xinfu.core import clock, local
from xinfu.core.access import needs, public, signed_in
from xinfu.core.permissions import Can
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.core.ui import Progress, exports
from xinfu.core.ui import progress as progress_bar
from xinfu.core.ui.forms import Day, Text, refuse
from xinfu.people.session import actor_of
from xinfu.site import metrics, queries, state
from xinfu.site.shell import version_of_house

# --- health --------------------------------------------------------------------------------------


@public
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@public
def ready(request: HttpRequest) -> HttpResponse:
    """Database, cache and migrations are there: 200, or 503 naming what is not."""
    faults = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        faults += ["migrations"] if state.pending_migrations() else []
    except DatabaseError:
        faults.append("database")
    try:
        cache.has_key("ready")
    except DatabaseError:
        faults.append("cache")
    said = "ok\n" if not faults else f"not ready: {', '.join(faults)}\n"
    return HttpResponse(said, status=503 if faults else 200, content_type="text/plain; charset=utf-8")


@needs(Can.SEE_STATUS)
def health(request: HttpRequest) -> HttpResponse:
    facts = state.system_facts(actor_of(request), timezone.now(), version_of_house())
    worst = "bad" if any(f.light == "bad" for f in facts) else "ok"
    lines = {f.code: {"light": f.light, "value": f.value} for f in facts}
    return JsonResponse({"status": worst, "facts": lines}, json_dumps_params={"ensure_ascii": False})


@public
def metrics_text(request: HttpRequest) -> HttpResponse:
    """Prometheus text, to whoever has the token of the installation or sees the state of the system."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    token = settings.METRICS_TOKEN.encode()
    if not (token and hmac.compare_digest(given, token)) and not actor_of(request).may(Can.SEE_STATUS):
        raise Forbidden()
    return HttpResponse(metrics.render(), content_type="text/plain; version=0.0.4; charset=utf-8")


@needs(Can.SEE_STATUS)
def status(request: HttpRequest) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    facts = state.system_facts(actor, now, version_of_house())
    bad = sum(f.light == "bad" for f in facts)
    context = {"facts": facts, "lines": state.schedule_lines(actor, now), "bad": bad, "now": now}
    return render(request, "site/status.html", context)


# --- local rules ---------------------------------------------------------------------------------


class RuleForm(forms.Form):
    value = Text(label="取值", max_length=200)
    since = Day(label="自何日起", help_text="这一天之前仍按原来的规定。")
    source = Text(label="依据", max_length=300, help_text="文件名和文号，或会议决定。")

    def __init__(self, declared: local.Declared, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = local.options_of(declared)
        if options:
            self.fields["value"] = forms.ChoiceField(label="取值", choices=[("", "请选择"), *options.items()])
        self.fields["value"].help_text = f"单位：{declared.unit}。" if declared.unit else ""
        self.is_number = isinstance(declared.default, int) and not isinstance(declared.default, bool)

    def clean_value(self) -> Any:
        given = self.cleaned_data["value"]
        if not self.is_number:
            return given
        try:
            return int(given)
        except ValueError as error:
            raise forms.ValidationError(f"请填整数，现在是“{given}”。") from error


@needs(Can.SEE_LOCAL_RULES)
def local_rules(request: HttpRequest) -> HttpResponse:
    rules = queries.local_rules(actor_of(request), clock.now())
    return render(request, "site/local_rules.html", {"rules": rules})


@needs(Can.SEE_LOCAL_RULES)
def local_rule(request: HttpRequest, code: str) -> HttpResponse:
    actor, now = actor_of(request), clock.now()
    line = next((r for r in queries.local_rules(actor, now) if r.declared.code == code), None)
    if line is None:
        raise NotFound()
    form = RuleForm(line.declared, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        since: date = given["since"]
        try:
            local.set_rule(
                code=code, since=since, value=given["value"], source=given["source"], by=actor, at=now
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已设定“{line.declared.title}”。")
            return redirect("site:local_rule", code)
    context = {"line": line, "form": form, "history": queries.rule_history(actor, line.declared)}
    return render(request, "site/local_rule.html", context, status=422 if form.errors else 200)


# --- downloads -----------------------------------------------------------------------------------


@signed_in
def downloads(request: HttpRequest) -> HttpResponse:
    return render(request, "site/downloads.html", {"downloads": exports.mine(actor_of(request), clock.now())})


@signed_in
def download_progress(request: HttpRequest, pk: int) -> HttpResponse:
    found = exports.progress_of(actor_of(request), pk)
    label = {"running": "正在生成", "done": "已完成", "failed": found.error}.get(found.state, "已过保留期")
    bar = Progress(found.rows_done, found.rows_total, f"{found.title}：{label}", found.state)
    return progress_bar(request, bar)


@signed_in
def download_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    return exports.served(actor_of(request), pk)
