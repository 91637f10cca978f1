"""One verb over many rows of a list (L8): each row through its normal action, in a transaction of its own.

Up to fifty rows at once, more in the background; a killed worker goes on with the rows that are not done.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import get_resolver, reverse

from xinfu.core import clock, journal, privacy
from xinfu.core.actor import Actor
from xinfu.core.models import BulkRow, BulkRun
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import exports, lists, text

log = logging.getLogger(__name__)
AT_ONCE = 50
MOST = 5_000
SHOWN = 200
CHUNK = 500
KEEP = timedelta(days=30)
STALE = timedelta(minutes=2)
FAULT = "系统暂时出错，这一行没有办理，请稍后重试；仍不行请告知管理员。"
GONE = "没有找到这一行，可能已被删除，或者您已无权查看。"
NO_MORE = "您的账号或角色已变化，这一行没有办理。"

Present = Callable[[Actor], Actor | None]
_present: list[Present] = []


def present_by(call: Present) -> None:
    """Have `call(actor)` say, when a row's turn comes, who the one who asked is now; None where it may act no more."""
    _present[:] = [call]


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a run is."""

    done: int
    left: int
    waiting: int

    @property
    def total(self) -> int:
        return self.done + self.left + self.waiting


@dataclass(frozen=True, slots=True)
class Line:
    """One row that was not done: what it is, where it opens, why not."""

    title: str
    url: str
    reason: str


# --- the list's POST: first the page that asks, then the run ---------------------------------------


def posted(request: HttpRequest, state: lists.State, back: str) -> HttpResponseBase:
    """Show what is about to happen to how many rows; the page's button begins the run."""
    verb = next((v for v in state.spec.bulk if v.code == request.POST["bulk"]), None)
    if verb is None:
        raise SuspiciousOperation("no such verb for the rows of this list")
    if verb.permission:
        state.actor.require(verb.permission)
    rows = lists.picked(request, state.actor, state.spec, state.args)
    ids = list(rows.values_list("pk", flat=True)[: MOST + 1])
    is_sure = request.POST.get("_bulk_sure") == "1"
    form = verb.form(request.POST if is_sure else None) if verb.form else None
    same = request.POST.get("_bulk_seen") == str(len(ids))
    if is_sure and same and ids and (form is None or form.is_valid()):
        try:
            run = begin(
                state=state, verb=verb, ids=ids, values=_typed(form), once=request.POST.get("_once", ""),
                back=back, by=state.actor, at=clock.now(),
            )  # fmt: skip
        except Refused as refused:
            messages.error(request, refused.reason)
            return HttpResponseRedirect(back)
        return HttpResponseRedirect(reverse("site:bulk_run", args=[run.pk]))
    if not ids or len(ids) > MOST:
        messages.error(request, _wrong_number(len(ids)))
        return HttpResponseRedirect(back)
    return _ask(request, state, verb, rows, len(ids), form, back, changed=is_sure and not same)


def _wrong_number(found: int) -> str:
    if found:
        return f"一次最多办理{MOST:,}行，请先用筛选条件缩小范围，再分次办理。"
    return "没有可办理的行：请先选中要办理的行；选中的行也可能已不在列表里。"


def _typed(form: forms.Form | None) -> dict[str, list[str]]:
    """Return what was typed into a verb's form, as its fields need it again."""
    if form is None:
        return {}
    data = form.data
    assert isinstance(data, QueryDict)
    return {name: data.getlist(name) for name in form.fields}


def _ask(
    request: HttpRequest,
    state: lists.State,
    verb: lists.Bulk,
    rows: QuerySet[Any],
    number: int,
    form: forms.Form | None,
    back: str,
    *,
    changed: bool,
) -> HttpResponse:
    first = state.spec.columns[0]
    wrong = changed or bool(form is not None and form.errors)
    context = {
        "spec": state.spec,
        "verb": verb,
        "number": number,
        "shown": [str(first.of(row)) for row in rows[:10]],
        "form": form,
        "back": back,
        "changed": changed,
        "values": [(n, request.POST.get(n, "")) for n in ("picked", "all", "query")],
    }
    return render(request, "ui/bulk_ask.html", context, status=422 if wrong else 200)


# --- the run -------------------------------------------------------------------------------------


def begin(
    *,
    state: lists.State,
    verb: lists.Bulk,
    ids: Sequence[int],
    values: dict[str, list[str]],
    once: str,
    back: str,
    by: Actor,
    at: datetime,
) -> BulkRun:
    """Note what is to be done to which rows, and do it: at once up to fifty, else in the background.

    The same `once` of the same person gives the run that it began. Refuses no rows and too many.
    """
    if verb.permission:
        by.require(verb.permission)
    if not 0 < len(ids) <= MOST:
        raise Refused("wrong_number", _wrong_number(len(ids)))
    asked = {"actor": exports.actor_as_data(by), "args": dict(state.args)}
    run = BulkRun(
        list_name=state.spec.name,
        verb=verb.code,
        label=verb.label,
        back=back[:2500],
        request=asked,
        values_sealed=privacy.seal({"values": json.dumps(values)}),
    )
    return _now_or_later(_begin(run, ids, once, by, at), len(ids), at)


def _now_or_later(run: BulkRun, number: int, at: datetime) -> BulkRun:
    """Do a short run at once; a worker has been told of a long one."""
    if number <= AT_ONCE:
        work(run.pk, at=at)
    return run


@transaction.atomic
def _begin(run: BulkRun, ids: Sequence[int], once: str, by: Actor, at: datetime) -> BulkRun:
    from xinfu.core.ui.tasks import work_bulk

    run.made_by, run.asked_at, run.once = by.key, at, once[:40] or secrets.token_urlsafe(12)
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError:
        return BulkRun.objects.get(made_by=by.key, once=run.once)
    BulkRow.objects.bulk_create([BulkRow(run=run, row=pk) for pk in ids], batch_size=CHUNK)
    if len(ids) > AT_ONCE:
        work_bulk.enqueue(run.pk)
    journal.record(
        "bulk.asked",
        run,
        by=by,
        at=at,
        list=run.list_name,
        verb=run.verb,
        rows=len(ids),
        retry=run.retry_of_id,
    )
    return run


def _spec_of(run: BulkRun) -> tuple[lists.ListSpec, lists.Bulk]:
    """Return the list and the verb of a run; loads the screens so that every list is registered."""
    assert get_resolver().url_patterns
    spec = lists.specs[run.list_name]
    return spec, next(v for v in spec.bulk if v.code == run.verb)


def work(run_id: int, *, at: datetime) -> None:
    """Do what is still waiting in a run, row by row; a second worker beside or after does no row twice."""
    run = BulkRun.objects.filter(pk=run_id).first()
    if run is None or run.finished_at is not None:
        return
    spec, verb = _spec_of(run)
    by = exports.actor_from_data(run.request["actor"])
    call = _call(run, spec, verb, at)
    waiting = BulkRow.objects.filter(run=run, state="waiting").order_by("pk")
    while found := list(waiting.values_list("pk", "row")[:AT_ONCE]):
        actor = _present[0](by) if _present else by
        for pk, key in found:
            _one(pk, key, actor, call, at)
    _finish(run, by, at)


Call = Callable[[int, Actor], object]


def _call(run: BulkRun, spec: lists.ListSpec, verb: lists.Bulk, at: datetime) -> Call:
    """Return what does one row by its key, with the values that were typed for all."""
    values: dict[str, Any] = {}
    if verb.form is not None:
        data = QueryDict(mutable=True)
        for name, typed in json.loads(privacy.unseal(run.values_sealed)["values"]).items():
            data.setlist(name, typed)
        form = verb.form(data)
        values = form.cleaned_data if form.is_valid() else {}

    def call(key: int, by: Actor) -> object:
        if verb.permission:
            by.require(verb.permission)
        row = spec.rows(by, **run.request["args"]).filter(pk=key).first()
        if row is None:
            raise NotFound(GONE)
        return verb.act(row, by=by, at=at, **values)

    return call


def _one(pk: int, key: int, by: Actor | None, call: Call, at: datetime) -> None:
    """Do one row: the mark and the action are one transaction, so that a death in between leaves neither."""
    code, reason = "no_more", NO_MORE
    if by is not None:
        try:
            with transaction.atomic():
                if BulkRow.objects.filter(pk=pk, state="waiting").update(state="done", tried_at=at):
                    call(key, by)
        except Refused as refused:
            code, reason = refused.code, refused.reason
        except Exception:
            log.exception("bulk row %s failed", pk)
            code, reason = "fault", FAULT
        else:
            return
    waiting = BulkRow.objects.filter(pk=pk, state="waiting")
    waiting.update(state="left", code=code[:80], reason=reason[:500], tried_at=at)


@transaction.atomic
def _finish(run: BulkRun, by: Actor, at: datetime) -> None:
    if BulkRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=at):
        found = tally(run)
        journal.record("bulk.finished", run, by=by, at=at, done=found.done, left=found.left)


def retry(*, run_id: int, once: str, by: Actor, at: datetime) -> BulkRun:
    """Try the rows that were left once more, as a run of its own. Refuses while some still wait, or none is left."""
    run = run_of(by, run_id)
    if run.finished_at is None:
        raise Refused("not_finished", "这次批量办理还没有结束，请等它完成后再重试。")
    ids = list(BulkRow.objects.filter(run=run, state="left").order_by("pk").values_list("row", flat=True))
    if not ids:
        raise Refused("nothing_left", "这次批量办理没有未处理的行，不用重试。")
    again = BulkRun(
        list_name=run.list_name,
        verb=run.verb,
        label=run.label,
        back=run.back,
        retry_of=run,
        request={**run.request, "actor": exports.actor_as_data(by)},
        values_sealed=run.values_sealed,
    )
    return _now_or_later(_begin(again, ids, once, by, at), len(ids), at)


@transaction.atomic
def go_on(*, run_id: int, by: Actor, at: datetime) -> None:
    """Have a worker take up a run that stands still. Harmless beside one that is only slow."""
    from xinfu.core.ui.tasks import work_bulk

    run = run_of(by, run_id)
    if run.finished_at is not None:
        raise Refused("finished", "这次批量办理已经完成。")
    if not stands_still(run, at):
        raise Refused("still_going", "正在办理，请稍候；两分钟没有进展时才能继续。")
    work_bulk.enqueue(run.pk)
    journal.record("bulk.resumed", run, by=by, at=at)


# --- reading -------------------------------------------------------------------------------------


def run_of(actor: Actor, run_id: int) -> BulkRun:
    """Return a run of the actor's own."""
    run = BulkRun.objects.filter(pk=run_id, made_by=actor.key).first()
    if run is None:
        raise NotFound("没有找到这次批量办理：不存在、已过保留期（30天），或者不是您办理的。")
    return run


def tally(run: BulkRun) -> Tally:
    found = dict(
        BulkRow.objects.filter(run=run)
        .values("state")
        .order_by()
        .annotate(n=Count("pk"))
        .values_list("state", "n")
    )
    return Tally(found.get("done", 0), found.get("left", 0), found.get("waiting", 0))


def stands_still(run: BulkRun, now: datetime) -> bool:
    """Tell whether an unfinished run made no step for two minutes."""
    if run.finished_at is not None:
        return False
    last = BulkRow.objects.filter(run=run).aggregate(at=Max("tried_at"))["at"]
    return max(run.asked_at, last or run.asked_at) < now - STALE


def left_lines(actor: Actor, run: BulkRun, limit: int | None = SHOWN) -> list[Line]:
    """Return the rows that were not done; titles are read anew, so that none is kept that one may not see now."""
    spec, _ = _spec_of(run)
    rows = BulkRow.objects.filter(run=run, state="left").order_by("pk")
    found = list(rows if limit is None else rows[:limit])
    seen: dict[int, Any] = {}
    for start in range(0, len(found), CHUNK):
        keys = [r.row for r in found[start : start + CHUNK]]
        seen |= {r.pk: r for r in spec.rows(actor, **run.request["args"]).filter(pk__in=keys).order_by("pk")}
    return [_line(spec, r, seen.get(r.row)) for r in found]


def _line(spec: lists.ListSpec, kept: BulkRow, row: Any) -> Line:
    if row is None:
        return Line(f"第{kept.row}号（已看不到）", "", kept.reason)
    first = next((c for c in spec.columns if c.link), spec.columns[0])
    said = text.shown(first.kind, first.of(row)) if first.kind != "number" else str(first.of(row))
    return Line(str(said), first.link(row) if first.link else "", kept.reason)


def write_left(actor: Actor, run: BulkRun, file_format: str) -> Path:
    """Write the rows that were not done into a file; the caller removes it."""
    from xinfu.lib import tables  # brings engines along that no page needs

    path = Path(settings.HOME) / "tmp" / f"bulk-{run.pk}-{secrets.token_hex(6)}.{file_format}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write = tables.write_xlsx if file_format == "xlsx" else tables.write_csv
    lines = left_lines(actor, run, None)
    write(path, ["对象", "未处理原因"], ([line.title, line.reason] for line in lines))
    return path


def mine(actor: Actor) -> list[BulkRun]:
    return list(BulkRun.objects.filter(made_by=actor.key).order_by("-asked_at", "-pk")[:50])


def remove_old(*, at: datetime) -> int:
    """Remove runs beyond their days; the journal keeps what was done."""
    return BulkRun.objects.filter(asked_at__lt=at - KEEP).delete()[0]
