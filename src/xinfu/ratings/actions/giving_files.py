"""A period's ratings as a file for a partner, made in the background and fetched by who asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from xinfu.core import files, journal
from xinfu.core.actor import Actor
from xinfu.core.models import Download
from xinfu.core.refusal import Refused
from xinfu.core.ui import exports
from xinfu.lib import tables
from xinfu.ratings import reading
from xinfu.ratings.access import Can
from xinfu.ratings.actions.giving import Given, check_period, give_ratings
from xinfu.ratings.models.exchange import Direction, Exchange, ExchangeStatus

LIST = "ratings.exchange"
TELL_EVERY = 2_000
BROKEN = "生成文件时出错，请重试；仍不行请告知管理员。"


@transaction.atomic
def ask_file(
    *, form: str, first_on: date, last_on: date, file_format: str, reason: str, by: Actor, at: datetime
) -> Exchange:
    """Have a file made; it names people who rated by name, so that a reason is asked and kept in the journal."""
    by.require(Can.EXCHANGE)
    known = reading.form_of(form)
    check_period(first_on, last_on)
    if not reason.strip():
        raise Refused("no_reason", "导出含个人信息，请先填写用途，再导出。", field="reason")
    if file_format not in exports.FORMATS:
        raise Refused("bad_format", "文件只能是 Excel 或 CSV。", field="file_format")
    title = f"评价_格式{known.code}_{first_on:%Y%m%d}-{last_on:%Y%m%d}"
    download = Download.objects.create(
        number=exports.issue_number(at), list_name=LIST, title=title, made_by=by.key, asked_at=at,
        file_format=file_format, request={"actor": exports.actor_as_data(by)}, keep_until=at + exports.KEEP,
    )  # fmt: skip
    exchange = Exchange.objects.create(
        direction=Direction.GIVEN, form=known.code, name=f"{title}.{file_format}", first_on=first_on,
        last_on=last_on, download=download, started_at=at, started_by=by.name[:80], beat_at=at,
    )  # fmt: skip
    journal.record(
        "export.asked", download, by=by, at=at, number=download.number, list=LIST, format=file_format,
        filters=[known.code, first_on.isoformat(), last_on.isoformat()], columns=list(known.columns),
        reason=reason.strip()[:300],
    )  # fmt: skip
    from xinfu.ratings import exchange_jobs

    exchange_jobs.give.enqueue(exchange.pk)
    return exchange


def make_file(*, exchange: Exchange, at: datetime) -> None:
    """Write the file that was asked; a second call does nothing, one after a broken-off call begins anew."""
    download = exchange.download
    if (
        download is None
        or download.state != "running"
        or exchange.first_on is None
        or exchange.last_on is None
    ):
        return
    actor = exports.actor_from_data(download.request["actor"])
    Exchange.objects.filter(pk=exchange.pk).update(status=ExchangeStatus.LOADING)
    part = Path(settings.HOME) / "tmp" / f"exchange-{download.number}"
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        given = give_ratings(
            form=reading.form_of(exchange.form), first_on=exchange.first_on, last_on=exchange.last_on,
            by=actor, at=at,
        )  # fmt: skip
        Exchange.objects.filter(pk=exchange.pk).update(total=given.found)
        Download.objects.filter(pk=download.pk).update(rows_total=given.found)
        written = _write(part, exchange, download, given)
        _finish(exchange, download, part, written, given.found, actor, at)
    except Exception as fault:
        said = fault.reason if isinstance(fault, Refused) else BROKEN
        Download.objects.filter(pk=download.pk).update(state="failed", error=said[:300])
        Exchange.objects.filter(pk=exchange.pk).update(
            status=ExchangeStatus.FAILED, refusal=said[:500], finished_at=at
        )
        raise
    finally:
        part.unlink(missing_ok=True)


def _write(part: Path, exchange: Exchange, download: Download, given: Given) -> int:
    columns = reading.form_of(exchange.form).columns

    def cells() -> Iterator[list[Any]]:
        for done, row in enumerate(given.rows, 1):
            yield [row[name] for name in columns]
            if done % TELL_EVERY == 0:
                Exchange.objects.filter(pk=exchange.pk).update(read=done)
                Download.objects.filter(pk=download.pk).update(rows_done=done)

    write = tables.write_xlsx if download.file_format == "xlsx" else tables.write_csv
    return write(part, columns, cells())


@transaction.atomic
def _finish(
    exchange: Exchange, download: Download, part: Path, written: int, found: int, actor: Actor, at: datetime
) -> None:
    name = f"{download.title}_{download.number}.{download.file_format}"
    with part.open("rb") as content:
        chunks = iter(lambda: content.read(files.MIB), b"")
        kept = files.store(chunks, name=name, by=actor, at=at, limit=exports.LIMIT)
    Download.objects.filter(pk=download.pk).update(
        state="done", file=kept, rows_done=written, rows_total=written
    )
    Exchange.objects.filter(pk=exchange.pk).update(
        status=ExchangeStatus.DONE, sha256=kept.sha256, read=found, created=written, refused=found - written,
        finished_at=at,
    )  # fmt: skip
    journal.record(
        "export.made", download, by=actor, at=at, number=download.number, rows=written, sha256=kept.sha256
    )
