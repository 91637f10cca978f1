"""Files of partners' ratings on their way in: uploaded, checked, confirmed, taken in; each step may be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from django.db import transaction

from xinfu.core import files, journal
from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Refused
from xinfu.lib.tables import safe_cell
from xinfu.ratings import reading
from xinfu.ratings.access import Can
from xinfu.ratings.actions.intake import MOST_REFUSALS, Outcome, take_ratings
from xinfu.ratings.models.exchange import Direction, Exchange, ExchangeStatus

SHOWN = 100
KEEP_UNCONFIRMED = timedelta(days=3)
WORKED_ON = (ExchangeStatus.WAITING, ExchangeStatus.CHECKING, ExchangeStatus.LOADING)
RUNNING = frozenset(WORKED_ON)
ENDED = (ExchangeStatus.DONE, ExchangeStatus.FAILED, ExchangeStatus.DROPPED)


@transaction.atomic
def start_taking(
    *, file: StoredFile, form: str, is_history: bool = False, by: Actor, at: datetime
) -> Exchange:
    """Have a stored file checked in the background; nothing of it is taken before `confirm_taking`."""
    by.require(Can.EXCHANGE)
    known = reading.form_of(form)
    exchange = Exchange.objects.create(
        direction=Direction.TAKEN, form=known.code, name=file.name[:255], sha256=file.sha256, file=file,
        is_history=is_history, started_at=at, started_by=by.name[:80], beat_at=at,
    )  # fmt: skip
    journal.record(
        "ratings.exchange_started",
        exchange,
        by=by,
        at=at,
        sha256=file.sha256,
        form=known.code,
        history=is_history,
    )
    _enqueue(exchange, is_trial=True)
    return exchange


@transaction.atomic
def confirm_taking(*, exchange: Exchange, by: Actor, at: datetime) -> None:
    """Have a checked file taken in. Raises Refused where it does not wait for that."""
    by.require(Can.EXCHANGE)
    _leave_checked(exchange, status=ExchangeStatus.WAITING, beat_at=at)
    journal.record("ratings.exchange_confirmed", exchange, by=by, at=at)
    _enqueue(exchange, is_trial=False)


@transaction.atomic
def drop_taking(*, exchange: Exchange, by: Actor, at: datetime) -> None:
    """Give up a checked file: nothing of it was taken, its content is removed."""
    by.require(Can.EXCHANGE)
    _leave_checked(exchange, status=ExchangeStatus.DROPPED, finished_at=at)
    _forget(exchange)
    journal.record("ratings.exchange_dropped", exchange, by=by, at=at)


def _leave_checked(exchange: Exchange, **changes: object) -> None:
    checked = Exchange.objects.filter(pk=exchange.pk, status=ExchangeStatus.CHECKED)
    if not checked.update(**changes):
        exchange.refresh_from_db()
        said = f"这份文件是“{exchange.get_status_display()}”，不是待确认，请刷新后再看。"
        raise Refused("not_checked", said)


def _enqueue(exchange: Exchange, *, is_trial: bool) -> None:
    from xinfu.ratings import exchange_jobs

    (exchange_jobs.check if is_trial else exchange_jobs.take).enqueue(exchange.pk)


def work(*, exchange: Exchange, is_trial: bool, by: Actor, at: datetime) -> None:
    """Check a file, or take it in; what a dead worker left half done is gone on with, what is done is left alone."""
    if exchange.status not in WORKED_ON or exchange.file is None:
        return
    was_broken_off = exchange.status == ExchangeStatus.LOADING
    status = ExchangeStatus.CHECKING if is_trial else ExchangeStatus.LOADING
    Exchange.objects.filter(pk=exchange.pk).update(status=status, read=0)
    begun, path = monotonic(), files.path_of(exchange.file.sha256)
    try:
        outcome = take_ratings(
            records=reading.records_of(path, reading.form_of(exchange.form)), source=exchange.name[:80],
            sha256=exchange.sha256, is_history=exchange.is_history, is_trial=is_trial,
            progress=_teller(exchange), by=by, at=at,
        )  # fmt: skip
    except Refused as refused:
        _fail(exchange, refused.reason, at)
        return
    if was_broken_off:
        _add_first_part(outcome, exchange)
    _finish(exchange, outcome, is_trial=is_trial, by=by, at=at + timedelta(seconds=monotonic() - begun))


def _teller(exchange: Exchange) -> Callable[[int], None]:
    rows = Exchange.objects.filter(pk=exchange.pk)

    def tell(read: int) -> None:
        rows.update(read=read)

    return tell


def _add_first_part(outcome: Outcome, exchange: Exchange) -> None:
    """Count what the broken-off run wrote as new, as the check did, which saw it before."""
    first = max(0, outcome.known - exchange.known)
    outcome.created += first
    outcome.known -= first
    outcome.loops = max(outcome.loops, exchange.loops)


@transaction.atomic
def _finish(exchange: Exchange, outcome: Outcome, *, is_trial: bool, by: Actor, at: datetime) -> None:
    former = exchange.refused_file
    listed = None
    if outcome.refused:
        name = f"未收清单_{Path(exchange.name).stem[:100]}.csv"
        listed = files.store(_refused_lines(outcome), name=name, by=by, at=at)
    first = [[r.row, r.field, r.reason] for r in outcome.refusals[:SHOWN]]
    Exchange.objects.filter(pk=exchange.pk).update(
        status=ExchangeStatus.CHECKED if is_trial else ExchangeStatus.DONE,
        total=outcome.read, read=outcome.read, created=outcome.created, known=outcome.known,
        not_rated=outcome.not_rated, refused=outcome.refused, loops=outcome.loops, refusals=first,
        refused_file=listed, beat_at=at, finished_at=None if is_trial else at,
    )  # fmt: skip
    if former is not None:
        _remove(former)
    if not is_trial:
        _forget(exchange)


def _refused_lines(outcome: Outcome) -> Iterator[bytes]:
    yield "\ufeff行号,字段,原因\n".encode()
    for said in outcome.refusals:
        cells = (str(said.row), str(safe_cell(said.field)), str(safe_cell(said.reason)))
        yield (",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n").encode()
    if outcome.refused > MOST_REFUSALS:
        yield f'"","","另有{outcome.refused - MOST_REFUSALS}条未列出，请改正以上各条后重新导入。"\n'.encode()


@transaction.atomic
def _fail(exchange: Exchange, reason: str, at: datetime) -> None:
    Exchange.objects.filter(pk=exchange.pk).update(
        status=ExchangeStatus.FAILED, refusal=reason[:500], finished_at=at
    )
    _forget(exchange)


def _forget(exchange: Exchange) -> None:
    """Remove the content of a file that came in: it names the cases of anonymous ratings."""
    kept = exchange.file
    if kept is not None:
        Exchange.objects.filter(pk=exchange.pk).update(file=None)
        _remove(kept)


def _remove(kept: StoredFile) -> None:
    others = StoredFile.objects.filter(sha256=kept.sha256).exclude(pk=kept.pk)
    if not others.exists():
        path = files.path_of(kept.sha256)
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
    kept.delete()


def drop_old(*, by: Actor, at: datetime) -> int:
    """Give up checked files that nobody confirmed within three days; return how many."""
    old = Exchange.objects.filter(
        direction=Direction.TAKEN, status=ExchangeStatus.CHECKED, beat_at__lt=at - KEEP_UNCONFIRMED
    )
    found = list(old.select_related("file").order_by("pk"))
    for exchange in found:
        with transaction.atomic():
            _leave_checked(exchange, status=ExchangeStatus.DROPPED, finished_at=at)
            _forget(exchange)
            journal.record("ratings.exchange_dropped", exchange, by=by, at=at)
    return len(found)
