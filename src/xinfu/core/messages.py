"""Messages to people outside: kept with the change that causes them, sent after it, each once.

A row is claimed by compare-and-swap with a lease, sent outside any transaction, then marked. A worker that dies in
between leaves a lease that runs out, and the next run sends the row again under the same key, by which every sender
is idempotent (core/senders.py): so none is lost and none comes twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from xinfu.core import journal, local, senders
from xinfu.core.actor import Actor, system
from xinfu.core.models import MessageState, OutMessage
from xinfu.core.permissions import Can
from xinfu.core.privacy import mask, seal, unseal
from xinfu.core.refusal import Refused
from xinfu.core.registry import Registry

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=3)
LONGEST_PAUSE = timedelta(hours=6)
GIVE_UP = 3
"""After so many messages in a row that the gateway did not take, a run ends: it is down, and the next run asks again."""
A_RUN, A_TICK = 500, 50
KEEP_DAYS = "messages.keep_days"
MOST_TRIES = "messages.most_tries"

local.declare(
    KEEP_DAYS,
    title="短信号码和内容保留",
    default=30,
    unit="天",
    source="默认值：个人信息保存期限为实现目的所必要的最短时间（个人信息保护法第十九条），未见具体天数",
    check=local.whole(1, 366),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    MOST_TRIES,
    title="一条短信最多发送",
    default=8,
    unit="次",
    source="默认值：间隔逐次加倍，约两小时后不再自动发送",
    check=local.whole(1, 20),
    permission=Can.SET_LOCAL_RULES,
)

kinds: Registry[str] = Registry("message kind")
"""What messages are about: code → what the office reads; apps name theirs at start-up."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to be kept. `key` says what it is about, without personal data: the same key is the same message."""

    key: str
    kind: str
    to: str
    text: str


# --- keeping -------------------------------------------------------------------------------------


def queue(*, key: str, kind: str, to: str, text: str, by: Actor, at: datetime) -> bool:
    """Keep one message within the caller's transaction; tell whether it is new. It leaves after the commit."""
    return queue_all([Letter(key, kind, to, text)], by=by, at=at) == 1


def queue_all(letters: Sequence[Letter], *, by: Actor, at: datetime) -> int:
    """Keep many messages within the caller's transaction; return how many are new, their keys not being there."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a message is kept with the change that causes it")
    assert all(letter.kind in kinds for letter in letters), "a message's kind is named at start-up"
    known = OutMessage.objects.filter(key__in=[letter.key for letter in letters])
    before = known.count()
    OutMessage.objects.bulk_create(
        [
            OutMessage(
                key=letter.key, kind=letter.kind, to_sealed=seal({"to": letter.to}),
                text_sealed=seal({"text": letter.text}), queued_at=at, queued_by=by.key, next_at=at,
            )
            for letter in letters
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    new = known.count() - before
    if new:
        transaction.on_commit(wake)
    return new


def wake() -> None:
    """Have a worker send what waits."""
    from xinfu.core.jobs import send_messages

    send_messages.enqueue()


# --- sending -------------------------------------------------------------------------------------


def deliver(*, at: datetime, most: int = A_RUN) -> int:
    """Send what is due, at most so many; return how many left. Never called within a transaction."""
    sender, begun = senders.current(), time.monotonic()
    sent = refused = 0
    for row in _due(at, most):
        now = at + timedelta(seconds=time.monotonic() - begun)
        lease = now + LEASE
        if not _claim(row, lease):
            continue
        fault = _send(sender, row)
        if fault is None:
            _mark(row, lease, state=MessageState.SENT, sent_at=now, sender=sender.name, error="")
            sent += 1
        else:
            _put_back(row, lease, fault, now)
        refused = refused + 1 if fault is not None and not fault.is_final else 0
        if refused == GIVE_UP:
            break
    return sent


def _due(at: datetime, most: int) -> list[OutMessage]:
    """Return what waits, and what a dead worker left.

    A time further ahead than one can be was written by a clock that has been put back since: it counts as come.
    """
    waiting = Q(state=MessageState.QUEUED) & (Q(next_at__lte=at) | Q(next_at__gt=at + LONGEST_PAUSE))
    left = Q(state=MessageState.SENDING) & (
        Q(lease_until__lte=at) | Q(lease_until__gt=at + LEASE + LONGEST_PAUSE)
    )
    return list(OutMessage.objects.filter(waiting | left).order_by("next_at", "pk")[:most])


def _claim(row: OutMessage, lease: datetime) -> bool:
    """Take the row as it was seen; of two workers one succeeds."""
    seen = OutMessage.objects.filter(
        pk=row.pk, state=row.state, attempts=row.attempts, lease_until=row.lease_until
    )
    taken = seen.update(state=MessageState.SENDING, lease_until=lease, attempts=row.attempts + 1)
    row.attempts += 1
    return bool(taken)


def _send(sender: senders.Sender, row: OutMessage) -> senders.NotSent | None:
    try:
        to, text = unseal(row.to_sealed)["to"], unseal(row.text_sealed)["text"]
        sender.send(row.key, to, text)
    except senders.NotSent as fault:
        return fault
    except Exception as fault:  # noqa: BLE001 -- a county's own sender may fail in any way; its words may hold the number
        log.error("message sender %s failed: %s", sender.name, type(fault).__name__)  # noqa: TRY400
        return senders.NotSent("发送程序出错，已记入系统日志。")
    return None


def _mark(row: OutMessage, lease: datetime, **values: object) -> bool:
    """Keep what came of a row that is still ours."""
    ours = OutMessage.objects.filter(pk=row.pk, state=MessageState.SENDING, lease_until=lease)
    return bool(ours.update(lease_until=None, **values))


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many tries: a minute, then twice as long each time, at most six hours."""
    return min(timedelta(minutes=2 ** (attempts - 1)), LONGEST_PAUSE)


def _put_back(row: OutMessage, lease: datetime, fault: senders.NotSent, at: datetime) -> None:
    if not fault.is_final and row.attempts < int(local.on(MOST_TRIES, timezone.localdate(at)).value):
        _mark(
            row, lease, state=MessageState.QUEUED, next_at=at + pause(row.attempts), error=fault.reason[:200]
        )
        return
    with transaction.atomic():
        if _mark(row, lease, state=MessageState.FAILED, error=fault.reason[:200]):
            journal.record(
                "message.failed", row, by=system("messages"), at=at, kind=row.kind, tries=row.attempts
            )


# --- what the office does and sees ---------------------------------------------------------------


def messages(actor: Actor) -> QuerySet[OutMessage]:
    """Return the messages, latest first; what they say is never shown: a link in it is its receiver's alone."""
    actor.require(Can.MESSAGES)
    return OutMessage.objects.order_by("-queued_at", "-pk")


def failed(actor: Actor) -> QuerySet[OutMessage]:
    return messages(actor).filter(state=MessageState.FAILED)


def number_of(row: OutMessage) -> str:
    """Return the masked number, nothing where it was wiped."""
    return mask("phone", unseal(row.to_sealed).get("to", ""))


@transaction.atomic
def retry(message: OutMessage, *, by: Actor, at: datetime) -> None:
    """Send a failed message again, from the first try on."""
    by.require(Can.MESSAGES)
    row = OutMessage.objects.select_for_update().get(pk=message.pk)
    if row.state != MessageState.FAILED:
        raise Refused("not_failed", f"这条短信的状态是“{row.get_state_display()}”，只能重发发送失败的。")
    if row.wiped_at is not None:
        raise Refused("wiped", "号码和内容已按保留期限清除，不能重发。")
    OutMessage.objects.filter(pk=row.pk).update(state=MessageState.QUEUED, attempts=0, next_at=at, error="")
    journal.record("message.retried", row, by=by, at=at, kind=row.kind)
    transaction.on_commit(wake)


def wipe(*, at: datetime) -> int:
    """Empty number and text of what was sent, or failed, longer ago than the county keeps them; return how many."""
    days = int(local.on(KEEP_DAYS, timezone.localdate(at)).value)
    over = Q(state=MessageState.SENT, sent_at__lt=at - timedelta(days=days)) | Q(
        state=MessageState.FAILED, queued_at__lt=at - timedelta(days=days)
    )
    done = 0
    while chunk := _wipe_some(over, at):
        done += chunk
    return done


@transaction.atomic
def _wipe_some(over: Q, at: datetime) -> int:
    rows = dict(
        OutMessage.objects.filter(over, wiped_at=None).order_by("pk").values_list("pk", "key")[:A_RUN]
    )
    if not rows:
        return 0
    senders.current().forget(rows.values())
    OutMessage.objects.filter(pk__in=rows).update(to_sealed=b"", text_sealed=b"", wiped_at=at)
    journal.record("messages.wiped", "core.OutMessage", by=system("messages"), at=at, messages=len(rows))
    return len(rows)
