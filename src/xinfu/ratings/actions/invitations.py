"""Asks people who have not rated to rate: by message a day after their case ended, by telephone after three days.

What is kept must not tell who rated anonymously: docs/explain/anonymous-ratings.md says how far that goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from xinfu.cases import queries as cases
from xinfu.core import holidays, journal, messages
from xinfu.core.actor import Actor
from xinfu.core.messages import Letter
from xinfu.core.privacy import digest, unseal
from xinfu.ratings import invitation_local, rating_local, ways
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, CallOutcome, Channel, Invitation, InvitationKind, Rating, Stage
from xinfu.ratings.notices import invite_again_text, invite_text

if TYPE_CHECKING:
    from xinfu.cases.models import Case, CaseQuerySet

CHUNK = 200
ENDED = ("finished", "delivered")
NORMAL = ("", "0", "6")
"""Ends of a case that are counted as ratable (snapshot `ratable`): not returned, voided or handed on."""
MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
NUMBER = re.compile(r"[+\d][\d\- ]{6,20}")
INVITED, INVITED_AGAIN = "rating_invited", "rating_invited_again"


def mobile_of(phone: str) -> str:
    """Return the eleven digits that take messages; nothing where the number is none of a mobile telephone."""
    found = MOBILE.fullmatch(phone.strip())
    return found.group(1) if found else ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that nobody has rated yet, and the keyed digest of the number to reach its applicant by."""

    case_id: int
    case_no: str
    phone: bytes


def _ended(first: datetime, last: datetime, kind: str, by: Actor) -> CaseQuerySet:
    """Return the cases that ended between two moments and have a number, but no invitation of the kind yet.

    The day of the end leads and orders, as it has an index; a condition on the state would lead SQLite to nearly all
    cases, so `_unrated` looks at it row by row.
    """
    wanted = cases.CaseFilter(
        finished_from=timezone.localdate(first)
        - timedelta(days=1),  # civil days are those of the source's zone
        finished_to=timezone.localdate(last) + timedelta(days=1),
    )
    known = Invitation.objects.filter(case=OuterRef("pk"), kind=kind)
    rows = cases.cases(by, wanted).select_related(None).order_by("finished_on", "pk")
    return rows.filter(
        ~Exists(known), finished_at__gt=first, finished_at__lte=last, phone_digest__isnull=False
    )


def _unrated(rows: CaseQuerySet) -> Iterator[list[Waiting]]:
    """Yield those whose case can be rated and is not, in their order; a rating is found by its case's digest."""
    columns = ("pk", "case_no", "phone_digest", "state", "finish_kind")
    found = (
        Waiting(pk, no, bytes(phone or b""))
        for pk, no, phone, state, end in rows.values_list(*columns).iterator(chunk_size=2000)
        if state in ENDED and end in NORMAL
    )
    while chunk := list(islice(found, 1000)):
        keys = {digest(one.case_no): one for one in chunk}
        rated = Rating.objects.filter(case_key__in=list(keys), stage=Stage.FINISHED, turn=1).exclude(
            channel=Channel.DEFAULT
        )
        known = {bytes(key) for key in rated.values_list("case_key", flat=True)}
        yield [one for key, one in keys.items() if key not in known]


# --- by message ----------------------------------------------------------------------------------


def invite(*, by: Actor, at: datetime) -> int:
    """Queue a message with a signed link for each case that ended a day ago and is not rated; return how many.

    Only to mobile numbers, to one number only so often a day, and never about cases that ended long ago.
    """
    day = timezone.localdate(at)
    rule = invitation_local.on(day)
    if not rule.is_on:
        return 0
    start = timezone.make_aware(datetime.combine(day, time.min))
    today = Invitation.objects.filter(kind=InvitationKind.MESSAGE, made_at__gte=start).order_by()
    sent = Counter(bytes(phone or b"") for phone in today.values_list("case__phone_digest", flat=True))
    chosen: list[Waiting] = []
    for chunk in _unrated(_ended(at - rule.window, at - rule.after, InvitationKind.MESSAGE, by)):
        for one in chunk:
            if sent[one.phone] < rule.a_number:
                sent[one.phone] += 1
                chosen.append(one)
    return sum(_message(chosen[n : n + CHUNK], by, at) for n in range(0, len(chosen), CHUNK))


@transaction.atomic
def _message(chunk: Sequence[Waiting], by: Actor, at: datetime) -> int:
    day, letters, invited = timezone.localdate(at), [], []
    days = rating_local.link_days(day)
    for case in _cases(chunk, by):
        to = mobile_of(unseal(case.applicant_sealed).get("phone", ""))
        if to and case.finished_on:
            url = ways.by_message(case.pk, turn=1, on=day, days=days)
            text = invite_text(item=case.item_name, finished_on=case.finished_on, url=url, days=days)
            letters.append(Letter(f"{INVITED}:{case.pk}", INVITED, to, text))
            invited.append(Invitation(case=case, kind=InvitationKind.MESSAGE, made_at=at, done_at=at))
    if not letters:
        return 0
    Invitation.objects.bulk_create(invited, ignore_conflicts=True)
    new = messages.queue_all(letters, by=by, at=at)
    journal.record("ratings.invited", "ratings.Invitation", by=by, at=at, messages=new)
    return new


def _cases(chunk: Sequence[Waiting], by: Actor) -> list[Case]:
    rows = cases.cases(by).select_related(None).filter(pk__in=[one.case_id for one in chunk]).order_by("pk")
    return list(rows.only("pk", "item_name", "finished_on", "applicant_sealed"))


# --- by telephone --------------------------------------------------------------------------------


@transaction.atomic
def list_calls(*, by: Actor, at: datetime) -> int:
    """Make the telephone list of a working day, who waits longest first; return how many are new on it.

    It changes only here, in the morning, so that its changes in the course of a day tell of no rating.
    """
    day = timezone.localdate(at)
    rule = invitation_local.on(day)
    if not holidays.calendar().is_workday(day):
        return 0
    first, last = at - rule.window - rule.call_after, at - rule.call_after
    _take_off(first, by, at, keep=rule.is_on)
    room = rule.calls - Invitation.objects.filter(kind=InvitationKind.TELEPHONE, done_at=None).count()
    if room <= 0 or not rule.is_on:
        return 0
    chosen = _to_call(_ended(first, last, InvitationKind.TELEPHONE, by), room, by)
    Invitation.objects.bulk_create(
        [Invitation(case=case, kind=InvitationKind.TELEPHONE, made_at=at) for case in chosen],
        ignore_conflicts=True,
    )
    if chosen:
        journal.record("ratings.calls_listed", "ratings.Invitation", by=by, at=at, calls=len(chosen))
    return len(chosen)


def _to_call(rows: CaseQuerySet, room: int, by: Actor) -> list[Case]:
    """Return the first that can be called, one case a number."""
    waiting = Invitation.objects.filter(kind=InvitationKind.TELEPHONE, done_at=None).order_by()
    taken = {bytes(phone) for phone in waiting.values_list("case__phone_digest", flat=True) if phone}
    chosen: list[Case] = []
    for chunk in _unrated(rows):
        new = [one for one in chunk if one.phone not in taken]
        order = {one.case_id: place for place, one in enumerate(new)}
        phones = {one.case_id: one.phone for one in new}
        for case in sorted(_cases(new[: 4 * room], by), key=lambda case: order[case.pk]):
            if len(chosen) == room:
                return chosen
            number = unseal(case.applicant_sealed).get("phone", "")
            if phones[case.pk] not in taken and NUMBER.fullmatch(number.strip()):
                taken.add(phones[case.pk])
                chosen.append(case)
    return chosen


def _take_off(first: datetime, by: Actor, at: datetime, *, keep: bool) -> None:
    """Take off the list whose case is rated by now, and who has waited too long; the rows do not tell which."""
    rows = Invitation.objects.filter(kind=InvitationKind.TELEPHONE, done_at=None).select_related("case")
    waiting = {digest(row.case.case_no): row for row in rows.order_by("pk")}
    rated = Rating.objects.filter(case_key__in=list(waiting), stage=Stage.FINISHED, turn=1).exclude(
        channel=Channel.DEFAULT  # takes nobody's turn, nor his call
    )
    known = {bytes(key) for key in rated.values_list("case_key", flat=True)}
    gone = [
        row.pk
        for key, row in waiting.items()
        if key in known or not keep or not row.case.finished_at or row.case.finished_at <= first
    ]
    Invitation.objects.filter(pk__in=gone, calls__isnull=True).delete()
    Invitation.objects.filter(pk__in=gone).update(done_at=at, outcome=CallOutcome.UNREACHED)


# --- after a bad rating was put right ------------------------------------------------------------


@transaction.atomic
def invite_again(*, loop_id: int, by: Actor, at: datetime) -> bool:
    """Tell who rated by name that the matter was put right, with a link to rate once more; tell whether it was new.

    Nobody can be told who rated anonymously, has left no mobile number, or whose matter ended long ago.
    """
    loop = BadRating.objects.select_related("rating").get(pk=loop_id)
    rating, day = loop.rating, timezone.localdate(at)
    long_ago = loop.finished_at is None or loop.finished_at < at - invitation_local.on(day).window
    if rating.is_anonymous or rating.turn != 1 or rating.case_id is None or loop.status != Status.RECTIFIED:
        return False
    to = mobile_of(unseal(rating.sealed).get("phone", ""))
    if long_ago or not to or not rating_local.has_local_pages(day):
        return False
    days = rating_local.link_days(day)
    url = ways.by_message(rating.case_id, turn=2, on=day, days=days)
    text = invite_again_text(item=rating.item_name, url=url, days=days)
    key = f"{INVITED_AGAIN}:{loop.number}"
    new = messages.queue(key=key, kind=INVITED_AGAIN, to=to, text=text, by=by, at=at)
    if new:
        journal.record("ratings.invited_again", loop, by=by, at=at, number=loop.number)
    return new
