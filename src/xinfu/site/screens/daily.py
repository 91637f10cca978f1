"""Saved views, bulk runs, quick phrases: the small screens that every day's work leans on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from xinfu.core import clock
from xinfu.core.access import signed_in
from xinfu.core.permissions import Can
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.core.ui import Progress, bulk, exports, phrases, progress, views
from xinfu.core.ui import forms as inputs
from xinfu.people.session import actor_of


def _act(request: HttpRequest, call: Callable[[], Any], said: str, back: str) -> HttpResponseRedirect:
    """Do what a button says and go back, where the result or the refusal stands."""
    try:
        call()
    except (NotFound, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, said)
    return HttpResponseRedirect(back)


# --- saved views ---------------------------------------------------------------------------------


class ViewForm(forms.Form):
    title = inputs.Text(label="名称", max_length=views.TITLE)
    is_shared = forms.BooleanField(label="共享给本单位", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


@signed_in
def saved_views(request: HttpRequest) -> HttpResponse:
    """List one's own views and those that the unit shares, in one's own order."""
    actor = actor_of(request)
    shown = [(s, views.says(actor, s.view)) for s in views.visible(actor)]
    return render(request, "site/views.html", {"shown": shown, "most": views.PINS})


@never_cache
@signed_in
def view_counts(request: HttpRequest) -> JsonResponse:
    """Say how many rows each pinned view holds now."""
    return JsonResponse(views.counts(actor_of(request)))


@signed_in
def view_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a view, share it, or take it back."""
    actor = actor_of(request)
    found = views.get(actor, pk)
    if not found.may_change:
        raise Forbidden(f"这个视图由{found.view.owner_name}共享，只有本人和本单位有共享权限的人能修改。")
    start = {"title": found.view.title, "is_shared": found.view.is_shared, "version": found.view.version}
    form = ViewForm(request.POST or None, initial=start)
    if not actor.may(Can.SHARE) and not found.view.is_shared:
        form.fields["is_shared"].disabled = True
        form.fields["is_shared"].help_text = "您的角色不能向本单位共享，可请本单位联络员共享。"
    if request.method == "POST" and form.is_valid():
        try:
            views.change(view_id=pk, **form.cleaned_data, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "视图已保存。")
            return HttpResponseRedirect(reverse("site:views"))
    context = {"form": form, "shown": found, "said": views.says(actor, found.view)}
    return render(request, "site/view_edit.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def view_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin, unpin, move or delete a view."""
    by, at = actor_of(request), clock.now()
    calls: dict[str, tuple[Callable[[], None], str]] = {
        "pin": (lambda: views.pin(view_id=pk, is_pinned=True, by=by, at=at), "已固定在左侧栏。"),
        "unpin": (lambda: views.pin(view_id=pk, is_pinned=False, by=by, at=at), "已从左侧栏取下。"),
        "up": (lambda: views.move(view_id=pk, step=-1, by=by, at=at), "已上移。"),
        "down": (lambda: views.move(view_id=pk, step=1, by=by, at=at), "已下移。"),
        "remove": (lambda: views.remove(view_id=pk, by=by, at=at), "视图已删除。"),
    }
    return _one_of(request, calls, reverse("site:views"))


def _one_of(
    request: HttpRequest, calls: dict[str, tuple[Callable[[], None], str]], back: str
) -> HttpResponse:
    verb = request.POST.get("verb", "")
    if verb not in calls:
        raise SuspiciousOperation("no such verb")
    call, said = calls[verb]
    return _act(request, call, said, back)


# --- bulk runs -----------------------------------------------------------------------------------


@signed_in
def bulk_runs(request: HttpRequest) -> HttpResponse:
    """List one's own bulk runs of the last days."""
    runs = [(run, bulk.tally(run)) for run in bulk.mine(actor_of(request))]
    return render(request, "site/bulk_runs.html", {"runs": runs, "days": bulk.KEEP.days})


@signed_in
def bulk_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a run is, and at its end what was done and what was not, each with its reason."""
    actor = actor_of(request)
    run = bulk.run_of(actor, pk)
    left = bulk.left_lines(actor, run) if run.finished_at else []
    context = {
        "run": run,
        "tally": bulk.tally(run),
        "left": left,
        "most": bulk.SHOWN,
        "stands_still": bulk.stands_still(run, clock.now()),
    }
    return render(request, "site/bulk_run.html", context)


@signed_in
def bulk_progress(request: HttpRequest, pk: int) -> HttpResponse:
    run = bulk.run_of(actor_of(request), pk)
    found = bulk.tally(run)
    state = Progress(
        found.total - found.waiting,
        found.total,
        f"批量{run.label}：成功 {found.done:,}，未处理 {found.left:,}",
        state="done" if run.finished_at else "running",
        result_url=reverse("site:bulk_run", args=[pk]) if run.finished_at else "",
    )
    return progress(request, state)


@signed_in
@require_POST
def bulk_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Retry the rows that were left, or have a worker go on."""
    by, at, verb = actor_of(request), clock.now(), request.POST.get("verb", "")
    back = reverse("site:bulk_run", args=[pk])
    if verb == "go_on":
        call = lambda: bulk.go_on(run_id=pk, by=by, at=at)  # noqa: E731
        return _act(request, call, "已继续办理，进度见下。", back)
    if verb != "retry":
        raise SuspiciousOperation("no such verb")
    try:
        run = bulk.retry(run_id=pk, once=request.POST.get("_once", ""), by=by, at=at)
    except NotFound:
        raise
    except Refused as refused:
        messages.error(request, refused.reason)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(reverse("site:bulk_run", args=[run.pk]))


@signed_in
def bulk_file(request: HttpRequest, pk: int, file_format: str) -> HttpResponseBase:
    """Give the rows that were not done, with their reasons, as a file."""
    actor = actor_of(request)
    run = bulk.run_of(actor, pk)
    if file_format not in exports.FORMATS:
        raise NotFound()
    path = bulk.write_left(actor, run, file_format)
    content = path.open("rb")
    path.unlink()
    answer = FileResponse(content, content_type=exports.FORMATS[file_format])
    name = f"未处理的行_批量{run.label}_{run.pk}.{file_format}"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# --- quick phrases -------------------------------------------------------------------------------


class PhraseForm(forms.Form):
    text = forms.CharField(
        label="内容",
        max_length=phrases.LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "data-phrases": "off"}),
        help_text="可写 {今天}、{姓名}、{单位}，插入时换成当天日期、您的姓名和单位。",
    )


class NewPhraseForm(PhraseForm):
    for_unit = forms.BooleanField(label="供本单位共用", required=False)


@signed_in
def own_phrases(request: HttpRequest) -> HttpResponse:
    """List one's own phrases and the unit's, and take a new one."""
    actor, now = actor_of(request), clock.now()
    form = NewPhraseForm(request.POST or None)
    if not actor.may(Can.SHARE):
        del form.fields["for_unit"]
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            phrases.add(words=given["text"], for_unit=given.get("for_unit", False), by=actor, at=now)
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "已加入常用语。")
            return HttpResponseRedirect(reverse("site:phrases"))
    found = phrases.offered(actor, now)
    context = {
        "form": form,
        "groups": [
            ("我的常用语", [s for s in found if s.is_own], "还没有自己的常用语。把常写的句子加在上面，办件、公文的文本框里就能选用。"),
            ("本单位常用语", [s for s in found if not s.is_own], "本单位还没有共用的常用语。"),
        ],
    }  # fmt: skip
    return render(request, "site/phrases.html", context, status=422 if form.errors else 200)


@never_cache
@signed_in
def pick_phrase(request: HttpRequest) -> HttpResponse:
    """Return the phrases as a text box offers them."""
    found = phrases.offered(actor_of(request), clock.now())
    return render(request, "ui/phrases.html", {"found": found})


@signed_in
def phrase_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the words of a phrase."""
    actor = actor_of(request)
    found = phrases.get(actor, pk)
    if not found.may_change:
        raise Forbidden("本单位的常用语由有共享权限的人维护，您可以另存为自己的。")
    form = PhraseForm(request.POST or None, initial={"text": found.phrase.text})
    version = views.number(request.POST.get("version", "")) or found.phrase.version
    if request.method == "POST" and form.is_valid():
        try:
            words = form.cleaned_data["text"]
            phrases.change(phrase_id=pk, version=version, words=words, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "常用语已保存。")
            return HttpResponseRedirect(reverse("site:phrases"))
    context = {"form": form, "version": version}
    return render(request, "site/phrase_edit.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def phrase_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Move or delete a phrase."""
    by, at = actor_of(request), clock.now()
    calls: dict[str, tuple[Callable[[], None], str]] = {
        "up": (lambda: phrases.move(phrase_id=pk, step=-1, by=by, at=at), "已上移。"),
        "down": (lambda: phrases.move(phrase_id=pk, step=1, by=by, at=at), "已下移。"),
        "remove": (lambda: phrases.remove(phrase_id=pk, by=by, at=at), "常用语已删除。"),
    }
    return _one_of(request, calls, reverse("site:phrases"))
