"""Tablets at windows: pairing, asking, rating, and the end of an asking by itself.

The time is the server's: an asking is open until `open_until`, whatever a page shows. What ended names no case any
more, so that nothing leads from an asking to an anonymous rating; a case that was rated before is asked for like any
other and the rating given then is dropped, because a refusal would tell the clerk that somebody had rated it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from xinfu.core import journal, links
from xinfu.core.actor import Actor, system
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.people import queries as people
from xinfu.ratings import queries, rating_local, tablet_local
from xinfu.ratings.access import Can
from xinfu.ratings.actions.rating import rate, stage_to_rate
from xinfu.ratings.models import (
    Channel,
    RequestState,
    Tablet,
    TabletMonth,
    TabletRequest,
)

if TYPE_CHECKING:
    from xinfu.cases.models import Case

PAIR, HELD = "pair-tablet", "tablet"
USED = "这个配对链接已用过，或平板已解除，请在“窗口平板”里重新登记。"
OVER = "这次评价已经结束。"
BUSY = "这个窗口的平板正在请上一位办事人评价，请等评完或超时后再试。"
COUNTS_ONCE = frozenset({"rated_before", "no_follow_up"})


# --- pairing ---------------------------------------------------------------------------------------


@transaction.atomic
def prepare_tablet(*, window_id: int, name: str, by: Actor, at: datetime) -> Tablet:
    """Register a tablet for a window; its link pairs it. Raises Refused: no_name; NotFound, Forbidden."""
    by.require(Can.TABLETS)
    window = people.get_window(system("ratings"), window_id)
    if not by.scope(Can.TABLETS).covers(window.department_id) or window.closed_on is not None:
        raise NotFound("没有这个窗口，或不在您的单位内。")
    if not name.strip():
        raise Refused("no_name", "请给平板起个名称，如“1号平板”。", field="name")
    tablet = Tablet.objects.create(
        code=secrets.token_hex(8).upper(), window_id=window.pk, name=name.strip()[:40], made_at=at, made_by=by.name
    )  # fmt: skip
    journal.record("tablet.prepared", tablet, by=by, at=at, window=window.pk)
    return tablet


def pairing_token(tablet: Tablet, at: datetime) -> str:
    """Return the signed key of the pairing link, open for a quarter of an hour and for one device."""
    return links.make(PAIR, tablet.code, until=at + tablet_local.PAIRING)


@transaction.atomic
def pair(*, token: str, at: datetime) -> str:
    """Bind the device that opened the link, and return what its cookie holds; the window's former tablet ends.

    Raises Refused: forged_link, expired_link, used_link.
    """
    tablet = (
        Tablet.objects.select_for_update(of=("self",)).filter(code=links.read(PAIR, token, at=at)).first()
    )
    if tablet is None or tablet.paired_at is not None or tablet.ended_at is not None:
        raise Refused("used_link", USED)
    by = system("ratings")
    former = Tablet.objects.filter(window=tablet.window_id, paired_at__isnull=False, ended_at=None)
    former.update(ended_at=at, ended_by=by.name)
    secret = secrets.token_urlsafe(24)
    tablet.paired_at = tablet.seen_at = at
    tablet.key_digest = hashlib.sha256(secret.encode()).digest()
    try:
        with transaction.atomic():
            tablet.save(update_fields=["paired_at", "seen_at", "key_digest"])
    except IntegrityError:  # another tablet was paired with the window at this moment
        raise Refused("used_link", USED) from None
    journal.record("tablet.paired", tablet, by=by, at=at, window=tablet.window_id)
    return held(tablet.code, secret, at)


def held(code: str, secret: str, at: datetime) -> str:
    return links.make(HELD, f"{code}.{secret}", until=at + timedelta(days=tablet_local.PAIRED_DAYS))


def read_held(value: str, at: datetime) -> tuple[str, str]:
    """Return code and secret of a cookie, empty where it is none of ours."""
    try:
        code, _, secret = links.read(HELD, value, at=at).partition(".")
    except Refused:
        return "", ""
    return code, secret


def opens(tablet: Tablet, secret: str) -> bool:
    """Tell whether a secret is the paired device's own."""
    digest = hashlib.sha256(secret.encode()).digest()
    return tablet.ended_at is None and hmac.compare_digest(bytes(tablet.key_digest or b""), digest)


@transaction.atomic
def end_tablet(*, tablet: Tablet, by: Actor, at: datetime) -> None:
    """End a tablet's pairing: its cookie opens nothing from now on. Raises Refused: ended_before; Forbidden."""
    by.require(Can.TABLETS)
    if not by.scope(Can.TABLETS).covers(tablet.window.department_id):
        raise Forbidden()
    if not Tablet.objects.filter(pk=tablet.pk, ended_at=None).update(ended_at=at, ended_by=by.name):
        raise Refused("ended_before", "这台平板已经解除配对。")
    journal.record("tablet.ended", tablet, by=by, at=at, window=tablet.window_id)


def saw_tablet(*, tablet: Tablet, at: datetime) -> None:
    """Keep that a tablet is on; no line in the journal, as it comes every minute."""
    Tablet.objects.filter(pk=tablet.pk).update(seen_at=at)


# --- asking ----------------------------------------------------------------------------------------


@transaction.atomic
def ask(
    *, case: Case, window_id: int, stage: str = "", is_pushed: bool = False, by: Actor, at: datetime
) -> TabletRequest:
    """Have a window's tablet ask for a rating of a case. Nothing tells whether the case was rated before.

    Raises Refused: province_collects, no_tablet, tablet_offline, not_finished, busy; Forbidden.
    """
    permission = Can.PUSH if is_pushed else Can.ASK
    by.require(permission)
    day = timezone.localdate(at)
    if not rating_local.has_local_pages(day):
        raise Refused("province_collects", "本县的评价由省平台收集，请引导办事人到“浙里办”评价。")
    window = people.get_window(system("ratings"), window_id)
    if not by.scope(permission).covers(window.department_id):
        raise Forbidden("只能在本单位的窗口请评价。")
    _check_tablet(window_id, at)
    chosen = stage_to_rate(case, stage, at)
    _close(TabletRequest.objects.filter(window=window_id, state=RequestState.OPEN, open_until__lte=at))
    row = TabletRequest(
        code=secrets.token_hex(8).upper(), window_id=window_id, case_id=case.pk, stage=chosen,
        turn=2 if queries.may_rate_again(case.pk, chosen) else 1, is_pushed=is_pushed, asked_at=at, asked_by=by.key,
        open_until=at + tablet_local.wait(day),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Refused("busy", BUSY) from None
    journal.record("tablet.asked", row, by=by, at=at, window=window_id)
    return row


def _check_tablet(window_id: int, at: datetime) -> None:
    tablet = Tablet.objects.filter(window=window_id, paired_at__isnull=False, ended_at=None).first()
    if tablet is None:
        raise Refused("no_tablet", "这个窗口没有配对的平板，请首席代表在“窗口平板”里配对，或出具评价回执。")
    if tablet.seen_at is None or at - tablet.seen_at > tablet_local.OFFLINE:
        seen = f"（最近在线 {timezone.localtime(tablet.seen_at):%m-%d %H:%M}）" if tablet.seen_at else ""
        raise Refused("tablet_offline", f"平板不在线{seen}，请检查电源和网络，打开评价页面后再试。")


# --- at the tablet ---------------------------------------------------------------------------------


@transaction.atomic
def prolong(*, tablet: Tablet, code: str, at: datetime) -> int:
    """Give the whole time again from a tap on; return the seconds left, 0 where the asking is over."""
    row = _open(tablet, code, at)
    if row is None:
        return 0
    whole = tablet_local.wait(timezone.localdate(at))
    row.open_until = max(row.open_until, min(at + whole, row.asked_at + whole * tablet_local.PROLONGED))
    row.save(update_fields=["open_until"])
    return max(0, round((row.open_until - at).total_seconds()))


@transaction.atomic
def submit(
    *,
    tablet: Tablet,
    code: str,
    level: int,
    reasons: Sequence[str] = (),
    text: str = "",
    is_anonymous: bool = True,
    may_publish: bool = False,
    at: datetime,
) -> None:
    """Take the rating given at a tablet and end the asking. Raises Refused: request_over, and what `rate` refuses.

    Where the case was rated before, the first one counts and nobody is told.
    """
    row = _open(tablet, code, at)
    if row is None or row.case_id is None:
        raise Refused("request_over", OVER)
    try:
        rate(
            case_id=row.case_id, level=level, channel=Channel.TABLET, reasons=reasons, text=text,
            is_anonymous=is_anonymous, may_publish=may_publish, stage=row.stage, turn=row.turn,
            by=system("ratings"), at=at,
        )  # fmt: skip
    except Refused as refused:
        if refused.code not in COUNTS_ONCE:
            raise
    TabletRequest.objects.filter(pk=row.pk).update(state=RequestState.ENDED, case=None)
    _count(row.window_id, row.asked_at, unrated=0)


@transaction.atomic
def decline(*, tablet: Tablet, code: str, at: datetime) -> None:
    """End an asking without a rating, because the person does not want to rate now; the case stays ratable."""
    row = _open(tablet, code, at)
    if row is not None:
        _close(TabletRequest.objects.filter(pk=row.pk, state=RequestState.OPEN))


def _open(tablet: Tablet, code: str, at: datetime) -> TabletRequest | None:
    """Return the asking that is open at the tablet's window, locked; None where it is over."""
    rows = TabletRequest.objects.select_for_update(of=("self",))
    found = rows.filter(code=code, window=tablet.window_id, state=RequestState.OPEN).first()
    return found if found is not None and at < found.open_until else None


# --- the end of an asking --------------------------------------------------------------------------


@transaction.atomic
def close_lapsed(*, by: Actor, at: datetime) -> int:
    """Close what nobody answered, count it as not rated, and forget what ended a day ago; return how many closed."""
    closed = _close(TabletRequest.objects.filter(state=RequestState.OPEN, open_until__lte=at))
    ended = TabletRequest.objects.exclude(state=RequestState.OPEN)
    ended.filter(asked_at__lt=at - tablet_local.KEPT).delete()
    return closed


def _close(rows: QuerySet[TabletRequest]) -> int:
    """Close open askings as not rated; each is counted by whoever closes it, once."""
    closed = 0
    for row in rows.select_for_update(of=("self",)).order_by("pk"):
        state = RequestState.LAPSED if row.is_pushed else RequestState.ENDED
        found = TabletRequest.objects.filter(pk=row.pk, state=RequestState.OPEN)
        if found.update(state=state, case=None):
            _count(row.window_id, row.asked_at, unrated=1)
            closed += 1
    return closed


def _count(window_id: int, asked_at: datetime, *, unrated: int) -> None:
    month = timezone.localdate(asked_at).replace(day=1)
    TabletMonth.objects.get_or_create(window_id=window_id, month=month)
    row = TabletMonth.objects.filter(window=window_id, month=month)
    row.update(asked=F("asked") + 1, unrated=F("unrated") + unrated)
