"""Files of exactly what a list shows: at once up to 5,000 rows, in the background above (X6–X8)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.http import FileResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import get_resolver, reverse
from django.utils.http import content_disposition_header

from xinfu.core import files, journal
from xinfu.core.actor import Actor, Kind, Scope
from xinfu.core.models import Download
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import lists, paging, text

if TYPE_CHECKING:
    from xinfu.lib import tables

FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
AT_ONCE = 5_000
KEEP = timedelta(days=7)
CHUNK = 2_000
LIMIT = 1024 * files.MIB
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # speakable on the phone: no I O 0 1


def issue_number(at: datetime) -> str:
    """Return a new export number: letter, month, six random characters."""
    return f"E{at:%y%m}-" + "".join(secrets.choice(ALPHABET) for _ in range(6))


def actor_as_data(actor: Actor) -> dict[str, Any]:
    """Return the actor as it is now, for a task: what one may see is fixed when one asks."""
    scopes = {p: [s.everything, sorted(s.units), s.own] for p, s in sorted(actor.scopes.items())}
    return {
        "kind": str(actor.kind),
        "id": actor.id,
        "name": actor.name,
        "unit_id": actor.unit_id,
        "unit_name": actor.unit_name,
        "roles": sorted(actor.roles),
        "scopes": scopes,
        "behalf_of": actor.behalf_of,
        "behalf_key": actor.behalf_key,
        "job": actor.job,
    }


def actor_from_data(data: Mapping[str, Any]) -> Actor:
    scopes = {p: Scope(every, frozenset(units), own) for p, (every, units, own) in data["scopes"].items()}
    return Actor(**{**data, "kind": Kind(data["kind"]), "roles": frozenset(data["roles"]), "scopes": scopes})


def answer(state: lists.State, file_format: str, *, reason: str, at: datetime) -> HttpResponseBase:
    """Return the file itself, or the way to 下载中心 where it is made in the background."""
    if state.spec.personal and not reason.strip():
        raise Refused("no_reason", "导出含个人信息，请先填写用途，再导出。", field="reason")
    total = state.rows().order_by()[: AT_ONCE + 1].count()
    download = begin(state, file_format, reason=reason.strip(), at=at, background=total > AT_ONCE)
    if total > AT_ONCE:
        return HttpResponseRedirect(reverse("site:downloads"))
    make(download.pk, at=at, state=state)
    return served(state.actor, download.pk)


@transaction.atomic
def begin(state: lists.State, file_format: str, *, reason: str, at: datetime, background: bool) -> Download:
    """Note the export and, for a large one, have a worker make it."""
    from xinfu.core.ui.tasks import make_download

    download = Download.objects.create(
        number=issue_number(at),
        list_name=state.spec.name,
        title=state.spec.title,
        made_by=state.actor.key,
        asked_at=at,
        file_format=file_format,
        request={
            "query": state.query.urlencode(),
            "args": dict(state.args),
            "columns": [c.code for c in state.columns],
            "actor": actor_as_data(state.actor),
        },
        keep_until=at + KEEP,
    )
    journal.record(
        "export.asked",
        download,
        by=state.actor,
        at=at,
        number=download.number,
        list=state.spec.name,
        format=file_format,
        filters=sorted(state.wanted),
        columns=[c.code for c in state.columns],
        reason=reason,
    )
    if background:
        make_download.enqueue(download.pk)
    return download


def _state_of(download: Download) -> lists.State:
    """Return what was asked, from the row; loads the screens so that every list is registered."""
    assert get_resolver().url_patterns
    spec, asked = lists.specs[download.list_name], download.request
    state = lists.read(spec, actor_from_data(asked["actor"]), QueryDict(asked["query"]), asked["args"])
    state.columns = [spec.column(code) for code in asked["columns"]]
    return state


def make(download_id: int, *, at: datetime, state: lists.State | None = None) -> None:
    """Write the file of a download and keep it; a second call does nothing."""
    download = Download.objects.get(pk=download_id)
    if download.state != "running":
        return
    asked = state or _state_of(download)
    part = Path(settings.HOME) / "tmp" / f"export-{download.number}"
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        written = _write(part, download, asked, at)
        with part.open("rb") as content:
            _finish(download, asked, content, written, at)
    except Exception as fault:
        said = fault.reason if isinstance(fault, Refused) else "生成文件时出错，请重试；仍不行请告知管理员。"
        Download.objects.filter(pk=download.pk).update(state="failed", error=said)
        raise
    finally:
        part.unlink(missing_ok=True)


@transaction.atomic
def _finish(download: Download, state: lists.State, content: IO[bytes], written: int, at: datetime) -> None:
    name = f"{download.title}_{text.day(at)}_{download.number}.{download.file_format}"
    kept = files.store(
        iter(lambda: content.read(files.MIB), b""), name=name, by=state.actor, at=at, limit=LIMIT
    )
    Download.objects.filter(pk=download.pk).update(
        state="done", file=kept, rows_done=written, rows_total=written
    )
    journal.record(
        "export.made",
        download,
        by=state.actor,
        at=at,
        number=download.number,
        rows=written,
        sha256=kept.sha256,
    )


def _write(path: Path, download: Download, state: lists.State, at: datetime) -> int:
    from xinfu.lib import tables  # brings engines along that no page needs

    heads = [c.title for c in state.columns]
    rows = _counted(download, state)
    if state.spec.personal:
        said = f"导出编号 {download.number}，{state.actor.unit_name} {state.actor.name}，{text.when(at)}"
        rows = chain(rows, [[said, *[None] * (len(heads) - 1)]])
    write = tables.write_xlsx if download.file_format == "xlsx" else tables.write_csv
    try:
        return write(path, heads, rows) - int(state.spec.personal)
    except tables.TableError as fault:
        raise Refused("export_failed", str(fault)) from fault


def _counted(download: Download, state: lists.State) -> Iterator[list[tables.Cell]]:
    """Yield the rows, saying every 2,000 how far it is; the order is the list's."""
    rows = paging.in_order(state.rows(), state.order)
    for done, row in enumerate(rows.iterator(chunk_size=CHUNK), 1):
        yield [_plain(c, row) for c in state.columns]
        if done % CHUNK == 0:
            Download.objects.filter(pk=download.pk).update(rows_done=done)


def _plain(column: lists.Column, row: Any) -> tables.Cell:
    value = column.of(row)
    if value is None or column.kind == "int":
        return value  # type: ignore[no-any-return]
    if column.kind == "money":
        return Decimal(value).scaleb(-2)
    if column.kind in ("text", "number"):
        return str(value)
    return text.shown(column.kind, value)


def served(actor: Actor, download_id: int) -> HttpResponseBase:
    """Return a finished file to its maker, and to nobody else."""
    download = Download.objects.select_related("file").filter(pk=download_id, made_by=actor.key).first()
    if download is None or download.file is None:
        raise NotFound("这份下载不存在、已过保留期，或者不是您导出的。")
    answer = FileResponse(files.open_file(download.file), content_type=FORMATS[download.file_format])
    answer["Content-Disposition"] = content_disposition_header(True, download.file.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def mine(actor: Actor, now: datetime) -> list[Download]:
    """Return the actor's downloads of the last days, newest first."""
    return list(Download.objects.filter(made_by=actor.key, keep_until__gt=now).order_by("-asked_at")[:200])


def progress_of(actor: Actor, download_id: int) -> Download:
    """Return one download of the actor's own."""
    found = Download.objects.filter(pk=download_id, made_by=actor.key).first()
    if found is None:
        raise NotFound()
    return found


def remove_old(*, at: datetime) -> int:
    """Remove downloads beyond their days; the rows stay as the record, the content goes unless others need it."""
    old = Download.objects.filter(keep_until__lte=at).exclude(state="removed").select_related("file")
    gone = 0
    for download in old:
        kept, download.file, download.state = download.file, None, "removed"
        download.save(update_fields=["file", "state"])
        if (
            kept is not None
            and not type(kept).objects.filter(sha256=kept.sha256).exclude(pk=kept.pk).exists()
        ):
            files.path_of(kept.sha256).unlink(missing_ok=True)
        if kept is not None:
            kept.delete()
        gone += 1
    return gone
